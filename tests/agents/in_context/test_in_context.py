"""Networks that adapt in context: what they are made of, how they learn, and how they are tested."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode

from agents.in_context import memory, training
from agents.in_context.agents import InContextAgent
from agents.in_context.config import InContextConfig, config_from_data
from agents.in_context.network import AdamApart, GatedNetworks
from agents.in_context.probe import curl_figures, figures_of, go_through, savings_of, side_of
from agents.in_context.sessions import (
    CURL,
    CURL_SHARE,
    ENV,
    STRENGTH,
    TASK,
    curl_share,
    draw_field,
    held_out_fields,
    probe_table,
    session,
    training_table,
)
from agents.in_context.training import Place, learn, session_rows
from reach_gym.acting.protocol import Transition
from reach_gym.differentiable import TorchReach
from reach_gym.recording import channel_compensation, deviations, record_group

SMALL = InContextConfig(units=6, rows=2, trials=2, reaching=2, updates=3)
CURLS = np.array([[[0.0, -CURL], [CURL, 0.0]], [[0.0, CURL], [-CURL, 0.0]]])
SHORT = session(
    {"baseline": 2, "adaptation": 4, "washout": 2}, {"baseline": 0.0, "adaptation": 1.0, "washout": 0.0},
    {"baseline": [1], "adaptation": [2], "washout": 0.0},
)  # fmt: skip


def test_a_replicate_is_the_network_of_its_seed_and_of_its_rows():
    both, one, other = GatedNetworks(8, [3, 5]), GatedNetworks(8, [3]), GatedNetworks(8, [5])
    seen, actions = torch.randn(6, 14, generator=torch.Generator().manual_seed(0)), []
    states = [both.initial(6), one.initial(3), other.initial(3)]
    for _ in range(3):
        acted = [net(x, s) for net, x, s in zip((both, one, other), (seen, seen[:3], seen[3:]), states, strict=True)]
        states = [state for _, state in acted]
        actions.append([action for action, _ in acted])
    for whole, *parts in actions:
        assert torch.allclose(whole, torch.cat(parts), atol=1e-6) and whole.abs().max() <= 1.0
    assert (actions[0][0] != actions[2][0]).any(), "what was seen and done before counts"
    # The last own actions are told, the latest first.
    assert (states[0][1][:, :4] == torch.cat([actions[2][0], actions[1][0]], dim=1)).all()
    assert all((both.only([1]).state_dict()[name] == each).all() for name, each in other.state_dict().items())
    with pytest.raises(ValueError, match="multiple of 2"):
        both(seen[:5], both.initial(5))


def test_products_of_sums_of_units_act_and_are_remembered():
    network = GatedNetworks(8, [3, 5], products=4)
    plain, seen = GatedNetworks(8, [3], products=0), torch.randn(2, 14, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for name in ("action", "action_bias"):
            network.get_parameter(name).zero_()
        network.get_parameter("action")[:, 8 + 2] = torch.tensor([1.0, -2.0])
        action, state = network(seen, network.initial(2))
        for k, pairs in enumerate(network.get_parameter("pairs")):
            units = state[0][k]
            product = (units @ pairs[:, 2]) * (units @ pairs[:, 4 + 2])
            assert torch.allclose(action[k], torch.tanh(product * torch.tensor([1.0, -2.0])), atol=1e-7) and product != 0.0
        after = network(seen, state)[1][0]
        network.get_parameter("recurrent")[1, 8:] = 0.0
        changed = (network(seen, state)[1][0] != after).any(1)
        assert changed.tolist() == [False, True]
    assert plain(seen, plain.initial(2))[0].shape == (2, 2)


def test_no_replicate_clips_the_gradient_of_another():
    def stepped(scales):
        parameter = torch.nn.Parameter(torch.zeros(len(scales), 3))
        optimiser = AdamApart([parameter], lr=0.1, clip=1.0)
        for factor in (1.0, 0.01):
            parameter.grad = factor * torch.tensor(scales)[:, None] * torch.ones(3)
            optimiser.step()
        return parameter.detach()

    assert torch.allclose(stepped([5.0, 1e4])[0], stepped([5.0])[0])
    assert not torch.allclose(stepped([5.0]), stepped([0.1]))  # what is clipped tells


def test_fields_are_drawn_with_mean_0_and_without_curls():
    rng = np.random.default_rng(0)
    drawn = np.array([draw_field(rng) for _ in range(3000)])
    sizes = np.linalg.norm(drawn, axis=(1, 2)) / np.sqrt(2.0)
    assert np.abs(drawn.mean(0)).max() < 0.4 and drawn.std() == pytest.approx(5.0, rel=0.05)
    assert sizes.max() <= STRENGTH and np.mean(sizes < STRENGTH / np.sqrt(2.0)) == pytest.approx(0.5, abs=0.04)
    shares = np.array([curl_share(each) for each in drawn])
    assert shares.max() <= CURL_SHARE < curl_share(CURLS[0]) == pytest.approx(1.0)
    assert np.quantile(shares, 0.95) > 0.7
    new = held_out_fields(0, 4, 4)
    assert (new[4:6] == CURLS).all() and side_of(new)[4:].tolist() == [1.0, -1.0, 1.0, -1.0]
    assert not (held_out_fields(1, 4, 4)[:4] == new[:4]).any() and (held_out_fields(0, 4, 4) == new).all()


def fields_of(table):
    return [None if field is None else field.viscosity for field in table.field]


def test_sessions_have_a_field_each_and_redrawn_ones_one_in_each_trial():
    table, redrawn = training_table(2000, 3), training_table(2000, 3, redrawn=True)
    found = [fields_of(each) for each in (table, redrawn)]
    same = [np.mean([a == b for a, b in zip(each, each[1:], strict=False) if a is not None]) for each in found]
    assert len(table) == len(redrawn) >= 2000 and same[0] > 0.7 and same[1] < 0.05
    assert set(found[0]) - {None} >= {*list(found[1])[:20]} - {None}
    assert {None, *found[0]} != {None} and np.mean(table.channel) == pytest.approx(0.1, abs=0.03)
    assert all(field is None for field, wall in zip(table.field, table.channel, strict=True) if wall)
    assert len(table.blocks) == 1, "the table begins anew after its last trial"


def test_rows_of_a_training_lie_some_sessions_apart(monkeypatch):
    monkeypatch.setattr(training, "LENGTH", 300)
    rows = session_rows(GatedNetworks(6, [0, 1]), SMALL, 0, Place())
    assert 300 <= len(rows.task.table) < 344
    assert rows.rows == 4 and rows.first.tolist() == [0, 120, 240, 360 - len(rows.task.table)]


def test_networks_learn(monkeypatch):
    monkeypatch.setattr(training, "LENGTH", 300)
    network = GatedNetworks(24, [0, 1])
    before = {name: each.clone() for name, each in network.state_dict().items()}
    config = InContextConfig(rows=4, reaching=40, updates=2)
    history = learn(network, config, 0, progress=False)
    assert history["phase"] == [0.0] * 40 + [1.0] * 2 and len(history["loss"]) == 42
    assert np.mean(history["loss"][35:40]) < 0.7 * np.mean(history["loss"][:5])
    assert all((each != before[name]).flatten(1).any(1).all() for name, each in network.state_dict().items())


def test_a_session_in_the_environment_is_the_one_in_tensors():
    network = GatedNetworks(6, [0, 1]).double()
    with torch.no_grad():
        network.get_parameter("action")[:] *= 20.0
    task = {**TASK, "radius": 0.05, "speed_limit": 9.0, "false_start": "ignore", "field": {"viscosity": CURLS[0].tolist()}}
    tensors = TorchReach(ENV, 4, dtype=torch.float64, **task)
    env = gym.make_vec(ENV, num_envs=4, backend="numpy", autoreset_mode=AutoresetMode.DISABLED, **task)
    for forgets in (False, True):
        agent, state = InContextAgent(network, forgets), None
        tensors.reset(3)
        seen, _ = env.reset(seed=3)
        for _ in range(3):
            path = tensors.rollout(network, state)
            state = None if forgets else path.last_state
            agent.reset(np.ones(4, bool))
            for step in range(int(path.going.sum(0).min())):
                before, action = seen, agent.act(seen)
                assert np.allclose(action, path.actions[step].detach(), atol=1e-5)
                seen, reward, terminated, truncated, _ = env.step(action)
                agent.observe(Transition(before, action, reward, seen, terminated, truncated))
            if not path.going.all():
                break
            tensors.next_trials()
            seen, _ = env.reset()


def test_an_agent_forgets_between_independent_trials_and_remembers_in_a_session():
    agent, seen = InContextAgent(GatedNetworks(6, [0])), np.ones((2, 14), np.float32)
    told = Transition(seen, None, None, seen, None, None)
    first, second = np.ones(2, bool), np.array([True, False])
    agent.reset(first)
    fresh = agent.act(seen)
    agent.reset(second)
    action = agent.act(seen)
    assert (action[0] == fresh[0]).all() and (action[1] != fresh[1]).any()
    agent.observe(told)
    agent.reset(second)
    assert (agent.act(seen)[0] != fresh[0]).any()
    forgetful = InContextAgent(GatedNetworks(6, [0]), forgets=True)
    forgetful.observe(told)
    for _ in range(2):
        forgetful.reset(first)
        assert (forgetful.act(seen) == fresh).all()


class Spring(torch.nn.Module):
    """Pulls the hand to the target and remembers in which trial it is; knows no field."""

    replicates = 1

    def __init__(self):
        super().__init__()
        self.trials = []

    def initial(self, rows):
        return torch.zeros(rows, 1)

    def forward(self, seen, state):
        self.trials.append(state[:, 0].max().item())
        return torch.tanh(seen[:, 2:3] * (seen[:, :2] - seen[:, 3:5]) * 0.6 - 0.4 * seen[:, 5:7]), state + 1.0


def test_a_course_is_measured_as_recordings_are():
    spring, keywords = Spring(), {**TASK, "sensory_noise": [0.0, 0.0], "motor_noise": [0.0, 0.0]}
    place = Place(ENV, keywords)
    course = go_through(spring, CURLS, 0, SHORT, place=place)
    walls = np.array([bool(row.channel) for row in SHORT])
    assert course.deviation.shape == course.slope.shape == (1, 2, 8)
    assert np.isnan(course.deviation[..., walls]).all() and np.isnan(course.slope[..., ~walls]).all()
    assert np.abs(course.deviation[..., [0, 6, 7]]).max() < 1e-6
    pushed = course.deviation[0, :, [2, 3, 5]] * side_of(CURLS)
    assert (pushed > 0.004).all() and np.allclose(pushed[:, 0], pushed[:, 1], rtol=0.2)
    assert np.abs(course.slope[0][:, walls]).max() < 0.1
    assert course.targets.shape == (8, 1, 2, 2) and np.allclose(np.linalg.norm(course.targets, axis=-1), 0.1)
    # The same by an agent in the environment, its recording and the functions for recordings.
    for k, field in enumerate(CURLS):
        given = {**keywords, "field": {"viscosity": field.tolist()}, "schedule": probe_table(SHORT, CURLS[k : k + 1], None)}
        recording = record_group(Spring(), ENV, 1, 0, given)[0]
        assert np.abs(deviations(recording)[2]) == pytest.approx(np.abs(course.deviation[0, k, 2]), rel=0.05)
        assert np.abs(channel_compensation(recording).slope[walls]).max() < 0.1


def test_controls_of_a_course():
    spring = Spring()
    go_through(spring, CURLS, 0, SHORT)
    assert max(spring.trials) >= 8 * 24 - 8, "the state goes on from trial to trial"
    reset = Spring()
    go_through(reset, CURLS, 0, SHORT, forgets=True)
    assert max(reset.trials) < 28, "every trial begins with a fresh state"
    plain, shuffled = (fields_of(probe_table(SHORT * 5, CURLS, seed)) for seed in (None, 1))
    half = len(plain) // 2
    assert len({*plain[:half]} - {None}) == len({*plain[half:]} - {None}) == 1
    assert len({*shuffled[:half]} - {None}) == 2 and [a is None for a in plain] == [b is None for b in shuffled]


def test_figures_of_a_course():
    rows = session(
        {"baseline": 6, "adaptation": 40, "washout": 8, "relearning": 8},
        {"baseline": 0.0, "adaptation": 1.0, "washout": 0.0, "relearning": 1.0},
        {"baseline": [2], "adaptation": [30], "washout": 0.0, "relearning": 0.0},
    )
    course = go_through(Spring(), CURLS, 0, rows)
    side = side_of(CURLS)[:, None]
    size = np.concatenate([np.full(6, 0.001), [0.02], np.full(39, 0.005), [-0.008], np.full(7, -0.001), np.full(8, 0.004)])
    course.deviation[:], course.slope[:] = size * side, np.where([row.channel > 0 for row in rows], 0.7, np.nan)
    course.deviation[..., 2] = np.nan
    found, curls = figures_of(course), curl_figures(course)
    assert found == {"baseline": [pytest.approx(1.0)], "first": [20.0], "last": [pytest.approx(5.0)], "left": [pytest.approx(25.0)]}
    assert savings_of(course) == [pytest.approx(1.0)]
    assert {name: float(each[0]) for name, each in curls.items()} == pytest.approx(
        {"error": 19.0, "after-effect": -9.0, "second": -2.0, "compensated": 0.7, "compensated before": 0.7}
    )


def test_a_field_is_read_from_the_memory_where_it_is_there():
    fields = np.array([*held_out_fields(0, memory.FITTED + memory.TESTED, 0), *held_out_fields(0, 0, memory.CURLS)])
    rng = np.random.default_rng(0)
    told = fields.reshape(-1, 4) @ rng.normal(size=(4, 10)) + rng.normal(0.0, 0.1, (len(fields), 10))
    r2, chance, curl = memory._read(told, fields, rng)
    assert r2 > 0.99 and chance < 0.3 and curl == pytest.approx(1.0, abs=0.05)
    r2, _, curl = memory._read(rng.normal(size=told.shape), fields, rng)
    assert r2 < 0.1 and abs(curl) < 0.3
    found = memory.read_memory(GatedNetworks(6, [0, 1]), 0, (1, 2))
    assert found.trials.tolist() == [1, 2] and found.r2.shape == found.chance.shape == found.curl.shape == (2, 2)


def test_settings_are_refused_by_name():
    assert config_from_data(SMALL.to_data()) == SMALL
    for name, value, error in (
        ("units", 0, ValueError), ("products", -1, ValueError), ("rows", 1.5, TypeError), ("trials", 1, ValueError), ("updates", 0, ValueError), ("redrawn", 1, TypeError),
    ):  # fmt: skip
        with pytest.raises(error, match=f"`{name}`"):
            config_from_data({name: value})
    with pytest.raises(ValueError, match="unit"):
        config_from_data({"unit": 3})
