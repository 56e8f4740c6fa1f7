"""Modules that learn through a task, and act as agents."""

import copy
import dataclasses

import gymnasium as gym
import numpy as np
import pytest
import torch

from reach_gym.acting.protocol import as_agent, from_module
from reach_gym.differentiable import TorchReach, cosine, deviation, effort, endpoint, hidden, jerk, load_network, position, train
from reach_gym.evaluation import evaluate
from reach_gym.neural import record_activity
from reach_gym.recording import record
from reach_gym.training.checkpoint import MANIFEST, CheckpointError
from reach_gym.training.seeds import training_seed

CURL = "reach_gym/CursorReachCurl-v0"
TASK = {"delay": 2, "go_delay": 0.0, "target_onset": 0.0, "time_limit": 0.4}


class Network(torch.nn.Module):
    def __init__(self, seed=0, units=8, dropout=0.0):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.cell, self.out = torch.nn.GRUCell(14, units), torch.nn.Linear(units, 2)
        self.dropout = torch.nn.Dropout(dropout)

    def initial(self, rows):
        return self.out.weight.new_zeros(rows, self.cell.hidden_size)

    def forward(self, observation, state):
        state = self.dropout(self.cell(observation, state))
        return torch.tanh(self.out(state)), state


class Pair(Network):
    """Its state is a tuple, and begins with something else than 0."""

    def initial(self, rows):
        return super().initial(rows) + 0.5, self.out.weight.new_ones(rows, 1)

    def forward(self, observation, state):
        first, count = state
        action, first = super().forward(observation, first)
        return action / count, (first, count + 1.0)


def task(**keywords):
    return TorchReach(CURL, 8, **{**TASK, **keywords})


def loss(path):
    return position(path, by=0.2) + 0.01 * effort(path) + 1e-3 * hidden(path) + 1e-4 * jerk(path)


def same(one, other):
    return all((a == b).all() for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_a_network_learns():
    network = Network(units=24)
    curves = train(network, task(), loss, 30, rate=cosine(1e-2, 30, 3), measures={"mm": endpoint}, progress=False)
    assert list(curves) == ["update", "loss", "gradient", "mm"] and curves["update"] == list(range(1, 31))
    assert np.mean(curves["loss"][-5:]) < 0.7 * np.mean(curves["loss"][:5])


@pytest.mark.parametrize("kind", [Network, Pair])
@pytest.mark.parametrize("optimiser", [torch.optim.Adam, lambda each, lr: torch.optim.SGD(each, lr)])
def test_a_resumed_training_is_the_same_bit_for_bit(kind, optimiser, tmp_path):
    settings = {"rate": cosine(1e-2, 7), "optimiser": optimiser, "progress": False, "seed": 5, "carry": True, "save_every": 2}
    settings |= {"trials": 2} if kind is Pair else {}
    whole, parts = kind(dropout=0.2), kind(dropout=0.2)
    before = torch.get_rng_state()
    known = train(whole, task(), loss, 7, **settings)
    train(parts, task(), loss, 3, directory=tmp_path, **settings)
    gone_on = kind(seed=9, dropout=0.2)
    found = train(gone_on, task(), loss, 7, directory=tmp_path, resume=True, tensorboard=True, **settings)
    assert found == known and same(gone_on, whole) and not same(gone_on, parts)
    assert (torch.get_rng_state() == before).all()
    assert same(load_network(tmp_path, kind(seed=3)), whole) and list(tmp_path.glob("events*"))


def test_a_schedule_is_the_session_of_the_training():
    session = [{"name": "before", "trials": 2, "gain": 0.0}, {"name": "field", "trials": 1}]
    forces = []
    train(Network(), task(schedule=session), lambda path: [forces.append(path.force.abs().max().item()), loss(path)][1], 3, progress=False)
    assert forces[0] == forces[1] == 0.0 < forces[2]


@pytest.mark.parametrize("carry", [False, True])
def test_gradients_flow_through_the_trials_of_an_update(carry):
    network, known = Network(), Network()
    settings = {"optimiser": torch.optim.SGD, "rate": 0.1, "clip": 1e9, "progress": False, "carry": carry}
    curves = train(network, task(), loss, 2, trials=3, measures={"mm": endpoint}, **settings)
    reach, state, losses = task(), None, []
    reach.reset(training_seed(0))
    for update in range(2):
        paths = []
        for _ in range(3):
            paths.append(reach.rollout(known, state))
            state = paths[-1].last_state
            reach.next_trials()
        losses.append(sum(map(loss, paths)) / 3)
        known.zero_grad()
        losses[-1].backward()
        with torch.no_grad():
            for each in known.parameters():
                each -= 0.1 * each.grad
        state = state.detach() if carry else None
        assert curves["mm"][update] == pytest.approx(np.mean([endpoint(path).item() for path in paths]), rel=1e-5)
    assert curves["loss"] == pytest.approx([each.item() for each in losses], rel=1e-5)
    assert all(torch.allclose(a, b, rtol=1e-4, atol=1e-7) for a, b in zip(network.parameters(), known.parameters(), strict=True))


@pytest.mark.parametrize("kind", [Network, Pair])
def test_a_state_goes_on_from_where_the_trial_of_its_row_ended(kind):
    reach = task(radius=0.05, speed_limit=9.0, time_limit=0.8, false_start="ignore", targets=[[0.1, 0.0], [-0.1, 0.0]])
    reach.reset(0, gain=0.0)
    network = kind()
    network.out.weight.data.zero_()
    network.out.bias.data[:] = torch.tensor([0.5, 0.0])  # those whose target is on the right succeed sooner
    path = reach.rollout(network)
    lasts = path.going.sum(0)
    assert path.success.any() and not path.success.all() and len(set(lasts.tolist())) > 1
    found = path.last_state if kind is Pair else (path.last_state,)
    for row, last in enumerate(lasts.tolist()):
        wanted = path.states[last - 1] if kind is Pair else (path.states[last - 1],)
        assert all((one[row] == other[row]).all() for one, other in zip(found, wanted, strict=True))
    with pytest.raises(ValueError, match="state"):
        _ = dataclasses.replace(path, states=[]).last_state


def test_rows_go_through_parts_of_a_long_session(tmp_path):
    gains = [{"name": str(k), "trials": 1, "gain": k % 50 / 10} for k in range(3000)]
    gained = []
    settings = {"progress": False, "directory": tmp_path, "trials": 2}

    def reach(first, **changes):
        return TorchReach(CURL, 2, first=first, **{**TASK, "schedule": gains, **changes})

    def noted(path):
        gained.append(path.force.norm(dim=-1).amax(0).tolist())
        return loss(path)

    train(Network(), reach([0, 7]), noted, 2, **settings)
    assert [row[0] == 0.0 for row in gained] == [True, False, False, False] and all(row[1] > 0.0 for row in gained)
    # A long schedule is known by its hash: a manifest has no room for it.
    assert (tmp_path / MANIFEST).stat().st_size < 10_000
    changed = reach([0, 7], schedule=[*gains[:-1], {"name": "last", "trials": 1}])
    for other in (reach([0, 8]), changed):
        with pytest.raises(CheckpointError) as refused:
            train(Network(), other, loss, 3, resume=True, **settings)
        assert refused.value.kind == "incompatible"
    assert len(train(Network(), reach([0, 7]), loss, 3, resume=True, **settings)["loss"]) == 3
    with pytest.raises(CheckpointError, match="trials"):
        train(Network(), reach([0, 7]), loss, 4, resume=True, **{**settings, "trials": 1})


def test_what_a_module_draws_differs_from_update_to_update_and_from_seed_to_seed():
    def dropped(seed):
        found = []
        settings = {"rate": 0.0, "seed": seed, "progress": False}
        train(Network(dropout=0.5), task(), lambda path: [found.append(path.activity == 0.0), loss(path)][1], 2, **settings)
        return found

    (one, other), (again, _), (third, _) = dropped(0), dropped(0), dropped(1)
    assert (one == again).all() and (one != other).any() and (one != third).any()


def test_a_loss_that_is_not_finite_stops_the_training_with_the_state_before(tmp_path):
    network, calls = Network(), []

    def breaks(path):
        calls.append(copy.deepcopy(network))
        return loss(path) * (float("nan") if len(calls) == 3 else 1.0)

    with pytest.raises(FloatingPointError, match="update 3"):
        train(network, task(), breaks, 9, directory=tmp_path, progress=False)
    assert same(network, calls[-1]) and same(load_network(tmp_path, Network(seed=1)), network)


def test_what_cannot_go_on_is_refused(tmp_path):
    settings = {"directory": tmp_path, "progress": False}
    train(Network(), task(), loss, 1, **settings)
    with pytest.raises(ValueError, match="`directory`.*checkpoint"):
        train(Network(), task(), loss, 1, **settings)
    for other, change in ((task(delay=3), {}), (task(), {"seed": 1}), (task(), {"clip": 2.0})):
        network = Network()
        with pytest.raises(CheckpointError) as refused:
            train(network, other, loss, 2, resume=True, **settings, **change)
        assert refused.value.kind == "incompatible" and same(network, Network())
    with pytest.raises(CheckpointError):
        train(Network(units=3), task(), loss, 2, resume=True, **settings)
    assert len(train(Network(), task(), loss, 3, resume=True, **settings)["loss"]) == 3
    with pytest.raises(CheckpointError, match="3 updates, but 1"):
        train(Network(), task(), loss, 1, resume=True, **settings)
    with pytest.raises(ValueError, match="`directory`.*None"):
        train(Network(), task(), loss, 1, resume=True)
    with pytest.raises(ValueError, match="`updates`"):
        train(Network(), task(), loss, 0)
    with pytest.raises(ValueError, match="`trials`.*0"):
        train(Network(), task(), loss, 1, trials=0)


def test_losses_are_0_where_nothing_is_wrong_and_about_1_in_a_quick_reach():
    reach = TorchReach("reach_gym/CursorReach-v0", 4)
    reach.reset(0)
    path = reach.rollout(lambda observation: torch.zeros(4, 2))
    assert effort(path) == 0 and jerk(path) == 0
    away = (path.target[-1] - path.start).norm(dim=1).mean() / path.workspace
    waits = path.go.float()
    share = (path.step[-1, 0] - waits - 50 + 1) / (path.step[-1, 0] - 50 + 1)  # of the moments that count, those after the cue
    assert position(path).item() == pytest.approx((away * share.mean()).item(), rel=0.1)
    assert endpoint(path).item() == pytest.approx(100 * away.item(), rel=1e-5)
    with pytest.raises(ValueError, match="state"):
        hidden(path)


@pytest.mark.parametrize(("off", "cost"), [(0.0, 0.0), (0.001, 1.01**0.5 - 1), (0.01, 2**0.5 - 1), (-0.1, 101**0.5 - 1)])
def test_a_deviation_is_to_either_side_of_the_straight_way(off, cost):
    reach = TorchReach("reach_gym/CursorReach-v0", 4)
    reach.reset(0)
    path = reach.rollout(lambda observation: torch.zeros(4, 2))
    way = path.target[-1] - path.start
    left = torch.stack([-way[:, 1], way[:, 0]], dim=1) / way.norm(dim=1, keepdim=True)
    path.cursor[..., :2] = path.start + 0.3 * way + off * left
    assert deviation(path).item() == pytest.approx(cost, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("go_delay", [0.0, 0.1])
def test_a_place_that_is_asked_for_after_the_trial_is_refused_before_anything_is_learned(go_delay):
    network, reach = Network(), task(go_delay=go_delay)
    for by, wanted in ((0.41, "at most 0.4, .*got 0.41"), (float("nan"), "finite"), (-0.1, "at least 0")):
        with pytest.raises(ValueError, match=f"`by` must be .*{wanted}"):
            train(network, reach, lambda path, by=by: position(path, by=by), 3, progress=False)
        assert same(network, Network())
    reach.reset(0)
    path = reach.rollout(network)
    # 0.4 s are 40 steps of 0.01 s, whatever a float makes of them: what counts is all until the cue, and the last moment.
    counted = torch.cat([torch.arange(round(100 * go_delay)), torch.tensor([len(path.step) - 1])])
    wanted = torch.where((path.since_cue > 0)[..., None], path.target, path.start)
    away = (path.cursor[..., :2] - wanted).norm(dim=-1)[counted]
    assert position(path, by=0.4).item() == pytest.approx(away.mean().item() / path.workspace, rel=1e-2)


def test_a_module_that_chooses_an_action_is_an_agent_of_the_grid():
    class Greedy(torch.nn.Module):
        def forward(self, observation):
            return observation.flatten(1).float().sum(1).long() % 8

    assert evaluate(Greedy(), "reach_gym/GridReach-v0", episodes=3).summary()["episodes"] == 3


@pytest.mark.parametrize("kind", [Network, Pair])
def test_a_module_acts_in_the_environment_as_in_its_rollout(kind):
    network = kind().double()
    tensors = TorchReach(CURL, 5, dtype=torch.float64, **TASK)
    env = gym.make_vec(CURL, num_envs=5, backend="numpy", **TASK)
    agent = as_agent(network, env)
    for trial in range(2):
        tensors.reset(3, trial=trial)
        path = tensors.rollout(network, steps=12)
        seen, _ = env.reset(seed=3, options={"trial": trial})
        agent.reset(np.ones(5, bool))
        for step in range(12):
            seen, _, _, _, info = env.step(agent.act(seen))
            assert np.allclose(info["hand_vx"], path.hand[step, :, 2].detach(), atol=1e-6)
        assert np.allclose(agent.states, path.activity[-1].detach(), atol=1e-6)


def test_rows_that_begin_forget_and_the_others_do_not():
    network = Pair()
    agent = from_module(network)
    seen = np.ones((3, 14), np.float32)
    agent.reset(np.ones(3, bool))
    agent.act(seen), agent.act(seen)
    agent.reset(np.array([False, True, False]))
    agent.act(seen)
    assert agent.states[:, -1].tolist() == [4.0, 2.0, 4.0]
    assert (agent.states[0] == agent.states[2]).all() and (agent.states[0] != agent.states[1]).any()
    assert (agent.act(seen[:2]).shape == (2, 2)) and agent.states[:, -1].tolist() == [2.0, 2.0]


def test_a_module_is_evaluated_and_recorded():
    network = Network()
    summary = evaluate(network, CURL, episodes=6, env_kwargs=TASK).summary()
    assert summary["episodes"] == 6
    recording = record(network, CURL, trials=3, env_kwargs=TASK)
    assert len(recording) == 3
    with pytest.raises(TypeError, match="initial"):
        from_module(len)


def test_a_module_without_a_state_trains_and_is_an_agent():
    network = torch.nn.Sequential(torch.nn.Linear(14, 2), torch.nn.Tanh())
    curves = train(network, task(), lambda path: position(path, by=0.2), 2, progress=False)
    assert len(curves["loss"]) == 2
    assert evaluate(network, CURL, episodes=3, env_kwargs=TASK).summary()["episodes"] == 3
    tensors = task(dtype=torch.float64)
    tensors.reset(1)
    path = tensors.rollout(network.double())
    env = gym.make_vec(CURL, num_envs=8, backend="numpy", **TASK)
    agent = as_agent(network, env)
    seen, _ = env.reset(seed=1)
    agent.reset(np.ones(8, bool))
    assert np.allclose(agent.act(seen), path.actions[0].detach(), atol=1e-6)
    with pytest.raises(AttributeError, match="no state"):
        _ = agent.states
    with pytest.raises(TypeError, match="`states`"):
        record_activity(network, CURL, 2, env_kwargs=TASK)
    assert record_activity(network, CURL, 2, env_kwargs=TASK, layer="0").rates.shape[2] == 2
