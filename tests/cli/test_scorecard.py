"""``reach-gym phenomena``."""

import json

import pytest

from reach_gym.cli import main
from reach_gym.phenomena import PHENOMENA


def test_a_scorecard_is_printed_and_written(tmp_path, capsys):
    pytest.importorskip("matplotlib")
    arguments = [
        "phenomena",
        "--agent",
        "two_state",
        "--agent",
        "one_state",
        "--only",
        "spontaneous_recovery",
        "--out",
        str(tmp_path),
    ]
    assert main(arguments) == 0
    told = capsys.readouterr().out
    assert "spontaneous_recovery" in told
    assert "two_state: 1 of 1 scored phenomena shown" in told
    assert "one_state: 0 of 1 scored phenomena shown" in told
    assert {path.name for path in tmp_path.iterdir()} == {f"scorecard.{end}" for end in ("html", "json", "png", "svg", "pdf")}
    data = json.loads((tmp_path / "scorecard.json").read_text())
    assert data["subjects"] == 12
    assert [cell["verdict"] for cell in data["cells"]] == ["shown", "absent"]
    assert main(arguments) == 2  # what is there is not replaced
    assert "exists" in capsys.readouterr().err
    assert main([*arguments, "--overwrite"]) == 0


def test_without_an_agent_the_phenomena_are_listed(capsys):
    assert main(["phenomena"]) == 0
    told = capsys.readouterr().out
    assert all(name in told for name in PHENOMENA)


@pytest.mark.parametrize(
    "arguments",
    [["--agent", "two_state", "--only", "nothing"], ["--agent", "nobody"], ["--agent", "two_state", "--subjects", "1"]],
)
def test_bad_requests_end_with_two(arguments, capsys):
    assert main(["phenomena", *arguments]) == 2
    assert capsys.readouterr().err.startswith("error: ")
