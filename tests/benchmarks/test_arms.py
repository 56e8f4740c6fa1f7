"""The benchmark of arms: what is counted by direction, and runs that are kept and resumed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import arms
from benchmarks.__main__ import main
from benchmarks.dqn import RECORDS, read
from benchmarks.training_run import Job
from reach_gym.acting.recipes import recipe

CURL = "reach_gym/ArmReachCurl-v0"


def outcomes() -> Any:
    """16 trials, two in every direction: one straight on, one just within the same sector, in which nothing moved towards 90 degrees."""
    angles = np.radians(np.repeat(np.arange(8) * 45.0, 2) + np.tile([0.0, -22.0], 8))
    starts = np.tile([0.02, -0.01], (16, 1))
    moved = np.ones(16)
    moved[5] = np.nan
    return SimpleNamespace(
        starts=starts,
        targets=starts + 0.1 * np.stack([np.cos(angles), np.sin(angles)], axis=1),
        success=np.arange(16) != 5,
        false_start=np.arange(16) == 5,
        peak_speed=moved,
        max_deviation=-0.001 * np.arange(16) * moved,
        endpoint_error=0.002 * np.arange(16) * moved,
    )


def test_trials_are_counted_by_their_direction() -> None:
    found = arms.judged(outcomes())
    by = found["directions"]
    assert (found["success"], found["false_starts"]) == (15 / 16, 1 / 16)
    assert by["trials"] == [2] * 8 and by["success"] == [1, 1, 0.5, 1, 1, 1, 1, 1]
    # Sizes, in millimetres; without the trial in which nothing moved.
    assert by["max_deviation_mm"] == pytest.approx([0.5, 2.5, 4.0, 6.5, 8.5, 10.5, 12.5, 14.5])
    assert by["endpoint_error_mm"] == pytest.approx([1.0, 5.0, 8.0, 13.0, 17.0, 21.0, 25.0, 29.0])


def trained(job: Job) -> dict[str, Any]:
    """A run that succeeds less with every seed, and least towards 180 degrees."""
    success = [1.0] * 8
    success[4] = 0.8 - 0.1 * job.seed
    directions = {"trials": [125] * 8, "success": success, "max_deviation_mm": [3.0] * 8, "endpoint_error_mm": [2.0 + job.seed] * 8}
    told = {"cpu": 10.0, "success": float(np.mean(success)), "false_starts": 0.01 * job.seed, "directions": directions}
    return {**job._asdict(), "settings": job.settings(), **told}


def test_runs_are_counted_and_only_the_missing_ones_are_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arms, "measure", trained)
    monkeypatch.setattr(arms, "HELD_OUT", 20)
    command = ["arms", "--out", str(tmp_path / "out"), "--agents", "random", "--seeds"]
    assert main([*command, "0"]) == 0
    assert main([*command, "0", "1"]) == 0
    found = read(tmp_path / "out" / RECORDS)
    assert [(each["seed"], each["env_id"], each["budget"]) for each in found] == [(seed, CURL, recipe("ppo", CURL).steps) for seed in (0, 1)]
    assert "success 97.5%, in the worst direction 80.0%" in " ".join(capsys.readouterr().out.split())
    lines = (tmp_path / "out" / "table.md").read_text().splitlines()
    assert any(line.startswith("| ArmReachCurl-v0 | ppo | 2 of 2 | 96.9% (") and line.endswith("| 96.2% | 1.0% | 499,712 | 10 |") for line in lines)
    assert any(line.startswith("| ArmReachCurl-v0 | random | 0 of 1 | 0.0% |") for line in lines)
    ppo, other = lines.index("## ArmReachCurl-v0, ppo"), lines.index("## ArmReachCurl-v0, random")
    assert lines[ppo + 8] == "| 180° | 125 | 75.0% (11.5% to 100.0%) | 3.0 (3.0 to 3.0) | 2.5 (-3.9 to 8.9) |"
    assert sum(line.startswith("| ") and "°" in line for line in lines[other:]) == 8


def test_an_agent_that_cannot_act_has_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*arguments: Any) -> Any:
        raise arms.NotApplicableError("no")

    monkeypatch.setattr(arms, "evaluate", refuses)
    assert arms.reference("ideal", CURL) == []


def test_a_run_learns_and_is_judged_by_direction(monkeypatch: pytest.MonkeyPatch) -> None:
    found = arms.measure(Job("ppo", CURL, 0, 4096, 1, 40))
    assert sum(found["directions"]["trials"]) == 40 and found["cpu"] > 0 and found["settings"]["env_kwargs"] == {"go_delay": [0.0, 0.3]}
    assert 0 <= found["success"] <= 1 and len(found["directions"]["endpoint_error_mm"]) == 8


@pytest.mark.parametrize(
    ("arguments", "word"),
    [(["--seeds", "-1"], "seeds"), (["--algos", "sac"], "algos"), (["--agents", "nobody"], "agents"), (["--jobs", "0"], "jobs")],
)
def test_bad_requests(arguments: list[str], word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["arms", "--out", str(tmp_path / "out"), *arguments]) == 2
    assert word in capsys.readouterr().err and not (tmp_path / "out").exists()
