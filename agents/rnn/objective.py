"""What the networks learn, as losses and measures of a `reach_gym.differentiable.Rollout`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from agents.rnn.config import ACCELERATION_UNIT, UNIT, VELOCITY_UNIT, Desired, RnnConfig
from reach_gym.differentiable import Rollout, endpoint
from reach_gym.measures import find_movement, max_deviation
from reach_gym.planning import Profile, logistic, minimum_jerk

Floats = npt.NDArray[np.float64]
Measure = Callable[[Rollout], Tensor]
REACTION = 0.1  # s from the go cue to a minimum-jerk movement; the logistic has its own slow beginning


def desired(path: Rollout, kind: Desired) -> Profile:
    """The desired trajectories of a rollout's trials after each step, float64 (T, n, 2)."""
    since = path.since_cue.cpu().numpy() * path.dt
    start, target = (each.double().cpu().numpy() for each in (path.start, path.target[-1]))
    if kind == "logistic":
        return logistic(since, start, target)
    return minimum_jerk(since - REACTION, start, target)


def objective(config: RnnConfig) -> Measure:
    """The loss of a model, in the paper's units.

    The output-buffer model is judged by where the hand was: the double integral of what it did. The standard model is judged by
    its six kinematics, to each of which is added what the field added to that of the hand.
    """
    errors = _kinematic_errors if config.model == "standard" else _place_errors

    def loss(path: Rollout) -> Tensor:
        off = errors(path, desired(path, config.desired))
        return config.l2 * off.square().mean() + config.l1 * off.abs().mean()

    return loss


def _place_errors(path: Rollout, wanted: Profile) -> Tensor:
    return (path.hand[..., :2] - _like(path, wanted.position)) / UNIT


def _kinematic_errors(path: Rollout, wanted: Profile) -> Tensor:
    """Of acceleration, velocity and position, (T, n, 6)."""
    planned, believed = (torch.stack([state[part] for state in path.states]) for part in (1, 2))
    added = torch.cat([path.hand[..., :2] - path.start, path.hand[..., 2:]], dim=2) - believed
    place, pace = added[..., :2], added[..., 2:]
    change = torch.diff(pace, dim=0, prepend=torch.zeros_like(pace[:1])) / path.dt
    wanted_place = wanted.position - path.start.double().cpu().numpy()
    parts = zip(
        torch.split(planned, 2, dim=2),
        (change, pace, place),
        (wanted.acceleration, wanted.velocity, wanted_place),
        (ACCELERATION_UNIT, VELOCITY_UNIT, UNIT),
        strict=True,
    )
    return torch.cat([(plan + more - _like(path, want)) / unit for plan, more, want, unit in parts], dim=2)


def _like(path: Rollout, values: Floats) -> Tensor:
    return torch.from_numpy(values).to(path.hand)


def whole(path: Rollout) -> tuple[Floats, Floats]:
    """Place and velocity of each hand from the start on, (n, T+1, 2) each."""
    start = torch.cat([path.start, torch.zeros_like(path.start)], dim=1)
    hands = torch.cat([start[None], path.hand.detach()]).double().cpu().numpy().transpose(1, 0, 2)
    return hands[..., :2], hands[..., 2:]


def path_deviations(path: Rollout) -> Floats:
    """The signed maximum perpendicular deviation (n,) of each path in m, NaN where nothing moved."""
    places, velocities = whole(path)
    start, target, go = (each.double().cpu().numpy() for each in (path.start, path.target[-1], path.go))
    return max_deviation(places, start, target, find_movement(velocities, go.astype(np.int64)))


def _deviation(of: Callable[[Floats], Any]) -> Measure:
    def measure(path: Rollout) -> Tensor:
        found = path_deviations(path)
        moved = found[np.isfinite(found)]
        return torch.tensor(1000.0 * float(of(moved).mean()) if moved.size else np.nan)

    return measure


MEASURES: dict[str, Measure] = {
    "endpoint_mm": endpoint,
    "deviation_mm": _deviation(lambda moved: moved),
    "deviation_size_mm": _deviation(np.abs),
}
"""Written down of every batch: mean endpoint error, signed deviation (positive to the left) and size of the deviation, mm."""
