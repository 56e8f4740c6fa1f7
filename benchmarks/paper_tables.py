"""The numbers of `python -m benchmarks paper`, beside the paper's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from agents.rnn.checkpoint import Trained
from agents.rnn.figures import block_edges, smoothed
from agents.rnn.probe import Probe
from agents.rnn.report import phases
from benchmarks.paper_facts import PAPER, REPAIRED, THEIR_READ_OUTS, Reference
from benchmarks.paper_runs import BUFFER, CONTROL, NAMES, STANDARD, TASK, seconds_of

_UNIT = 2.0  # mm
Rows = list[tuple[str, ...]]
_HEAD = ("model", "phase", "updates", "loss", "error at first", "paper", "error", "paper", "after-effect (mm)", "onset slope")


def tables(trained: Mapping[str, list[Trained]], out: Path) -> dict[str, Rows]:
    """All tables by title; rows of text, the first one the head."""
    return {
        "Reaching in the field by place (errors in the paper's units of 2 mm)": main_table(trained),
        "The same read-out on both sides: endpoint error without a field, in units, each on held-out trials of its own": (
            read_out_table(trained)
        ),
        "How soon: updates until the mean error of ten batches is as small as that of the paper's code": soon_table(trained, out),
        "What it took: CPU seconds of one core per seed": time_table(trained, out),
    }


def spread(values: Sequence[float], form: str = "{:.2f}") -> str:
    """Mean and range of the known values."""
    known = [value for value in values if np.isfinite(value)]
    if not known:
        return "-"
    low, high = form.format(min(known)), form.format(max(known))
    return form.format(np.mean(known)) + (f" [{low}, {high}]" if len(known) > 1 else "")


def main_table(trained: Mapping[str, list[Trained]]) -> Rows:
    """Phase by phase: loss, endpoint error at the start and at the end, after-effect and the slope of onset on go time.

    The paper's figures stand beside the output-buffer model alone: both sides are read out as displacement of the hand there.
    """
    rows: Rows = [_HEAD]
    for name in NAMES:
        told = [phases(each.manifest["probes"], each.records) for each in trained[name]]
        for index in range(len(told[0])):
            mine = [run[index] for run in told]
            theirs = PAPER[name][index] if name in PAPER else Reference(None, None)
            rows.append(
                (
                    name,
                    str(mine[0]["phase"]),
                    str(mine[0]["updates"]),
                    spread([row["loss"] for row in mine]),
                    spread([row["onset_endpoint_mm"] / _UNIT for row in mine], "{:.1f}"),
                    _known(theirs.first),
                    spread([row["endpoint_mm"] / _UNIT for row in mine]),
                    _known(theirs.endpoint) + (f" (go cue repaired: {REPAIRED:g})" if (name, index) == (BUFFER, 0) else ""),
                    spread([row["after_effect_mm"] for row in mine], "{:+.0f}"),
                    spread([row["onset_slope"] for row in mine]),
                )
            )
    return rows


def _known(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


def read_out_table(trained: Mapping[str, list[Trained]]) -> Rows:
    """Ours at the end of the first phase, and theirs, each by the same read-out of the outputs."""
    rows: Rows = [("model", "read-out", "here", "updates here", "the paper's code, unmodified", "its updates and seconds")]
    standard = [read_outs(each) for each in trained[STANDARD]]
    updates = str(trained[STANDARD][0].manifest["probes"][0]["trials"])
    for name in standard[0]:
        told = THEIR_READ_OUTS[STANDARD, name]
        rows.append((STANDARD, name, spread([each[name] for each in standard]), updates, *told))
    probes = [each.manifest["probes"][0] for each in trained[BUFFER]]
    mine = spread([probe["after"]["endpoint_mm"] / _UNIT for probe in probes])
    rows.append((BUFFER, "displacement", mine, str(probes[0]["trials"]), *THEIR_READ_OUTS[BUFFER, "displacement"]))
    return rows


def read_outs(trained: Trained) -> dict[str, float]:
    """The endpoint error of a standard model without a field, in units, by its position and by its acceleration output."""
    kwargs = {**trained.manifest["env"]["kwargs"], "schedule": [{"name": "before", "trials": 1, "gain": 0.0}]}
    path = Probe(TASK, kwargs, trained.config, trained.manifest["seed"]).rollout(trained.snapshots[0])
    planned = np.stack([state[1].numpy() for state in path.states])  # acceleration, velocity, place; SI units
    pace = planned[..., :2].cumsum(axis=0) * path.dt
    twice = (pace - 0.5 * planned[..., :2] * path.dt).sum(axis=0) * path.dt
    way = (path.target[-1] - path.start).numpy()
    found = {"position output": planned[-1, :, 4:], "acceleration output, integrated twice": twice}
    return {name: 1000.0 * float(np.linalg.norm(place - way, axis=1).mean()) / _UNIT for name, place in found.items()}


def soon_table(trained: Mapping[str, list[Trained]], out: Path) -> Rows:
    """Updates and seconds until a batch's endpoint error without a field is as small as theirs was, by the same read-out."""
    rows: Rows = [("model", "error in units", "updates here", "CPU s here", "the paper's code")]
    for name, units, theirs in ((STANDARD, 1.6, "100 updates, 4 s"), (BUFFER, 6.0, "750 updates, 93 s")):
        found, seconds = [], []
        for seed, each in enumerate(trained[name]):
            edges = [first for first, *_ in block_edges(each.manifest["probes"])]
            errors = smoothed(each.records["endpoint_mm"].tolist(), edges)[: edges[1]]
            reached = np.flatnonzero(errors < units * _UNIT)
            found.append(float(reached[0] + 1) if reached.size else np.nan)
            seconds.append(found[-1] * seconds_of(out / f"{name}-{seed}") / len(each.records["loss"]))
        rows.append((name, f"{units:g}", spread(found, "{:.0f}"), spread(seconds, "{:.0f}"), theirs))
    return rows


def time_table(trained: Mapping[str, list[Trained]], out: Path) -> Rows:
    """Seconds per seed; those of the control are without the phase that it shares."""
    rows: Rows = [("training", *(f"seed {seed}" for seed in range(len(trained[STANDARD]))))]
    for name in (STANDARD, BUFFER, CONTROL):
        rows.append((name, *(f"{seconds_of(out / f'{name}-{seed}'):.0f}" for seed in range(len(trained[name])))))
    return rows
