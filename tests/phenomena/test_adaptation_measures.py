"""Measures of adaptation on groups whose answer is known."""

import numpy as np
import pytest

from reach_gym.models import OneState
from reach_gym.phenomena import PHENOMENA, Behaviour, scorecard
from reach_gym.phenomena import adaptation_measures as measures
from reach_gym.phenomena.behaviour import filled, ratio, row_means
from reach_gym.sessions import SESSIONS

SUBJECTS = 4


def group_of(name, courses):
    """A group in the sessions of a phenomenon; a course is told the table and gives outputs (n,), errors or both."""
    found = {}
    for condition, session in PHENOMENA[name].sessions.items():
        table = SESSIONS[session]
        output = np.tile(np.asarray(courses[condition](table), float), (SUBJECTS, 1))
        hidden = (np.asarray(table.channel, float) == 0) & (PHENOMENA[name].turn is None)
        output[:, hidden] = np.nan
        found[condition] = Behaviour(table, output, np.full(output.shape, np.nan))
    return found


def by_block(**values):
    def course(table):
        return [values.get(str(block).replace(" ", "_").replace("-", "_"), 0.0) for block in table.block]

    return course


def rising(block, rate, start=0.0, end=1.0, sign=1.0):
    def course(table):
        here = np.flatnonzero(table.block == block)
        found = np.zeros(len(table))
        found[here] = sign * (end + (start - end) * np.exp(-rate * np.arange(len(here))))
        return found

    return course


@pytest.mark.parametrize(
    ("name", "courses", "answer"),
    [
        ("learning_curve", {"session": lambda table: np.where(np.arange(len(table)) < 140, 0.3, 0.8)}, 0.8),
        ("savings", {"session": by_block(learning=0.3, relearning=0.5)}, 0.2),
        ("aba_interference", {"without": by_block(relearning=0.6), "with": by_block(relearning=0.2)}, 0.4),
        ("spontaneous_recovery", {"session": by_block(clamps=0.25)}, 0.25),
        ("evoked_recovery", {"evoked": by_block(clamps=0.5), "spontaneous": by_block(clamps=0.2), "first": by_block(clamps=0.1)}, 0.2),
        ("clamps_keep_longer", {"clamps": by_block(clamps=0.6), "washout": by_block(washout=0.1)}, 0.5),
        (
            "long_term_retention",
            {"short": by_block(end=0.5, next_day=0.1), "long": by_block(end=0.8, next_day=0.48)},
            0.4,
        ),
        ("gradual_rotation", {"gradual": by_block(after_effect=0.5), "abrupt": by_block(after_effect=0.3)}, 0.2),
        ("structural_learning", {"random": by_block(test=0.6), "control": by_block(test=0.2)}, 0.4),
    ],
)
def test_measures_of_steps(name, courses, answer):
    assert PHENOMENA[name].measure(group_of(name, courses)) == pytest.approx(np.full(SUBJECTS, answer))


def test_what_is_lost_in_clamps():
    def course(table):
        clamps = np.flatnonzero(table.block == "clamps")
        found = np.zeros(len(table))
        found[clamps] = np.where(np.arange(100) < 50, 0.8, 0.2)
        return found

    assert measures.lost_in_clamps(group_of("clamp_decay", {"session": course})) == pytest.approx(np.full(SUBJECTS, 0.75))


def test_slowing_compares_the_gain_from_the_crossing():
    naive, half = rising("opposite", 0.05, sign=-1.0), rising("opposite", 0.05, end=0.5, sign=-1.0)
    same = measures.slowing(group_of("anterograde_interference", {"naive": naive, "after": naive}))
    slower = measures.slowing(group_of("anterograde_interference", {"naive": naive, "after": half}))
    assert same == pytest.approx(np.zeros(SUBJECTS))
    assert slower == pytest.approx(np.full(SUBJECTS, 0.5))


def test_relearning_counts_as_share_of_what_is_left():
    def course(table):
        learning, again = (np.flatnonzero(table.block == name) for name in ("learning", "relearning"))
        found = np.zeros(len(table))
        found[learning] = 0.4
        found[again] = 0.7
        found[again[0]] = 0.5
        return found

    found = measures.faster_after_counter(group_of("savings_after_counter", {"session": course}))
    assert found == pytest.approx(np.full(SUBJECTS, 0.2 / 0.5 - 0.4))


def distance(table):
    way = table.target - np.nan_to_num(table.start)
    return np.abs((np.degrees(np.arctan2(way[:, 1], way[:, 0])) - 90 + 180) % 360 - 180).round()


def test_bumps_and_locality():
    def bumps(table):
        return np.select([distance(table) == 0, distance(table) == 180], [0.8, 0.3], 0.1)

    def local(table):
        return np.where(distance(table) == 0, 0.8, np.where(distance(table) < 90, 0.4, 0.2))

    assert measures.second_bump(group_of("field_generalisation", {"session": bumps})) == pytest.approx(np.full(SUBJECTS, 0.2))
    assert measures.locality(group_of("rotation_generalisation", {"session": local})) == pytest.approx(np.full(SUBJECTS, 0.75))


def test_opposite_fields_count_in_their_own_direction():
    def apart(table):
        return 0.6 * np.sign(table.gain)

    def together(table):
        return np.full(len(table), 0.6)

    assert measures.separation(group_of("dual_adaptation", {"session": apart})) == pytest.approx(np.full(SUBJECTS, 0.6))
    both = group_of("static_cue_interference", {"lead-in": apart, "cue": together})
    assert np.abs(measures.separation({"session": both["cue"]})).max() < 0.2
    assert measures.static_cue_fails(both).mean() > 0.5


def test_the_mirror_image_is_a_share_of_the_way_to_the_first_error():
    table = SESSIONS["catch_trials"]
    caught = np.asarray(table.catch, float) > 0
    error = np.where(caught, -0.5, 1.0)
    one = Behaviour(table, np.full((SUBJECTS, len(table)), np.nan), np.tile(error, (SUBJECTS, 1)))
    assert measures.catch_ratio({"session": one}) == pytest.approx(np.full(SUBJECTS, 0.5 / 1.5))


@pytest.mark.parametrize(("power", "answer"), [(1.0, 0.0), (0.0, 0.8)])
def test_sensitivity_falls_where_corrections_do_not_grow(power, answer):
    table = SESSIONS["error_sizes"]
    angle = np.asarray(table.clamp_angle, float)
    after = np.roll(angle, 1)  # what was seen in the trial before
    output = 0.01 * np.sign(after) * np.abs(after) ** power
    one = Behaviour(table, np.tile(output, (SUBJECTS, 1)), np.full((SUBJECTS, len(table)), np.nan))
    # Slopes through the origin: of 7.5 and 15 degrees together it is 22.5 / 281.25, of 60 degrees 1 / 60.
    expected = 0.0 if power == 1.0 else 1.0 - (1 / 60) / (22.5 / 281.25)
    assert measures.falling_sensitivity({"session": one}) == pytest.approx(np.full(SUBJECTS, expected))
    assert expected == pytest.approx(answer, abs=0.02)


def test_consistency_compares_single_trials():
    def change(table, size):
        probe = np.array([str(name).startswith("probe") for name in table.block])
        place = np.cumsum(probe & (np.roll(probe, 1) == 0))
        second = probe & (np.roll(probe, -1) == 0)
        return np.where(second, size, 0.0) + 0.0 * place

    courses = {"consistent": lambda table: change(table, 0.3), "inconsistent": lambda table: change(table, 0.1)}
    assert measures.more_from_consistent(group_of("error_consistency", courses)) == pytest.approx(np.full(SUBJECTS, 0.2))


def test_who_learned_nothing_has_no_share_of_it():
    flat = by_block()
    assert np.isnan(measures.lost_in_clamps(group_of("clamp_decay", {"session": flat}))).all()
    assert np.isnan(measures.locality(group_of("rotation_generalisation", {"session": flat}))).all()
    assert np.isnan(measures.overlearning(group_of("long_term_retention", {"short": flat, "long": flat}))).all()


def test_the_spread_of_a_ratio_is_that_of_the_ratio_of_means():
    generator = np.random.default_rng(3)
    part, whole = generator.normal(0.5, 0.1, (400, 50)), generator.normal(1.0, 0.2, (400, 50))
    told = np.array([ratio(a, b, 0.1) for a, b in zip(part, whole, strict=True)])
    assert told.mean() == pytest.approx(0.5, abs=0.01)
    true = (part.mean(axis=1) / whole.mean(axis=1)).std()
    assert (told.std(axis=1, ddof=1) / 50**0.5).mean() == pytest.approx(true, rel=0.1)
    assert np.isnan(ratio(part[0], np.full(50, 0.05), 0.1)).all()


def test_missing_trials_are_bridged_and_left_out():
    nothing = np.nan
    assert filled(np.array([[nothing, 1.0, nothing, 3.0]])).tolist() == [[1.0, 1.0, 2.0, 3.0]]
    assert np.isnan(filled(np.full((1, 3), nothing))).all()
    assert row_means(np.array([[1.0, nothing], [nothing, nothing]]))[0] == 1.0


def test_a_behaviour_of_another_shape_is_refused():
    table = SESSIONS["savings"]
    with pytest.raises(ValueError, match="`output` must be of shape"):
        Behaviour(table, np.zeros((2, 3)), np.zeros((2, 3)))
    with pytest.raises(TypeError, match="`table` must be a TrialTable"):
        Behaviour([], np.zeros((2, 3)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="`block` must be a block of the session"):
        Behaviour(table, np.zeros((2, len(table))), np.zeros((2, len(table)))).part("nothing")


def test_noise_is_nothing_to_take_a_share_of():
    """A share of noise is near 0, and what is missing to it, as most measures have it, near 1: nobody who learns nothing may have it."""
    generator = np.random.default_rng(0)
    for subjects, most in ((20, 0.001), (5, 0.005), (2, 0.02)):
        part, whole = generator.normal(0.0, 1.0, (2, 4000, subjects))
        assert np.mean([np.isfinite(ratio(a, b, 0.0)).any() for a, b in zip(part, whole, strict=True)]) < most
    assert np.isnan(ratio(part[0], whole[0] - 9.0, 0.0)).all()
    assert ratio(np.array([1.0, 1.1, 0.9]), np.array([2.0, 2.2, 1.8]), 0.0) == pytest.approx(np.full(3, 0.5))


def test_who_learns_nothing_has_no_sensitivity_that_could_fall():
    card = scorecard({"nobody": OneState(retention=1.0, learning=0.0)}, {"error_size": PHENOMENA["error_size"]}, 20, 0, moving=False)
    assert card.cells["error_size", "nobody"].verdict == "no value"  # by chance its small errors are 3.2 standard errors from 0
