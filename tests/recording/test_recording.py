"""Trajectories as data: what is recorded, that files give it back or are refused, and that Minari loads it."""

import io
import json
import os
import subprocess
import sys
import time
import tracemalloc
import zipfile
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ResetNeeded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import reach_gym  # noqa: F401
from reach_gym.acting.rollout import BATCH, held_out
from reach_gym.errors import MissingExtraError
from reach_gym.fields import ForceField
from reach_gym.measures import trial_measures
from reach_gym.planning import NaiveAgent
from reach_gym.recording import Recorder, Recording, RecordingError, check_dataset_id, files, record, to_minari
from reach_gym.recording.layout import LAYOUT
from reach_gym.recording.metadata import plain
from reach_gym.recording.schema import assemble, recording_of
from reach_gym.sessions.schedule import Block, Schedule, Wave

NULL, CURL, CENTER_OUT = "reach_gym/CursorReach-v0", "reach_gym/CursorReachCurl-v0", "reach_gym/CursorReachCenterOut-v0"
SESSION = [
    {"name": "baseline", "trials": 3, "gain": 0.0},
    {"name": "adaptation", "trials": 5, "catch": 0.3, "clamp": 0.3, "within": {"amplitude": 0.5, "period": 0.2}},
]
RICH = {
    "schedule": SESSION, "rotation": 20.0, "delay": 2, "sensory_noise": [0.001, 0.01], "motor_noise": [0.05, 0.05], "start": None,
}  # fmt: skip
FORMATS = ["r.npz", "r.h5"]
# What is observed, with a reward that suits it.
OBSERVED = {kind: {"observation": kind, **({"reward": "sparse"} if kind == "goal" else {})} for kind in ("vector", "goal", "pixels")}


class Wild:
    """Random actions, some of them beyond the bounds, from a stream of its own."""

    def __init__(self, env):
        self.rng = np.random.default_rng(0)

    def reset(self, starts):
        pass

    def act(self, observations):
        rows = len(observations["observation"] if isinstance(observations, dict) else observations)
        return self.rng.normal(0, 0.7, (rows, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def reaches():
    """Trials of different lengths; each test must leave them as they are."""
    return record("naive", CURL, 6, seed=5)


def same(a, b):
    first, second = a.arrays(), b.arrays()
    return (
        a.metadata == b.metadata
        and list(first) == list(second)
        and all(v.dtype == second[k].dtype and v.shape == second[k].shape and v.tobytes() == second[k].tobytes() for k, v in first.items())
    )


def equal(a, b):
    """As `same`, but a zero is a zero whatever its sign."""
    first, second = a.arrays(), b.arrays()
    return a.metadata == b.metadata and all(
        v.dtype == second[k].dtype and np.array_equal(v, second[k], equal_nan=v.dtype.kind == "f") for k, v in first.items()
    )


def replay(recording, row, env, recorder):
    """Repeats a recorded trial's actions in an environment that was just reset."""
    for action in recording.action[row, : recording.steps[row]]:
        recorder.step(action, *env.step(action))


# What is recorded


@pytest.mark.parametrize("kind", ["vector", "goal", "pixels"])
@pytest.mark.parametrize("kwargs", [{}, RICH], ids=["plain", "rich"])
def test_record_equals_the_recorder_on_the_scalar_environment(kind, kwargs):
    kwargs = {**kwargs, **OBSERVED[kind]}
    recording = record(Wild, CURL, 4, seed=3, env_kwargs=kwargs)
    env = gym.make(CURL, **kwargs)
    recorder = Recorder(env, {"agent": recording.metadata["agent"], "seed": 3, "session": False})
    for row in range(4):
        recorder.begin(*env.reset(seed=held_out(3) + row))
        replay(recording, row, env, recorder)
    assert equal(recording, recorder.finish())
    assert np.abs(recording.action[np.isfinite(recording.action)]).max() == 1


def test_a_session_goes_through_the_schedule_in_order():
    kwargs = {**RICH, "targets": "center-out", "start": [0, 0]}
    recording = record("minimum_jerk", CURL, env_kwargs=kwargs, session=True)
    assert recording.trial.tolist() == list(range(8)) and recording.block.tolist() == [0] * 3 + [1] * 5
    assert recording.block_names == ["baseline"] * 3 + ["adaptation"] * 5
    env = gym.make(CURL, **kwargs)
    recorder = Recorder(env, {"agent": "minimum_jerk", "seed": 0, "session": True})
    for row in range(8):
        recorder.begin(*env.reset(seed=held_out(0) if row == 0 else None))
        replay(recording, row, env, recorder)
    assert equal(recording, recorder.finish())
    longer = record("minimum_jerk", CURL, 11, env_kwargs=kwargs, session=True)
    assert longer.trial.tolist() == list(range(11)) and longer.block[-3:].tolist() == [1] * 3
    assert longer.subset(np.arange(11) < 8).hand.tobytes() == recording.hand.tobytes()
    assert len(record("minimum_jerk", CURL, session=True)) == 1 and len(record("minimum_jerk", CURL)) == 100


def test_the_agent_hears_of_every_trial_of_a_session():
    heard = []

    class Listener(Wild):
        def reset(self, starts):
            heard.append(starts.tolist())

    record(Listener, CURL, 3, session=True)
    assert heard == [[True]] * 3


def test_what_a_row_does_after_its_trial_does_not_count():
    class Twofold(NaiveAgent):
        """Reaches in its first trial; then it pushes at once, while row 0, which rests, is still in its first."""

        def __init__(self, env):
            super().__init__(env)
            self.trials = np.zeros(env.num_envs, int)

        def reset(self, starts):
            super().reset(starts)
            self.trials += starts

        def act(self, observations):
            actions = np.where(self.trials[:, None] > 1, np.float32(1), super().act(observations))
            actions[0] = 0
            return actions

    recording = record(Twofold, NULL, 5)
    assert recording.success.tolist() == [False] + [True] * 4 and recording.steps[0] == recording.go[0] + 100
    assert recording.terminated.tolist() == recording.success.tolist() and not recording.false_start.any()


def test_the_arrays_obey_the_equation_of_motion(reaches):
    dt, mass, most = (reaches.metadata[key] for key in ("dt", "mass", "max_force"))
    force = most * reaches.action + reaches.force
    known = np.isfinite(reaches.force)
    np.testing.assert_allclose(np.diff(reaches.velocity, axis=1)[known], (dt / mass * force)[known], atol=1e-12)
    mean = np.diff(reaches.hand, axis=1) / dt  # velocity of each step
    between = 0.5 * (reaches.velocity[:, 1:] + reaches.velocity[:, :-1])
    np.testing.assert_allclose(mean[known], between[known], atol=1e-3)
    curl = mean @ np.array([[0, 13], [-13, 0]])
    np.testing.assert_allclose(reaches.force[known], curl[known], atol=1e-12)
    assert np.array_equal(reaches.hand, reaches.cursor, equal_nan=True)
    assert np.array_equal(reaches.hand[:, 0], reaches.start)


def test_what_the_trials_say_of_themselves(reaches):
    assert len(reaches) == 6 and len(set(reaches.steps.tolist())) > 1
    assert reaches.success.all() and reaches.terminated.all() and not reaches.false_start.any() and not reaches.channel.any()
    assert (reaches.onset == 20).all() and ((reaches.go >= 20) & (reaches.go < 30)).all() and len(set(reaches.go.tolist())) > 1
    assert (reaches.trial == 0).all() and (reaches.block == 0).all() and reaches.block_names == ["trials"] * 6
    assert not reaches.too_fast.any() and not reaches.too_slow.any()
    sparse = record("naive", CURL, 6, seed=5, env_kwargs={"reward": "sparse"})
    assert (np.nansum(sparse.reward, axis=1) == 5 - sparse.steps).all()
    assert all(np.array_equal(v, sparse.arrays()[k], equal_nan=v.dtype.kind == "f") for k, v in reaches.arrays().items() if k != "reward")
    slow = record(Wild, CURL, 3, env_kwargs={"max_episode_steps": 30})
    assert (slow.steps == 30).all() and not slow.terminated.any() and slow.metadata["env_kwargs"] == {"max_episode_steps": 30}


def test_channels_and_catch_trials_are_told():
    recording = record("adapted", CURL, env_kwargs={"schedule": [{"name": "a", "trials": 30, "catch": 0.3, "clamp": 0.3}]}, session=True)
    assert 3 < recording.channel.sum() < 20
    caught = (recording.gain[:, 0] == 0) & ~recording.channel
    assert 3 < caught.sum() < 20
    pushed = np.nanmax(np.abs(recording.force), axis=(1, 2))
    assert (pushed[caught] == 0).all() and (pushed[~caught] > 0).all()


def test_the_padding(reaches):
    for row, steps in enumerate(reaches.steps):
        for name, (dtype, axes) in LAYOUT.items():
            values = getattr(reaches, name)
            assert values.dtype == dtype
            if axes[1:2] in (("T",), ("T+1",)):
                end = steps + (axes[1] == "T+1")
                assert np.isfinite(values[row, :end]).all() and np.isnan(values[row, end:]).all()
        assert np.isfinite(reaches.observation[row, : steps + 1]).all() and np.isnan(reaches.observation[row, steps + 1 :]).all()
    pixels = record(Wild, CURL, 3, env_kwargs={"observation": "pixels"})
    for row, steps in enumerate(pixels.steps):
        assert pixels.observation[row, : steps + 1].any(axis=(1, 2, 3)).all() and not pixels.observation[row, steps + 1 :].any()


def test_batches_do_not_show():
    many, few = record("minimum_jerk", NULL, BATCH + 20, seed=2), record("minimum_jerk", NULL, 20, seed=2)
    assert len(many) == BATCH + 20 and same(many.subset(np.arange(len(many)) < 20), few)
    assert len(np.unique(many.target, axis=0)) == BATCH + 20
    assert not same(few, record("minimum_jerk", NULL, 20, seed=3))


def test_metadata_make_the_environment_again():
    schedule = Schedule((Block("a", 2, wave=Wave(0.5, 3.0), field=ForceField(push=(1.0, 0.0))), Block("b", 1)))
    kwargs = {"field": ForceField(gain=2.0, push=(0.5, 0.0)), "schedule": schedule, "start": (0.01, 0.0), "radius": np.float64(0.02)}
    recording = record("random", CURL, 2, env_kwargs={**kwargs, "backend": "numpy"})
    told = recording.metadata
    assert json.loads(json.dumps(told)) == told and set(told["env_kwargs"]) == set(kwargs)
    env = gym.make(told["env_id"], **told["env_kwargs"]).unwrapped
    task = gym.make(CURL, **kwargs).unwrapped.task
    assert replace(env.task, schedule=task.schedule) == task and env.task.session_fields.different == task.session_fields.different
    assert plain(env.task.schedule) == plain(task.schedule) == told["schedule"]
    assert (told["dt"], told["mass"], told["max_force"], told["radius"]) == (0.01, 1.0, 10.0, 0.02)
    assert [block["name"] for block in told["schedule"]] == ["a", "b"] and told["field"]["gain"] == 2.0
    assert told["agent"] == "random" and told["seed"] == 0 and set(told["created_by"]) == {"reach_gym", "gymnasium", "numpy"}
    assert record(Wild, CURL, 1).metadata["agent"].endswith("test_recording:Wild")
    assert record(Wild(None), CURL, 1).metadata["agent"].endswith("test_recording:Wild")


def test_measures(reaches):
    measures = reaches.measures()
    for row, steps in enumerate(reaches.steps):
        path, velocity = reaches.hand[row, : steps + 1], reaches.velocity[row, : steps + 1]
        by_hand = trial_measures(path, velocity, reaches.start[row], reaches.target[row], reaches.go[row], 0.01)
        assert measures.keys() == by_hand.keys()
        for name, value in by_hand.items():
            assert measures[name][row] == pytest.approx(float(value), rel=1e-12)
    assert (measures["max_deviation"] > 0.002).all()  # the curl field pushes to the left
    turned = record("ideal", NULL, 5, env_kwargs={"rotation": 30.0})
    assert (np.abs(turned.measures("cursor")["endpoint_error"]) < 0.01).all()
    assert (turned.measures()["endpoint_error"] > 0.5 * np.linalg.norm(turned.target, axis=1) * np.sin(np.radians(30))).all()
    with pytest.raises(ValueError, match="of"):
        reaches.measures("foot")


def test_subset(reaches):
    mask = reaches.steps < reaches.steps.max()
    part = reaches.subset(mask)
    assert len(part) == mask.sum() > 0 and part.hand.shape[1] == part.steps.max() + 1 < reaches.hand.shape[1]
    assert np.array_equal(part.hand, reaches.hand[mask, : part.steps.max() + 1], equal_nan=True)
    assert part.metadata == reaches.metadata
    none = reaches.subset(np.zeros(6, bool))
    assert len(none) == 0 and none.hand.shape == (0, 1, 2) and none.measures()["max_deviation"].shape == (0,)
    for bad, error in (([0, 1], TypeError), (np.ones(5, bool), ValueError), ("all", TypeError)):
        with pytest.raises(error, match="mask"):
            reaches.subset(bad)


# What is refused


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"env_id": "reach_gym/GridReach-v0"}, ValueError, "cursor"),
        ({"env_id": "reach_gym/GridReach-v0", "session": True}, ValueError, "cursor"),
        ({"env_id": "reach_gym/Nothing-v0"}, gym.error.Error, "Nothing"),
        ({"agent": "nobody"}, ValueError, "agent"),
        ({"trials": 0}, ValueError, "trials"),
        ({"trials": 2.0}, TypeError, "trials"),
        ({"trials": 10**6}, ValueError, "trials"),
        ({"seed": -1}, ValueError, "seed"),
        ({"seed": None}, TypeError, "seed"),
        ({"session": 1}, TypeError, "session"),
        ({"env_kwargs": {"radius": -1}}, ValueError, "radius"),
    ],
)
def test_record_says_what_is_wrong(arguments, error, message):
    with pytest.raises(error, match=message):
        record(**{"agent": "random", "env_id": NULL, **arguments})


def test_the_recorder_leaves_out_what_was_not_finished(reaches):
    env = gym.make(NULL, max_episode_steps=4)
    recorder = Recorder(env.unwrapped, {"agent": "person", "subject": "S01"})
    with pytest.raises(ResetNeeded):
        recorder.step(np.zeros(2), *env.reset(seed=0)[:1], 0.0, False, False, {})
    with pytest.raises(ValueError, match="finish"):
        recorder.finish()

    def trial(steps, seed):
        recorder.begin(*env.reset(seed=seed))
        for _ in range(steps):
            recorder.step([0.5, 0.0], *env.step([0.5, 0.0]))

    trial(2, 0)
    trial(4, 1)
    with pytest.raises(ResetNeeded):
        recorder.step([0.5, 0.0], *env.reset(seed=2)[:1], 0.0, False, False, {})
    assert len(recorder.finish()) == 1
    trial(4, 3)
    trial(3, 4)
    recording = recorder.finish()
    targets = [env.reset(seed=seed)[1]["target_x"] for seed in (1, 3)]
    assert recording.target[:, 0].tolist() == targets and recording.steps.tolist() == [4, 4]
    assert recording.metadata["subject"] == "S01" and recording.metadata["agent"] == "person"


@pytest.mark.parametrize(
    ("make", "metadata", "error"),
    [
        (lambda: gym.make("reach_gym/GridReach-v0"), {}, ValueError),
        (lambda: gym.make(NULL).unwrapped.__class__(), {}, ValueError),
        (lambda: None, {}, ValueError),
        (lambda: gym.make(NULL), {"dt": 0.5}, ValueError),
        (lambda: gym.make(NULL), {"subject": {1, 2}}, RecordingError),
        (lambda: gym.make(NULL), {"subject": float("nan")}, RecordingError),
        (lambda: gym.make(NULL), {1: 2}, RecordingError),
        (lambda: gym.make(NULL), {"subject": "x" * 2**21}, RecordingError),
        (lambda: gym.make(NULL), ["subject"], TypeError),
    ],
)
def test_the_recorder_refuses(make, metadata, error):
    with pytest.raises(error):
        Recorder(make(), metadata)


def spoil(name, change):
    return lambda arrays, metadata: arrays.update({name: change(arrays[name].copy())})


def put(index, value):
    def change(values):
        values[index] = value
        return values

    return change


def tell(**entries):
    return lambda arrays, metadata: metadata.update(entries)


BROKEN = {
    "missing": lambda arrays, metadata: arrays.pop("hand"),
    "unknown": lambda arrays, metadata: arrays.update(foot=arrays["hand"]),
    "float32": spoil("hand", lambda v: v.astype(np.float32)),
    "integers for flags": spoil("success", lambda v: v.astype(np.int64)),
    "integers for pace": spoil("too_slow", lambda v: v.astype(np.int64)),
    "no pace in an old one": lambda arrays, metadata: (arrays.pop("too_fast"), metadata.update(version=2)),
    "too short": spoil("hand", lambda v: v[:, :-1]),
    "too few": spoil("target", lambda v: v[:-1]),
    "flat actions": spoil("action", lambda v: v[..., 0]),
    "three axes": spoil("cursor", lambda v: np.concatenate([v, v[..., :1]], axis=-1)),
    "NaN in the trial": spoil("velocity", put((0, 3, 1), np.nan)),
    "infinity in the trial": spoil("force", put((0, 3, 1), np.inf)),
    "NaN as target": spoil("target", put((0, 1), np.nan)),
    "a number after the end": spoil("hand", lambda v: np.nan_to_num(v)),
    "infinity after the end": spoil("reward", lambda v: np.nan_to_num(v, nan=np.inf)),
    "NaN in the observations": spoil("observation", put((0, 0, 0), np.nan)),
    "observations of other trials": spoil("observation", lambda v: v[1:]),
    "strings as observations": spoil("observation", lambda v: v.astype(str)),
    "two kinds of observations": lambda arrays, metadata: arrays.update({"observation/goal": arrays["observation"]}),
    "no steps": spoil("steps", put(0, 0)),
    "more steps than there are": spoil("steps", lambda v: v + 1),
    "fewer steps than there are": spoil("steps", lambda v: v - 1),
    "negative trial": spoil("trial", put(0, -1)),
    "go before the target": spoil("go", put(0, 3)),
    "unknown block": spoil("block", put(0, 1)),
    "another format": tell(format="reach_gym checkpoint"),
    "another version": tell(version=4),
    "too many arrays for its version": tell(version=1),
    "success in too little time": lambda arrays, metadata: arrays.update(success=arrays["success"] | True, too_fast=arrays["too_fast"] | True),
    "a version that is none": tell(version=True),
    "no time step": tell(dt=0.0),
    "mass as text": tell(mass="1"),
    "a number for an id": tell(env_id=1),
    "keywords as list": tell(env_kwargs=[]),
    "nameless block": tell(schedule=[{}]),
    "no blocks": tell(schedule=None),
    "endless": tell(remark=float("inf")),
}  # fmt: skip


@pytest.mark.parametrize("how", BROKEN)
def test_rules_hold_in_memory_and_in_files(reaches, tmp_path, how):
    arrays, metadata = reaches.arrays(), dict(reaches.metadata)
    BROKEN[how](arrays, metadata)
    with pytest.raises(RecordingError):
        recording_of(arrays, metadata)
    for ending in (".npz", ".h5"):
        path = tmp_path / f"r{ending}"
        if how == "two kinds of observations" and ending == ".h5":
            continue  # there a name is an array or a group
        arrays = {name: values.astype("S") if values.dtype.kind == "U" else values for name, values in arrays.items()}
        path.write_bytes(files._WRITERS[ending](arrays, json.dumps(metadata)))
        with pytest.raises(RecordingError, match="cannot read"):
            Recording.load(path)


def test_types_are_refused(reaches):
    with pytest.raises(TypeError, match="metadata"):
        recording_of(reaches.arrays(), [])
    with pytest.raises(TypeError, match="`hand` must be an array"):
        recording_of({**reaches.arrays(), "hand": reaches.hand.tolist()}, reaches.metadata)


# Files


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", ["vector", "goal", "pixels"])
def test_files_give_back_what_was_saved(tmp_path, name, kind):
    recording = record(Wild, CENTER_OUT, 3, env_kwargs=OBSERVED[kind])
    recording.save(tmp_path / name)
    assert same(Recording.load(str(tmp_path / name)), recording)
    assert os.listdir(tmp_path) == [name]
    recording.subset(np.zeros(3, bool)).save(tmp_path / name)
    assert len(Recording.load(tmp_path / name)) == 0


def test_the_same_call_gives_the_same_bytes(tmp_path, reaches):
    def save(folder):
        (tmp_path / folder).mkdir()
        for name in FORMATS:
            record("naive", CURL, 6, seed=5).save(tmp_path / folder / name)
        return [(tmp_path / folder / name).read_bytes() for name in FORMATS]

    first = save("a")
    time.sleep(1.1)  # archives and HDF5 know times in whole seconds
    assert save("b") == first


def test_files_can_be_read_without_this_package(tmp_path, reaches):
    h5py = pytest.importorskip("h5py")
    reaches.save(tmp_path / "r.npz")
    reaches.save(tmp_path / "r.h5")
    with np.load(tmp_path / "r.npz", allow_pickle=False) as npz, h5py.File(tmp_path / "r.h5") as tree:
        assert set(npz) == {*reaches.arrays(), "metadata"} and set(tree) == set(reaches.arrays())
        for name, values in reaches.arrays().items():
            assert npz[name].tobytes() == tree[name][()].tobytes() == values.tobytes()
        assert tree["hand"].compression == "gzip"
        assert json.loads(str(npz["metadata"])) == json.loads(tree.attrs["metadata"]) == reaches.metadata


@st.composite
def recordings(draw, template=[]):  # noqa: B006 (made once)
    if not template:
        template.append(record("random", NULL, 1, env_kwargs={"schedule": SESSION}).metadata)
    steps = np.array(draw(st.lists(st.integers(1, 7), min_size=1, max_size=4)))
    n, longest = len(steps), steps.max()
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    sizes = {"n": n, "T": longest, "T+1": longest + 1, "actuators": 2}
    arrays = {}
    for name, (dtype, axes) in LAYOUT.items():
        shape = [sizes.get(axis, axis) for axis in axes]
        arrays[name] = rng.integers(0, 2, shape).astype(dtype) if dtype is not np.float64 else rng.normal(size=shape)
    arrays["steps"], arrays["go"] = steps, arrays["onset"] + 3
    arrays["success"] &= ~(arrays["too_fast"] | arrays["too_slow"])
    kinds = {"observation": np.float32, "observation/a": np.float64, "observation/b": np.uint8}
    for name in draw(st.sampled_from([(), ("observation",), ("observation/a", "observation/b")])):
        arrays[name] = (100 * rng.random((n, longest + 1, 3))).astype(kinds[name])
    for name, values in arrays.items():
        if values.ndim > 1 and name not in ("start", "target"):
            over = np.arange(values.shape[1]) >= (steps + values.shape[1] - longest)[:, None]
            values[over] = np.nan if values.dtype.kind == "f" else 0
    remark = draw(st.text(max_size=10) | st.floats(allow_nan=False, allow_infinity=False) | st.none())
    return recording_of(arrays, {**template[0], "remark": remark})


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(recording=recordings(), name=st.sampled_from(FORMATS))
def test_any_recording_comes_back(tmp_path, recording, name):
    recording.save(tmp_path / name)
    assert same(Recording.load(tmp_path / name), recording)
    parts = [recording.subset(np.arange(len(recording)) == row).arrays() for row in range(len(recording))]
    assert same(assemble(parts, recording.metadata), recording)


@pytest.mark.parametrize("name", FORMATS)
def test_damaged_files_are_refused(tmp_path, reaches, name):
    path = tmp_path / name
    reaches.save(path)
    data = path.read_bytes()
    for size in [*range(0, 64, 7), *range(64, len(data), len(data) // 25)]:
        path.write_bytes(data[:size])
        with pytest.raises(RecordingError):
            Recording.load(path)
    rng, refused = np.random.default_rng(0), 0
    for place in rng.integers(0, len(data), 80):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x5A]) + data[place + 1 :])
        try:  # some bytes are padding, and do not matter
            Recording.load(path)
        except RecordingError:
            refused += 1
    assert refused > 10


@pytest.mark.parametrize("name", FORMATS)
def test_no_changed_bit_goes_unnoticed(tmp_path, reaches, name):
    path = tmp_path / name
    reaches.save(path)
    data, rng, refused = path.read_bytes(), np.random.default_rng(1), 0
    # Places where HDF5 itself has no checksum are few, and among the metadata most; hence a second hundred there.
    told = data.find(b'"created_by"')
    for place in [*rng.integers(0, len(data), 200), *(rng.integers(told, told + 800, 60) if told > 0 else ())]:
        changed = data[place] ^ (1 << int(rng.integers(8)))
        path.write_bytes(data[:place] + bytes([changed]) + data[place + 1 :])
        try:  # what is padding does not matter
            found = Recording.load(path)
        except RecordingError:
            refused += 1
        else:
            assert same(found, reaches)
    assert refused > 60
    if name == "r.h5":  # other readers have to notice it, too
        reaches.save(path)
        with pytest.importorskip("h5py").File(path, "a") as tree:
            assert all(tree[each].fletcher32 for each in reaches.arrays())
            del tree.attrs["sha256"]  # as in files of before
        assert same(Recording.load(path), reaches)


def test_recordings_of_version_1_are_read(tmp_path, reaches):
    old = {name: None for name in ("too_fast", "too_slow")}
    told = {**reaches.metadata, "version": 1}
    path = archive(tmp_path / "r.npz", reaches, **old, metadata=np.array(json.dumps(told)))
    assert same(Recording.load(path), reaches)
    arrays = {name: values for name, values in reaches.arrays().items() if name not in old}
    (tmp_path / "r.h5").write_bytes(files._WRITERS[".h5"](arrays, json.dumps(told)))
    assert same(Recording.load(tmp_path / "r.h5"), reaches) and same(recording_of(arrays, told), reaches)
    with pytest.raises(RecordingError, match="`hand` is missing"):
        recording_of({name: values for name, values in arrays.items() if name != "hand"}, told)


@pytest.mark.parametrize("session", [False, True])
def test_movements_outside_of_the_window_are_told(session):
    window = {"movement_time": [0.3, 0.5], "targets": "center-out", "hold": 0.1, "schedule": [{"name": "a", "trials": 4}]}

    class Timed(NaiveAgent):
        """Reaches as planned in odd rows or trials, and creeps in the others."""

        def __init__(self, env):
            super().__init__(env)
            self.number = np.arange(env.num_envs) - 1

        def reset(self, starts):
            super().reset(starts)
            self.number += session * starts

        def act(self, observations):
            return super().act(observations) * np.where(self.number % 2 == 1, np.float32(1), np.float32(0.02))[:, None]

    recording = record(Timed, NULL, 4, env_kwargs=window, session=session)
    slow = recording.too_slow.tolist()
    assert slow.count(True) == 2 and recording.success.tolist() == [not each for each in slow] and not recording.too_fast.any()

    def spring(seen):  # knows of no window
        return ((seen[:, 2:3] > 0.5) * seen[:, :2] - seen[:, 3:5] - seen[:, 5:7]).astype(np.float32)

    hasty = record(spring, NULL, 3, env_kwargs={**window, "movement_time": [0.9, 1.0]}, session=session)
    assert hasty.too_fast.all() and hasty.terminated.all() and not hasty.success.any() and not hasty.too_slow.any()


def test_an_aborted_trial_is_a_trial_of_its_session():
    class Early(Wild):
        """Pushes at once in its second trial."""

        def __init__(self, env):
            super().__init__(env)
            self.trial = -1

        def reset(self, starts):
            self.trial += 1

        def act(self, observations):
            return np.full((len(observations), 2), float(self.trial == 1), np.float32)

    recording = record(Early, NULL, 3, env_kwargs={"false_start": "abort"}, session=True)
    assert recording.trial.tolist() == [0, 1, 2] and recording.false_start.tolist() == [False, True, False]
    assert recording.terminated.tolist() == [False, True, False] and recording.steps[1] < recording.go[1] <= recording.steps[0]


def test_files_written_with_numpy_below_2_2_are_read(tmp_path, reaches):
    # Its `savez_compressed(..., allow_pickle=False)` stored the keyword as an array.
    assert same(Recording.load(archive(tmp_path / "r.npz", reaches, allow_pickle=np.array(False))), reaches)
    for other in (np.zeros(3), np.array([False]), np.array(1.0)):
        with pytest.raises(RecordingError, match="unknown"):
            Recording.load(archive(tmp_path / "r.npz", reaches, allow_pickle=other))
    reaches.save(tmp_path / "mine.npz")
    assert set(np.load(tmp_path / "mine.npz").files) == {*reaches.arrays(), "metadata"}


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"PK\x03\x04" + b"x" * 99, b"\x89HDF\r\n\x1a\n" + b"x" * 99, b"garbage", b"[]"], ids=len)
def test_other_files_are_refused(tmp_path, data):
    (tmp_path / "r.npz").write_bytes(data)
    with pytest.raises(RecordingError):
        Recording.load(tmp_path / "r.npz")


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "fifo.npz")
    for path in (tmp_path / "none.npz", tmp_path, tmp_path / "fifo.npz", "a\0b.npz"):
        with pytest.raises(RecordingError):
            Recording.load(path)
    with pytest.raises(TypeError, match="path"):
        Recording.load(3)


def archive(path, reaches, **members):
    """Writes an NPZ file with some members replaced by raw bytes or arrays, or left out for ``None``."""
    whole = {**reaches.arrays(), "metadata": np.array(json.dumps(reaches.metadata)), **members}
    with zipfile.ZipFile(path, "w") as out:
        for name, value in whole.items():
            if isinstance(value, np.ndarray):
                buffer = io.BytesIO()
                np.save(buffer, value, allow_pickle=True)
                value = buffer.getvalue()
            if value is not None:
                out.writestr(f"{name}.npy", value)
    return path


class Explosive:
    """Pickled, it leaves a trace when it is loaded."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def npy_header(shape, descr="<f8", version=b"\x01\x00"):
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    text += b" " * (-(10 + len(text) + 1) % 64) + b"\n"
    return b"\x93NUMPY" + version + len(text).to_bytes(2, "little") + text


def test_npz_files_run_no_code_and_take_no_memory_on_trust(tmp_path, reaches):
    path = tmp_path / "r.npz"
    assert same(Recording.load(archive(path, reaches)), reaches)
    trace = tmp_path / "trace"
    explosive = np.empty(6, object)
    explosive[:] = Explosive(trace)
    huge = npy_header((2**40, 2**20, 2))
    cases = [
        {"hand": explosive}, {"observation": explosive}, {"metadata": np.array(Explosive(trace), object)}, {"metadata": None},
        {"hand": huge}, {"observation": huge}, {"metadata": npy_header((), "<U1000000000")}, {"hand": npy_header((6, 2**60, -1))},
        {"hand": npy_header((6, 3, 2))}, {"hand": npy_header((6, 3, 2), version=b"\x09\x00")}, {"hand": b""},
        {"metadata": np.array("[]")}, {"metadata": np.array("{")}, {"metadata": np.array('{"dt": NaN}')}, {"metadata": np.array("[" * 99999)},
        {"metadata": np.array(json.dumps(reaches.metadata).replace('"seed": 5', '"seed": 1e999'))}, {"metadata": np.array(3)},
        {"metadata": np.array("x" * (2**20 + 1))}, {"../hand": reaches.hand}, {"observation/a b": reaches.observation},
        {"observation/__a": reaches.observation},
    ]  # fmt: skip
    for members in cases:
        with pytest.raises(RecordingError):
            Recording.load(archive(path, reaches, **members))
    assert not trace.exists()
    archive(path, reaches)
    with zipfile.ZipFile(path, "a") as out, pytest.warns(UserWarning, match="Duplicate"):
        out.writestr("hand.npy", b"")
    with pytest.raises(RecordingError):
        Recording.load(path)
    archive(path, reaches)
    with zipfile.ZipFile(path, "a") as out:
        out.writestr("readme.txt", b"")
    with pytest.raises(RecordingError):
        Recording.load(path)


def test_a_small_file_may_not_unpack_into_a_huge_one(tmp_path, reaches, monkeypatch):
    states, zeros = int(reaches.steps.max()) + 1, 2**20
    with zipfile.ZipFile(archive(tmp_path / "r.npz", reaches, observation=None), "a", zipfile.ZIP_DEFLATED) as out:
        out.writestr("observation.npy", npy_header((6, states, zeros), "|u1") + b"\0" * (6 * states))
    with pytest.raises(RecordingError, match="does not have the bytes"):
        Recording.load(tmp_path / "r.npz")
    reaches.save(tmp_path / "sound.npz")
    monkeypatch.setattr(files, "MAX_BYTES", (tmp_path / "sound.npz").stat().st_size)
    with pytest.raises(RecordingError, match="at most"):
        Recording.load(tmp_path / "sound.npz")
    with pytest.raises(RecordingError, match="at most"):
        reaches.save(tmp_path / "more.npz")
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    with pytest.raises(RecordingError, match="regular file"):
        Recording.load(tmp_path / "sound.npz")


def test_hdf5_files_lead_nowhere_and_take_no_memory_on_trust(tmp_path, reaches):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "r.h5"
    reaches.save(tmp_path / "other.h5")
    (tmp_path / "raw").write_bytes(reaches.hand.tobytes())
    shape = reaches.hand.shape

    def virtual(tree):
        layout = h5py.VirtualLayout(shape, float)
        layout[:] = h5py.VirtualSource(tmp_path / "other.h5", "hand", shape)
        tree.create_virtual_dataset("hand", layout)

    def loop(tree):
        tree.create_group("observation")["a"] = tree

    changes = [
        lambda tree: tree.__setitem__("hand", h5py.SoftLink("/cursor")),
        lambda tree: tree.__setitem__("hand", h5py.ExternalLink(str(tmp_path / "other.h5"), "/hand")),
        lambda tree: tree.create_dataset("hand", shape, float, external=[(str(tmp_path / "raw"), 0, reaches.hand.nbytes)]),
        virtual,
        lambda tree: tree.create_dataset("hand", (2**30, 2**30, 2), float, chunks=(1, 1024, 2)),
        lambda tree: tree.create_dataset("hand", data=np.array(["x"] * 6, object)),
        lambda tree: tree.__setitem__("hand", np.dtype(float)),
        lambda tree: tree.create_group("hand"),
        lambda tree: tree.create_dataset("hand", data=h5py.Empty("f")),
    ]
    kept = [
        lambda tree: tree.attrs.__delitem__("metadata"),
        lambda tree: tree.attrs.__setitem__("metadata", 3),
        lambda tree: tree.attrs.__setitem__("metadata", "{}"),
        lambda tree: tree.create_group("a/b/c/d/e"),
        lambda tree: tree.__delitem__("observation") or loop(tree),
        lambda tree: tree.__delitem__("observation") or tree.create_dataset("observation", (*shape[:2], 2**40), "u1", chunks=(1, 1, 1024)),
        lambda tree: [tree.create_dataset(f"x{i}", data=1) for i in range(200)],
    ]
    for change in changes + kept:
        reaches.save(path)
        with h5py.File(path, "a") as tree:
            if change in changes:
                del tree["hand"]
            change(tree)
        with pytest.raises(RecordingError):
            Recording.load(path)


def test_arrays_that_do_not_fit_are_not_even_read(tmp_path, reaches):
    h5py = pytest.importorskip("h5py")
    reaches.save(tmp_path / "r.h5")
    with h5py.File(tmp_path / "r.h5", "a") as tree:
        del tree["hand"]
        tree.create_dataset("hand", (2**8, 2**10, 2**7), float, chunks=(1, 1024, 2))  # 256 MiB
    tracemalloc.start()
    try:
        with pytest.raises(RecordingError, match="`action` must be"):
            Recording.load(tmp_path / "r.h5")
        assert tracemalloc.get_traced_memory()[1] < 2**26
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", FORMATS)
def test_a_failed_save_leaves_the_old_file(tmp_path, reaches, monkeypatch, name):
    path = tmp_path / name
    reaches.save(path)
    before = path.read_bytes()

    def full(handle):
        raise OSError("no space left")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        reaches.subset(np.arange(6) < 2).save(path)
    assert path.read_bytes() == before and os.listdir(tmp_path) == [name]


def test_save_says_what_is_wrong(tmp_path, reaches):
    for path, error in ((tmp_path / "r.csv", ValueError), (tmp_path / "npz", ValueError), (3, TypeError), (None, TypeError)):
        with pytest.raises(error, match="path"):
            reaches.save(path)
    with pytest.raises(FileNotFoundError):
        reaches.save(tmp_path / "none" / "r.npz")
    assert os.listdir(tmp_path) == []


def test_missing_extras_are_named(tmp_path, reaches, monkeypatch):
    reaches.save(tmp_path / "r.h5")
    monkeypatch.setitem(sys.modules, "h5py", None)
    for call in (lambda: reaches.save(tmp_path / "s.h5"), lambda: Recording.load(tmp_path / "r.h5"), lambda: to_minari(reaches, "a-v0")):
        with pytest.raises(MissingExtraError, match=r"h5py.*reach-gym\[data\]"):
            call()
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "minari", None)
    with pytest.raises(MissingExtraError, match=r"minari.*reach-gym\[data\]"):
        to_minari(reaches, "a-v0")


def test_importing_loads_no_extra():
    code = "import sys, reach_gym.recording; print([m for m in ('h5py', 'minari', 'numba', 'PIL', 'pygame', 'scipy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


# Minari


@pytest.fixture
def minari(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "datasets"))
    return pytest.importorskip("minari")


@pytest.mark.parametrize("kind", ["vector", "goal", "pixels"])
def test_minari_loads_what_was_recorded(minari, kind):
    # A radius so large that pushing around sometimes ends on the target; images are nothing for controllers.
    kwargs = {**OBSERVED[kind], "schedule": SESSION, "max_episode_steps": 70, "radius": 0.05, "speed_limit": 10.0, "hold": 0.01, "false_start": "ignore"}
    recording = record(Wild, CURL, 7, env_kwargs=kwargs, session=True)
    assert 0 < recording.terminated.sum() < 7
    to_minari(recording, "reach/curl-v0", author="Ada")
    assert list(minari.list_local_datasets()) == ["reach/curl-v0"]
    dataset = minari.load_dataset("reach/curl-v0")
    assert dataset.total_episodes == 7 and dataset.total_steps == recording.steps.sum()
    for row, episode in enumerate(dataset):
        steps = recording.steps[row]
        assert len(episode) == steps
        seen, kept = episode.observations, recording.observation
        pairs = [(seen[key], kept[key]) for key in kept] if kind == "goal" else [(seen, kept)]
        assert all(np.array_equal(a, b[row, : steps + 1]) and a.dtype == b.dtype for a, b in pairs)
        assert np.array_equal(episode.actions, recording.action[row, :steps]) and episode.actions.dtype == np.float32
        assert np.array_equal(episode.rewards, recording.reward[row, :steps])
        ends = [bool(recording.terminated[row]), not recording.terminated[row]]
        assert [episode.terminations[-1], episode.truncations[-1]] == ends
        assert not episode.terminations[:-1].any() and not episode.truncations[:-1].any()
        for name in ("hand", "cursor", "velocity"):
            assert np.array_equal(episode.infos[name], getattr(recording, name)[row, : steps + 1])
    told = list(dataset.storage.get_episode_metadata(range(7)))
    assert [each["block"] for each in told] == recording.block_names and [each["go"] for each in told] == recording.go.tolist()
    for name in ("channel", "false_start", "too_fast", "too_slow"):
        assert [bool(each[name]) for each in told] == getattr(recording, name).tolist()
    env = dataset.recover_environment()
    assert env.unwrapped.task == gym.make(CURL, **kwargs).unwrapped.task and env.spec.max_episode_steps == 70
    assert env.observation_space == dataset.observation_space and env.action_space == dataset.action_space
    with pytest.raises(ValueError, match="new"):
        to_minari(recording, "reach/curl-v0")


def test_minari_refusals_leave_nothing_behind(minari, reaches, monkeypatch):
    for name, error in (("curl", ValueError), ("", ValueError), ("../curl-v0", ValueError), ("a b-v0", ValueError), (3, TypeError)):
        with pytest.raises(error):
            to_minari(reaches, name)
        with pytest.raises(error):
            check_dataset_id(name)
    check_dataset_id("curl-v0")
    for bad in (reaches.subset(np.zeros(6, bool)), recording_of({k: v for k, v in reaches.arrays().items() if k in LAYOUT}, reaches.metadata)):
        with pytest.raises(ValueError, match="observations"):
            to_minari(bad, "curl-v0")
    from minari.dataset._storages.hdf5_storage import HDF5Storage

    def full(*arguments):
        raise OSError("no space left")

    monkeypatch.setattr(HDF5Storage, "update_episode_metadata", full)
    with pytest.raises(OSError, match="no space"):
        to_minari(reaches, "curl-v0")
    assert not minari.list_local_datasets()


def test_a_recording_shows_itself_in_one_line():
    shown = repr(record("ideal", "reach_gym/CursorReach-v0", trials=2))
    assert shown == "<Recording of 2 trials of reach_gym/CursorReach-v0 by 'ideal'>"
