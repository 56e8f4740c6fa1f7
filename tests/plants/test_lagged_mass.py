"""A point mass whose force lags: the physics against a solver, every back end with the same bits, and how it is chosen."""

import json
import math
import pickle

import gymnasium as gym
import numpy as np
import pytest
from scipy.integrate import solve_ivp

import reach_gym  # noqa: F401
from reach_gym import fields
from reach_gym.fields import CURSOR_PRESETS, force_of
from reach_gym.plants import bounds, turns
from reach_gym.plants.lagged_mass import LaggedMass, fading
from reach_gym.plants.plant import LinearHand
from reach_gym.plants.point_mass import PointMass
from reach_gym.plants.point_mass import step as step_without_lag
from reach_gym.plants.table import plant_from_data
from reach_gym.reach.env import CursorReachEnv

torch = pytest.importorskip("torch")
numba = pytest.importorskip("numba")
from reach_gym.rows.compiled import register  # noqa: E402

register(fields, turns, bounds, LaggedMass)

LAG, DT = 0.04, 0.01
NAMES = [name for name in CURSOR_PRESETS if name != "push"]  # without an edge at which a solver of high order stumbles
STATE = (0.01, -0.02, 0.3, -0.1, 2.0, -1.0)


def run(state, commands, field, dt, plant=None):
    """The states at the times 0, dt, ... under one command per step."""
    plant = LaggedMass(force_lag=LAG) if plant is None else plant
    params, states = plant.params(dt, 1e9), [state]
    for command in commands:
        state, _, _ = plant.step(state, command, 1.0, field, params)
        states.append(state)
    return np.array(states)


def commands_for(seconds, dt):
    """Pieces of 20 ms, so that steps of every length see the same command."""
    pieces = np.random.default_rng(0).uniform(-10, 10, (round(seconds / 0.02), 2))
    return np.repeat(pieces, round(0.02 / dt), axis=0)


def exact(seconds, field, damping):
    """The state after so many seconds under `commands_for`, by a solver of order 8 that shares no code with the step."""
    state = np.array(STATE)
    for command in commands_for(seconds, 0.02):

        def rate(_, s, command=command):
            fx, fy = force_of(1.0, *s[:4], *field)
            own = (command - s[4:]) / LAG
            return [s[2], s[3], s[4] + fx - damping * s[2], s[5] + fy - damping * s[3], *own]

        state = solve_ivp(rate, (0.0, 0.02), state, "DOP853", rtol=1e-12, atol=1e-14).y[:, -1]
    return state


@pytest.mark.parametrize("name", NAMES)
def test_the_step_errs_to_the_second_order_and_its_force_not_at_all(name):
    field, errors = CURSOR_PRESETS[name].numbers, []
    solved = exact(0.3, field, 5.0)
    for dt in (0.01, 0.005, 0.0025):
        end = run(STATE, commands_for(0.3, dt), field, dt, LaggedMass(force_lag=LAG, damping=5.0))[-1]
        assert end[4:] == pytest.approx(solved[4:], abs=1e-10)
        errors.append(np.abs(end[:4] - solved[:4]).max())
    assert [coarse / fine for coarse, fine in zip(errors, errors[1:], strict=False)] == pytest.approx([4, 4], rel=0.1)
    assert errors[0] < 5e-3


def test_by_hand():
    """A constant command of 1 N from no force: f = 1 - exp(-t / lag), v = t - lag f, exactly, for 2 kg half of it."""
    states, time = run((0.0,) * 6, [(1.0, -2.0)] * 30, None, DT, LaggedMass(mass=2.0, force_lag=LAG)), np.arange(31) * DT
    force = 1 - np.exp(-time / LAG)
    assert states[:, 4:] == pytest.approx(np.stack([force, -2 * force], axis=1), abs=1e-12)
    assert states[:, 2] == pytest.approx((time - LAG * force) / 2, abs=1e-12)
    # After one time constant 63 % of the command is there.
    assert states[4, 4] == pytest.approx(1 - math.exp(-1))
    assert LaggedMass().start(0.1, 0.2, None) == (0.1, 0.2, 0.0, 0.0, 0.0, 0.0)


@pytest.mark.parametrize("dt,lag", [(0.01, 0.04), (0.002, 0.04), (1.0, 1e-6), (1e-6, 10.0)])
def test_what_fades_is_an_exponential(dt, lag):
    keep, lasting = fading(dt, lag)
    assert keep == pytest.approx(math.exp(-dt / lag), rel=1e-15, abs=1e-300)
    assert lasting == pytest.approx(-math.expm1(-dt / lag) * lag / dt, rel=1e-8) and 0 <= keep < 1 and 0 < lasting < 1


@pytest.mark.parametrize("viscosity", [13.0, 30.0])
def test_a_free_hand_without_force_moves_in_a_curl_as_one_without_lag(viscosity):
    field = (*CURSOR_PRESETS["curl_ccw"].numbers[:6], 0.0, -viscosity, viscosity, 0.0, *CURSOR_PRESETS["curl_ccw"].numbers[10:])
    states = run((0.0, 0.0, 0.5, 0.0, 0.0, 0.0), [(0.0, 0.0)] * 50, field, DT)
    assert (states[:, 2:4] ** 2).sum(axis=1) == pytest.approx(np.full(51, 0.25), abs=1e-13)
    plain, params = (0.0, 0.0, 0.5, 0.0), PointMass().params(DT, 1e9)
    for state in states[1:]:
        plain, _, _ = step_without_lag(plain, (0.0, 0.0), 1.0, field, params)
        assert tuple(state) == (*plain, 0.0, 0.0)


def test_a_lag_of_nothing_is_no_lag():
    """With a thousandth of a time step's length the hand moves as without a lag, to the same thousandth."""
    commands = commands_for(0.3, DT)
    lagging = run(STATE[:4] + (0.0, 0.0), commands, None, DT, LaggedMass(force_lag=1e-5))
    plain, params = STATE[:4], PointMass().params(DT, 1e9)
    for command in commands:
        plain, _, _ = step_without_lag(plain, command, 0.0, None, params)
    assert lagging[-1, :4] == pytest.approx(plain, abs=1e-3)


def test_the_walls_stop_the_hand_and_not_its_force():
    plant = LaggedMass()
    params = plant.params(DT, 0.2)
    assert plant.stop((0.3, -0.1, 1.0, 2.0, 5.0, -6.0), params) == (0.2, -0.1, 0.0, 2.0, 5.0, -6.0)
    assert plant.hand((0.3, -0.1, 1.0, 2.0, 5.0, -6.0), params) == (0.3, -0.1, 1.0, 2.0)


_step, _stop = LaggedMass.step, LaggedMass.stop


@numba.njit
def numba_path(state, commands, field, params, out):
    for i in range(state.shape[1]):
        now = (state[0, i], state[1, i], state[2, i], state[3, i], state[4, i], state[5, i])
        for s in range(len(commands)):
            moved, _, _ = _step(now, (commands[s, 0, i], commands[s, 1, i]), 1.0, field, params)
            now = _stop(moved, params)
            for n in range(6):
                out[s, n, i] = now[n]


@pytest.mark.parametrize("name", CURSOR_PRESETS)
def test_four_back_ends_give_the_same_bits(name):
    generator = np.random.default_rng(1)
    spans = np.array([0.2, 0.2, 1, 1, 10, 10])[:, None]
    state, commands = spans * generator.uniform(-1, 1, (6, 8)), generator.uniform(-10, 10, (60, 2, 8))
    field, params = tuple(CURSOR_PRESETS[name].numbers), tuple(LaggedMass(mass=0.7, damping=1.0).params(DT, 0.2))
    compiled = np.empty((60, 6, 8))
    numba_path(state, commands, field, params, compiled)

    def path(now, each):
        out = []
        for command in each:
            now = _stop(_step(now, tuple(command), 1.0, field, params)[0], params)
            out.append(now)
        return out

    arrays = np.array(path(tuple(state), commands))
    assert (np.abs(arrays[:, :2]) == 0.2).any()
    tensors = path(tuple(torch.from_numpy(state)), torch.from_numpy(commands))
    assert np.array_equal(arrays, compiled)
    assert arrays.tolist() == [[value.tolist() for value in now] for now in tensors]
    for i in range(8):
        assert np.array(path(tuple(state[:, i].tolist()), commands[:, :, i].tolist())).tolist() == arrays[:, :, i].tolist()


def test_gradients_equal_finite_differences():
    generator = np.random.default_rng(2)
    point = np.concatenate([generator.uniform(-0.1, 0.1, 6), generator.uniform(-5, 5, 40)])
    weight, along, h = generator.normal(size=(20, 6)), generator.normal(size=46), 1e-6
    field, params = CURSOR_PRESETS["curl_ccw"].numbers, LaggedMass().params(DT, 1e3)

    def states(at):
        now, out = tuple(at[:6]), []
        for ux, uy in zip(at[6::2], at[7::2], strict=True):
            now, _, _ = _step(now, (ux, uy), 1.0, field, params)
            out.append(now)
        return out

    leaf = torch.tensor(point, requires_grad=True)
    (torch.stack([torch.stack(now) for now in states(leaf.unbind())]) * torch.from_numpy(weight)).sum().backward()
    up, down = (np.array(states(point + side * along)) for side in (h, -h))
    assert leaf.grad.numpy() @ along == pytest.approx((weight * (up - down)).sum() / (2 * h), rel=1e-7)
    assert (leaf.grad[:-2] != 0).all()


# How it is chosen


def test_a_point_mass_with_a_lag_is_a_lagged_mass_and_without_one_none():
    lagging = LaggedMass(mass=2.0, force_lag=0.05)
    for value in ({"mass": 2.0, "force_lag": 0.05}, {"kind": "lagged_mass", "mass": 2, "force_lag": 0.05}, lagging, lagging.to_data()):
        assert plant_from_data("plant", value) == lagging
    assert plant_from_data("plant", json.loads(json.dumps(lagging.to_data()))) == lagging == pickle.loads(pickle.dumps(lagging))
    for value in ({"kind": "point_mass", "force_lag": 0.0}, {"kind": "lagged_mass", "force_lag": 0}, "point_mass"):
        made = plant_from_data("plant", value)
        assert made == PointMass() and type(made) is PointMass
    assert plant_from_data("plant", "lagged_mass") == LaggedMass(force_lag=0.04)
    assert lagging.linear() == LinearHand(2.0, 0.0, 10.0, 0.05) and PointMass().linear().lag == 0
    assert "time constant of 50 ms" in lagging.describe()


@pytest.mark.parametrize(("make", "error"), [
    (lambda: PointMass(force_lag=0.04), ValueError), (lambda: LaggedMass(force_lag=0.0), ValueError),
    (lambda: CursorReachEnv(force_lag=-0.1), ValueError), (lambda: CursorReachEnv(force_lag=math.inf), ValueError),
    (lambda: CursorReachEnv(force_lag=11.0), ValueError), (lambda: CursorReachEnv(force_lag="1"), TypeError),
    (lambda: CursorReachEnv(force_lag=True), TypeError), (lambda: CursorReachEnv(plant={"force_lag": 0.1}, force_lag=0.1), ValueError),
])  # fmt: skip
def test_a_bad_lag_is_refused(make, error):
    with pytest.raises(error, match="`(plant.)?force_lag` must"):
        make()


def test_it_stands_beside_the_other_keywords():
    beside = gym.make("reach_gym/CursorReach-v0", force_lag=0.04, mass=2.0).unwrapped
    assert beside.task.plant == LaggedMass(mass=2.0)
    assert CursorReachEnv(plant=PointMass(mass=2.0), force_lag=0.04).task == beside.task
    assert type(CursorReachEnv(beside.task, force_lag=0.0).task.plant) is PointMass
    assert CursorReachEnv(beside.task, damping=1.0).task.plant == LaggedMass(mass=2.0, damping=1.0)


KWARGS = {
    "force_lag": 0.04, "field": "curl_ccw", "delay": 3, "motor_noise": (0.5, 0.1), "sensory_noise": (0.001, 0.01), "rotation": 20.0,
    "schedule": [{"name": "a", "trials": 3, "clamp": 0.5, "spread": 0.3}], "max_episode_steps": 40, "max_force": 30.0,
}  # fmt: skip


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_rows_of_every_back_end_are_the_scalar_environment(backend):
    rows = 6
    made = {"vectorization_mode": "vector_entry_point", "autoreset_mode": "SameStep", "backend": backend}
    many = gym.make_vec("reach_gym/CursorReachCurl-v0", rows, **made, **KWARGS)
    single = [gym.make("reach_gym/CursorReachCurl-v0", **KWARGS) for _ in range(rows)]
    seen = [many.reset(seed=3)[0], np.stack([env.reset(seed=3 + i)[0] for i, env in enumerate(single)])]
    generator = np.random.default_rng(0)
    for _ in range(130):
        assert np.array_equal(*seen)
        actions = generator.uniform(-1, 1, (rows, 2)).astype(np.float32)
        told = many.step(actions)[0]
        each = [env.step(action) for env, action in zip(single, actions, strict=True)]
        seen = [told, np.stack([env.reset()[0] if one[2] or one[3] else one[0] for env, one in zip(single, each, strict=True)])]
    assert len(many.get_state()["floats"]) == len(single[0].unwrapped.get_state()["floats"])


def test_a_copied_and_a_saved_hand_keep_their_force():
    env = CursorReachEnv(**{name: value for name, value in KWARGS.items() if name != "max_episode_steps"})
    env.reset(seed=1)
    for _ in range(10):
        env.step(np.array([0.7, -0.4], np.float32))
    twins = [pickle.loads(pickle.dumps(env)), CursorReachEnv(env.task)]
    twins[1].set_state(json.loads(json.dumps(env.get_state())))
    for _ in range(20):
        action = np.array([-0.2, 0.9], np.float32)
        seen = env.step(action)[0]
        assert all(np.array_equal(twin.step(action)[0], seen) for twin in twins)
