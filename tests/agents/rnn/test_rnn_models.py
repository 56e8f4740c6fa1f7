"""The paper's two models: what they see, how they move, and their losses and gradients, held to a plain loop."""

import numpy as np
import pytest
import torch

from agents.rnn.config import RnnConfig
from agents.rnn.models import body_of, make_network
from agents.rnn.objective import desired, objective
from agents.rnn.sessions import PAPER_TRIALS, STEPS
from reach_gym.acting.modules import FromModule
from reach_gym.acting.rollout import make_rows
from reach_gym.differentiable import TorchReach
from reach_gym.errors import NotApplicableError
from tests.agents.rnn.rnn_reference import buffer_path, standard_path

TASK = "reach_gym/CursorReachCenterOut-v0"
# Curl and channel trials side by side, an unusual hand, walls and a limit of the force that are met.
HARD = {**PAPER_TRIALS, "schedule": [{"name": "both", "trials": 9, "clamp": 0.4}], "damping": 0.5, "mass": 1.3, "max_force": 3.0}
CASES = [("output_buffer", cell) for cell in ("gru", "relu", "tanh")] + [("standard", cell) for cell in ("relu", "gru")]


def facts_of(kwargs, rows, seed):
    env = make_rows(TASK, rows, kwargs)
    env.reset(seed=seed)
    facts = env.unwrapped.trial_facts(steps=STEPS)
    env.close()
    return facts


def wild(config, task, factor=12.0):
    """Weights with which hands reach the walls and the limit of the force."""
    network = make_network(config, body_of(task), 1).double()
    with torch.no_grad():
        network.out.weight.mul_(factor)
        for name, weight in network.named_parameters():
            if "bias" in name:
                weight.uniform_(-0.1, 0.1, generator=torch.Generator().manual_seed(3))
    return network


@pytest.mark.parametrize(("model", "cell"), CASES)
def test_path_loss_and_gradients_are_those_of_a_plain_loop(model, cell):
    config, task = RnnConfig(model=model, cell=cell, units=16), TorchReach(TASK, 6, dtype=torch.float64, **HARD)
    network, facts = wild(config, task.task), facts_of(HARD, 6, 5)
    task.reset(5)
    path = task.rollout(network)
    loss = objective(config)(path)
    places, expected = (buffer_path if model == "output_buffer" else standard_path)(network, config, facts, task.task.arena)
    assert len({tuple(field) for field in facts.field.tolist()}) > 1  # both kinds of trials
    assert (path.actions.abs() > 1).any()
    assert (model, cell) != ("output_buffer", "relu") or (path.hand[..., :2].abs() == task.task.arena).any()
    torch.testing.assert_close(path.hand[..., :2], places, rtol=0, atol=1e-11)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-10)
    found, wanted = (torch.autograd.grad(each, list(network.parameters())) for each in (loss, expected))
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-7, atol=1e-9 * float(other.abs().max()))


@pytest.mark.parametrize("model", ["standard", "output_buffer"])
def test_neither_sees_where_the_hand_is(model):
    task = TorchReach(TASK, 5, **PAPER_TRIALS)
    network = make_network(RnnConfig(model=model, units=16), body_of(task.task))
    seen = task.reset(0).clone()
    seen[:, 5:7] = 0.2
    state = network(seen, network.initial(5))[1]
    first, _ = network(seen, state)
    elsewhere, faster = seen.clone(), seen.clone()
    elsewhere[:, 3:5] += 0.5
    elsewhere[:, 8:11] += 1.0
    faster[:, 5:7] += 0.5
    assert torch.equal(network(elsewhere, state)[0], first)
    assert torch.equal(network(faster, state)[0], first) == (model == "standard")


@pytest.mark.parametrize("cue", ["pulse", "latched"])
def test_the_cue_is_a_pulse_whether_or_not_it_stays_on(cue):
    task = TorchReach(TASK, 6, **{**PAPER_TRIALS, "cue": cue})
    network = make_network(RnnConfig(), body_of(task.task))
    facts = facts_of(PAPER_TRIALS, 6, 5)
    task.reset(5)
    path = task.rollout(lambda seen: torch.zeros(6, 2))
    inputs = torch.stack([network._inputs(seen) for seen in path.observations]).numpy()
    assert len(set(facts.go.tolist())) > 1  # every trial has a cue of its own, unlike in the paper's code
    assert (inputs[: facts.onset, :, :2] == 0).all()
    np.testing.assert_allclose(inputs[facts.onset :, :, :2], np.broadcast_to(facts.target / 0.1, (STEPS - facts.onset, 6, 2)), atol=1e-6)
    for row, go in enumerate(facts.go):
        assert np.flatnonzero(inputs[:, row, 2]).tolist() == list(range(go, go + 5))


def test_desired_kinematics_follow_the_cue():
    task = TorchReach(TASK, 6, **PAPER_TRIALS)
    task.reset(5)
    path, rows = task.rollout(lambda seen: torch.zeros(6, 2)), np.arange(6)
    go, target = path.go.numpy(), path.target[-1].double().numpy()
    # After step t the state is t + 1; the logistic is half-way 0.15 s after the cue.
    np.testing.assert_allclose(desired(path, "logistic").position[go + 14, rows], target / 2, atol=1e-9)
    jerk = desired(path, "minimum_jerk").position
    np.testing.assert_allclose(jerk[go + 9, rows], 0.0, atol=1e-9)
    np.testing.assert_allclose(jerk[go + 59, rows], target, atol=1e-9)


@pytest.mark.parametrize("model", ["standard", "output_buffer"])
def test_dropout_silences_while_training_and_at_no_other_time(model):
    task = TorchReach(TASK, 400, **PAPER_TRIALS)
    network = make_network(RnnConfig(model=model, units=64, dropout=0.3), body_of(task.task))
    seen, state, shown = task.reset(0), network.initial(400), []
    network.drop.register_forward_hook(lambda module, given, output: shown.append((given[0] != 0, output != 0)))
    network.train()
    network(seen, (state[0] + 1.0, *state[1:]))
    (alive, kept) = (torch.cat([pair[k].flatten() for pair in shown]) for k in (0, 1))
    assert float(kept[alive].double().mean()) == pytest.approx(0.7, abs=0.02)
    assert len(shown) == (1 if model == "standard" else 3)
    network.eval()
    assert torch.equal(network(seen, state)[0], network(seen, state)[0])


def test_only_the_units_count_as_activity():
    task = TorchReach(TASK, 4, **PAPER_TRIALS)
    network, agent = make_network(RnnConfig(units=24), body_of(task.task)), None
    agent = FromModule(network)
    agent.reset(np.ones(4, np.bool_))
    agent.act(task.reset(0).numpy())
    task.reset(0)
    with torch.no_grad():
        path = task.rollout(network, steps=1)
    assert agent.states.shape == (4, 24) and path.activity.shape == (1, 4, 24)
    np.testing.assert_array_equal(agent.states, path.activity[0].numpy())


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [({"force_lag": 0.04}, "without a lag"), ({"plant": "two_link_arm"}, "only a point mass"), ({"observation": "pixels"}, "'vector'")],
)
def test_tasks_that_they_do_not_know_are_refused(kwargs, message):
    with pytest.raises(NotApplicableError, match=message):
        body_of(make_rows(TASK, 1, kwargs).unwrapped.task)
