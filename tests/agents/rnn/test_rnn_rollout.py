"""The networks' fast roll-outs: paths, losses and gradients are those of a plain loop with automatic gradients."""

import numpy as np
import pytest
import torch
from agents.rnn.trials import PAPER_TRIALS, STEPS, TrialSource, desired

from agents.rnn.config import FIELDS, PRESETS, SCALINGS, UNIT, RnnConfig, config_from_data
from agents.rnn.models import make_network
from agents.rnn.training import RnnLearner, make_rollout
from benchmarks import rnn_speed
from reach_gym import planning
from reach_gym.errors import NotApplicableError
from tests.agents.rnn.rnn_reference import buffer_path, standard_path

ARENA = 0.2
# Curl and channel trials side by side, an unusual hand, and walls that are met.
HARD = {"schedule": [{"name": "both", "trials": 9, "clamp": 0.4}], "damping": 0.5, "mass": 1.3, "max_force": 3.0}
CASES = [("output_buffer", cell) for cell in ("gru", "relu", "tanh")] + [("standard", cell) for cell in ("relu", "gru")]


def drawn(config, kwargs=HARD, rows=6, dtype=torch.float64, number=0):
    source = TrialSource("reach_gym/CursorReachCenterOut-v0", kwargs, config, rows, 5)
    batch = source.draw(number, dtype)
    source.close()
    return batch


def wild(config, factor=12.0):
    """Weights with which hands reach the walls and the limit of the force."""
    network = make_network(config, 1).double()
    with torch.no_grad():
        network.out.weight.mul_(factor)
        for name, weight in network.named_parameters():
            if "bias" in name:
                weight.uniform_(-0.1, 0.1, generator=torch.Generator().manual_seed(3))
    return network


@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize(("model", "cell"), CASES)
def test_path_loss_and_gradients_are_those_of_the_plain_loop(model, cell, dropout):
    config = RnnConfig(model=model, cell=cell, dropout=dropout, units=16)
    network, batch = wild(config), drawn(config)
    roll = make_rollout(network, config, ARENA)
    path = roll.forward(batch, np.random.Generator(np.random.SFC64(0)))
    reference = buffer_path if model == "output_buffer" else standard_path
    places, loss = reference(network, config, batch, ARENA, roll._masks)
    hands = roll._hands if model == "output_buffer" else roll._led.real
    assert len({tuple(field) for field in batch.facts.field.tolist()}) > 1  # both kinds of trials
    assert (hands._force.abs() > batch.facts.body.strength).any()
    assert (model, cell) != ("output_buffer", "relu") or any(walls is not None for walls in hands._walls)
    torch.testing.assert_close(path.position[1:], places.detach(), rtol=0, atol=1e-12)
    assert roll.loss() == pytest.approx(loss.item(), rel=1e-12)
    wanted = dict(zip(dict(network.named_parameters()), torch.autograd.grad(loss, list(network.parameters()))))
    found = roll.backward()
    assert found.keys() == wanted.keys()
    for name, gradient in wanted.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-9, atol=1e-11 * float(gradient.abs().max()))
    assert bool(roll._masks) == (dropout > 0)


def test_a_second_roll_out_forgets_the_first():
    config = RnnConfig(units=16)
    network = wild(config)
    fresh, used = make_rollout(network, config, ARENA), make_rollout(network, config, ARENA)
    used.forward(drawn(config, rows=7, number=3))
    used.backward()
    for roll in (fresh, used):
        roll.forward(drawn(config, number=1))
    a, b = fresh.backward(), used.backward()
    assert all(torch.equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize(("model", "field"), [("output_buffer", "push"), ("standard", "curl_ccw")])
def test_single_precision_stays_within_a_hundredth_of_a_millimetre(model, field):
    config = RnnConfig(model=model, cell="gru" if model == "output_buffer" else "relu", units=32, batch=8)
    learner = RnnLearner("reach_gym/CursorReach-v0", {"field": field, "schedule": [{"name": "one", "trials": 9}]}, config, 0)
    learner.learn(8)
    source = TrialSource("reach_gym/CursorReach-v0", {"field": field}, config, 32, 1)
    double = make_network(config).double()
    double.load_state_dict({name: weight.double() for name, weight in learner.network.state_dict().items()})
    single = learner.rollout.forward(source.draw(0)).position.double()
    exact = make_rollout(double, config, ARENA).forward(source.draw(0, torch.float64)).position
    # At the edge of the region a rounding error decides whether a hand is pushed; such trials are no question of precision.
    off = (single - exact).abs().amax(dim=(0, 1))
    assert float(off.quantile(0.9)) < 1e-5 and float(exact.abs().max()) > 0.01  # they move


def test_dropout_silences_the_share_that_was_asked_for_and_keeps_the_mean():
    config = RnnConfig(dropout=0.3, units=64)
    roll = make_rollout(make_network(config), config, ARENA)
    roll.forward(drawn(config, dtype=torch.float32), np.random.Generator(np.random.SFC64(1)))
    for mask in roll._masks:
        assert float((mask == 0).double().mean()) == pytest.approx(0.3, abs=0.01)
        assert float(mask.double().mean()) == pytest.approx(1.0, abs=0.02)


def test_the_codes_gate_pushes_by_acceleration_and_ours_by_place():
    """A network that does nothing: by place the push acts until the hand has left the region, by acceleration for ever."""
    ends = {}
    for name in ("paper", "paper_code"):
        config = config_from_data(PRESETS[name])
        network = make_network(config)
        torch.nn.init.zeros_(network.out.weight)
        torch.nn.init.zeros_(network.out.bias)
        source = TrialSource("reach_gym/CursorReach-v0", {"field": FIELDS["paper_code"], "start": [0.0, 0.02]}, config, 4, 0)
        ends[name] = make_rollout(network, config, 10.0).forward(source.draw(0)).position[-1, 0]
    free = -0.5 * 1.0 * 1.0  # a constant -1 N on 1 kg for 1 s
    assert torch.allclose(ends["paper_code"], torch.tensor(free), atol=1e-4)
    assert (ends["paper"] > free + 0.1).all() and (ends["paper"] < -0.05).all()


def test_the_yardstick_is_the_same_network():
    """Without a field its double sum is our hand, as long as no force is cut."""
    config = rnn_speed.settings("output_buffer")
    batch = rnn_speed._batch(config)
    network = make_network(config)
    path = make_rollout(network, config, ARENA).forward(batch).position[1:]
    made = rnn_speed.positions(rnn_speed._loop(network, config, batch, torch.nn.Identity()), config)
    torch.testing.assert_close(made, path, rtol=0, atol=1e-6)
    took = rnn_speed.milliseconds({"plain": rnn_speed.plain(config, batch), "ours": rnn_speed.ours(config, batch)}, 1)
    assert all(value > 0 for value in took.values())


def test_inputs_and_desired_kinematics_are_the_environments_trial():
    config = RnnConfig()
    batch = drawn(config, PAPER_TRIALS)
    assert torch.equal(batch.inputs, drawn(config, {}).inputs)  # the cue is a pulse to a network, also where it stays on
    facts, scale = batch.facts, SCALINGS["unit"]
    inputs = batch.inputs.numpy()
    assert (inputs[: facts.onset, :, :2] == 0).all()
    np.testing.assert_allclose(inputs[facts.onset :, :, :2], np.broadcast_to(facts.target / scale.place, (STEPS - facts.onset, 6, 2)))
    for row, go in enumerate(facts.go):
        assert np.flatnonzero(inputs[:, row, 2]).tolist() == list(range(go, go + 5))
    assert len(set(facts.go.tolist())) > 1  # every trial has a cue of its own, unlike in the paper's code
    # After step t the state is t + 1; the logistic is half-way 0.15 s after the cue.
    half = batch.position.numpy()[facts.go + 14, :, np.arange(6)]
    np.testing.assert_allclose(half, facts.target / 2, atol=1e-12)
    jerk = desired(facts, "minimum_jerk").position
    np.testing.assert_allclose(jerk[facts.go + 9, np.arange(6)], 0.0, atol=1e-12)
    np.testing.assert_allclose(jerk[facts.go + 59, np.arange(6)], facts.target, atol=1e-12)
    assert planning.logistic(0.15, np.zeros(2), np.ones(2)).position.tolist() == [0.5, 0.5] and UNIT == 0.002


def test_hands_whose_force_lags_are_refused():
    config = RnnConfig(units=16)
    lagging = drawn(config, HARD | {"force_lag": 0.04})
    with pytest.raises(NotApplicableError, match="without a lag"):
        make_rollout(wild(config), config, ARENA).forward(lagging)
