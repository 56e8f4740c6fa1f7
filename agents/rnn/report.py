"""What is told about a training: one row per phase."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.table import Table

from agents.common.report import narrow_table

EARLY = 0.05  # of a block's updates, at least one: what counts as its first trials
Floats = npt.NDArray[np.float64]


def early(trials: int) -> int:
    """How many of a block's updates count as its first ones."""
    return max(1, round(EARLY * trials))


def phases(probes: Sequence[Mapping[str, Any]], records: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One dict per phase that is over.

    Returns:
        ``phase``, ``gain``, ``updates``; ``loss`` (the paper's units), ``endpoint_mm``, ``deviation_mm`` (signed),
        ``deviation_size_mm`` and ``onset_slope`` on held-out trials at the end; ``onset_endpoint_mm`` and
        ``onset_deviation_mm`` on them at the start; ``early_size_mm``, mean size of the deviation in the first updates, and
        ``after_effect_mm``: for a phase without a field after one with it, `agents.rnn.probe.pushed` at its start: below 0 where
        the hands go the other way than the new field once pushed them; ``savings``: for a phase with a field that was met before,
        by which share ``early_size_mm`` is smaller than the first time. What does not apply is NaN.
    """
    rows: list[dict[str, Any]] = []
    first: dict[str, float] = {}  # by field
    begin = 0
    for probe in probes:
        before, after, trials = probe["before"], probe["after"], probe["trials"]
        sizes = np.asarray(records["deviation_size_mm"][begin : begin + early(trials)])
        size = float(np.mean(sizes[np.isfinite(sizes)])) if np.isfinite(sizes).any() else float("nan")
        felt, field = probe["gain"] != 0, repr((probe["field"], np.sign(probe["gain"])))
        row = {"phase": probe["name"], "gain": probe["gain"], "updates": trials, **after, "early_size_mm": size}
        row |= {f"onset_{name}": before[name] for name in ("endpoint_mm", "deviation_mm", "deviation_size_mm")}
        row["after_effect_mm"] = before["pushed_mm"] if first and not felt else float("nan")
        row["savings"] = 1.0 - size / first[field] if felt and field in first else float("nan")
        if felt:
            first.setdefault(field, size)
        rows.append(row)
        begin += trials
    return rows


def table(rows: Sequence[Mapping[str, Any]], title: str) -> Table:
    """The phases, narrow enough for 80 columns."""
    columns = {
        "up-\ndates": ("updates", "{:.0f}"),
        "loss": ("loss", "{:.2f}"),
        "endpoint\nat first": ("onset_endpoint_mm", "{:.1f}"),
        "endpoint\nerror": ("endpoint_mm", "{:.1f}"),
        "devia-\ntion": ("deviation_size_mm", "{:.1f}"),
        "after-\neffect": ("after_effect_mm", "{:+.1f}"),
        "savings": ("savings", "{:.0%}"),
        "onset\nslope": ("onset_slope", "{:.2f}"),
    }
    return narrow_table(title, "phase", columns, ((str(row["phase"]), row) for row in rows))
