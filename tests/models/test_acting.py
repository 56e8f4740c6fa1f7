"""Models in the environments: they learn as they do on paper, show an after-effect and decay in channels."""

import gymnasium as gym
import numpy as np
import pytest

from reach_gym.acting.protocol import LEARNERS, Transition, carries_nothing_over, load_agent
from reach_gym.errors import NotApplicableError
from reach_gym.models import Contextual, ManySlow, OneState, TwoState
from reach_gym.models.acting import ModelAgent
from reach_gym.models.deviation import yardstick
from reach_gym.planning import OptimalFeedback
from reach_gym.recording import adaptation, record

CENTER_OUT, LAB, GRID = (f"reach_gym/{name}-v0" for name in ("CursorReachCenterOut", "LabReachCenterOut", "GridReach"))


def rows_of(env_id, count, **keywords):
    # One loop of Numba would take longer to compile than all trials of these tests.
    return gym.make_vec(env_id, num_envs=count, backend="numpy", **keywords)


def block(name, trials, gain=1.0, clamp=0.0):
    return {"name": name, "trials": trials, "gain": gain, "clamp": clamp}


def learn(agent, env, trials, seed=1):
    """Plans (rows, trials) of an agent that goes through a session in every row of a vector environment."""
    observations, _ = env.reset(seed=seed)
    plans = [[] for _ in range(env.num_envs)]
    starts = np.ones(env.num_envs, bool)
    while min(map(len, plans)) < trials:
        if starts.any():
            agent.reset(starts)
        seen, actions = observations, agent.act(observations)
        observations, rewards, terminated, truncated, _ = env.step(actions)
        starts = terminated | truncated
        for row in np.flatnonzero(starts):
            plans[row].append(agent.planned[row])
        agent.observe(Transition(seen, actions, rewards, observations, terminated, truncated))
    return np.array([each[:trials] for each in plans])


def test_two_states_act_as_they_do_on_paper():
    schedule = [block("baseline", 4, 0.0), block("learn", 40, clamp=0.2), block("washout", 2, 0.0), block("again", 4), block("clamp", 12, 0.0, 1.0)]
    done = record("two_state", CENTER_OUT, env_kwargs={"schedule": schedule}, session=True, observe=False)
    push = np.where(done.channel, 0.0, np.nan_to_num(done.gain).max(axis=1))
    paper, shown = TwoState().simulate(push, done.channel), adaptation(done)
    assert shown[done.channel] == pytest.approx(paper[done.channel], abs=0.03)
    clamp = shown[-12:]
    assert (np.diff(clamp) < 0).all() and clamp[0] > 0.4  # what was learned decays where there are no errors
    off = 1000 * done.measures("cursor")["max_deviation"]
    first = 4 + int((~done.channel[4:]).argmax())
    assert abs(off[:4]).max() < 0.1 and off[first] > 15 and off[44] < -8  # straight, pushed aside, after-effect to the other side


def test_it_comes_to_the_asymptote_of_the_model():
    quick = OneState(0.9, 0.4)
    env = rows_of(CENTER_OUT, 3, schedule=[block("learn", 20)])
    plans = learn(ModelAgent(env, quick), env, 20)
    assert plans[:, 0] == pytest.approx(0.0) and plans[:, -1] == pytest.approx(quick.asymptote, abs=0.05)
    assert plans == pytest.approx(np.tile(plans[0], (3, 1)), abs=0.02)


def test_catch_trials_are_errors_of_what_was_expected_and_channels_none():
    model = OneState(1.0, 0.5)
    env = rows_of(CENTER_OUT, 1, schedule=[block("a", 4), block("off", 1, 0.0), block("channel", 2, 0.0, 1.0)])
    plans = learn(ModelAgent(env, model), env, 7)[0]
    assert plans == pytest.approx([0.0, 0.5, 0.75, 0.875, 0.9375, 0.469, 0.469], abs=0.04)


def test_a_rotation_is_learned_too():
    env = rows_of(CENTER_OUT, 2, field=None, rotation=30.0, schedule=[block("a", 12), block("off", 1, 0.0), block("end", 1, 0.0)])
    plans = learn(ModelAgent(env, OneState(1.0, 0.5)), env, 14)[0]
    assert plans[12] == pytest.approx(1.0, abs=0.06) and plans[13] == pytest.approx(0.5, abs=0.12)


def test_fields_of_the_other_sign_and_of_a_task_that_has_only_one_in_its_session():
    env = rows_of(CENTER_OUT, 1, schedule=[block("a", 12, -1.0)])
    assert learn(ModelAgent(env, OneState(1.0, 0.5)), env, 12)[0, -1] == pytest.approx(-1.0, abs=0.05)
    named = [{**block("a", 8), "field": "curl_cw"}]
    env = rows_of(CENTER_OUT, 1, field=None, schedule=named)
    assert learn(ModelAgent(env, OneState(1.0, 0.5)), env, 8)[0, -1] == pytest.approx(1.0, abs=0.05)


def test_a_person_like_hand_learns_too():
    env = rows_of(LAB, 4, schedule=[block("a", 9)])
    plans = learn(ModelAgent(env, OneState(0.9, 0.4)), env, 9)
    assert plans[:, -3:].mean() == pytest.approx(OneState(0.9, 0.4).asymptote, abs=0.1)


def test_without_being_told_what_came_of_it_nobody_learns():
    done = record("two_state", CENTER_OUT, 6, env_kwargs={"schedule": [block("a", 5)]})
    naive = record("naive", CENTER_OUT, 6, env_kwargs={"schedule": [block("a", 5)]})
    off = [each.measures("cursor")["max_deviation"] for each in (done, naive)]
    assert off[0] == pytest.approx(off[1], rel=0.05)


def test_in_a_task_without_a_perturbation_there_is_nothing_to_learn():
    env = rows_of("reach_gym/CursorReach-v0", 2)
    assert yardstick(env.unwrapped) is None
    assert not learn(ModelAgent(env), env, 3).any()


def test_who_expects_the_right_share_moves_straight():
    for env_id, most in ((CENTER_OUT, 0.1), (LAB, 0.5)):
        found = yardstick(gym.make(env_id).unwrapped)
        assert 1000 * abs(found.right).max() < most and 20 < 1000 * found.unit.min() < 1000 * found.unit.max() < 40


def test_a_share_can_be_expected_without_a_model():
    env = rows_of(CENTER_OUT, 3, schedule=None)
    agent, off = OptimalFeedback(env, np.array([0.0, 0.5, 1.0])), np.zeros(3)
    observations, info = env.reset(seed=[5, 5, 5])
    agent.reset(np.ones(3, bool))
    assert agent.act(observations).shape == (3, 2) and agent.facts.scale[:, 0] == pytest.approx([0.0, 0.5, 1.0])
    target = agent.facts.target[0] / np.linalg.norm(agent.facts.target[0])
    for _ in range(90):
        observations, _, terminated, truncated, info = env.step(agent.act(observations))
        if (terminated | truncated).any():
            break
        side = target[0] * info["hand_y"] - target[1] * info["hand_x"]
        off = np.where(abs(side) > abs(off), side, off)
    assert off[0] > 1.7 * off[1] > 0 and abs(off[2]) < 1e-3


def test_names():
    env = rows_of(CENTER_OUT, 2)
    for name in LEARNERS:
        agent = load_agent(name, env)
        assert isinstance(agent, ModelAgent) and not carries_nothing_over(name) and carries_nothing_over("naive")
    assert isinstance(load_agent("contextual", env).model, Contextual) and isinstance(load_agent("many_slow", env).model, ManySlow)


def test_contexts_act():
    env = rows_of(CENTER_OUT, 2, schedule=[block("a", 16), block("channel", 3, 0.0, 1.0)])
    plans = learn(ModelAgent(env, Contextual(particles=40)), env, 19)
    assert (plans[:, 15] > 0.3).all() and (abs(plans[:, 17:] - plans[:, 16:17]) < 0.3).all()


def test_the_same_seed_gives_the_same_plans():
    def plans(seed):
        env = rows_of(CENTER_OUT, 2, schedule=[block("a", 4)])
        return learn(ModelAgent(env, seed=seed, planning_noise=0.1), env, 4)

    assert np.array_equal(plans(1), plans(1)) and not np.array_equal(plans(1), plans(2))


def test_what_cannot_be_is_refused():
    with pytest.raises(NotApplicableError, match="cursor reach"):
        ModelAgent(rows_of(GRID, 1))
    env = rows_of(CENTER_OUT, 1)
    with pytest.raises(TypeError, match="`model` must be a model"):
        ModelAgent(env, "two_state")
    with pytest.raises(ValueError, match="`planning_noise`"):
        ModelAgent(env, planning_noise=-1.0)
