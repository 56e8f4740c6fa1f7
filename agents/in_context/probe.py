"""What networks with frozen weights do in fields that they have not met, trial by trial, by the package's own measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from agents.in_context.network import Replicates
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
        paths: float64 (trials, replicates, fields, steps + 1, 2), the cursor's, m; NaN after the end of a trial.
    """

    rows: list[Row]
    fields: Floats
    deviation: Floats
    slope: Floats
    endpoint: Floats
    paths: Floats

    def block(self, name: str) -> slice:
        """The trials of a block."""
        here = [k for k, row in enumerate(self.rows) if row.block == name]
        return slice(here[0], here[-1] + 1)


def go_through(
    network: Replicates,
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
    deviation, slope, endpoint, paths = (np.stack(each) for each in zip(*found, strict=True))
    shape = network.replicates, count, len(rows)
    courses = (values.T.reshape(shape) for values in (deviation, slope, endpoint))
    return Course(list(rows), fields, *courses, paths.reshape(len(rows), *shape[:2], *paths.shape[2:]))


def _measured(path: Rollout, fields: Floats, channel: bool) -> tuple[Floats, ...]:
    """Deviation, compensation and end point (n,) of the trials of n rows, and the cursor's paths (n, steps + 1, 2)."""
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
    return deviation, slope, endpoint_error(cursor, target, moved), cursor


def figures_of(course: Course) -> dict[str, Floats]:
    """Numbers of each replicate (replicates,) from a course through `ADAPTATION`, by name; deviations in mm.

    They are means over fields: of the size of the deviation in the baseline, in the first trial of the field, in its last
    `LAST` trials, and in the first of the relearning; the share that is left in the last ones, in percent of the first; the
    compensation in the channels of the second half of the field.
    """
    size = 1000.0 * np.abs(course.deviation)
    parts = {name: size[..., course.block(name)] for name in ("baseline", "adaptation", "relearning")}
    first, last = parts["adaptation"][..., 0].mean(1), np.nanmean(parts["adaptation"][..., -LAST:], axis=(1, 2))
    late = course.slope[..., course.block("adaptation")]
    return {
        "baseline": np.nanmean(parts["baseline"], axis=(1, 2)),
        "first": first,
        "last": last,
        "left": 100.0 * last / first,
        "again": parts["relearning"][..., 0].mean(1),
        "compensated": np.nanmean(late[..., late.shape[-1] // 2 :], axis=(1, 2)),
    }
