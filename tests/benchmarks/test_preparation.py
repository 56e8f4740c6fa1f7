"""What the benchmark of preparatory activity finds in networks whose answer is known, and that its trainings run."""

import numpy as np
import pytest

from benchmarks import preparation_report as report
from benchmarks import preparation_runs as runs

ANGLES = 2 * np.pi * np.arange(runs.DIRECTIONS) / runs.DIRECTIONS


def states(shift=(0.0, 0.0), turn=0.0):
    """Units 0 and 1 prepare the force, and unit 4 depends on the direction in a way of its own; units 2 and 3 shift."""
    angle = ANGLES - np.radians(turn) * (np.arange(runs.DIRECTIONS) == report.HERE)
    one = np.zeros((runs.DIRECTIONS, runs.UNITS))
    one[:, 0], one[:, 1], one[:, 4] = np.cos(angle), np.sin(angle), np.cos(3 * ANGLES)
    one[:, 2], one[:, 3] = shift
    return np.stack([one, one])


def stage(prefix, coefficient=0.0, **options):
    along = np.where(np.arange(runs.DIRECTIONS) == report.HERE, coefficient, 0.0)
    force = 0.4 * np.stack([np.cos(ANGLES) + along, np.sin(ANGLES)], axis=1)
    told = {"states": states(**options), "force": force, "coefficient": along}
    told |= {"error": np.full(runs.DIRECTIONS, 2e-3), "ready": np.array(1.0)}
    return {f"{prefix}/{name}": values for name, values in told.items()}


def made():
    subject = stage("before")
    for optimiser in runs.OPTIMISERS:
        subject |= stage(f"{optimiser}/curl/learned", 0.9, shift=(0.5, 0.0), turn=20.0)
        subject |= stage(f"{optimiser}/curl/washed", 0.1, shift=(0.4, 0.0))
        subject |= stage(f"{optimiser}/none/learned", shift=(0.0, 0.2))
        subject |= stage(f"{optimiser}/none/washed", shift=(0.1, 0.2))
    return subject


def test_what_is_put_in_is_found():
    found = report.found(made())
    spread = np.sqrt(1.5)  # of the directions, in the units 0, 1 and 4
    for name, value in {
        "curl/learned/coefficient": 0.9, "curl/learned/far": 0.0, "curl/washed/coefficient": 0.1, "curl/uniformity": 1.0,
        "curl/size": 0.5 / spread, "none/size": 0.2 / spread, "more": 0.3 / spread, "curl/in_plane": 0.0, "spread_in_plane": 2 / 3, "curl/left": 0.8,
        "along/learned": 0.0, "along/washed": 0.2, "cosine": 0.0, "curl/learned/turn": 20.0, "curl/washed/turn": 0.0,
        "none/learned/turn": 0.0, "curl/learned/read": 0.4 * np.sin(np.radians(20)), "curl/learned/exerted": 0.36,
        "curl/ready": 1.0, "curl/learned/error": 2.0,
    }.items():  # fmt: skip
        assert found[f"Adam/{name}"] == pytest.approx(value, rel=0.05, abs=0.02), name
    table = report.markdown([found, found], 300, 100)
    assert "| 0.80 [0.80, 0.80] | 1.00 [1.00, 1.00] |" in table and "nan" not in table
    assert len(report.picture([found, found]).axes) == 4


def test_half_of_the_trials_go_through_the_field():
    table = runs.session(40, 1.0, 3)
    angle = np.degrees(np.arctan2(table.target[:, 1], table.target[:, 0])).round() % 360
    trained = angle == runs.TRAINED
    assert len(set(angle)) == runs.DIRECTIONS and abs(trained.mean() - 0.5) < 0.05
    np.testing.assert_array_equal(table.gain, trained)
    assert not runs.session(40, 0.0, 3).gain.any()


def test_a_network_is_trained_once_and_read_again(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "PROBES", 96)
    subject = runs.subject_in(tmp_path, 0, 1, 1)
    monkeypatch.setattr(runs, "subject", None)
    again = runs.subject_in(tmp_path, 0, 1, 1)
    assert set(again) == set(subject) == set(made())
    for name, values in made().items():
        assert subject[name].shape == again[name].shape == values.shape and np.isfinite(again[name]).all()
    # The field is felt in the trained direction from the first update on.
    assert not np.array_equal(again["Adam/curl/learned/states"], again["Adam/none/learned/states"])
