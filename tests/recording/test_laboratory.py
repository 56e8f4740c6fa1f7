"""A laboratory's own arrays as a recording that says what was not recorded."""

import inspect
import json

import numpy as np
import pytest

from reach_gym import measures
from reach_gym.evaluation.outcomes import CursorEvaluation
from reach_gym.figures.block_marks import spans_of
from reach_gym.recording import (
    HumanTable,
    Recording,
    RecordingError,
    adaptation,
    all_compensation,
    analysis,
    baseline_trials,
    catch_trials,
    deviations,
    files,
    initial_angles,
    mean_after_effect,
    perturbed,
    record,
    sideways,
    to_minari,
)
from reach_gym.recording.conditions import conditions, summary

ENV = "reach_gym/CursorReachCenterOut-v0"


@pytest.fixture(scope="module")
def session():
    blocks = [{"name": "baseline", "trials": 8, "gain": 0.0}, {"name": "adaptation", "trials": 12, "catch": 0.2}, {"name": "washout", "trials": 6, "gain": 0.0}]
    return record("naive", ENV, env_kwargs={"schedule": blocks, "field": "curl_cw"}, session=True)


def plain(of, **more):
    """The least that a laboratory has of a session."""
    return Recording.from_arrays(of.hand, of.metadata["dt"], of.start, of.target, of.go * of.metadata["dt"], **more)


def test_the_least_gives_the_same_measures(session):
    bare = plain(session)
    assert set(bare.recorded) == {"hand", "cursor", "velocity", "steps", "start", "target", "onset", "go", "block", "trial"}
    assert bare.force is None and bare.reward is None and bare.metadata["derived"] == ["cursor", "velocity", "onset"]
    assert np.array_equal(bare.steps, session.steps) and np.array_equal(bare.hand, session.hand, equal_nan=True)
    np.testing.assert_allclose(deviations(bare), deviations(session), atol=1e-12)
    found, wanted = bare.measures(), session.measures()
    np.testing.assert_allclose(found["peak_speed"], wanted["peak_speed"], rtol=0.02)  # of central differences
    np.testing.assert_allclose(found["endpoint_error"], wanted["endpoint_error"], atol=1e-12)
    assert repr(bare).startswith("<Recording of 26 trials")


def test_with_gain_and_blocks_it_says_what_was_learned(session):
    full = plain(session, gain=session.gain[:, 0], blocks=session.block_names, metadata={"field": "curl_cw"})
    assert full.block_names == session.block_names and [b["trials"] for b in full.metadata["schedule"]] == [8, 12, 6]
    for of in (perturbed, catch_trials, baseline_trials):
        assert np.array_equal(of(full), of(session)), of
    assert catch_trials(full).any() and mean_after_effect(full) == pytest.approx(mean_after_effect(session), abs=1e-12)
    assert full.table.gain.tolist() == [0.0] * 8 + [1.0] * 12 + [0.0] * 6
    table = HumanTable.from_recordings([full, session], ["monkey", "agent"])
    np.testing.assert_array_equal(*(table.subject(name, "deviation").perturbation for name in table.subjects))
    assert [each.name for each in conditions(full)] == [each.name for each in conditions(session)]


def test_units_and_paths_of_different_length():
    paths = [np.linspace([0, 0], [0, 100], 30), np.linspace([0, 0], [100, 0], 20)]
    found = Recording.from_arrays(paths, 0.01, np.zeros((2, 2)), [[0, 100], [100, 0]], [0.0, 0.052], unit="mm", success=np.array([True, False]))
    assert found.steps.tolist() == [29, 19] and found.go.tolist() == [0, 5] and np.isnan(found.hand[1, 20:]).all()
    assert found.target.tolist() == [[0, 0.1], [0.1, 0]] and found.hand[0, 29].tolist() == [0, 0.1]
    assert found.velocity[1, 0, 0] == pytest.approx(0.1 / 19 / 0.01) and found.success.tolist() == [True, False]
    assert len(found.subset(np.array([False, True])).hand[0]) == 20


@pytest.mark.parametrize("ending", [".npz", ".h5"])
def test_files_keep_what_is_missing(session, tmp_path, ending):
    bare = plain(session, success=session.success)
    bare.save(tmp_path / f"a{ending}")
    again = Recording.load(tmp_path / f"a{ending}")
    assert again.metadata == bare.metadata and again.recorded == bare.recorded and again.channel is None
    assert all(np.array_equal(again.known(name), bare.known(name), equal_nan=bare.known(name).dtype.kind == "f") for name in bare.recorded)


def test_whoever_needs_what_is_missing_says_so(session, tmp_path, monkeypatch):
    bare = plain(session)
    refused = {
        "gain": [perturbed, catch_trials, baseline_trials, mean_after_effect, summary, lambda r: r.planned, lambda r: r.table, lambda r: HumanTable.from_recordings([r])],
        "force": [lambda r: sideways(r, "force")],
        "success": [CursorEvaluation.of],
    }
    for name, functions in refused.items():
        for function in functions:
            with pytest.raises(RecordingError, match=f"`{name}` was not recorded"):
                function(bare)
    clamped = plain(session, channel=np.ones(26, bool), force=session.force)
    with pytest.raises(RecordingError, match=r"metadata\['field'\]` was not recorded"):
        adaptation(clamped)
    with pytest.raises(RecordingError, match="`force` was not recorded"):
        adaptation(plain(session, channel=np.ones(26, bool), metadata={"field": "curl_cw"}))
    with pytest.raises(ValueError, match="channel trials, got none"):
        all_compensation(bare)
    with pytest.raises(ValueError, match="must be one of"):
        bare.known("feet")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    with pytest.raises(ValueError, match="observations"):
        to_minari(bare, "reach/bare-v0")
    assert spans_of(bare)[0].sign == 0 and np.isnan(adaptation(bare)).all() and np.isfinite(initial_angles(bare)).any()


def test_figures_and_conditions_of_what_was_recorded(session):
    bare = plain(session, blocks=session.block_names)
    assert [(each.name, int(each.mask.sum()), each.perturbed) for each in conditions(bare)] == [
        ("baseline", 8, False), ("adaptation", 12, False), ("washout", 6, False),
    ]  # fmt: skip
    figures = pytest.importorskip("reach_gym.figures")
    drawn = figures.learning_curve({"monkey": bare, "agent": session}), figures.hand_paths({"monkey": figures.panels(bare)}), figures.velocity_profiles({"monkey": bare})
    assert [len(each.axes) for each in drawn] == [1, 3, 3]


def test_no_measure_of_a_recording_ends_otherwise(session):
    """Whatever is public works without what was not recorded, or refuses by its name."""
    bare = plain(session)
    for name, function in inspect.getmembers(analysis, inspect.isfunction):
        needed = [p for p in inspect.signature(function).parameters.values() if p.default is p.empty]
        if name.startswith("_") or function.__module__ != analysis.__name__ or len(needed) != 1:
            continue
        try:
            function(bare)
        except ValueError as error:
            assert isinstance(error, RecordingError) or "channel trials" in str(error), name


HAND = np.zeros((2, 5, 2))
GOOD = {"hand": HAND, "dt": 0.01, "start": np.zeros((2, 2)), "target": np.ones((2, 2)), "go": [0.0, 0.01]}
BAD = {
    "no time step": ({"dt": 0.0}, ValueError, "above 0"),
    "text for a time step": ({"dt": "1"}, TypeError, "dt"),
    "one axis": ({"hand": HAND[0]}, RecordingError, r"\(n, T\+1, 2\)"),
    "three axes": ({"hand": np.zeros((2, 5, 3))}, RecordingError, r"\(n, T\+1, 2\)"),
    "a state alone": ({"hand": [np.zeros((1, 2))]}, RecordingError, "at least 2 states"),
    "a gap": ({"hand": np.where(np.arange(5)[:, None] == 2, np.nan, HAND)}, RecordingError, "finite"),
    "an empty trial": ({"hand": np.concatenate([HAND, HAND[:1] * np.nan])[1:]}, RecordingError, "steps"),
    "another number of targets": ({"target": np.ones((3, 2))}, RecordingError, "target"),
    "a cue after the end": ({"go": [0.0, 1.0]}, RecordingError, "go"),
    "no cue": ({"go": [0.0, np.nan]}, RecordingError, "go"),
    "another number of cues": ({"go": [0.0]}, RecordingError, "one per trial"),
    "a target after the cue": ({"onset": [0.0, 0.03]}, RecordingError, "before"),
    "an unknown unit": ({"unit": "inch"}, ValueError, "unit"),
    "an unknown array": ({"speed": np.ones(2)}, ValueError, "speed"),
    "an unknown metadatum": ({"metadata": {"dt": 1}}, ValueError, "filled in"),
    "metadata as a list": ({"metadata": [1]}, TypeError, "dict"),
    "too few blocks": ({"blocks": ["a"]}, ValueError, "blocks"),
    "numbers for blocks": ({"blocks": [1, 2]}, TypeError, "names"),
    "text for success": ({"success": np.array(["R", "F"])}, RecordingError, "success"),
    "numbers for success": ({"success": np.array([1, 0])}, RecordingError, "success"),
    "trials backwards": ({"trial": np.array([3, 1]), "blocks": ["a", "b"]}, RecordingError, "increas"),
}  # fmt: skip


@pytest.mark.parametrize("how", BAD)
def test_bad_arrays_are_refused(how):
    change, error, message = BAD[how]
    with pytest.raises(error, match=message):
        Recording.from_arrays(**{**GOOD, **change})
    assert len(Recording.from_arrays(**GOOD)) == 2


def test_measures_of_arrays_agree(session):
    bare = plain(session)
    found = measures.trial_measures(bare.hand, bare.velocity, bare.start, bare.target, bare.go, 0.01)
    assert all(np.array_equal(values, bare.measures()[name], equal_nan=True) for name, values in found.items())


def test_recordings_of_version_2_are_read(session, tmp_path):
    arrays, told = session.arrays(), {**session.metadata, "version": 2}
    for ending in (".npz", ".h5"):
        (tmp_path / f"a{ending}").write_bytes(files._WRITERS[ending](arrays, json.dumps(told)))
        again = Recording.load(tmp_path / f"a{ending}")
        assert again.metadata == {**told, "version": 3} and again.recorded == session.recorded
    arrays.pop("reward")
    with pytest.raises(RecordingError, match="`reward` is missing"):
        (tmp_path / "b.npz").write_bytes(files._WRITERS[".npz"](arrays, json.dumps(told)))
        Recording.load(tmp_path / "b.npz")
