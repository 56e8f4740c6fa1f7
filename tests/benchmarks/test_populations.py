"""The verdicts of the benchmark of populations follow its rule, and what was trained is kept."""

import numpy as np
import pytest

from benchmarks import populations_measures as measures
from benchmarks import populations_report as report
from benchmarks import populations_runs as runs
from benchmarks.__main__ import main
from reach_gym.findings import CHANGES, FINDINGS, Summary, Windows
from reach_gym.neural.nulls import Against

NULL = np.linspace(0, 0.1, 100)


def summary(values, tail="greater", null=NULL):
    beyond = [np.sum(null >= v if tail == "greater" else null <= v) for v in values]
    return Summary(tuple(Against(v, null, (1 + k) / 101, tail) for v, k in zip(values, beyond)))


YES, FEW, NO = [0.8, 0.7, 0.9, 0.8, 0.05], [0.8, 0.7, 0.9, 0.05, 0.05], [0.05, 0.04, 0.06, 0.05, 0.05]


@pytest.mark.parametrize(("stages", "said"), [
    ((NO, YES, NO, NO), "for free"),
    ((YES, YES, NO, NO), "for free, untrained too"),
    ((NO, FEW, FEW, FEW), "not"),
    ((YES, NO, NO, NO), "not, but untrained"),
    ((NO, NO, YES, NO), "only with learning"),
    ((NO, NO, YES, YES), "with more training"),
    # One network more than in the control is no difference: its interval holds 0.
    ((NO, NO, YES, FEW), "not"),
    ((NO, YES[:4], NO, NO), "too few networks"),
])  # fmt: skip
def test_the_verdict_follows_from_how_many_networks_are_beyond_their_null(stages, said):
    found = dict(zip(("untrained", "trained", "learned", "control"), map(summary, stages)), washed=summary(NO))
    assert report.verdict(found) == said


def test_a_finding_of_small_values_counts_on_its_side():
    low, high = [-0.2, -0.3, -0.2, -0.25, -0.2], [0.05, 0.04, 0.06, 0.05, 0.05]
    found = {stage: summary(high, "less") for stage in report.STAGES} | {"learned": summary(low, "less")}
    assert report.verdict(found) == "only with learning"
    assert report.verdict({stage: summary(low) for stage in report.STAGES}) == "not"


def test_without_a_null_or_a_value_nothing_is_judged():
    assert report.verdict({stage: Summary((3.0,) * 5) for stage in report.STAGES}) == "no null"
    assert report.verdict({stage: Summary((None,) * 5) for stage in report.STAGES}) == "not measured"


def test_what_monkeys_have_is_beside_what_networks_have():
    finding = FINDINGS["rotation_share"]
    assert [report.beside_monkeys(finding, summary([v] * 5)) for v in (0.5, 0.845, 0.9)] == [
        f"value {place} the published" for place in ("below", "within", "above")
    ]
    assert report.beside_monkeys(finding, summary([0.5] * 4)) == ""
    assert report.beside_monkeys(FINDINGS["rotation"], summary(YES)) == ""


def test_a_change_belongs_to_the_field_where_the_control_has_less():
    one = np.array([0.5, 0.6, 0.4, 0.5, 0.7])
    assert report.change_verdict(one, one - 0.2) == "more with the field"
    assert report.change_verdict(one, one + 0.2) == "less with the field"
    assert report.change_verdict(one, one[::-1]) == "no difference found"
    assert report.change_verdict(one[:3], one[:3] - 0.2) == "too few networks"


def networks(values):
    """What was measured of networks that show every finding by these `values` once they have been trained, and none before."""
    told = lambda value: {"value": value, "null": NULL.tolist(), "p": 0.01 if value > NULL.max() else 0.5, "tail": "greater"}
    found = lambda stage, value: dict.fromkeys(FINDINGS, told(0.05 if stage == "untrained" else value))
    behaviour = {"trained": dict.fromkeys(("error", "coefficient", "early", "reaction"), 1.0)}
    change = {way: dict.fromkeys(CHANGES, 1.0) for way in ("learned", "control")}
    return [{"found": {stage: found(stage, v) for stage in report.STAGES}, "change": change, "behaviour": behaviour} for v in values]


def test_every_plant_has_verdicts_of_its_own():
    lines = report.markdown({"point_mass": networks(YES), "muscle_arm": networks(NO)}, 1, 1, 100, []).splitlines()
    first = lines.index(next(line for line in lines if line.endswith("| `point_mass` | `muscle_arm` |")))
    assert [line.split(" | ")[-2:] for line in lines[first + 2 : first + 2 + len(FINDINGS)]] == [["for free", "not |"]] * len(FINDINGS)


def test_networks_of_all_plants_act_within_their_bounds_and_are_told_neither_velocity_nor_clock():
    import torch

    for low, high in (((-1.0, -1.0), (1.0, 1.0)), ((0.0,) * 6, (1.0,) * 6)):
        network = runs.Reacher(low, high)
        seen, state = torch.zeros(3, 14), network.initial(3)
        seen[1, 5:10], seen[2, 3] = 1.0, 1.0  # velocity, clocks and the hold; the cursor's place
        action, after = network(seen, state)
        assert action.shape == (3, len(low)) and (action >= low[0]).all() and (action < 0.3).all()
        assert torch.equal(after[0], after[1]) and not torch.equal(after[0], after[2])


def test_networks_are_trained_once_and_a_second_call_reads_them(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(runs, "PROBES", 96)
    monkeypatch.setattr(measures, "WINDOWS", Windows(sets_off=0.2))  # after one update a hand hardly moves
    monkeypatch.setattr(runs, "RATE", 1e-3)
    monkeypatch.setitem(runs.PLANTS, "point_mass", runs.Plan(rate=1e-3))
    command = ["populations", "--plants", "point_mass", "--seeds", "1", "--first", "1", "--updates", "1", "--draws", "2", "--out", str(tmp_path / "runs")]
    assert main([*command, "--only-report"]) == 2 and "none in" in capsys.readouterr().err
    assert main([*command, "--report", str(tmp_path / "table.md")]) == 0
    first = capsys.readouterr().out
    assert all(finding.title in first for finding in FINDINGS.values()) and "too few networks" in first and "nan" not in first
    assert (tmp_path / "table.md").read_text() == first[:-1] and (tmp_path / "table.svg").exists()
    monkeypatch.setattr(runs, "network_of", None)
    monkeypatch.setattr(measures, "measured", None)
    assert main(command) == 0 and capsys.readouterr().out == first
    assert main([*command[:3], "two_link_arm", *command[3:], "--only-report"]) == 0
    assert "Not run: `two_link_arm` seed 0" in capsys.readouterr().out
    # The field is felt from the first update on, and the control goes through the same trials.
    kept, _ = runs.activities_in(runs.folder_of(tmp_path / "runs", "point_mass", 0, 1, 1), "point_mass", 0, 1, 1)
    assert set(kept) == set(runs.STAGES) and not np.array_equal(kept["learned"].rates, kept["control"].rates)
