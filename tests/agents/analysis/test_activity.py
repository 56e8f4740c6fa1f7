"""Hidden activity: recording and alignment, files, and analyses of populations whose answer is known."""

import numpy as np
import pytest

import tests.agents.rnn.rnn_reference  # noqa: F401  (one thread)
from agents.analysis.activity import WHOLE, Activity, load_activity, record_activity, record_network
from agents.analysis.nwb import save_nwb
from agents.analysis.population import (
    PREPARATION,
    force_space,
    procrustes_distance,
    psth,
    states_at,
    subspace_angle,
    trajectories,
    tuning,
    uniform_shift,
)
from agents.rnn.config import RnnConfig
from agents.rnn.models import make_network
from reach_gym.acting import rollout
from reach_gym.acting.protocol import from_callable, from_predict
from reach_gym.planning import MinimumJerkAgent

ENV = "reach_gym/CursorReachCenterOut-v0"


class Clock:
    """A reaching agent whose units tell the step of the trial and the row's number."""

    def __init__(self, env):
        self.hand, self.states = MinimumJerkAgent(env), np.zeros((env.num_envs, 2))
        self.states[:, 1] = np.arange(env.num_envs)

    def reset(self, starts):
        self.hand.reset(starts)
        self.states[starts, 0] = -1

    def act(self, observations):
        self.states[:, 0] += 1
        return self.hand.act(observations)


def clocked(kwargs=None, trials=20, rows=8):
    env = rollout.make_rows(ENV, rows, kwargs)
    return record_activity(Clock(env), env, trials)


def test_states_are_those_of_each_step_and_padded_after_the_end():
    activity = clocked()
    steps = activity.recording.steps
    assert len(set(steps.tolist())) > 1  # trials end at success
    for row in range(20):
        np.testing.assert_array_equal(activity.rates[row, : steps[row], 0], np.arange(steps[row]))
        assert np.isnan(activity.rates[row, steps[row] :]).all() and (activity.rates[row, : steps[row], 1] == row % 8).all()


def test_any_recurrent_model_can_be_recorded_and_no_other():
    class Model:
        """Counts the observations of every row, and rests."""

        def predict(self, observations, state=None, episode_start=None, deterministic=True):
            count = np.where(episode_start, 0.0, np.zeros(len(observations)) if state is None else state[0, :, 0]) + 1.0
            return np.zeros((len(observations), 2), np.float32), count[None, :, None]

    env = rollout.make_rows(ENV, 4, WHOLE)
    activity = record_activity(from_predict(Model()), env, 6)
    assert activity.rates.shape == (6, 100, 1)
    np.testing.assert_array_equal(activity.rates[:, :, 0], np.broadcast_to(np.arange(1.0, 101.0), (6, 100)))
    with pytest.raises(TypeError, match="must have `states`"):
        record_activity(from_callable(lambda seen: np.zeros((len(seen), 2), np.float32)), env, 2)


def test_there_is_no_rate_where_no_trial_lasts(base):
    activity = clocked()  # whose trials end at success
    means = psth(activity, "go", 0.1, 1.0)
    assert np.isnan(means.rate[:, -1]).all() and np.isfinite(means.rate[:, :11]).all()
    for refused in (
        lambda: states_at(activity, (0.9, 1.0)),
        lambda: tuning(activity, (0.9, 1.0)),
        lambda: trajectories(means),
        lambda: trajectories(psth(base, "go", 0.1, 0.3), 2, basis=means),
        lambda: subspace_angle(means, means, 2),
    ):
        with pytest.raises(ValueError, match="record whole trials"):
            refused()


def test_a_preparation_ends_before_the_cue_is_seen(base):
    before = made(base, lambda d, t: [np.where(t < -0.001, np.cos(d), 7.0), np.sin(d)])
    assert states_at(before, PREPARATION).rate[0, 0, 0] == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("event", ["target", "go"])
def test_alignment_puts_zero_at_the_event(event):
    activity = clocked()
    time, rates = activity.aligned(event, 0.1, 1.0)
    zero = activity.recording.onset if event == "target" else activity.recording.go
    assert time[10] == 0 and time[0] == pytest.approx(-0.1) and time[-1] == pytest.approx(1.0)
    np.testing.assert_array_equal(rates[:, 10, 0], zero)
    assert np.isnan(rates[:, -1]).all() and len(set(activity.recording.go.tolist())) > 1


def test_files_give_the_same_activity_back(tmp_path):
    config = RnnConfig(units=12)
    activity = record_network(make_network(config), config, ENV, {**WHOLE}, 9)
    assert activity.rates.shape == (9, 100, 12)
    activity.save(tmp_path / "a.npz")
    again = load_activity(tmp_path / "a.npz")
    np.testing.assert_array_equal(again.rates, activity.rates)
    assert again.recording.metadata == activity.recording.metadata
    for name, values in activity.recording.arrays().items():
        np.testing.assert_array_equal(again.recording.arrays()[name], values)
    np.savez(tmp_path / "b.npz", rates=activity.rates)
    (tmp_path / "c.npz").write_bytes(b"no file")
    for name in ("b.npz", "c.npz"):
        with pytest.raises(ValueError, match="holds no activity"):
            load_activity(tmp_path / name)
    with pytest.raises(ValueError, match="float32"):
        Activity(activity.rates[:, :-1], activity.recording)


def test_nwb_files_satisfy_the_inspector(tmp_path):
    pytest.importorskip("pynwb")
    inspector = pytest.importorskip("nwbinspector")
    import pynwb

    activity = clocked()
    path = tmp_path / "a.nwb"
    save_nwb(activity, path)
    assert [message.message for message in inspector.inspect_nwbfile(nwbfile_path=path)] == []
    with pynwb.NWBHDF5IO(str(path), "r") as file:
        read = file.read()
        states = read.processing["misc"]["HiddenStates"]
        assert states.data.shape == (int(activity.recording.steps.sum()), 2)
        trials = read.trials.to_dataframe()
        np.testing.assert_allclose(trials["go_cue_time"] - trials["start_time"], activity.recording.go * 0.01)
        # The clock's state at a trial's go cue is the step of its cue.
        at = np.searchsorted(states.timestamps[:], trials["go_cue_time"].to_numpy() - 1e-6)
        np.testing.assert_array_equal(states.data[:][at, 0], activity.recording.go)
    with pytest.raises(ValueError, match=".nwb"):
        save_nwb(activity, tmp_path / "a.h5")


@pytest.fixture(scope="module")
def base():
    """All trials are whole, and 8 targets come 8 times or so."""
    return clocked(WHOLE, 64, 64)


def made(base, rate):
    """An activity whose unit k fires as ``rate(direction, time from the cue)[..., k]`` says, the same in all trials of a direction."""
    time = (np.arange(base.rates.shape[1]) - base.recording.go[:, None]) * 0.01
    direction = np.broadcast_to(base.direction[:, None], time.shape)
    return Activity(np.stack(rate(direction, time), axis=-1).astype(np.float32), base.recording)


def planar(shift=0.0, turn=0.0):
    """Two units prepare the direction, two move; the fifth is the same for all directions."""

    def rate(direction, time):
        d, moving = direction + turn, 1.0 * (time > 0) * np.clip(time, 0, 0.5)
        return [np.cos(d), np.sin(d), moving * np.cos(d), moving * np.sin(d), shift + 0 * d]

    return rate


def test_psths_are_means_per_direction_and_tuning_is_found(base):
    activity = made(base, lambda d, t: [3 + 2 * np.cos(d - 1.0), 1.0 + 0 * d, t])
    means = psth(activity, "go", 0.1, 0.3)
    assert means.rate.shape == (8, 41, 3) and means.direction.tolist() == pytest.approx((np.arange(8) * np.pi / 4).tolist())
    np.testing.assert_allclose(means.rate[:, :, 0], (3 + 2 * np.cos(means.direction - 1.0))[:, None] * np.ones(41), atol=1e-5)
    np.testing.assert_allclose(means.rate[:, :, 2], np.broadcast_to(means.time, (8, 41)), atol=1e-6)
    found = tuning(activity)
    assert found.preferred[0] == pytest.approx(1.0, abs=1e-4) and found.depth[:2].tolist() == pytest.approx([2.0, 0.0], abs=1e-4)
    assert found.share[0] == pytest.approx(1.0) and found.share[1] == 0.0
    assert states_at(activity, (0.1, 0.2)).rate[0, 0, 2] == pytest.approx(0.15, abs=1e-5)


def test_components_angles_and_shapes(base):
    plain, turned = psth(made(base, planar())), psth(made(base, planar(turn=0.7)))
    across = psth(made(base, lambda d, t: planar()(d, t)[::-1]))
    paths = trajectories(plain, 2)
    assert paths.score.shape == (8, len(plain.time), 2) and paths.share.sum() > 0.9
    assert np.degrees(subspace_angle(plain, plain, 2)).max() < 1e-3 and np.degrees(subspace_angle(plain, turned, 2)).max() < 1e-3
    assert np.degrees(subspace_angle(plain, across, 2)).max() > 60  # units 0, 1 against units 3, 4
    assert procrustes_distance(plain, turned, 2) < 1e-6  # a rotation is no difference in shape
    flat = psth(made(base, lambda d, t: [np.cos(d), 0 * d, t, 0 * d, 0 * d]))
    assert procrustes_distance(plain, flat, 2) > 0.05


def test_a_uniform_shift_is_found_with_what_is_left_of_it(base):
    before, during, after, control = (made(base, planar(shift)) for shift in (0.0, 2.0, 1.5, 0.2))
    shift = uniform_shift(before, during, after, control)
    assert shift.size == pytest.approx(2.0, rel=1e-4)  # the directions lie on a circle of radius 1
    assert shift.uniformity == pytest.approx(1.0) and shift.in_force_space == pytest.approx(0.0, abs=1e-6)
    assert shift.retained == pytest.approx(0.75, abs=1e-4) and shift.drift == pytest.approx(0.1, abs=1e-4)
    rotated = uniform_shift(before, made(base, planar(turn=0.5)), before)
    assert rotated.uniformity < 1e-6 and np.isnan(rotated.drift)
    plane = force_space(before)
    np.testing.assert_allclose(plane.T @ plane, np.eye(2), atol=1e-9)
    assert np.abs(plane[:2]).sum() > 1.9 and np.abs(plane[4]).max() < 1e-6
