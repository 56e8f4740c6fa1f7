"""Recording of activity, its alignment and windows, and its files."""

import numpy as np
import pytest

from reach_gym.acting import rollout
from reach_gym.acting.protocol import from_callable, from_predict
from reach_gym.neural import Activity, load_activity, psth, record_activity, states_at
from reach_gym.recording import record
from tests.neural.made import ENV, WHOLE, Clock, clocked, made


def test_states_are_those_of_each_step_and_padded_after_the_end():
    activity = clocked()
    steps = activity.recording.steps
    assert len(set(steps.tolist())) > 1  # trials end at success
    for row in range(20):
        np.testing.assert_array_equal(activity.rates[row, : steps[row], 0], np.arange(steps[row]))
        assert np.isnan(activity.rates[row, steps[row] :]).all() and (activity.rates[row, : steps[row], 1] == row).all()


def test_more_trials_than_rows_are_recorded_batch_after_batch(monkeypatch):
    monkeypatch.setattr(rollout, "BATCH", 8)
    activity = clocked()
    assert activity.rates[:, 0, 1].tolist() == [k % 8 for k in range(20)]
    np.testing.assert_array_equal(activity.rates[:, 5, 0], 5.0)


def test_the_trials_are_those_of_record():
    told, known = clocked().recording, record(Clock, ENV, 20)
    for name in ("hand", "action", "go", "target"):
        np.testing.assert_array_equal(getattr(told, name), getattr(known, name))


def test_any_recurrent_model_can_be_recorded_and_no_other():
    class Model:
        """Counts the observations of every row, and rests."""

        def predict(self, observations, state=None, episode_start=None, deterministic=True):
            count = np.where(episode_start, 0.0, np.zeros(len(observations)) if state is None else state[0, :, 0]) + 1.0
            return np.zeros((len(observations), 2), np.float32), count[None, :, None]

    activity = record_activity(from_predict(Model()), ENV, 6, env_kwargs=WHOLE)
    assert activity.rates.shape == (6, 100, 1)
    np.testing.assert_array_equal(activity.rates[:, :, 0], np.broadcast_to(np.arange(1.0, 101.0), (6, 100)))
    rest = from_callable(lambda seen: np.zeros((len(seen), 2), np.float32))
    with pytest.raises(TypeError, match="must have `states`"):
        record_activity(rest, ENV, 2)
    with pytest.raises(TypeError, match="`layer` must be None unless .* module"):
        record_activity(rest, ENV, 2, layer="cell")
    with pytest.raises(ValueError, match="Cursor"):
        record_activity(rest, "reach_gym/GridReach-v0", 2)
    with pytest.raises(ValueError, match="`trials` must be an integer .* got 0"):
        record_activity(rest, ENV, 0)


def test_the_state_and_any_layer_of_a_module_are_recorded():
    torch = pytest.importorskip("torch")

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.cell, self.out = torch.nn.GRUCell(14, 5), torch.nn.Linear(5, 2)

        def initial(self, rows):
            return torch.zeros(rows, 5)

        def forward(self, observation, state):
            state = self.cell(observation, state)
            return torch.tanh(self.out(state)), state

    torch.manual_seed(0)
    network = Network()
    hidden, again, out = (record_activity(network, ENV, 6, env_kwargs=WHOLE, layer=layer) for layer in (None, "cell", "out"))
    assert hidden.rates.shape == (6, 100, 5) and out.rates.shape == (6, 100, 2)
    np.testing.assert_array_equal(hidden.rates, again.rates)
    np.testing.assert_allclose(np.tanh(out.rates), out.recording.action, atol=1e-6)
    assert not network.out._forward_hooks
    with pytest.raises(ValueError, match="`layer` must be one of 'cell', 'out', got 'in'"):
        record_activity(network, ENV, 6, layer="in")


@pytest.mark.parametrize("event", ["target", "go"])
def test_alignment_puts_zero_at_the_event(event):
    activity = clocked()
    time, rates = activity.aligned(event, 0.1, 1.0)
    zero = activity.recording.onset if event == "target" else activity.recording.go
    assert time[10] == 0 and time[0] == pytest.approx(-0.1) and time[-1] == pytest.approx(1.0)
    np.testing.assert_array_equal(rates[:, 10, 0], zero)
    assert np.isnan(rates[:, -1]).all() and len(set(activity.recording.go.tolist())) > 1


def test_the_mean_in_a_window_is_over_its_steps(base):
    clock = made(base, lambda d, t: [t, np.cos(d)])
    np.testing.assert_allclose(clock.mean_in((-0.05, -0.01))[:, 0], -0.03, atol=1e-6)
    np.testing.assert_allclose(clock.mean_in((0.1, 0.2))[:, 0], 0.15, atol=1e-6)
    np.testing.assert_allclose(clock.mean_in((0.013, 0.02))[:, 0], 0.02, atol=1e-6)  # its only step
    np.testing.assert_allclose(clock.mean_in((0.0, 0.0), "target")[:, 0], -0.09, atol=1e-6)


def test_windows_that_mean_nothing_are_refused(base):
    activity = clocked()  # whose trials end at success, with waits of 0 to 90 ms
    with pytest.raises(ValueError, match="`window` must hold at least one time step of 0.01 s"):
        base.mean_in((0.011, 0.019))
    with pytest.raises(ValueError, match="at least one time step"):
        base.mean_in((0.2, 0.1))
    for window, event in (((0.9, 1.0), "go"), ((-0.3, 0.0), "go"), ((-0.01, 0.0), "target"), ((-0.05, -0.01), "go")):
        with pytest.raises(ValueError, match=r"`window` must lie within .* of 20 trials"):
            states_at(activity, window, event)
    with pytest.raises(ValueError, match="64 of 64 trials"):
        base.mean_in((-0.1, 0.0))  # the target comes 90 ms before the cue
    assert base.mean_in((-0.09, 0.0)).shape == (64, 2)
    with pytest.raises(ValueError, match="`event`"):
        base.mean_in((0, 0.1), "end")
    with pytest.raises(ValueError, match=r"`window\[1\]` must be a finite number"):
        base.mean_in((0, np.inf))


def test_the_trials_that_cover_a_window_can_be_taken_alone():
    activity = clocked()
    covered = activity.covers((-0.05, -0.01))
    np.testing.assert_array_equal(covered, activity.recording.go - activity.recording.onset >= 5)
    assert covered.any() and not covered.all()
    part = activity.subset(covered)
    assert len(part.recording) == covered.sum() and len(part.mean_in((-0.05, -0.01))) == covered.sum()
    assert not activity.covers((0.9, 1.0)).any()
    # All trials end 470 ms after their cue, which comes later in some: the arrays go on, the trials do not.
    assert activity.covers((0.1, 0.46)).all() and not activity.covers((0.1, 0.47)).any()
    assert (activity.recording.go + 47 < activity.rates.shape[1]).any()


def test_there_is_no_rate_where_no_trial_lasts():
    means = psth(clocked(), "go", 0.1, 1.0)
    assert np.isnan(means.rate[:, -1]).all() and np.isfinite(means.rate[:, :11]).all()


def test_files_give_the_same_activity_back(tmp_path):
    activity = clocked()
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


def test_a_target_that_is_seen_late_is_not_known_before():
    late = clocked({**WHOLE, "delay": 4}, 3)
    assert late.covers((-0.05, -0.01)).all() and not late.covers((-0.06, -0.01)).any()  # it comes 90 ms before the cue
