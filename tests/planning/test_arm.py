"""The controllers of arms: what the model says against the plant, textbook paths of the hand, latency, channels, muscles."""

import copy
import functools
import pickle
from types import SimpleNamespace

import numpy as np
import pytest

from reach_gym.acting import rollout
from reach_gym.errors import NotApplicableError
from reach_gym.evaluation import evaluate
from reach_gym.fields import CURSOR_PRESETS
from reach_gym.planning import AdaptedAgent, IdealAgent, NaiveAgent, OptimalFeedback
from reach_gym.planning.arm_model import ArmModel, felt
from reach_gym.planning.arm_plans import PlanBook, Wanted
from reach_gym.planning.minimum_jerk import Profile, minimum_jerk, onward
from reach_gym.planning.muscles import excitations_for, exerted, least_effort, torques_for_hand_force
from reach_gym.plants.muscle_arm import MuscleArm
from reach_gym.plants.two_link_arm import TwoLinkArm

DT = 0.01
CATCH, CHANNEL = ([{"name": "a", "trials": 1, kind: 1.0}] for kind in ("catch", "clamp"))
CURL = {"field": "curl_ccw", "targets": "center-out"}
LATE = {"delay": 6, "plant": {"kind": "two_link_arm", "force_lag": 0.04}, "max_episode_steps": 250}


@functools.cache
def _tried(agent, rows, items):
    env = rollout.make_rows("reach_gym/CursorReach-v0", rows, {"max_episode_steps": 200} | pickle.loads(items))
    actor, (observation, _) = agent(env), env.reset(seed=rollout.held_out(0))
    facts = env.unwrapped.trial_facts()
    facts = facts._replace(target=facts.target.copy())  # the next trial writes over it
    start, way = facts.start.copy(), facts.target - facts.start
    way /= np.linalg.norm(way, axis=1, keepdims=True)
    left = np.stack([-way[:, 1], way[:, 0]], axis=1)
    actor.reset(np.ones(rows, bool))
    left_over = np.zeros(rows)
    alive, success, paths, paces, forces = np.ones(rows, bool), np.zeros(rows, bool), [], [], []
    while alive.any():
        observation, _, done, stopped, info = env.step(actor.act(observation))
        hand, pace, force = (np.stack([info[f"{name}x"], info[f"{name}y"]], axis=1) for name in ("hand_", "hand_v", "force_"))
        left_over = np.where(alive, np.linalg.norm(hand - facts.target, axis=1), left_over)
        for kept, each in ((paths, hand - start), (paces, pace), (forces, force)):
            kept.append(np.where(alive[:, None], each, 0.0))
        success, alive = success | (alive & done), alive & ~(done | stopped)
    env.close()
    speed = np.linalg.norm(paces, axis=2)
    aside = (np.array(paths) * left).sum(axis=2)
    bent = aside[speed.argmax(axis=0), np.arange(rows)]
    return SimpleNamespace(
        success=success, left=left_over, bent=bent, aside=abs(aside).max(axis=0), speed=speed, pressed=(np.array(forces) * left).sum(axis=2), way=way
    )


def tried(agent, plant="two_link_arm", rows=16, **more):
    """What became of held-out trials.

    Returns: `success`; `bent`, the signed distance of the straight way at peak speed, left positive; `aside`, the greatest one; `left`, the distance of the target at the end; `way`, the
    unit vectors from start to target (all (rows, ...)); and by step `speed` and `pressed`, the field's force to the left.
    """
    return _tried(agent, rows, pickle.dumps({"plant": plant} | more))


# The model


def test_torques_of_the_path_and_its_jacobian_are_those_of_the_plant():
    arm = TwoLinkArm()
    model, params = ArmModel(arm, DT), arm.params(1e-4, 1.0)
    generator = np.random.default_rng(0)
    hand = np.concatenate([generator.uniform(-0.1, 0.1, (9, 2)), generator.uniform(-0.5, 0.5, (9, 2))], axis=1)
    wanted = generator.uniform(-8, 8, (9, 2))
    torque, jacobian, per = model.torques(hand, wanted)
    joints = model.joints(hand)
    assert np.stack(arm.hand((*joints.T, 0.0, 0.0), params), axis=1) == pytest.approx(hand, abs=1e-12)
    after, _, _ = arm.step((*joints.T, *torque.T), tuple(torque.T), 0.0, None, params)
    gained = (np.stack(arm.hand(after, params), axis=1) - hand)[:, 2:] / 1e-4
    assert gained == pytest.approx(wanted, abs=0.02)  # the velocity turns within the step
    more, _, _ = model.torques(hand, wanted + np.eye(9, 2))
    assert more - torque == pytest.approx((per @ np.eye(9, 2)[:, :, None])[:, :, 0])
    nudged = (model.joints(hand + [1e-6, 0, 0, 0]) - joints)[:, :2] / 1e-6
    assert (jacobian @ nudged[:, :, None])[:, :, 0] == pytest.approx(np.tile([1.0, 0.0], (9, 1)), abs=1e-4)


@pytest.mark.parametrize("lag", [0.0, 0.04])
def test_the_linear_model_is_a_step_of_the_plant(lag):
    model = ArmModel(TwoLinkArm(force_lag=lag), DT)
    generator = np.random.default_rng(1)
    state = generator.uniform(-0.1, 0.1, (5, model.size)) * ([1, 1, 4, 4, 20, 20][: model.size])
    command = generator.uniform(-3, 3, (5, 2))
    around = felt(np.tile(CURSOR_PRESETS["curl_ccw"].numbers, (5, 1)), np.full(5, 0.5), state[:, :2])
    a, b, c = model.linear(state, command, around)
    small, more, push = (1e-3 * generator.normal(size=(5, n)) for n in (model.size, 2, 2))
    pushed = around.copy()
    pushed[:, 4:6] += push
    moved = model.step(state + small, command + more, pushed) - model.step(state, command, around)
    linear = sum((matrix @ by[:, :, None])[:, :, 0] for matrix, by in ((a, small), (b, more), (c, push)))
    assert moved == pytest.approx(linear, abs=3e-5) and abs(moved).max() > 1e-3


def test_a_field_around_a_place_is_the_field_there():
    field = np.array([CURSOR_PRESETS["saddle"].numbers, CURSOR_PRESETS["curl_cw"].numbers])
    place = np.array([[0.02, 0.03], [0.0, -0.1]])
    around = felt(field, np.array([2.0, -1.0]), place, np.array([[1.0, 0.0], [0.0, 3.0]]))
    assert around[0, 6:10] == pytest.approx(2 * field[0, 6:10]) and around[1, 6:10] == pytest.approx(-field[1, 6:10])
    assert around[0, 4] - 2 * field[0, 4] == pytest.approx(1.0) and around[1, 5] == pytest.approx(3.0 - field[1, 5])
    assert np.isinf(around[:, :4]).all()


def test_a_movement_goes_on_from_where_the_hand_is():
    time, rest, target = np.linspace(0, 0.5, 6)[None], np.zeros((1, 2)), np.array([[0.1, -0.05]])
    for ours, theirs in zip(onward(time, Profile(rest, rest, rest), target, np.array([0.5])), minimum_jerk(time[0], rest, target, 0.5), strict=True):
        assert ours[0] == pytest.approx(theirs, abs=1e-12)
    begin = Profile(np.array([[0.01, 0.02]]), np.array([[0.3, -0.1]]), np.array([[2.0, 1.0]]))
    path = onward(time, begin, target, np.array([0.5]))
    for part, first, last in zip(path, begin, (target, rest, rest), strict=True):
        assert part[:, 0] == pytest.approx(first) and part[:, -1] == pytest.approx(last, abs=1e-12)


def test_plans_that_are_solved_together_are_those_solved_alone():
    field, rest = np.array(CURSOR_PRESETS["curl_ccw"].numbers), np.zeros((3, 2))
    wanted = [Wanted(rest, np.array([0.01 * n, 0.05]), n, field, np.ones(n + 1)) for n in (0, 17, 40, 0, 33)]
    together = PlanBook(ArmModel(TwoLinkArm(), DT), 20.0).plans(wanted)
    for one, plan in zip(wanted, together, strict=True):
        (alone,) = PlanBook(ArmModel(TwoLinkArm(), DT), 20.0).plans([one])
        assert len(plan.hand) == one.steps + 1 and all(map(np.array_equal, plan, alone))


# The textbook


@pytest.mark.parametrize("plant", ["two_link_arm", "muscle_arm"])
@pytest.mark.parametrize("field", ["null", "curl_ccw"])
def test_who_knows_the_field_goes_straight_to_every_target(plant, field):
    result = tried(IdealAgent, plant, field=field)
    assert result.success.all() and result.aside.max() < 0.001


@pytest.mark.parametrize("plant", ["two_link_arm", "muscle_arm"])
def test_hooks_and_their_mirror_image_in_catch_trials(plant):
    first, after = tried(NaiveAgent, plant, 8, **CURL), tried(AdaptedAgent, plant, 8, **CURL, schedule=CATCH)
    # Counter-clockwise the field pushes to the left.
    assert (first.bent > 0.003).all() and (after.bent < -0.003).all() and first.success.all()
    assert np.all((-after.bent / first.bent > 0.5) & (-after.bent / first.bent < 2))
    assert tried(IdealAgent, plant, 8, **CURL, schedule=CATCH).aside.max() < 0.001
    assert tried(NaiveAgent, plant, 8, targets="center-out").aside.max() < 0.001


def test_the_arm_bends_more_where_its_hand_is_lighter():
    result = tried(NaiveAgent, rows=16, **CURL)
    arm = TwoLinkArm()
    mobility = arm.mobility(*arm.start(0.0, 0.0, arm.bones)[:2])
    left = np.stack([-result.way[:, 1], result.way[:, 0]], axis=1)
    assert np.corrcoef(result.bent, np.einsum("ni,ij,nj->n", left, mobility, left))[0, 1] > 0.9


@pytest.mark.parametrize("plant", ["two_link_arm", "muscle_arm"])
@pytest.mark.parametrize("share", [0.4, 1.0])
def test_in_a_channel_it_presses_with_the_share_that_it_expects(plant, share):
    result = tried(functools.partial(OptimalFeedback, belief=share), plant, 8, **CURL, schedule=CHANNEL)
    push = 13.0 * result.speed
    # The walls push against the hand, which pushes against the field: to the right, and is held from the left.
    pressed = (result.pressed * push).sum(axis=0) / (push * push).sum(axis=0)
    # The walls yield by less than a millimetre, and feedback takes back a little of what pushes the hand there.
    assert np.all((pressed > 0.87 * share) & (pressed < 1.02 * share))
    assert result.aside.max() < 0.002


@pytest.mark.parametrize("kwargs", [
    {"field": "saddle"}, {"field": "push"}, {"field": {"stiffness": [[-60, 0], [0, -60]], "origin": [0.02, 0.01]}},
    {"field": {"push": [2, -3], "region": [0.02, None, None, None]}}, {"rotation": 30.0}, {"start": (0.03, -0.05)},
    {"plant": {"kind": "two_link_arm", "arm": "shadmehr_mussa_ivaldi_1994"}},
    {"field": "curl_ccw", "schedule": [{"name": "a", "trials": 1, "within": {"amplitude": 0.5, "period": 0.4}}]},
], ids=str)  # fmt: skip
def test_the_ideal_agent_knows_the_arm(kwargs):
    result = tried(IdealAgent, kwargs.get("plant", "two_link_arm"), 16, **{k: v for k, v in kwargs.items() if k != "plant"})
    assert result.success.all()


# Latency, noise and lag


@pytest.mark.parametrize("field", ["null", "curl_ccw"])
def test_late_senses_and_a_lag_hardly_matter_to_who_knows_the_field(field):
    result = tried(AdaptedAgent, rows=12, field=field, **LATE)
    assert result.success.all() and result.aside.max() < 0.004


def test_under_the_noise_of_a_laboratory():
    results = [tried(agent, rows=12, preset="lab_arm", field=field) for agent, field in ((IdealAgent, "curl_ccw"), (NaiveAgent, "null"))]
    assert all(result.success.mean() > 0.9 for result in results)


def test_late_and_naive_an_arm_with_the_damping_of_a_person_is_disturbed_and_stable():
    lab = {"preset": "lab", **CURL, "plant": {"kind": "two_link_arm", "arm": "shadmehr_mussa_ivaldi_1994", "force_lag": 0.04}}
    naive, adapted, catch = (
        tried(agent, rows=8, **lab, **more) for agent, more in ((NaiveAgent, {}), (AdaptedAgent, {}), (AdaptedAgent, {"schedule": CATCH}))
    )
    assert adapted.success.all() and adapted.aside.max() < 0.005
    for result, sign in ((naive, 1), (catch, -1)):
        assert (sign * result.bent > 0.005).all() and result.aside.max() < 0.06
        assert result.left.max() < 0.03


# The muscles


def test_muscles_exert_the_torques_that_are_wanted():
    arm = MuscleArm()
    params, generator = arm.params(DT, 1.0), np.random.default_rng(2)
    state = np.stack(arm.start(*generator.uniform(-0.1, 0.1, (2, 50)), params))
    state[4:] = generator.uniform(0.1, 0.4, (6, 50))
    wanted = exerted(state[4:].T, state[:4], params, arm).sum(axis=2) + generator.uniform(-1, 1, (50, 2))
    excitation = excitations_for(wanted, state, params, arm)
    assert excitation.min() >= 0 and excitation.max() <= 1
    after, _, _ = arm.step(tuple(state), tuple(excitation.T), 0.0, None, params)
    off = abs(exerted(np.stack(after[4:], axis=1), after[:4], params, arm).sum(axis=2) - wanted).max(axis=1)
    assert np.median(off) < 0.1 and np.quantile(off, 0.9) < 0.5


def test_activations_have_the_least_squares_of_all_that_do():
    from scipy.optimize import minimize

    generator = np.random.default_rng(3)
    slope = np.array([[1, -1, 0, 0, 1, -1], [0, 0, 1, -1, 1, -1]]) * generator.uniform(5, 40, (20, 2, 6))
    low, high = generator.uniform(0, 0.1, (20, 6)), generator.uniform(0.3, 1, (20, 6))
    torque = (slope * generator.uniform(low, high)[:, None]).sum(axis=2)
    found = least_effort(slope, torque, low, high)
    assert (slope * found[:, None]).sum(axis=2) == pytest.approx(torque, abs=0.05)
    for i in range(20):
        limits = list(zip(low[i], high[i], strict=True))
        bound = {"type": "eq", "fun": lambda a, i=i: slope[i] @ a - slope[i] @ found[i]}
        best = minimize(lambda a: a @ a, high[i], bounds=limits, constraints=[bound], tol=1e-10).x
        assert found[i] @ found[i] == pytest.approx(best @ best, rel=1e-3)
    nearest = least_effort(slope, 1000.0 * np.ones((20, 2)), low, high)  # more than they can do
    assert ((nearest >= low) & (nearest <= high)).all() and nearest[:, [0, 2]] == pytest.approx(high[:, [0, 2]])


def test_a_force_at_the_hand_is_a_torque_of_equal_power():
    arm = TwoLinkArm()
    params, generator = arm.params(DT, 1.0), np.random.default_rng(4)
    state = np.stack([*arm.start(*generator.uniform(-0.1, 0.1, (2, 5)), params)[:2], *generator.normal(size=(2, 5)), *np.zeros((2, 5))])
    force = generator.normal(size=(5, 2))
    torque = torques_for_hand_force(force, state, params)
    assert (torque * state[2:4].T).sum(axis=1) == pytest.approx((force * np.stack(arm.hand(state, params)[2:], axis=1)).sum(axis=1))


# The protocol


def test_the_scalar_environment_is_a_row_and_a_pickle_goes_on():
    import gymnasium as gym

    for plant in ("two_link_arm", "muscle_arm"):  # the second one's functions are none of a module
        kwargs = {"plant": plant, "field": "curl_ccw"}
        env, rows = gym.make("reach_gym/CursorReach-v0", **kwargs), rollout.make_rows("reach_gym/CursorReach-v0", 20, kwargs)
        single, many = IdealAgent(env), IdealAgent(rows)
        seen, (all_seen, _) = env.reset(seed=5)[0], rows.reset(seed=5)
        single.reset(np.ones(1, bool))
        many.reset(np.ones(20, bool))
        for step in range(40):
            if step == 30:
                single = pickle.loads(pickle.dumps(single)) if plant == "two_link_arm" else copy.deepcopy(single)
            action, actions = single.act(seen[None])[0], many.act(all_seen)
            assert action.dtype == np.float32 and np.array_equal(action, actions[0]), (plant, step)
            seen, all_seen = env.step(action)[0], rows.step(actions)[0]
        env.close()
        rows.close()


def test_evaluation_of_an_arm():
    assert evaluate("ideal", "reach_gym/CursorReachCurl-v0", 16, env_kwargs={"plant": "two_link_arm"}).success.all()


def test_tendons_that_stretch_are_not_controlled():
    with pytest.raises(NotApplicableError, match="compliant_muscle_arm"):
        evaluate("ideal", "reach_gym/MuscleReach-v0", 1, env_kwargs={"plant": {"kind": "muscle_arm", "muscles": "kistemaker_2010_compliant"}})
