"""The numbers of `python -m benchmarks paper`, beside the paper's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from agents.rnn.trials import PAPER_TRIALS

from agents.rnn.activity import WHOLE, record_network
from agents.rnn.checkpoint import Trained
from agents.rnn.report import phases
from benchmarks.paper_facts import PAPER, REPAIRED, Reference
from benchmarks.paper_runs import BUFFER, CONTROL, CONTROLS, CURL, CURL_TASK, STANDARD, TASK
from reach_gym.neural import (
    MOVEMENT,
    PREPARATION,
    Activity,
    Tuning,
    early_force,
    force_space,
    procrustes_distance,
    psth,
    share_in,
    shift_left,
    states_at,
    subspace_angle,
    tuning,
    uniform_shift,
)
from reach_gym.recording import adaptation
from reach_gym.recording.conditions import mean

_UNIT = 2.0  # mm
Rows = list[tuple[str, ...]]
_TRIALS = 64  # center-out trials with which activity is recorded: eight per target
_SILENT = 1e-6  # depth of tuning below which a unit counts as silent


def tables(trained: dict[str, list[Trained]]) -> dict[str, Rows]:
    """All tables by title; rows of text, the first one the head."""
    return {
        "Reaching in the field by place (errors in the paper's units of 2 mm)": main_table(trained),
        "The curl field of 13 N s/m, center-out (mm)": curl_table(trained[CURL]),
        "Hidden activity before, in and after the field": activity_table(trained),
    }


def spread(values: Sequence[float], form: str = "{:.2f}") -> str:
    """Mean and range of the known values."""
    known = [value for value in values if np.isfinite(value)]
    if not known:
        return "-"
    low, high = form.format(min(known)), form.format(max(known))
    return form.format(np.mean(known)) + (f" [{low}, {high}]" if len(known) > 1 else "")


def main_table(trained: dict[str, list[Trained]]) -> Rows:
    """Phase by phase: loss, endpoint error at the start and at the end, after-effect and the slope of onset on go time."""
    rows: Rows = [
        (
            "model",
            "phase",
            "updates",
            "loss",
            "paper",
            "error at first",
            "paper",
            "error",
            "paper",
            "after-effect (mm)",
            "onset slope",
        ),
    ]
    for name in (STANDARD, BUFFER, CONTROL):
        told = [phases(each.manifest["probes"], each.records) for each in trained[name]]
        for index in range(len(told[0])):
            mine = [run[index] for run in told]
            theirs = PAPER[name][index] if name in PAPER else Reference(None, None, None)
            rows.append(
                (
                    name,
                    str(mine[0]["phase"]),
                    str(mine[0]["updates"]),
                    spread([row["loss"] for row in mine]),
                    _theirs_repaired(name, index, theirs.loss, 0),
                    spread([row["onset_endpoint_mm"] / _UNIT for row in mine], "{:.1f}"),
                    _known(theirs.first),
                    spread([row["endpoint_mm"] / _UNIT for row in mine]),
                    _theirs_repaired(name, index, theirs.endpoint, 1),
                    spread([row["after_effect_mm"] for row in mine], "{:+.0f}"),
                    spread([row["onset_slope"] for row in mine]),
                )
            )
    return rows


def _known(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def _theirs_repaired(name: str, index: int, value: float | None, place: int) -> str:
    """A figure of theirs, and the one with the go cue repaired, which stands at this `place` of `REPAIRED`."""
    repaired = REPAIRED[name][place] if name in REPAIRED and index == 0 else None
    return _known(value) + ("" if repaired is None else f" (go cue repaired: {repaired:g})")


def curl_table(trained: Sequence[Trained]) -> Rows:
    """Deviations to the side and the adaptation coefficient of channel trials."""
    told = [phases(each.manifest["probes"], each.records) for each in trained]
    rows: Rows = [("phase", "error", "deviation at first", "deviation", "size of it", "adaptation coefficient")]
    for index in range(len(told[0])):
        mine = [run[index] for run in told]
        rows.append(
            (
                str(mine[0]["phase"]),
                spread([row["endpoint_mm"] for row in mine], "{:.1f}"),
                spread([row["onset_deviation_mm"] for row in mine], "{:+.1f}"),
                spread([row["deviation_mm"] for row in mine], "{:+.1f}"),
                spread([row["deviation_size_mm"] for row in mine], "{:.1f}"),
                spread([channel_coefficient(each, index) for each in trained]),
            )
        )
    return rows


def channel_coefficient(trained: Trained, block: int) -> float:
    """The mean adaptation coefficient of channel trials at the end of a block."""
    schedule = [{"name": "channel", "trials": 1, "gain": 0.0, "clamp": 1.0}]
    kwargs = {**PAPER_TRIALS, "schedule": schedule, "false_start": "ignore"}
    activity = record_network(trained.snapshots[block], trained.config, CURL_TASK, kwargs, _TRIALS)
    return mean(adaptation(activity.recording))


def phase_activity(trained: Trained, task: str, block: int) -> Activity:
    """Activity in center-out trials at the end of a block, under its field."""
    probe = trained.manifest["probes"][block]
    schedule = [{"name": probe["name"], "trials": 1, "gain": probe["gain"]}]
    # The longest delay that the networks know, so that there is a preparation to look at.
    kwargs = {**WHOLE, "targets": "center-out", "schedule": schedule, "go_delay": 0.09, "false_start": "ignore"}
    return record_network(trained.snapshots[block], trained.config, task, kwargs, _TRIALS)


def activity_table(trained: dict[str, list[Trained]]) -> Rows:
    """How the field changes the population: principal angles, shape, and the uniform shift of preparation."""
    rows: Rows = [("measure", "field by place", "curl field")]
    columns = []
    for name, task in ((BUFFER, TASK), (CURL, CURL_TASK)):
        pairs = zip(trained[name], trained[CONTROLS[name]], strict=True)
        columns.append([_compared(each, task, control) for each, control in pairs])
    for measure in columns[0][0]:
        rows.append((measure, *(spread([run[measure] for run in column]) for column in columns)))
    return rows


def _tuning_in(activity: Activity, window: tuple[float, float]) -> Tuning:
    states = states_at(activity, window)
    return tuning(states.rate, states.direction)


def _tuned(found: Tuning) -> float:
    """The share of variance over directions that a cosine explains, of the mean unit that varies."""
    return float(found.share[found.depth > _SILENT].mean())


def _turn(one: Tuning, other: Tuning) -> float:
    """The mean signed angle in deg, counter-clockwise, by which preferred directions turn, of the units tuned in both."""
    both = (one.depth > _SILENT) & (other.depth > _SILENT)
    return float(np.degrees(np.angle(np.exp(1j * (other.preferred - one.preferred)[both]).mean())))


def _compared(trained: Trained, task: str, control: Trained) -> dict[str, float]:
    phases = [phase_activity(trained, task, block) for block in range(3)]
    means = [psth(each).rate for each in phases]
    before, during, after, drifted = (states_at(each).rate for each in (*phases, phase_activity(control, task, 2)))
    shift = uniform_shift(before, during)
    moving = [_tuning_in(each, MOVEMENT) for each in phases]
    return {
        "cosine tuning at preparation, before (share of variance)": _tuned(_tuning_in(phases[0], PREPARATION)),
        "cosine tuning in movement, before": _tuned(moving[0]),
        "cosine tuning in movement, in the field": _tuned(moving[1]),
        "turn of preferred directions in movement, before to in (deg)": _turn(moving[0], moving[1]),
        "turn of preferred directions in movement, before to after (deg)": _turn(moving[0], moving[2]),
        "largest principal angle, before to in (deg)": float(np.degrees(subspace_angle(means[0], means[1])[0])),
        "largest principal angle, before to after (deg)": float(np.degrees(subspace_angle(means[0], means[2])[0])),
        "Procrustes distance, before to in": procrustes_distance(means[0], means[1]),
        "Procrustes distance, before to after": procrustes_distance(means[0], means[2]),
        "uniform shift of preparation (of the spread of directions)": shift.size,
        "share of the change that is uniform": shift.uniformity,
        "share of the shift in the force-predictive plane": share_in(shift.vector, force_space(before, early_force(phases[0]))),
        "shift left after the washout": shift_left(before, during, after),
        "the same for the control (drift)": shift_left(before, during, drifted),
    }
