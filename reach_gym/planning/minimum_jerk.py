"""Desired trajectories of reaching, and the controller that tracks one: minimum jerk, feed-forward and a PD loop."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym.planning import lqg
from reach_gym.planning.durations import planned_duration, window_of
from reach_gym.planning.watch import TrialWatch
from reach_gym.plants.lagged_mass import fading
from reach_gym.plants.plant import LinearHand

Floats = npt.NDArray[np.float64]

DURATION = 0.5  # s, of a movement unless another is asked for; reaches of 10 cm are asked to take about this long
# rad/s, of the PD loop; for a hand of 1 kg it means 400 N/m and, critically damped, 40 N s/m.
FREQUENCY = 20.0
# Chosen: a loop that sees or acts late would still be stable with nearly so many times its gains. Of the margins that are usual
# in control engineering it is the least, which leaves the loop stiffest.
GAIN_MARGIN = 2.0
_HALVINGS = 16  # of the frequencies among which one is sought


class Profile(NamedTuple):
    """A desired trajectory at some times; arrays (..., 2) in SI units."""

    position: Floats
    velocity: Floats
    acceleration: Floats


def _along(start: Floats, target: Floats, place: Floats, rate: Floats, change: Floats) -> Profile:
    path = np.asarray(target, np.float64) - start
    return Profile(start + place[..., None] * path, rate[..., None] * path, change[..., None] * path)


def minimum_jerk(time: Any, start: Any, target: Any, duration: Any = DURATION) -> Profile:
    """The smoothest straight reach from rest to rest (Flash & Hogan 1985).

    With s = time / duration the hand has covered the part ``10 s^3 - 15 s^4 + 6 s^5`` of the path. The speed peaks half-way at
    ``1.875 * distance / duration``, the acceleration at ``10 / sqrt(3) * distance / duration^2``.

    Args:
        time: (...,), seconds since the movement began; before 0 the hand is at `start`, after `duration` at `target`.
        start: (..., 2), metres.
        target: (..., 2), metres.
        duration: (...,), seconds, positive.

    Returns:
        The trajectory, (..., 2) each.
    """
    time, start, duration = np.asarray(time, np.float64), np.asarray(start, np.float64), np.asarray(duration, np.float64)
    s = np.clip(time / duration, 0.0, 1.0)
    place = s * s * s * (10.0 - 15.0 * s + 6.0 * s * s)
    rate = 30.0 * s * s * (1.0 - s) * (1.0 - s) / duration
    change = 60.0 * s * (1.0 - s) * (1.0 - 2.0 * s) / (duration * duration)
    return _along(start, target, place, rate, change)


def onward(time: Any, begin: Profile, target: Any, duration: Any) -> Profile:
    """The smoothest movement to rest from wherever the hand is, at whatever velocity and acceleration (Hoff & Arbib 1993).

    From rest it is `minimum_jerk`.

    Args:
        time: (n, T), seconds since it began, from 0 to the duration.
        begin: Where the hand is then, (n, 2) each.
        target: (n, 2), metres.
        duration: (n,), seconds, positive.

    Returns:
        The trajectory, (n, T, 2) each.
    """
    length = np.asarray(duration, np.float64)[:, None]
    s = (np.asarray(time, np.float64) / length)[..., None]
    pace, change = begin.velocity * length, begin.acceleration * length * length
    way = target - begin.position - pace - 0.5 * change
    slower, less = -pace - change, -change
    three, four, five = (
        10.0 * way - 4.0 * slower + 0.5 * less,
        -15.0 * way + 7.0 * slower - less,
        6.0 * way - 3.0 * slower + 0.5 * less,
    )
    place, pace, change, three, four, five = (each[:, None] for each in (begin.position, pace, change, three, four, five))
    long = length[..., None]
    return Profile(
        place + s * (pace + s * (0.5 * change + s * (three + s * (four + s * five)))),
        (pace + s * (change + s * (3.0 * three + s * (4.0 * four + s * 5.0 * five)))) / long,
        (change + s * (6.0 * three + s * (12.0 * four + s * 20.0 * five))) / (long * long),
    )


def logistic(time: Any, start: Any, target: Any, tau: float = 0.03, centre: float = 0.15) -> Profile:
    """The desired trajectory of Sun & Plitt's networks: ``1 / (1 + exp(-(time - centre) / tau))`` of the path.

    Their tau is 3 steps and their centre 15 steps after the go cue, of 10 ms each. It starts 0.7 % of the way from `start`.

    Args:
        time: (...,), seconds since the go cue.
        start: (..., 2), metres.
        target: (..., 2), metres.
        tau: Seconds, positive.
        centre: Seconds; half of the path is covered and the speed peaks then.

    Returns:
        The trajectory, (..., 2) each.
    """
    start = np.asarray(start, np.float64)
    # Beyond 700 tau the exponential would overflow.
    place = 1.0 / (1.0 + np.exp(-np.clip((np.asarray(time, np.float64) - centre) / tau, -700.0, 700.0)))
    rate = place * (1.0 - place) / tau
    return _along(start, target, place, rate, rate * (1.0 - 2.0 * place) / tau)


def spectral_radius(frequency: float, dt: float, body: LinearHand, delay: int, factor: float = 1.0) -> float:
    """What each step leaves, in the long run, of a disturbance of a hand that the PD loop holds; below 1 the loop is stable.

    Args:
        frequency: Natural frequency of the loop, rad/s.
        dt: Time step, s.
        body: The hand.
        delay: How many steps old what the loop sees is.
        factor: On both gains.
    """
    a, b = lqg.dynamics(dt, body.mass, -body.damping * np.eye(2), np.zeros((2, 2)))
    if body.lag:
        a, b = lqg.lagging(a, b, *fading(dt, body.lag))
    a, b = a[::2, ::2], b[::2, :1]  # without a field both axes are alike
    hand = len(a)
    command = np.zeros((1, hand + delay))
    command[0, :2] = -factor * body.mass * np.array([frequency * frequency, 2.0 * frequency])
    # A loop that sees late is as stable as one that acts late. Behind the hand stand the commands that wait, the oldest first.
    loop = np.eye(hand + delay, k=1)
    loop[:hand] = np.concatenate([a, b, np.zeros((hand, delay))], axis=1)[:, : hand + delay]
    if delay:
        loop[-1] = command
    else:
        loop += b @ command
    return float(np.abs(np.linalg.eigvals(loop)).max())


@functools.lru_cache
def frequency_for(dt: float, body: LinearHand, delay: int) -> float:
    """The natural frequency of a PD loop, rad/s: the greatest up to `FREQUENCY` that has the `GAIN_MARGIN`.

    Where neither senses nor force are late it is `FREQUENCY`. For the arguments see `spectral_radius`.
    """

    def bears(frequency: float) -> bool:
        return spectral_radius(frequency, dt, body, delay, GAIN_MARGIN) < 1.0

    if not (delay or body.lag) or bears(FREQUENCY):
        return FREQUENCY
    low, high = 0.0, FREQUENCY
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if bears(middle) else (low, middle)
    return low


class MinimumJerkAgent:
    """Tracks the minimum-jerk trajectory: inverse dynamics of the hand as feed-forward, and a PD loop.

    It knows the hand's mass and damping, how late its force and its senses are, and no field. The PD loop compares what it sees
    with what the hand should have done by then, and is only as stiff as a loop so late can be (`frequency_for`): with 60 ms of
    latency and 40 ms of lag 4.0 rad/s instead of 20. It does not predict. Until it sees the go cue it holds the start.
    """

    def __init__(self, env: Any, duration: float | None = None, frequency: float | None = None) -> None:
        """Controls `env`, a cursor reach, scalar or vector, wrapped or not.

        Args:
            env: The environment.
            duration: Of every movement, in seconds; ``None`` for what `reach_gym.planning.durations` says of its length.
            frequency: Natural frequency of the critically damped PD loop, rad/s; ``None`` for that of `frequency_for`.

        Raises:
            TypeError: `env` is no cursor reach of this package.
        """
        self._watch = TrialWatch(env, "nothing")
        self._duration, self._frequency, self._window = duration, frequency, window_of(env)

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Forgets the rows, bool (n,), that begin an episode."""
        self._watch.reset(starts)

    def act(self, observations: Any) -> npt.NDArray[np.float32]:
        """Actions (n, 2) for a batch of observations."""
        seen = self._watch.look(observations)
        facts = self._watch.facts
        since = np.where(seen.cue >= 0, seen.time - seen.cue, -1) * facts.dt
        # A command acts for a whole step, and is therefore that of its middle.
        middle = since + 0.5 * facts.dt
        way = np.linalg.norm(seen.goal - facts.start, axis=1)
        duration = planned_duration(way, self._window) if self._duration is None else self._duration
        body = facts.body
        # For smooth movements a force that lags is one that comes later.
        ahead, desired = (
            minimum_jerk(time, facts.start, seen.goal, duration) for time in (middle, since - facts.delay * facts.dt - body.lag)
        )
        frequency = frequency_for(facts.dt, body, facts.delay) if self._frequency is None else self._frequency
        pull = frequency * frequency * (desired.position - seen.state[:, :2])
        brake = 2.0 * frequency * (desired.velocity - seen.state[:, 2:])
        return self._watch.actions(body.mass * (ahead.acceleration + pull + brake) + body.damping * ahead.velocity)
