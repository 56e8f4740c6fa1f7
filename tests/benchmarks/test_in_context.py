"""The report and the figure of networks that adapt in context, from courses whose numbers are known."""

import numpy as np

from agents.in_context.memory import Memory
from agents.in_context.probe import Course
from agents.in_context.sessions import ADAPTATION, CLAMPED, held_out_fields
from benchmarks import in_context
from benchmarks.__main__ import main
from benchmarks.in_context_figure import draw


def course(rows, fields, left, rng):
    """Two networks that deviate by 20 mm in the first trial of the field, and by a share of it afterwards; 8 mm back at first."""
    shape = 2, len(fields), len(rows)
    walls = np.array([row.channel > 0 for row in rows])
    size, last = np.full(len(rows), 0.001), None
    for k, row in enumerate(rows):
        if row.gain and not row.channel:
            size[k] = 0.02 if row.block != last else 0.02 * left
        elif row.block == "washout" != last:
            size[k] = -0.008
        last = row.block
    side = np.where(fields[:, 1, 0] > fields[:, 0, 1], 1.0, -1.0)[:, None]
    deviation = np.broadcast_to(size * side, shape) + np.array([-1e-5, 1e-5])[:, None, None]
    slope = np.where(walls, 0.5 + rng.normal(0.0, 0.01, shape), np.nan)
    paths, targets = rng.normal(0.0, 0.01, (len(rows), *shape[:2], 9, 2)), rng.normal(0.0, 0.1, (len(rows), *shape[:2], 2))
    return Course(rows, fields, np.where(walls, np.nan, deviation), slope, np.zeros(shape), paths, targets)


def test_what_is_found_is_told_and_drawn(tmp_path):
    rng, fields = np.random.default_rng(0), held_out_fields(0)
    kept = {"memory": 0.25, "reset": 1.0, "robust": 0.9, "shuffled": 1.1}
    courses = {name: course(ADAPTATION, fields, left, rng) for name, left in kept.items()}
    memory = Memory(np.array([1, 4]), *np.array([[[0.4, 0.7], [0.6, 0.9]], [[-0.1, 0.0]] * 2, [[0.2, 0.5]] * 2]))
    found = in_context.Found(courses, course(CLAMPED, fields[in_context.CURLS], 0.3, rng), memory)
    text = in_context.report(found, [("savings", "0.10 (0.05 to 0.15)", "open")])
    for line in (
        "| memory | 1.0 (1.0 to 1.0) | 20.0 (20.0 to 20.0) | 5.0 (5.0 to 5.0) | 25.0 (24.", "| reset |", "| savings | 0.10 (0.05 to 0.15) | open |",
        "| after-effect in the first trial of the washout, mm | -9.0 (-9.0 to -9.0) |", "| compensated in clamps 31 to 50 | 0.50",
        "| R² in new draws | 0.50 | 0.80 |", "| by chance | -0.10 | 0.00 |",
    ):  # fmt: skip
        assert line in text, text
    assert text.count("| reset | 1.0 (1.0 to 1.0) | 20.0 (20.0 to 20.0) | 20.0 (20.0 to 20.0) | 100.0 (100.0 to 100.0) |") == 2
    draw(found.courses, found.clamped, in_context.CURLS, in_context.DRAWN, tmp_path / "in_context")
    assert {each.name for each in tmp_path.iterdir()} == {"in_context.png", "in_context.svg"}


def test_bad_requests_are_refused(tmp_path, capsys):
    assert main(["in_context", "--seeds", "1", "--runs", str(tmp_path / "runs")]) == 2
    assert "`seeds`" in capsys.readouterr().err and not list(tmp_path.iterdir())
