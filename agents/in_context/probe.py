"""What networks with frozen weights do in fields that they have not met, trial by trial, by the package's own measures."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from agents.in_context.network import GatedNetworks
from agents.in_context.sessions import ADAPTATION, probe_table
from agents.in_context.training import USUAL, Place
from reach_gym.acting.rollout import held_out
from reach_gym.differentiable import Rollout
from reach_gym.measures import compensation, endpoint_error, find_movement, max_deviation
from reach_gym.sessions.rows import Row

Floats = npt.NDArray[np.float64]
LAST = 20  # trials


@dataclass(frozen=True)
class Course:
    """What every replicate did in the session of every field.

    Attributes:
        rows: The session's trials.
        fields: float64 (fields, 2, 2), N s/m.
        deviation: float64 (replicates, fields, trials), the largest deviation from the straight way, m, positive to the left; NaN
            in channels.
        slope: Likewise, the share of the field's force that is exerted against the walls until peak speed; NaN outside of
            channels.
        endpoint: Likewise, the distance from the target at the end of the movement, m.
        paths: float64 (trials, replicates, fields, steps + 1, 2), the cursor's, m, from the start; NaN after the end of a trial.
        targets: float64 (trials, replicates, fields, 2), m, from the start.
    """

    rows: list[Row]
    fields: Floats
    deviation: Floats
    slope: Floats
    endpoint: Floats
    paths: Floats
    targets: Floats

    def of(self, some: slice) -> Course:
        """The course in some of the fields."""
        courses = {name: getattr(self, name)[:, some] for name in ("deviation", "slope", "endpoint")}
        ways = {name: getattr(self, name)[:, :, some] for name in ("paths", "targets")}
        return replace(self, fields=self.fields[some], **courses, **ways)

    def block(self, name: str) -> slice:
        """The trials of a block."""
        here = [k for k, row in enumerate(self.rows) if row.block == name]
        return slice(here[0], here[-1] + 1)


def go_through(
    network: GatedNetworks,
    fields: Floats,
    seed: int,
    rows: list[Row] = ADAPTATION,
    forgets: bool = False,
    shuffled: bool = False,
    place: Place = USUAL,
) -> Course:
    """Takes every replicate through a session in each of the `fields`.

    Args:
        network: The weights, which stay as they are.
        fields: float64 (n, 2, 2), viscosities in N s/m.
        seed: Of the held-out trials.
        rows: The session.
        forgets: Whether every trial begins with a fresh state.
        shuffled: Whether every trial has another one of the fields.
        place: The task.
    """
    count, table = len(fields), probe_table(rows, fields, held_out(seed) if shuffled else None)
    first = np.tile(len(rows) * np.arange(count), network.replicates)
    task = place.rows(len(first), schedule=table, first=first)
    task.reset(held_out(seed))
    around = np.tile(fields, (network.replicates, 1, 1))
    state, found = None, []
    with torch.no_grad():
        for trial in range(len(rows)):
            if trial:
                task.next_trials()
            path = task.rollout(network, state)
            state = None if forgets else path.last_state
            found.append(_measured(path, around, bool(rows[trial].channel)))
    deviation, slope, endpoint, paths, targets = (np.stack(each) for each in zip(*found, strict=True))
    shape = network.replicates, count, len(rows)
    courses = (values.T.reshape(shape) for values in (deviation, slope, endpoint))
    ways = (values.reshape(len(rows), *shape[:2], *values.shape[2:]) for values in (paths, targets))
    return Course(list(rows), fields, *courses, *ways)


def _measured(path: Rollout, fields: Floats, channel: bool) -> tuple[Floats, ...]:
    """Deviation, compensation and end point (n,) of the trials of n rows, and paths and targets from the start."""
    start, target, going = (each.double().numpy() if each.is_floating_point() else each.numpy() for each in
                            (path.start, path.target[-1], path.going))  # fmt: skip
    cursor = np.concatenate([path.start[None], path.cursor[..., :2]]).transpose(1, 0, 2).astype(np.float64)
    velocity = np.concatenate([0 * path.start[None], path.hand[..., 2:]]).transpose(1, 0, 2).astype(np.float64)
    over = ~np.concatenate([going[:1] | True, going]).T
    cursor[over], velocity[over] = np.nan, np.nan
    moved = find_movement(velocity, path.go.numpy())
    nothing = np.full(len(start), np.nan)
    slope, deviation = nothing, max_deviation(cursor, start, target, moved)
    if channel:
        force = path.force.numpy().transpose(1, 0, 2).astype(np.float64)
        force[over[:, 1:]] = np.nan
        wanted = np.einsum("nij,ntj->nti", fields, velocity[:, :-1])
        slope, deviation = compensation(force, wanted, start, target, moved).slope, nothing
    return deviation, slope, endpoint_error(cursor, target, moved), cursor - start[:, None], target - start


def figures_of(course: Course) -> dict[str, Floats]:
    """Numbers of each replicate (replicates,) from a course with a baseline and a field, by name; means over fields.

    The size of the largest deviation, mm: ``baseline``; ``first``, in the first trial of the field; ``last``, in its last `LAST`
    trials, channels apart. ``left``: last as a share of first, percent.
    """
    size = 1000.0 * np.abs(course.deviation)
    learning = size[..., course.block("adaptation")]
    first, last = learning[..., 0].mean(1), known_mean(learning[..., -LAST:], (1, 2))
    baseline = known_mean(size[..., course.block("baseline")], (1, 2))
    return {"baseline": baseline, "first": first, "last": last, "left": 100.0 * last / first}


def savings_of(course: Course) -> Floats:
    """How much smaller the deviation in the trials 2 to 6 of the field is the second time, mm; (replicates,)."""
    size = 1000.0 * np.abs(course.deviation)
    first, second = (known_mean(size[..., course.block(name)][..., 1:6], (1, 2)) for name in ("adaptation", "relearning"))
    return np.asarray(first - second)


def curl_figures(course: Course) -> dict[str, Floats]:
    """More numbers of each replicate (replicates,), of a course in curls alone.

    Deviations in mm, positive to the side to which the curl pushes, from that of the baseline: ``error``, in the first trial of
    the field; ``after-effect``, in the first of the washout, and ``second``, in the one after it. ``compensated``: the mean share
    of the field's force exerted in the channels of the second half of the field; ``compensated before``, of the baseline.
    """
    off = 1000.0 * course.deviation * side_of(course.fields)[:, None]
    off = off - known_mean(off[..., course.block("baseline")], (1, 2))[:, None, None]
    learning, washout = course.block("adaptation"), course.block("washout")
    late = slice((learning.start + learning.stop) // 2, learning.stop)
    return {
        "error": off[..., learning.start].mean(1),
        "after-effect": off[..., washout.start].mean(1),
        "second": off[..., washout.start + 1].mean(1),
        "compensated": known_mean(course.slope[..., late], (1, 2)),
        "compensated before": known_mean(course.slope[..., course.block("baseline")], (1, 2)),
    }


def known_mean(values: Floats, axis: int | tuple[int, ...]) -> Floats:
    """The mean of what is no NaN; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis)
    return np.asarray(np.where(count > 0, np.where(known, values, 0.0).sum(axis) / np.maximum(count, 1), np.nan))


def side_of(fields: Floats) -> Floats:
    """The side (n,) to which fields (n, 2, 2) turn a hand that moves: 1 left, -1 right, 0 where they have no curl."""
    return np.asarray(np.sign(fields[:, 1, 0] - fields[:, 0, 1]), np.float64)
