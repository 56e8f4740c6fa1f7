"""Losses of a `Rollout` that are usual in the field; each is a number, without a unit, and they can be added.

What moves a hand in 0.5 s over 10 cm has about the size 1 in each of them.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from reach_gym import checks
from reach_gym.differentiable.rollouts import Rollout

_NEAR = 1e-4  # m, within which the distance goes over into its square
# m/s^3; the greatest jerk of a minimum-jerk movement over 10 cm in half a second: 60 times 0.1 / 0.5^3.
_JERK = 48.0
_BENT = 0.01  # m


def position(path: Rollout, by: float = 0.5) -> Tensor:
    """The mean distance of the cursor from where it should be, in half sides of the workspace.

    Until the go cue that is the start; from `by` seconds after it the target. In between it may be anywhere. The distance itself,
    not its square, lets a network come to the target exactly.

    Raises:
        TypeError: `by` is no number.
        ValueError: `by` is negative, or later than every moment of the rollout: none would ask for the target.
    """
    first = math.ceil(checks.number("by", by, 0.0) / path.dt - 1e-6)  # in whole steps: seconds are not exact
    last = int(path.since_cue.max())
    if first > last:
        raise ValueError(f"`by` must be at most {last * path.dt:g}, the seconds from the cue to the rollout's end, got {by}.")
    before = path.since_cue <= 0
    away = path.cursor[..., :2] - torch.where(before[..., None], path.start, path.target)
    distance = (away.square().sum(-1) + _NEAR**2).sqrt() - _NEAR
    counts = before | (path.since_cue >= first)
    mean: Tensor = (distance * counts).sum() / (counts.sum() * path.workspace)
    return mean


def effort(path: Rollout) -> Tensor:
    """The mean squared action, of all actuators together."""
    return path.actions.square().sum(-1).mean()


def hidden(path: Rollout) -> Tensor:
    """The mean squared activity of the units; the module must have a state."""
    return path.activity.square().mean()


def jerk(path: Rollout) -> Tensor:
    """The mean squared jerk of the hand, of which 1 is the greatest of a minimum-jerk movement over 10 cm in half a second."""
    second = path.hand[2:, :, 2:] - 2.0 * path.hand[1:-1, :, 2:] + path.hand[:-2, :, 2:]
    return (second / (path.dt**2 * _JERK)).square().sum(-1).mean()


def deviation(path: Rollout) -> Tensor:
    """How far the cursor is from the straight way from start to target, on average over the trial.

    A deviation far above 1 cm counts by its size, one below by its square: 1 cm costs 0.4, 10 cm cost 9.
    """
    way = path.target - path.start
    off = path.cursor[..., :2] - path.start
    across = (way[..., 0] * off[..., 1] - way[..., 1] * off[..., 0]) / way.square().sum(-1).sqrt()
    mean: Tensor = ((1.0 + (across / _BENT).square()).sqrt() - 1.0).mean()
    return mean


def endpoint(path: Rollout) -> Tensor:
    """The mean distance of the cursor from the target at the last step, mm; a measure rather than a loss."""
    away = path.cursor[-1, :, :2] - path.target[-1]
    mean: Tensor = 1000.0 * away.square().sum(-1).sqrt().mean()
    return mean
