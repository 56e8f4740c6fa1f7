"""The mathematics of linear-quadratic control, batched over rows; no task, no agent.

A state is (x, y, vx, vy) relative to the goal, in metres and metres per second; a command is a force (x, y) in newtons. Under a
linear field the point mass obeys ``state' = A state + B command`` exactly, as `reach_gym.plants.point_mass.step`
says.
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
    solved = _inverse(one - 0.5 * z + z @ z / 12.0)
    # The mean velocity of the step is ``solved v + lasting (rate u + pull (p + dt / 2 v))``.
    lasting = solved @ (0.5 * one - z / 12.0)
    half = 0.5 * dt * pull
    mean_p, mean_v, mean_u = lasting @ pull, solved + lasting @ half, rate * lasting
    position = np.concatenate([one + dt * mean_p, dt * mean_v], axis=-1)
    velocity = np.concatenate([z @ mean_p + pull, one + z @ mean_v + half], axis=-1)
    control = np.concatenate([dt * mean_u, z @ mean_u + rate * one], axis=-2)
    return np.concatenate([position, velocity], axis=-2), control


def _turned(matrix: Floats) -> Floats:
    return np.swapaxes(matrix, -1, -2)


def _inverse(matrix: Floats) -> Floats:
    """The inverses of matrices (..., 2, 2), in closed form, so that no row depends on its neighbours."""
    a, b, c, d = matrix[..., 0, 0], matrix[..., 0, 1], matrix[..., 1, 0], matrix[..., 1, 1]
    adjugate = np.stack([np.stack([d, -b], axis=-1), np.stack([-c, a], axis=-1)], axis=-2)
    return np.asarray(adjugate / (a * d - b * c)[..., None, None])


def riccati(a: Floats, b: Floats, state_cost: Floats, effort_cost: Floats, terminal: Floats) -> tuple[Floats, Floats]:
    """Solves finite-horizon linear-quadratic problems by backward recursion.

    The cost is the sum over the steps k of ``state_k' Q_k state_k + r_k |command_k|^2``, plus ``state_T' terminal state_T``.

    Args:
        a: (n, T, 4, 4), one matrix A per row and step.
        b: (n, T, 4, 2), the matrices B.
        state_cost: Q (n, T, 4, 4).
        effort_cost: r (T,), positive.
        terminal: (n, 4, 4).

    Returns:
        The gains L (n, T, 2, 4) of the optimal ``command = -L state``, and the values P (n, T + 1, 4, 4): from step k on the
        optimum costs ``state_k' P_k state_k``.
    """
    rows, steps = a.shape[:2]
    gains, values = np.empty((rows, steps, 2, 4)), np.empty((rows, steps + 1, 4, 4))
    values[:, steps] = value = terminal
    for k in range(steps - 1, -1, -1):
        through = _turned(b[:, k]) @ value
        gain = _inverse(effort_cost[k] * np.eye(2) + through @ b[:, k]) @ (through @ a[:, k])
        value = state_cost[:, k] + _turned(a[:, k]) @ value @ (a[:, k] - b[:, k] @ gain)
        value = 0.5 * (value + _turned(value))  # rounding must not build up an antisymmetric part
        gains[:, k], values[:, k] = gain, value
    return gains, values


def stationary(a: Floats, b: Floats, state_cost: Floats, effort_cost: float) -> tuple[Floats, Floats]:
    """The gain and the value of a regulator that has for ever: the limit of `riccati` for many steps.

    By doubling: each round joins two horizons of equal length, so that `_DOUBLINGS` rounds look 2^9 steps ahead.

    Args:
        a: (n, 4, 4).
        b: (n, 4, 2).
        state_cost: Q (n, 4, 4), such that no unstable motion is free of cost.
        effort_cost: r, positive.

    Returns:
        The gain (n, 2, 4) and the value (n, 4, 4).
    """
    one = np.eye(4)
    through = a
    reach = b @ _turned(b) / effort_cost
    value = state_cost
    for _ in range(_DOUBLINGS):
        meet = np.linalg.inv(one + reach @ value)
        onward = through @ meet
        value = value + _turned(through) @ value @ meet @ through
        reach = reach + onward @ reach @ _turned(through)
        through = onward @ through
    gain = _inverse(effort_cost * np.eye(2) + _turned(b) @ value @ b) @ (_turned(b) @ value @ a)
    return gain, 0.5 * (value + _turned(value))


def forget(covariance: Floats, a: Floats, b: Floats, variance: Floats) -> Floats:
    """The Kalman filter's prediction: how uncertain a state becomes in one step.

    Args:
        covariance: (n, 4, 4) of the estimate.
        a: (n, 4, 4).
        b: (n, 4, 2).
        variance: (n, 2) of the force that really acted, about the command, in N^2.

    Returns:
        (n, 4, 4).
    """
    return np.asarray(a @ covariance @ _turned(a) + (b * variance[:, None, :]) @ _turned(b))


def correct(state: Floats, covariance: Floats, observed: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """The Kalman filter's correction by an observation of the whole state.

    The four components carry independent noise, so they are taken one after the other, without a matrix inverse.

    Args:
        state: (n, 4), as predicted.
        covariance: (n, 4, 4), as predicted.
        observed: (n, 4).
        variance: (4,), of the observation; a component of variance 0 is believed.

    Returns:
        State (n, 4) and covariance (n, 4, 4) after the observation.
    """
    for i in range(4):
        column = covariance[:, :, i]
        spread = column[:, i] + variance[i]
        gain = column / np.where(spread > 0.0, spread, 1.0)[:, None]
        state = state + gain * (observed[:, i] - state[:, i])[:, None]
        covariance = covariance - gain[:, :, None] * column[:, None, :]
    # In an unstable field the rounding errors that tilt it would grow from step to step until it is no covariance any more.
    return state, 0.5 * (covariance + _turned(covariance))
