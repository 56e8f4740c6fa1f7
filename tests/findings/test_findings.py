"""Findings in activities of known structure: what is taken from a file, what is found, and what is not."""

import json
from html import escape
from types import SimpleNamespace

import numpy as np
import pytest

from reach_gym.findings import FINDINGS, Finding, Windows, activity_in, course_of, gather, report
from reach_gym.findings.page import page
from reach_gym.measures.movement import find_movement
from reach_gym.neural import Activity, record_activity, save_activity_nwb
from reach_gym.planning import MinimumJerkAgent
from reach_gym.recording import RecordingError, write_nwb
from tests.neural.populations import mixing

TRIALS = {"targets": "center-out", "go_delay": [0.2, 0.4], "hold": 1.0, "false_start": "ignore"}


class Resting:
    """Reaches; its one unit says nothing."""

    def __init__(self, env):
        self.hand, self.states = MinimumJerkAgent(env), np.zeros((env.num_envs, 1))

    def reset(self, starts):
        self.hand.reset(starts)

    def act(self, observations):
        return self.hand.act(observations)


@pytest.fixture(scope="session")
def base():
    return record_activity(Resting, "reach_gym/CursorReach-v0", 64, env_kwargs=TRIALS)


def units(base, kind, seed=0, count=40, noise=0.02):
    """Units of a known kind: they rotate from a prepared state once the hand sets off, or follow the hand's velocity at latencies."""
    rng = np.random.default_rng(seed)
    recording = base.recording
    onset = find_movement(recording.velocity, recording.go).onset
    time = (np.arange(base.rates.shape[1]) - onset[:, None]) * base.dt
    angle = base.direction[:, None]
    if kind == "rotating":  # two planes; the state is still until shortly before the movement
        turn = 2 * np.pi * 1.6 * np.clip(time + 0.1, 0.0, None)
        signals = [np.cos(angle + turn), np.sin(angle + turn), 0.6 * np.cos(2 * angle + turn / 2), 0.6 * np.sin(2 * angle + turn / 2)]
        rates = np.stack(signals, axis=2) @ mixing(count, 4, rng)
    elif kind == "coded":  # a code for each target, in no order, while the hand moves
        code = rng.standard_normal((8, count))[np.unique(base.direction, return_inverse=True)[1]]
        rates = code[:, None] * np.linalg.norm(recording.velocity[:, :-1], axis=2, keepdims=True) * 3
    else:
        latency, preferred = rng.integers(-4, 5, count), rng.uniform(0, 2 * np.pi, count)
        hand = recording.velocity[:, :-1]
        rates = np.stack([np.roll(hand, k, axis=1) @ [np.cos(p), np.sin(p)] for k, p in zip(latency, preferred)], axis=2)
        rates *= 3
    lived = np.arange(base.rates.shape[1]) < recording.steps[:, None]
    rates = np.where(lived[:, :, None], np.nan_to_num(rates) + noise * rng.standard_normal(rates.shape), np.nan)
    return Activity(rates.astype(np.float32), recording)


def test_windows_are_those_of_each_trial(base):
    steps = np.arange(base.rates.shape[1], dtype=np.float32)
    recording = base.recording
    lived = steps < recording.steps[:, None]
    told = [steps + 0 * lived, *(0 * lived + f(base.direction)[:, None] for f in (np.cos, np.sin))]
    clock = Activity(np.where(lived[:, :, None], np.stack(told, axis=2), np.nan).astype(np.float32), recording)
    course = course_of(clock, "clock")
    onset = find_movement(recording.velocity, recording.go).onset
    for label in range(8):
        own = course.label == label
        trials = np.flatnonzero(np.unique(base.direction, return_inverse=True)[1] == label)
        assert own.sum() == len(trials)
        np.testing.assert_allclose(course.movement[label, :, 0], np.arange(-10, 31) + onset[trials].mean(), atol=1e-4)
        np.testing.assert_allclose(course.preparation[label, :, 0], np.arange(-10, 0) + recording.go[trials].mean(), atol=1e-4)
    np.testing.assert_allclose(course.reaction_time * 100, (onset - recording.go), atol=1e-9)
    assert course.lead(0.0) == 10 and course.commanded and course.output.shape[2] == 2
    later = course_of(clock, "clock", windows=Windows(0.05, 0.2, 0.1))
    assert later.movement.shape[1] == 31 and later.preparation.shape[1] == 5
    np.testing.assert_allclose(later.reaction_time, 0.1)


def test_when_a_hand_has_set_off_is_a_share_of_its_peak_speed(base):
    activity, recording = units(base, "tuned"), base.recording
    for threshold in (0.05, 0.2):
        course = course_of(activity, "one", windows=Windows(threshold=threshold))
        onset = find_movement(recording.velocity, recording.go, threshold).onset
        np.testing.assert_allclose(course.reaction_time * 100, onset - recording.go, atol=1e-9)
    early = course_of(activity, "one").reaction_time.mean()
    assert course.reaction_time.mean() > early + 0.01
    with pytest.raises(ValueError, match="threshold"):
        course_of(activity, "one", windows=Windows(threshold=0.6))


def test_equal_numbers_of_units_and_trials_are_drawn(base):
    large, small = units(base, "tuned", count=40), units(base, "tuned", count=24)
    fewer = small.subset(np.arange(64) < 40)
    one, other = gather({"large": large, "small": fewer}, seed=1)
    assert one.movement.shape == other.movement.shape and one.movement.shape[2] == 24
    assert np.bincount(one.label).tolist() == np.bincount(other.label).tolist()
    assert one.left_out == 64 - len(one.single)
    again = gather({"large": large, "small": fewer}, seed=1)[0]
    np.testing.assert_array_equal(one.movement, again.movement)
    few, others = (course_of(large, "large", units=24, seed=seed).movement for seed in (1, 2))
    assert not np.array_equal(few, others)  # all trials, other units


def found(activity, *names, draws=39):
    (course,) = gather({"one": activity})
    return {name: each.results[0] for name, each in report([course], only=names, draws=draws).found.items()}


def test_rotations_are_found_where_there_are_some(base):
    names = ("rotation", "rotation_share", "rotation_tuning", "rotation_plane")
    turning = found(units(base, "rotating"), *names)
    assert turning["rotation_share"].value > 0.8 and all(turning[name].p < 0.05 for name in names[1:3])
    tuned = found(units(base, "tuned"), *names)
    assert tuned["rotation_tuning"].p > 0.05 and tuned["rotation_tuning"].chance[1] > 0.5 * tuned["rotation_tuning"].value


def test_a_still_preparation_in_the_space_of_the_movement_is_aligned(base):
    result = found(units(base, "rotating", noise=0.0), "alignment")["alignment"]
    assert result.value > 0.5 and result.p > 0.05


def test_velocity_is_decoded_from_units_that_follow_it_and_reaction_times_are_not_told_where_all_are_equal(base):
    results = found(units(base, "tuned"), "decoding", "reaction_time", "dimensions", draws=4)
    assert results["decoding"].value > 0.95 > 0.2 > results["decoding"].chance[2]
    coded = found(units(base, "coded"), "decoding", draws=1)["decoding"]
    assert coded.value < 0.5  # units that name the target say nothing of one that was never seen
    assert results["reaction_time"] is None and 1 < results["dimensions"] < 12


@pytest.fixture(scope="module")
def whole(base):
    courses = gather({"one": units(base, "rotating"), "two": units(base, "rotating", 1), "animal": units(base, "tuned", 2)})
    return report(courses[:2], courses[2], draws=3)


def test_a_report_has_every_finding_and_comparison_as_plain_data(whole):
    data = json.loads(json.dumps(whole.to_data(), allow_nan=False))
    assert set(data["found"]) == set(data["found_recorded"]) == set(FINDINGS)
    assert len(data["found"]["rotation"]["populations"]) == 2 and len(data["found_recorded"]["rotation"]["populations"]) == 1
    assert data["found"]["rotation"]["low"] <= data["found"]["rotation"]["mean"] <= data["found"]["rotation"]["high"]
    assert {each["name"] for each in data["files"]} == {"one", "two", "animal"}
    assert set(data["compared"]) == {"canonical", "shape", "similarity"}


def test_equal_populations_are_alike_and_others_less(base):
    courses = gather({"one": units(base, "rotating", 0), "other": units(base, "tuned", 1), "again": units(base, "rotating", 3)})
    compared = report(courses[:2], courses[2], only=["dimensions"], draws=3).compared["shape"].values
    assert compared[0] > 0.9 > 0.7 > compared[1]


def test_the_page_says_what_is_known_and_how(whole):
    text = page(whole, ("<svg>1</svg>", "<svg>2</svg>"), "reach-gym neural <a>")
    for finding in FINDINGS.values():
        assert escape(finding.title) in text and escape(finding.source) in text
    assert "0.84 to 0.85<br>secondary" in text and "0.28<br>unverified" in text and "no number found" in text
    assert "reach-gym neural &lt;a&gt;" in text and "<svg>1</svg>" in text and "not measured" in text
    assert "http" not in text.replace("http://www.w3.org", "")


def test_figures_are_drawn_of_every_finding(whole):
    pytest.importorskip("matplotlib")
    from reach_gym.findings.picture import picture, planes

    drawn = [axes for axes in picture(whole).axes if axes.axison]
    assert len(drawn) == len(FINDINGS) + 3
    assert len(planes(whole).axes) == 3


def test_a_recording_without_commands_is_measured_by_the_hand(base):
    told = {name: getattr(base.recording, name) for name in ("velocity", "go", "onset", "steps")}
    rates = units(base, "tuned").rates
    bare = SimpleNamespace(rates=rates, direction=base.direction, dt=base.dt, recording=SimpleNamespace(**told, action=None))
    course = course_of(bare, "bare")
    assert not course.commanded
    np.testing.assert_array_equal(course.output, course.velocity)


def test_a_laboratory_s_file_is_measured_beside_a_network(base, tmp_path):
    pytest.importorskip("pynwb")
    from benchmarks import lab_files

    lab_files.mc_maze(tmp_path / "maze.nwb", 80, 12)
    (animal, told), own = activity_in(tmp_path / "maze.nwb"), units(base, "tuned", count=20)
    assert told.startswith("mc_maze: ") and "from mm to m" in told
    own.save(tmp_path / "own.npz")
    save_activity_nwb(own, tmp_path / "own.nwb")
    for name in ("own.npz", "own.nwb"):
        read, told = activity_in(tmp_path / name)
        np.testing.assert_array_equal(read.rates, own.rates)
        assert told == ""
    one, other = gather({"network": own, "animal": animal})
    assert one.commanded and not other.commanded and one.movement.shape[2] == other.movement.shape[2] <= 12
    done = report([one], other, only=["dimensions"], draws=3)
    assert done.compared["similarity"].values[0] > 0.5  # both follow the direction
    write_nwb(base.recording, tmp_path / "trials.nwb")
    with pytest.raises(RecordingError, match="no activity"):
        activity_in(tmp_path / "trials.nwb")
    with pytest.raises(ValueError, match="path"):
        activity_in(tmp_path / "own.txt")


def test_refusals(base):
    activity = units(base, "tuned")
    with pytest.raises(ValueError, match="at least 2 trials of at least 4 directions"):
        course_of(activity, "one", windows=Windows(before=0.35))
    with pytest.raises(ValueError, match="at least 2 trials of at least 4 directions"):
        course_of(activity, "one", windows=Windows(after=3.0))
    with pytest.raises(ValueError, match="units"):
        gather({"one": activity}, units=100)
    with pytest.raises(ValueError, match="tell|vary with the direction"):
        gather({"one": Activity(np.where(np.isnan(activity.rates), np.nan, 1.0).astype(np.float32), base.recording)})
    with pytest.raises(ValueError, match="only"):
        report(gather({"one": activity}), only=["nothing"])
    with pytest.raises(ValueError, match="activities"):
        gather({})
    words = {"title": "t", "unit": "u", "measure": None, "null": "", "animals": "a", "source": "s"}
    with pytest.raises(ValueError, match="how_obtained"):
        Finding(**words, how_obtained="secondary")
    with pytest.raises(ValueError, match="source"):
        Finding(**{**words, "source": " "})
