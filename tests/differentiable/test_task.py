"""Tasks as tensors: the numbers of the vector environment, and gradients that finite differences confirm."""

import functools

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.error import ResetNeeded
from gymnasium.vector import AutoresetMode

from reach_gym.differentiable import TorchReach, moving, rows, written
from reach_gym.errors import InvalidActionError, NotApplicableError
from tests.reach.test_events import TABLE

CURSOR, CURL = "reach_gym/CursorReach-v0", "reach_gym/CursorReachCurl-v0"
WAVES = [{"name": "a", "trials": 1, "within": {"period": 0.2, "amplitude": 0.5}}, {"name": "b", "trials": 2, "clamp": 0.5}]
TASKS = {
    "late": (CURL, {"delay": 5}),
    "noisy and turned": ("reach_gym/CursorReachCenterOut-v0", {"sensory_noise": (1e-3, 1e-2), "motor_noise": (0.1, 0.1), "rotation": 30}),
    "laboratory": ("reach_gym/LabReachCenterOut-v0", {}),
    "arm": (CURSOR, {"plant": "two_link_arm", "field": "curl_ccw", "delay": 3}),
    "muscles": (CURSOR, {"plant": "muscle_arm", "observation": "body", "delay": 5, "felt_delay": 2, "felt_noise": 0.01, "field": "curl_ccw"}),
    "lag and dense": (CURSOR, {"plant": "lagged_mass", "reward": "dense", "start": None, "field": "push"}),
    "pixels": (CURSOR, {"observation": "pixels", "reward": "sparse"}),
    "history": (CURSOR, {"history": 3, "delay": 3}),
    "waves and channels": (CURL, {"schedule": WAVES}),
    "events": (CURSOR, {"schedule": TABLE, "field": "curl_ccw", "preset": "lab"}),
}


def compare(env_id, keywords, trials, dtype, same, rows=12):
    """Lets both environments go through some trials with the same actions and compares every number of every step."""
    env = gym.make_vec(env_id, num_envs=rows, autoreset_mode=AutoresetMode.DISABLED, backend="numpy", **keywords)
    task, rng = TorchReach(env_id, rows, dtype=dtype, **keywords), np.random.default_rng(0)
    (seen, _), shown = env.reset(seed=3), task.reset(3)
    succeeded = 0
    for _ in range(trials):
        assert same(seen, shown)
        running = np.ones(rows, bool)
        for t in range(task.longest):
            facts = env.unwrapped.trial_facts()
            wanted = (facts.target - facts.start) * 10 * np.sin(t / 8) * (t > 20) + rng.normal(size=(rows, 2)) * 0.2
            if len(task.task.plant.low) == 6:
                wanted = np.abs(wanted @ np.ones((2, 6))) * rng.uniform(size=6) * 0.2
            env.unwrapped._done[:] = False  # both move rows on whose trial has ended
            seen, reward, terminated, truncated, info = env.step(wanted)
            step = task.step(torch.from_numpy(wanted).to(dtype))
            pairs = [
                (seen, step.observation), (np.where(running, reward, 0.0), step.reward), (terminated, step.terminated),
                (truncated, step.truncated),
                *((info[name], part) for names, parts in (
                    (("hand_x", "hand_y", "hand_vx", "hand_vy"), step.hand), (("cursor_x", "cursor_y"), step.cursor),
                    (("force_x", "force_y"), step.force),
                ) for name, part in zip(names, parts.T, strict=False)),
            ]
            for numpy, tensor in pairs:
                assert same(numpy[running], tensor[torch.from_numpy(running)]), t
            running &= ~(terminated | truncated)
            assert (task.done.numpy() == ~running).all()
            if not running.any():
                break
        assert not running.any()
        succeeded += info["is_success"].sum()
        env.unwrapped._done[:] = True
        (seen, _), shown = env.reset(), task.next_trials()


def equal(numpy, tensor):
    return (tensor.detach().numpy().astype(numpy.dtype) == numpy).all()


@pytest.mark.parametrize(("name", "fast"), [*((name, True) for name in TASKS), ("late", False), ("events", False)])
def test_every_number_is_the_environments(name, fast):
    env_id, keywords = TASKS[name]
    compare(env_id, keywords, 21 if name == "events" and fast else 3, torch.float64, equal, rows=3 if name == "events" else 12)


def test_each_row_begins_with_the_trial_that_it_is_told():
    first = np.array([0, 5, 2])
    task, env = TorchReach(CURL, 3, dtype=torch.float64, first=first), gym.make_vec(CURL, num_envs=3, backend="numpy")
    for shown, trial in ((task.reset(3), 0), (task.next_trials(), 1), (task.reset(3, trial=[1, 0, 4]), [1, 0, 4])):
        seen, _ = env.reset(seed=3, options={"trial": first + trial})
        assert equal(seen, shown)
    for wrong, error in (([0, 1], ValueError), (-1, ValueError), (1.5, TypeError), ("a", TypeError)):
        with pytest.raises(error, match="`first`"):
            TorchReach(CURL, 3, first=wrong)


@pytest.mark.parametrize("name", ["late", "arm", "noisy and turned"])
def test_single_precision_is_close(name):
    env_id, keywords = TASKS[name]
    task, exact = (TorchReach(env_id, 8, dtype=dtype, **keywords) for dtype in (torch.float32, torch.float64))
    task.reset(1), exact.reset(1)
    # What feeds back as if a hand pushed along x and y would throw the arm about.
    acts = aim if name == "arm" else follow
    path, known = task.rollout(acts), exact.rollout(acts)
    assert path.hand.dtype == torch.float32 and known.hand.dtype == torch.float64
    assert (path.hand - known.hand).abs().max() < 1e-5 and (path.force - known.force).abs().max() < 1e-3
    assert (known.hand[-1, :, :2] - known.start).abs().max() > 0.01


def follow(observation):
    """A feedback controller as a function without a state."""
    return observation[:, 2:3] * (0.4 * (observation[:, :2] - observation[:, 3:5]) - 0.3 * observation[:, 5:7])


def aim(observation):
    """The same without feedback."""
    return observation[:, 2:3] * 0.05 * observation[:, :2]


class Gru(torch.nn.Module):
    def __init__(self, inputs=14, units=6, outputs=2):
        super().__init__()
        self.cell, self.out = torch.nn.GRUCell(inputs, units), torch.nn.Linear(units, outputs)

    def initial(self, rows):
        return self.out.weight.new_zeros(rows, self.cell.hidden_size)

    def forward(self, observation, state):
        state = self.cell(observation, state)
        return torch.tanh(self.out(state)), state


def module(seed=0, **sizes):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Gru(**sizes).double()


GRADIENTS = {
    "curl": (CURL, {"delay": 5}),
    "arm": (CURSOR, {"plant": "two_link_arm", "field": "curl_ccw", "delay": 5}),
    "lag, noise, rotation": (CURL, {"plant": "lagged_mass", "rotation": 40, "motor_noise": (0.1, 0.2), "sensory_noise": (1e-3, 1e-2), "history": 2, "delay": 2}),
    "clamped cursor, jumps, bars": (CURSOR, {"schedule": TABLE, "field": "curl_ccw"}),
}


# The automatic derivative of the arm takes seconds, and is compared to the written one below.
@pytest.mark.parametrize(
    ("name", "fast"), [*((name, True) for name in GRADIENTS), *((name, False) for name in GRADIENTS if name != "arm")]
)
def test_gradients_are_those_of_finite_differences(name, fast):
    env_id, keywords = GRADIENTS[name]
    task = TorchReach(env_id, 6, dtype=torch.float64, fast=fast, **keywords)
    network = module(inputs=task.reset(0).shape[1])
    with torch.no_grad():
        network.out.weight *= 3.0
    steps = 50

    def loss():
        path = task.rollout(network, steps=steps, rewards=True)
        return ((path.cursor[..., :2] - path.target).square().sum(-1) + 0.1 * path.actions.square().sum(-1) - 1e-3 * path.rewards
                + 1e-3 * path.force.square().sum(-1)).mean()

    for trial in (0, 13):  # trial 13 of the table has a clamped cursor
        task.reset(0, trial=trial)
        gradients = torch.autograd.grad(loss(), list(network.parameters()))
        generator = torch.Generator().manual_seed(trial)
        way = [torch.randn(each.shape, generator=generator, dtype=torch.float64) for each in gradients]
        slope, size, ends = sum((one * other).sum() for one, other in zip(gradients, way)), 1e-6, []
        for sign in (1, -1):
            with torch.no_grad():
                for weight, part in zip(network.parameters(), way):
                    weight += sign * size * part
                task.reset(0, trial=trial)
                ends.append(loss())
                for weight, part in zip(network.parameters(), way):
                    weight -= sign * size * part
        assert slope.isfinite() and slope != 0
        assert slope.item() == pytest.approx(((ends[0] - ends[1]) / (2 * size)).item(), rel=2e-5)


@pytest.mark.parametrize("plant", ["point_mass", "lagged_mass", "two_link_arm"])
def test_the_written_derivative_is_the_automatic_one(plant):
    found = []
    for fast in (True, False):
        task = TorchReach(CURL, 5, dtype=torch.float64, fast=fast, plant=plant)
        task.reset(2)
        network = module()
        path = task.rollout(network, steps=25)
        found.append(torch.autograd.grad(path.hand.square().sum() + path.force.sum(), list(network.parameters())))
    for one, other in zip(*found):
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-12) and one.abs().max() > 0


def outcome(name):
    env_id, keywords = TASKS[name]
    task = TorchReach(env_id, 3, dtype=torch.float64, **keywords)
    task.reset(1)
    network = module()
    path = task.rollout(network, steps=60, rewards=True)
    loss = path.hand.square().sum() + path.rewards.sum() + path.observations.sum() + path.force.sum()
    return path.hand, path.observations, path.rewards, *torch.autograd.grad(loss, list(network.parameters()))


@pytest.mark.parametrize("way", ["without numba", "on another device"])
def test_it_is_the_same(way, monkeypatch):
    known = outcome("late")
    if way == "without numba":
        monkeypatch.setattr(written, "_compiled", lambda text: None)
        for name in ("written_rules", "_written_command", "_written_plant"):
            monkeypatch.setattr(moving, name, functools.lru_cache(getattr(moving, name).__wrapped__))
    else:  # blocks are tensors there
        for each in (moving, rows):
            monkeypatch.setattr(each, "block_of", lambda tensor: tensor.detach().contiguous())
    for one, other in zip(outcome("late"), known, strict=True):
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-12)
    compare(*TASKS["events"], 1, torch.float64, equal, rows=2)


def test_gradients_end_where_a_rule_ends_them():
    task = TorchReach(CURSOR, 2, dtype=torch.float64)
    task.reset(0)
    action = torch.tensor([[0.5, 0.5], [1.5, -0.5]], dtype=torch.float64, requires_grad=True)  # one number is clipped
    hand = task.step(action).hand
    (gradient,) = torch.autograd.grad(hand.sum(), action)
    assert (gradient != 0).tolist() == [[True, True], [False, True]]
    strong = torch.ones(2, 2, dtype=torch.float64, requires_grad=True)
    for _ in range(60):
        hand = task.step(strong).hand
    assert hand[:, 0].tolist() == [task.task.arena] * 2  # at the wall
    (gradient,) = torch.autograd.grad(hand.sum(), strong)
    assert (gradient == 0).all()


def test_trials_are_the_environments_own():
    task = TorchReach(CURL, 3, delay=2, motor_noise=(0.5, 0.0))
    task.reset(4), task.next_trials()
    second = task.rollout(follow)
    task.reset([4, 5, 6], trial=1)
    again = task.rollout(follow)
    assert (second.hand == again.hand).all() and (second.go == again.go).all()


def test_the_next_trial_begins_in_some_rows():
    keywords = {"delay": 4, "motor_noise": (0.5, 0.0), "history": 1}
    task, whole = (TorchReach(CURL, 3, **keywords) for _ in range(2))
    whole.reset(7)
    first = whole.rollout(follow, steps=60)
    whole.next_trials()
    second = whole.rollout(follow, steps=40)
    task.reset(7)
    begun = task.rollout(follow, steps=20)
    task.next_trials(np.array([False, True, False]))
    rest = task.rollout(follow, steps=40)
    assert (begun.hand == first.hand[:20]).all()
    assert (rest.hand[:, [0, 2]] == first.hand[20:, [0, 2]]).all() and (rest.hand[:, 1] == second.hand[:, 1]).all()
    assert (rest.observations[:, [0, 2]] == first.observations[20:, [0, 2]]).all()
    assert (rest.observations[:, 1] == second.observations[:, 1]).all()
    assert rest.step[0].tolist() == [21, 1, 21]


def test_a_trial_that_has_ended_is_moved_on_without_a_reward():
    task = TorchReach(CURSOR, 8)
    task.reset(0)
    path = task.rollout(follow, rewards=True)
    ends = path.going.sum(0)
    assert path.success.any() and (ends[path.success] < len(path.hand)).all()
    assert path.rewards[~path.going].abs().max() == 0 and path.hand[-1].isfinite().all()
    assert (path.rewards[path.going & (path.since_cue > 20)] != 0).all() and bool(task.done.all())
    with pytest.raises(ResetNeeded, match="longest"):
        task.step(torch.zeros(8, 2))


def test_no_gradient_flows_back_over_detach():
    task = TorchReach(CURL, 2, delay=3, dtype=torch.float64)
    task.reset(0)
    action = torch.full((2, 2), 0.1, dtype=torch.float64, requires_grad=True)
    task.step(action)
    task.detach()
    for _ in range(4):
        step = task.step(action * 0.0)
    assert torch.autograd.grad(step.observation.sum(), action)[0].abs().max() == 0


def test_what_cannot_be_is_refused():
    with pytest.raises(NotApplicableError, match="GridReach"):
        TorchReach("reach_gym/GridReach-v0")
    with pytest.raises(NotApplicableError, match="goal"):
        TorchReach(CURSOR, observation="goal", reward="sparse")
    with pytest.raises(ValueError, match="dtype.*float16"):
        TorchReach(CURSOR, dtype=torch.float16)
    with pytest.raises(ValueError, match="`rows`.*0"):
        TorchReach(CURSOR, 0)
    with pytest.raises(TypeError, match="strength"):
        TorchReach(CURSOR, strength=3)
    task = TorchReach(CURSOR, 2)
    for call in (task.next_trials, task.detach, lambda: task.step(torch.zeros(2, 2)), lambda: task.rollout(follow)):
        with pytest.raises(ResetNeeded, match="reset"):
            call()
    task.reset(0)
    for action in (torch.zeros(3, 2), torch.tensor([[0.0, float("nan")]] * 2), [[0.0, 0.0]] * 2):
        with pytest.raises(InvalidActionError, match="action"):
            task.step(action)
    with pytest.raises(ValueError, match="`steps`"):
        task.rollout(follow, steps=0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("name", ["late", "arm", "events"])
def test_the_same_on_cuda(name, fast):
    env_id, keywords = TASKS[name]
    found = []
    for device in ("cpu", "cuda"):
        task = TorchReach(env_id, 5, device=device, dtype=torch.float64, fast=fast, **keywords)
        task.reset(1)
        network = module().to(device)
        path = task.rollout(network, rewards=True)
        gradients = torch.autograd.grad(path.hand.square().sum(), list(network.parameters()))
        found.append([each.cpu() for each in (path.hand, path.observations, path.rewards, *gradients)])
    for one, other in zip(*found):
        assert torch.allclose(one, other, rtol=1e-6, atol=1e-9)
