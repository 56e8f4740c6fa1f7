"""The scorecard separates models, and can be read."""

import io
import re

import numpy as np
import pytest

from reach_gym.models import Contextual, OneState, TwoState
from reach_gym.models.model import contexts_of
from reach_gym.phenomena import PHENOMENA, scorecard, simulate
from reach_gym.phenomena.page import page
from reach_gym.phenomena.scorecard import beside, said
from reach_gym.sessions import SESSIONS, Row, TrialTable

SOME = ("learning_curve", "spontaneous_recovery", "clamp_decay", "anterograde_interference", "savings_after_counter")


@pytest.fixture(scope="module")
def card():
    agents = {"none": OneState(1.0, 0.0), "one": OneState(), "two": TwoState()}
    return scorecard(agents, {name: PHENOMENA[name] for name in SOME}, subjects=20)


def verdicts(card, agent):
    return [card.cells[name, agent].verdict for name in SOME]


def test_the_two_state_model_shows_recovery_decay_and_interference(card):
    assert verdicts(card, "two") == ["shown"] * 5


def test_the_one_state_model_learns_and_decays_and_does_not_recover(card):
    learning, recovery, decay, interference, savings = verdicts(card, "one")
    assert (learning, recovery, decay, savings) == ("shown", "absent", "shown", "absent")
    assert interference != "shown"


def test_who_does_not_learn_shows_nothing(card):
    assert "shown" not in verdicts(card, "none")
    assert card.shown("none") == (0, 5)


def test_the_contextual_model_alone_shows_evoked_recovery():
    agents = {"two": TwoState(), "contextual": Contextual(particles=30)}
    found = scorecard(agents, {"evoked_recovery": PHENOMENA["evoked_recovery"]}, subjects=20)
    assert found.cells["evoked_recovery", "two"].verdict == "absent"
    assert found.cells["evoked_recovery", "contextual"].verdict == "shown"


def test_a_fixed_controller_shows_no_recovery():
    found = scorecard(["naive"], {"spontaneous_recovery": PHENOMENA["spontaneous_recovery"]}, subjects=2)
    cell = found.cells["spontaneous_recovery", "naive"]
    assert cell.how == "environment"
    assert cell.verdict == "absent"
    assert np.abs(cell.values).max() < 0.02


def test_a_model_that_acts_comes_to_what_its_numbers_say():
    table = SESSIONS["learning_curve"].take(range(30, 60))
    numbers = simulate(TwoState(), table, 1, planning_noise=0.0, measurement_noise=0.0)
    from reach_gym.phenomena import observe

    acting = observe("two_state", "reach_gym/CursorReachCenterOut-v0", table, 1)
    known = np.isfinite(acting.output[0])
    assert known.sum() == np.isfinite(numbers.output[0]).sum()
    assert acting.output[0][known] == pytest.approx(numbers.output[0][known], abs=0.08)


def test_the_same_seed_gives_the_same_scorecard():
    some = {"savings": PHENOMENA["savings"]}
    one, again, other = (scorecard(["two_state"], some, seed=seed).to_data() for seed in (0, 0, 1))
    assert one == again
    assert one["cells"] != other["cells"]


def test_models_need_not_move():
    some = {"bell_speed": PHENOMENA["bell_speed"]}
    found = scorecard(["two_state"], some, moving=False)
    assert said(found.cells["bell_speed", "two_state"]) == "not run"
    assert found.shown("two_state") == (0, 0)


def test_clamped_cursors_teach_the_same_whatever_is_done():
    rows = [Row(feedback="clamp", clamp_angle=15.0), Row(feedback="none")]
    found = simulate(OneState(1.0, 0.1), TrialTable(rows), 1, unit=30.0, planning_noise=0.0, measurement_noise=0.0)
    assert found.output[0].tolist() == [0.0, pytest.approx(0.05)]
    assert found.error[0, 0] == 0.5
    assert np.isnan(found.error[0, 1])
    with pytest.raises(ValueError, match="`unit` must be the degrees"):
        simulate(OneState(), TrialTable(rows), 1)


def test_lead_ins_are_contexts():
    rows = [Row(lead_in=10.0), Row(lead_in=-10.0), Row(), Row(lead_in=10.0)]
    table, plain = TrialTable(rows), TrialTable([Row(cue=2), Row()])
    assert contexts_of(table.cue, table.lead_in, {}).tolist() == [1, 2, 3, 1]
    assert contexts_of(plain.cue, plain.lead_in, {}).tolist() == [2, 0]


def test_the_page_needs_no_network_and_escapes_names(card):
    text = page(beside([card]), "<svg></svg>", "command <x>")
    assert "command &lt;x&gt;" in text
    assert not re.search(r"(src|href)=", text)
    for name in SOME:
        assert PHENOMENA[name].title in text
    evil = scorecard({"<script>": OneState()}, {"savings": PHENOMENA["savings"]}, subjects=2)
    assert "<script>" not in page(evil, "<svg></svg>")


def test_the_figure_has_a_panel_for_every_phenomenon(card):
    pytest.importorskip("matplotlib")
    from reach_gym.phenomena.picture import picture

    figure = picture(card)
    figure.savefig(io.BytesIO())  # also what has no value can be drawn
    titles = [axes.get_title(loc="left").replace("\n", " ") for axes in figure.axes]
    assert [title for title in titles if title] == [PHENOMENA[name].title for name in SOME]


@pytest.mark.parametrize(("change", "error"), [({"subjects": 1}, ValueError), ({"subjects": "12"}, TypeError)])
def test_bad_arguments_are_refused(change, error):
    with pytest.raises(error, match="`subjects`"):
        scorecard(["two_state"], {"savings": PHENOMENA["savings"]}, **change)


def test_nobody_and_nothing_are_refused():
    with pytest.raises(ValueError, match="`agents` must name at least one"):
        scorecard([], PHENOMENA)
    with pytest.raises(ValueError, match="`phenomena` must name at least one"):
        scorecard(["two_state"], {})


def test_retention_over_a_day_says_nothing_of_a_model_for_which_a_day_is_nothing():
    only = {"retention": PHENOMENA["long_term_retention"]}
    card = scorecard({"never": TwoState(), "forgets": TwoState(fast_decay=1e-3)}, only, 12)
    assert np.isnan(card.cells["retention", "never"].value) and card.cells["retention", "never"].verdict == "no value"
    assert card.cells["retention", "forgets"].value > 0.1
