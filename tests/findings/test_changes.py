"""What learning changed in activities made for it: each change is found where it was made, and not in the control."""

import json

import numpy as np
import pytest

from reach_gym.cli import main
from reach_gym.findings import CHANGES, gather, report, stages_of
from reach_gym.findings.page import page
from reach_gym.findings.report import Summary
from reach_gym.findings.stages import phase_of
from reach_gym.neural import Activity, halves_at, record_activity, uniform_shift
from tests.findings.test_findings import TRIALS, Resting
from tests.neural.populations import mixing

UNITS = 12
AXES = mixing(UNITS, 8, np.random.default_rng(0))


@pytest.fixture(scope="module")
def base():
    return record_activity(Resting, "reach_gym/CursorReach-v0", 64, env_kwargs=TRIALS)


def told(base, shift=0.0, own=0.0, moved=0.0, turned=False, seed=0, noise=0.05):
    """Two units prepare, two follow the command, two have a state of their own while the hand moves; all of it is mixed.

    Learning may `shift` what prepares alike for all directions, or by a vector of its `own` for each; it may have `moved` the state
    that does not reach the command, or `turned` how the command shows.
    """
    rng = np.random.default_rng(seed)
    recording, angle = base.recording, base.direction[:, None]
    time = (np.arange(base.rates.shape[1]) - recording.go[:, None]) * base.dt
    waits, moves = (time < 0) * 1.0, (time >= 0) * 1.0
    place = np.unique(base.direction, return_inverse=True)[1]
    vectors = own * np.random.default_rng(9).standard_normal((8, UNITS))[place]
    command = np.nan_to_num(recording.action) * (np.array([-1.0, 1.0]) if turned else 1.0)
    aside = moved * np.cos(3 * angle)
    signals = [waits * np.cos(angle), waits * np.sin(angle), command[..., 0], command[..., 1]]
    signals += [moves * (np.cos(2 * angle) + aside), moves * np.sin(2 * angle) * (1 + time), waits * shift, 0 * time]
    rates = np.stack(signals, axis=2) @ AXES + (waits[..., None] * vectors[:, None])
    rates += noise * rng.standard_normal(rates.shape)
    lived = np.arange(base.rates.shape[1]) < recording.steps[:, None]
    return Activity(np.where(lived[..., None], rates, np.nan).astype(np.float32), recording)


SHIFT = ("shift", "shift_uniform", "shift_left")
SPACES = ("null_change", "potent_change", "null_lost", "potent_lost")


def changed(before, learned, washed=None, control=None, draws=39, only=SHIFT):
    (course,) = gather({"one": before})
    return report([course], only=only, draws=draws, learning=[stages_of("one", before, learned, washed, control)])


def results(of):
    return {name: summary.results[0] for name, summary in of.items()}


def test_a_shift_of_all_directions_is_found_with_its_size_and_what_is_left_of_it(base):
    before, learned, washed, control = (told(base, shift=s, seed=k) for k, s in enumerate((0.0, 0.8, 0.2, 0.0)))
    found = changed(before, learned, washed, control)
    own, drift = results(found.changed), results(found.changed_control)
    assert own["shift"].value == pytest.approx(0.8, abs=0.03) and own["shift"].p < 0.05 < drift["shift"].p
    assert own["shift_uniform"].value == pytest.approx(1.0, abs=0.02) and own["shift_uniform"].p < 0.06
    assert own["shift_uniform"].null.mean() == pytest.approx(1 / 8, abs=0.08)
    assert own["shift_left"] == pytest.approx(0.25, abs=0.03) and drift["shift_left"] == pytest.approx(0.0, abs=0.03)


def test_a_change_of_its_own_for_each_direction_is_no_uniform_one(base):
    own = results(changed(told(base), told(base, own=0.5, seed=1), only=["shift_uniform"]).changed)
    assert own["shift_uniform"].p > 0.05 and own["shift_uniform"].value < 0.4


def test_learning_beside_the_output_is_told_from_learning_of_the_map(base):
    beside = results(changed(told(base), told(base, moved=2.0, seed=1), draws=19, only=SPACES).changed)
    null, potent = beside["null_change"], beside["potent_change"]
    # The null of what reaches the command is wide: its mean over a reach that sets off and stops is about 0 in all directions.
    assert null.p == 0.05 and null.value > 3 * null.chance[2] and potent.value < 1.5 * potent.chance[2]
    assert beside["potent_lost"].value == pytest.approx(0.0, abs=0.02) and beside["potent_lost"].p > 0.05
    remapped = results(changed(told(base), told(base, turned=True, seed=1), draws=1, only=SPACES).changed)
    assert remapped["potent_lost"].value > 0.5


def test_where_nothing_was_learned_nothing_is_beyond_its_null(base):
    found = changed(told(base), told(base, seed=1), only=["shift"])
    assert set(found.found) == set() and found.changed["shift"].results[0].p > 0.05
    # Of a change that is none nothing can be said to be alike or left, and nobody knows the washout.
    own = results(changed(told(base), told(base), draws=3).changed)
    assert own["shift"].value == 0.0 and own["shift_uniform"] is None and own["shift_left"] is None


def test_the_states_are_those_of_the_public_measure(base):
    before, learned = told(base), told(base, shift=0.5, seed=1)
    window = (-0.1, -0.01)
    shift = uniform_shift(halves_at(before, window), halves_at(learned, window))
    own = results(changed(before, learned, draws=1).changed)
    assert own["shift"].value == shift.size and own["shift_uniform"].value == pytest.approx(shift.uniformity, rel=1e-12)
    few = phase_of(before, units=5, seed=3)
    assert few.prepared.shape[1] == few.rates.shape[2] == 5 and few.output.shape[2] == 2
    np.testing.assert_array_equal(few.rates[:, 0], before.rates[np.arange(64), before.recording.go][:, _drawn(before, 5, 3)])


def _drawn(activity, units, seed):
    return np.sort(np.random.default_rng(seed).permutation(activity.rates.shape[2])[:units])


def test_what_does_not_fit_is_refused(base):
    before = told(base)
    fewer = Activity(before.rates[:, :, :9], before.recording)
    with pytest.raises(ValueError, match="`learned` of one must have its 12 units .* got 9"):
        stages_of("one", before, fewer)
    with pytest.raises(ValueError, match="`control` of one must have its 8 directions"):
        stages_of("one", before, before, control=before.subset(before.direction < 3))
    with pytest.raises(ValueError, match="at least 2 trials of each direction .* 3 s after"):
        phase_of(before, until=3.0)


def test_differences_from_controls_are_those_of_the_pairs():
    difference = Summary((3.0, None, 2.0)).less(Summary((1.0, 1.0, 3.0)))
    assert difference.results == (2.0, None, -1.0)


def test_the_command_reports_what_learning_changed(base, tmp_path, capsys):
    flags = []
    for seed in range(2):
        for stage, shift in (("activity", 0.0), ("learned", 0.8), ("washed", 0.2), ("control", 0.0)):
            path = tmp_path / f"{stage}{seed}.npz"
            told(base, shift=shift, seed=10 * seed + len(stage)).save(path)
            flags += [f"--{stage}", str(path)]
    assert main(["neural", *flags, "--only", "shift", "--only", "shift_left", "--draws", "39"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "shift 0.80, " in printed and "2 of 2 beyond" in printed and "shift_left 0.2" in printed and "difference" in printed
    first = flags[1]
    for request, said in (
        (["--activity", first, "--only", "shift"], "`learned`"),
        (["--activity", first, "--washed", first], "`learned`"),
        (["--activity", first, "--learned", first, "--learned", first], "1 times, got 2"),
        (["--activity", first, "--learned", first, "--until", "9"], "9 s after"),
    ):
        assert main(["neural", *request]) == 2 and said in capsys.readouterr().err


def test_the_report_shows_changes_beside_their_controls(base):
    pytest.importorskip("matplotlib")
    from reach_gym.findings.picture import picture

    before, learned = told(base), told(base, shift=0.5, seed=1)
    alone, both = changed(before, learned, draws=5), changed(before, learned, control=told(base, seed=2), draws=5)
    texts = [page(each, ("<svg>1</svg>", "<svg>2</svg>")) for each in (alone, both)]
    assert all("What learning changed" in text and CHANGES["shift"].title in text and CHANGES["shift"].animals in text for text in texts)
    assert ["<th>difference</th>" in text for text in texts] == [False, True]
    data = json.loads(json.dumps(both.to_data(), allow_nan=False))
    assert set(data["changed"]) == set(data["changed_control"]) == set(SHIFT) and alone.to_data()["changed_control"] == {}
    labels = [[each.get_text() for each in axes.get_yticklabels()] for axes in picture(both).axes if axes.axison]
    assert len(labels) == len(SHIFT) and labels[0] == ["populations", "control"]
