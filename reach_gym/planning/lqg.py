"""The mathematics of linear-quadratic control, batched over rows; no task, no agent.

A state is (x, y, vx, vy) relative to the goal, in metres and metres per second; d = 4 numbers. Where the hand's force lags behind
the command, that force (fx, fy) in newtons follows, relative to the one that holds the hand at its goal; d = 6. A command is a
force (x, y) in newtons. Under a linear field the point mass obeys ``state' = A state + B command`` exactly, as
`reach_gym.plants.point_mass.step` and `reach_gym.plants.lagged_mass.step` say.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_DOUBLINGS = 9


def dynamics(dt: float, mass: float, viscosity: Floats, stiffness: Floats) -> tuple[Floats, Floats]:
    """The matrices A and B of one time step of a point mass in the field ``viscosity v + stiffness p``.

    Args:
        dt: Time step in seconds.
        mass: In kilograms.
        viscosity: (..., 2, 2), N s/m, the damping of the mass itself included.
        stiffness: (..., 2, 2), N/m, on the displacement from the goal.

    Returns:
        A (..., 4, 4) and B (..., 4, 2).
    """
    one, rate = np.broadcast_to(np.eye(2), np.shape(viscosity)), dt / mass
    z, pull = rate * viscosity, rate * stiffness
    solved = inverse(one - 0.5 * z + z @ z / 12.0)
    # The mean velocity of the step is ``solved v + lasting (rate u + pull (p + dt / 2 v))``.
    lasting = solved @ (0.5 * one - z / 12.0)
    half = 0.5 * dt * pull
    mean_p, mean_v, mean_u = lasting @ pull, solved + lasting @ half, rate * lasting
    position = np.concatenate([one + dt * mean_p, dt * mean_v], axis=-1)
    velocity = np.concatenate([z @ mean_p + pull, one + z @ mean_v + half], axis=-1)
    control = np.concatenate([dt * mean_u, z @ mean_u + rate * one], axis=-2)
    return np.concatenate([position, velocity], axis=-2), control


def lagging(a: Floats, b: Floats, keep: float, lasting: float) -> tuple[Floats, Floats]:
    """The matrices of a hand whose force lags, from those of one whose force is the command.

    Args:
        a: (..., 4, 4).
        b: (..., 4, 2).
        keep: How much of the difference between force and command is left at the end of a step.
        lasting: How much of it is there on average during the step.

    Returns:
        A (..., 6, 6) and B (..., 6, 2).
    """
    shape = b.shape[:-2]
    none, one = np.zeros((*shape, 2, 4)), np.broadcast_to(np.eye(2), (*shape, 2, 2))
    hand, force = np.concatenate([a, lasting * b], axis=-1), np.concatenate([none, keep * one], axis=-1)
    return np.concatenate([hand, force], axis=-2), np.concatenate([(1.0 - lasting) * b, (1.0 - keep) * one], axis=-2)


def _turned(matrix: Floats) -> Floats:
    return np.swapaxes(matrix, -1, -2)


def inverse(matrix: Floats) -> Floats:
    """The inverses of matrices (..., 2, 2), in closed form, so that no row depends on its neighbours."""
    a, b, c, d = matrix[..., 0, 0], matrix[..., 0, 1], matrix[..., 1, 0], matrix[..., 1, 1]
    adjugate = np.stack([np.stack([d, -b], axis=-1), np.stack([-c, a], axis=-1)], axis=-2)
    return np.asarray(adjugate / (a * d - b * c)[..., None, None])


def times(matrices: Floats, vectors: Floats) -> Floats:
    """Products (n, i) of matrices (n, i, j) and vectors (n, j)."""
    return np.asarray((matrices * vectors[:, None, :]).sum(axis=2))


def riccati(a: Floats, b: Floats, state_cost: Floats, effort_cost: Floats, terminal: Floats) -> tuple[Floats, Floats]:
    """Solves finite-horizon linear-quadratic problems by backward recursion.

    The cost is the sum over the steps k of ``state_k' Q_k state_k + r_k |command_k|^2``, plus ``state_T' terminal state_T``.

    Args:
        a: (n, T, d, d), one matrix A per row and step.
        b: (n, T, d, 2), the matrices B.
        state_cost: Q (n, T, d, d).
        effort_cost: r (T,) or (n, T), positive.
        terminal: (n, d, d).

    Returns:
        The gains L (n, T, 2, d) of the optimal ``command = -L state``, and the values P (n, T + 1, d, d): from step k on the
        optimum costs ``state_k' P_k state_k``.
    """
    rows, steps, size = a.shape[:3]
    gains, values = np.empty((rows, steps, 2, size)), np.empty((rows, steps + 1, size, size))
    values[:, steps] = value = terminal
    effort = np.broadcast_to(effort_cost, (rows, steps))[..., None, None] * np.eye(2)
    for k in range(steps - 1, -1, -1):
        through = _turned(b[:, k]) @ value
        gain = inverse(effort[:, k] + through @ b[:, k]) @ (through @ a[:, k])
        value = state_cost[:, k] + _turned(a[:, k]) @ value @ (a[:, k] - b[:, k] @ gain)
        value = 0.5 * (value + _turned(value))  # rounding must not build up an antisymmetric part
        gains[:, k], values[:, k] = gain, value
    return gains, values


def stationary(a: Floats, b: Floats, state_cost: Floats, effort_cost: float) -> tuple[Floats, Floats]:
    """The gain and the value of a regulator that has for ever: the limit of `riccati` for many steps.

    By doubling: each round joins two horizons of equal length, so that `_DOUBLINGS` rounds look 2^9 steps ahead.

    Args:
        a: (n, d, d).
        b: (n, d, 2).
        state_cost: Q (n, d, d), such that no unstable motion is free of cost.
        effort_cost: r, positive.

    Returns:
        The gain (n, 2, d) and the value (n, d, d).
    """
    one = np.eye(a.shape[-1])
    through = a
    reach = b @ _turned(b) / effort_cost
    value = state_cost
    for _ in range(_DOUBLINGS):
        meet = np.linalg.inv(one + reach @ value)
        onward = through @ meet
        value = value + _turned(through) @ value @ meet @ through
        reach = reach + onward @ reach @ _turned(through)
        through = onward @ through
    gain = inverse(effort_cost * np.eye(2) + _turned(b) @ value @ b) @ (_turned(b) @ value @ a)
    return gain, 0.5 * (value + _turned(value))


def forget(covariance: Floats, a: Floats, b: Floats, variance: Floats) -> Floats:
    """The Kalman filter's prediction: how uncertain a state becomes in one step.

    Args:
        covariance: (n, d, d) of the estimate.
        a: (n, d, d).
        b: (n, d, 2).
        variance: (n, 2) of the force that really acted, about the command, in N^2.

    Returns:
        (n, d, d).
    """
    return np.asarray(a @ covariance @ _turned(a) + (b * variance[:, None, :]) @ _turned(b))


def correct(state: Floats, covariance: Floats, observed: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """The Kalman filter's correction by an observation of the first numbers of the state, one for each of `observed`.

    These carry independent noise, so they are taken one after the other, without a matrix inverse.

    Args:
        state: (n, d), as predicted.
        covariance: (n, d, d), as predicted.
        observed: (n, m).
        variance: (m,), of the observation; a component of variance 0 is believed.

    Returns:
        State (n, d) and covariance (n, d, d) after the observation.
    """
    for i in range(observed.shape[1]):
        column = covariance[:, :, i]
        spread = column[:, i] + variance[i]
        gain = column / np.where(spread > 0.0, spread, 1.0)[:, None]
        state = state + gain * (observed[:, i] - state[:, i])[:, None]
        covariance = covariance - gain[:, :, None] * column[:, None, :]
    # In an unstable field the rounding errors that tilt it would grow from step to step until it is no covariance any more.
    return state, 0.5 * (covariance + _turned(covariance))
