"""How six muscles on rigid tendons move an arm: the functions of `reach_gym.plants.muscle_arm`, made for each model of muscle.

Component-wise functions as in `reach_gym.plants.point_mass`: plain functions that call no other model, so that compiled loops
hold only what they need.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any, NamedTuple

from reach_gym.plants import arm_motion
from reach_gym.plants.arm_motion import motion_with
from reach_gym.plants.exponentials import at_least
from reach_gym.plants.muscle_models import FLOOR, MuscleModel
from reach_gym.plants.muscles import COUNT
from reach_gym.plants.skeleton import Bones, JointedArm, bent, hand_at, stop_joints


class State(NamedTuple):
    """Angles (rad) and angular velocities (rad/s) of shoulder and elbow; activations of the six muscles."""

    q1: Any
    q2: Any
    w1: Any
    w2: Any
    a1: Any
    a2: Any
    a3: Any
    a4: Any
    a5: Any
    a6: Any


# What does not change: the `Bones`; the time step and the time constants of activation and deactivation, s; the numbers of each
# muscle, see `reach_gym.plants.muscles.Muscles.numbers`.
_OF_MUSCLES = [f"m{i}_{k}" for i in range(1, COUNT + 1) for k in range(5)]
_named = namedtuple("Params", (*Bones._fields, "dt", "tau_act", "tau_deact", *_OF_MUSCLES))  # type: ignore[misc]
Params: type[Any] = _named


def stop(state: Any, params: Any) -> Any:
    """Stops the joints at their limits; see `reach_gym.plants.skeleton.stop_joints`."""
    q1, q2, w1, w2, a1, a2, a3, a4, a5, a6 = state
    q1, q2, w1, w2 = stop_joints(q1, q2, w1, w2, params)
    return q1, q2, w1, w2, a1, a2, a3, a4, a5, a6


def hand(state: Any, params: Any) -> Any:
    """The hand's x, y, vx, vy."""
    return hand_at(state[0], state[1], state[2], state[3], params)


def limited(command: Any, activation: Any) -> Any:
    """The excitation that acts: the `command`, but no less than the least and no more than 1; as precise as the activation."""
    none = 0.0 * activation
    below, above = command < FLOOR, command > 1.0
    return command * (1.0 - 1.0 * (below | above)) + (none + FLOOR) * below + (none + 1.0) * above


def fibre(q1: Any, q2: Any, w1: Any, w2: Any, n0: Any, n1: Any, n2: Any, n3: Any) -> Any:
    """Length and velocity of a muscle's fibres, and the length's derivatives by both angles, in optimal lengths."""
    by_elbow = n2 + 2.0 * n3 * q2
    return n0 + n1 * q1 + (n2 + n3 * q2) * q2, n1 * w1 + by_elbow * w2, n1, by_elbow


def pulls_with(model: MuscleModel) -> tuple[Callable[..., Any], ...]:
    """The functions that say what muscles of the `model` do.

    Returns:
        ``one(a, q1, q2, w1, w2, n0, ..., n4)``, both torques of one muscle (N m); ``torques`` of all, as for
        `reach_gym.plants.arm_motion.motion_with`, of which the drive is their activations; ``feel``, as `Plant.feel`.
    """
    force = model.force

    def one(a: Any, q1: Any, q2: Any, w1: Any, w2: Any, n0: Any, n1: Any, n2: Any, n3: Any, n4: Any) -> Any:
        length, v, by_1, by_2 = fibre(q1, q2, w1, w2, n0, n1, n2, n3)
        pull = n4 * force(a, length, v)
        return pull * by_1, pull * by_2

    def torques(drive: Any, q1: Any, q2: Any, w1: Any, w2: Any, params: Any) -> Any:
        a1, a2, a3, a4, a5, a6 = drive
        s1, e1 = one(a1, q1, q2, w1, w2, *params[20:25])
        s2, e2 = one(a2, q1, q2, w1, w2, *params[25:30])
        s3, e3 = one(a3, q1, q2, w1, w2, *params[30:35])
        s4, e4 = one(a4, q1, q2, w1, w2, *params[35:40])
        s5, e5 = one(a5, q1, q2, w1, w2, *params[40:45])
        s6, e6 = one(a6, q1, q2, w1, w2, *params[45:50])
        return -((s1 + s2) + (s3 + s4) + (s5 + s6)), -((e1 + e2) + (e3 + e4) + (e5 + e6))

    def feel(state: Any, params: Any) -> Any:
        q1, q2, w1, w2, a1, a2, a3, a4, a5, a6 = state
        l1, v1, _, _ = fibre(q1, q2, w1, w2, *params[20:24])
        l2, v2, _, _ = fibre(q1, q2, w1, w2, *params[25:29])
        l3, v3, _, _ = fibre(q1, q2, w1, w2, *params[30:34])
        l4, v4, _, _ = fibre(q1, q2, w1, w2, *params[35:39])
        l5, v5, _, _ = fibre(q1, q2, w1, w2, *params[40:44])
        l6, v6, _, _ = fibre(q1, q2, w1, w2, *params[45:49])
        return (
            *(l1 - 1.0, l2 - 1.0, l3 - 1.0, l4 - 1.0, l5 - 1.0, l6 - 1.0),
            *(0.1 * v1, 0.1 * v2, 0.1 * v3, 0.1 * v4, 0.1 * v5, 0.1 * v6),
            *(force(a1, l1, v1), force(a2, l2, v2), force(a3, l3, v3)),
            *(force(a4, l4, v4), force(a5, l5, v5), force(a6, l6, v6)),
            *(q1 + 0.0, q2 + 0.0),
        )

    return one, torques, feel


def start_with(holding: Callable[..., Any], torques: Callable[..., Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The beginning of an arm whose muscles have this `MuscleModel.holding` and exert these torques."""

    def start(x: Any, y: Any, params: Any) -> Any:
        """At rest with the hand at (x, y), in balance.

        Every muscle has its least activation, but for at most one of a single joint at each, which holds what the others and the
        passive forces would move. An arm whose muscles are less excited than so begins to move.
        """
        q1, q2 = bent(x, y, params)
        still = 0.0 * q1 + 0.0
        least = still + FLOOR
        t1, t2 = torques((least, least, least, least, least, least), q1, q2, still, still, params)
        a1 = held(t1, q1, q2, still, *params[20:25])
        a2 = held(t1, q1, q2, still, *params[25:30])
        a3 = held(t2, q1, q2, still, *params[30:35])
        a4 = held(t2, q1, q2, still, *params[35:40])
        return q1, q2, still, still + 0.0, a1, a2, a3, a4, least, least + 0.0

    def held(torque: Any, q1: Any, q2: Any, still: Any, n0: Any, n1: Any, n2: Any, n3: Any, n4: Any) -> Any:
        """The activation of a muscle of one joint that holds what is left of the `torque`, if it can pull against it."""
        length, _, by_1, by_2 = fibre(q1, q2, still, still, n0, n1, n2, n3)
        share = at_least(torque / (n4 * (by_1 + by_2)), 0.0)
        return -at_least(-holding(share, length), -1.0)

    return start, held


def rate(a: Any, u: Any, n0: Any, n1: Any, d0: Any, d1: Any) -> Any:
    """How fast the activation `a` follows the excitation `u`, 1/s; see `reach_gym.plants.muscle_models.MuscleModel`."""
    return (u - a) * (n0 + n1 * a) / (d0 + d1 * a)


def later(a: Any, u: Any, h: Any, n0: Any, n1: Any, d0: Any, d1: Any) -> Any:
    """The activation after `h` seconds: a step of the Runge-Kutta method of order 4."""
    middle = 0.5 * h
    first = rate(a, u, n0, n1, d0, d1)
    second = rate(a + middle * first, u, n0, n1, d0, d1)
    third = rate(a + middle * second, u, n0, n1, d0, d1)
    fourth = rate(a + h * third, u, n0, n1, d0, d1)
    return a + h * (1.0 / 6.0) * (first + 2.0 * (second + third) + fourth)


def activation_with(pace: Callable[..., Any]) -> Callable[..., Any]:
    """The function that activates a muscle at the `pace` of its model."""

    def activations(a: Any, command: Any, params: Any) -> Any:
        """The activation after each quarter of a time step."""
        u, h = limited(command, a), 0.25 * params[17]
        n0, n1, d0, d1 = pace(u, (1.0 + 0.0 * a) * (u > a), params[18], params[19])
        at_1 = later(a, u, h, n0, n1, d0, d1)
        at_2 = later(at_1, u, h, n0, n1, d0, d1)
        at_3 = later(at_2, u, h, n0, n1, d0, d1)
        return at_1, at_2, at_3, later(at_3, u, h, n0, n1, d0, d1)

    return activations


def step_with(move: Callable[..., Any], activations: Callable[..., Any]) -> Callable[..., Any]:
    """The time step of an arm whose activations and movement are these."""

    def step(state: Any, command: Any, scale: Any, field: Any, params: Any) -> Any:
        """One time step.

        Args:
            state: As `State`.
            command: The excitations, kept between the least one and 1.
            scale: Factor on the field.
            field: `reach_gym.fields.FieldNumbers`, or ``None`` where there is no field; the bits are those of a field of zeros.
            params: As `Params`.

        Returns:
            The new state, and the field's mean force (x, y) on the hand during the step, N.
        """
        q1, q2, w1, w2, a1, a2, a3, a4, a5, a6 = state
        b1, c1, d1, e1 = activations(a1, command[0], params)
        b2, c2, d2, e2 = activations(a2, command[1], params)
        b3, c3, d3, e3 = activations(a3, command[2], params)
        b4, c4, d4, e4 = activations(a4, command[3], params)
        b5, c5, d5, e5 = activations(a5, command[4], params)
        b6, c6, d6, e6 = activations(a6, command[5], params)
        drives = (
            *((a1, a2, a3, a4, a5, a6), (b1, b2, b3, b4, b5, b6), (c1, c2, c3, c4, c5, c6)),
            *((d1, d2, d3, d4, d5, d6), (e1, e2, e3, e4, e5, e6)),
        )
        (q1, q2, w1, w2), force_x, force_y = move(q1, q2, w1, w2, drives, scale, field, params[17], params)
        return (q1, q2, w1, w2, e1, e2, e3, e4, e5, e6), force_x, force_y

    return step


class Functions(NamedTuple):
    """What begins and moves an arm with muscles of one model, and what it feels; `all` holds the functions for compiled code.

    For controllers also both torques of one muscle, negative (`pull`), and its `activations` in the course of a step.
    """

    pull: Callable[..., Any]
    activations: Callable[..., Any]
    start: Callable[..., Any]
    step: Callable[..., Any]
    feel: Callable[..., Any]
    all: tuple[Callable[..., Any], ...]


def functions_of(model: MuscleModel) -> Functions:
    """The functions of an arm with muscles of the `model`."""
    one, torques, feel = pulls_with(model)
    half_step, move = motion_with(torques)
    activations = activation_with(model.pace)
    step = step_with(move, activations)
    start, held = start_with(model.holding, torques)
    called: tuple[Any, ...] = (
        model.force,
        model.holding,
        model.pace,
        *model.functions,
        held,
        limited,
        fibre,
        one,
        torques,
        half_step,
        move,
    )
    own: tuple[Any, ...] = *called, rate, later, activations, start, step, stop, hand, feel
    return Functions(one, activations, start, step, feel, (*JointedArm.functions, *arm_motion.COMPONENT_WISE, *own))
