"""``reach-gym neural``."""

import json

import pytest

from reach_gym.cli import main
from reach_gym.findings import FINDINGS
from tests.findings.test_findings import TRIALS, Resting, units


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    from reach_gym.neural import record_activity

    base = record_activity(Resting, "reach_gym/CursorReach-v0", 64, env_kwargs=TRIALS)
    folder = tmp_path_factory.mktemp("activities")
    for seed in range(3):
        units(base, "rotating", seed, count=20).save(folder / f"seed{seed}.npz")
    return folder


def test_a_report_is_printed_and_written(saved, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    arguments = ["neural", "--activity", str(saved / "seed0.npz"), "--activity", str(saved / "seed1.npz")]
    arguments += ["--recording", str(saved / "seed2.npz"), "--only", "rotation_share", "--only", "dimensions", "--draws", "5"]
    arguments += ["--out", str(tmp_path)]
    assert main(arguments) == 0
    told = capsys.readouterr().out
    assert "rotation_share" in told and "0.84 to 0.85, secondary" in told and "2 populations of 20 units" in told
    endings = {"neural.html", "neural.json", "neural.svg", "neural.pdf", "planes.svg", "planes.pdf"}
    assert {path.name for path in tmp_path.iterdir()} == endings
    data = json.loads((tmp_path / "neural.json").read_text())
    assert data["draws"] == 5 and [each["name"] for each in data["files"]] == ["seed0", "seed1", "seed2"]
    assert "<svg" in (tmp_path / "neural.html").read_text()
    assert main(arguments) == 2  # what is there is not replaced
    assert "exists" in capsys.readouterr().err
    assert main([*arguments, "--overwrite"]) == 0


def test_without_an_activity_the_findings_are_listed(capsys):
    assert main(["neural"]) == 0
    told = capsys.readouterr().out
    assert all(name in told for name in FINDINGS)


@pytest.mark.parametrize(
    "more",
    [["--only", "nothing"], ["--draws", "0"], ["--before", "3"], ["--units", "21"], ["--activity", "{same}"], ["--activity", "none.npz"]],
)
def test_bad_requests_end_with_two(saved, more, capsys):
    same = str(saved / "seed0.npz")
    assert main(["neural", "--activity", same, *(each.format(same=same) for each in more)]) == 2
    assert capsys.readouterr().err.startswith("error: ")
