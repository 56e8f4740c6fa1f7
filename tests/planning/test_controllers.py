"""The reference controllers of the cursor, in a plain simulator of their own: textbook facts and hand-computed numbers."""

import copy
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
from gymnasium import spaces
from scipy.linalg import expm

from reach_gym.errors import NotApplicableError
from reach_gym.evaluation import evaluate
from reach_gym.fields import CURSOR_PRESETS, channel, field_from_data
from reach_gym.planning import (
    AdaptedAgent,
    IdealAgent,
    MinimumJerkAgent,
    NaiveAgent,
    OptimalFeedback,
    RandomAgent,
    logistic,
    minimum_jerk,
)
from reach_gym.planning.gains import EFFORT, END_POSITION, END_VELOCITY, GainBook
from reach_gym.planning.lqg import correct, dynamics, forget, riccati, stationary
from reach_gym.plants.plant import LinearHand
from reach_gym.plants.point_mass import PointMass
from reach_gym.reach.facts import TrialFacts
from reach_gym.recording import record

DT, MASS, STEPS, ONSET, MAX_FORCE = 0.01, 1.0, 100, 20, 10.0


class Bench:
    """n trials side by side; a loop as plain as it can be, and what the controllers ask of an environment."""

    def __init__(self, targets, field="null", *, felt=None, taught=None, go=None, delay=0, sensory=(0.0, 0.0), motor=(0.0, 0.0),
                 rotation=0.0, damping=0.0, wave=None, seed=0, start=(0.0, 0.0)):
        self.target = np.atleast_2d(np.asarray(targets, float))
        n = len(self.target)
        self.rows = n
        rows = field if isinstance(field, list) else [field] * n
        self.fields = [field_from_data(one, CURSOR_PRESETS) for one in rows]
        self.numbers = np.array([one.numbers for one in self.fields])
        self.gain = np.array([one.gain for one in self.fields])
        self.felt = np.ones(n) if felt is None else np.broadcast_to(felt, n)  # gain of this trial
        self.taught = np.ones(n) if taught is None else np.broadcast_to(taught, n)  # gain of the block
        self.wave = np.ones(200) if wave is None else wave
        self.go = 20 + np.arange(n) % 10 if go is None else np.broadcast_to(go, n)
        self.delay, self.sensory, self.motor, self.damping = delay, sensory, motor, damping
        self.turn = np.array([np.cos(np.radians(rotation)), np.sin(np.radians(rotation))])
        self.generator = np.random.default_rng(seed)
        self.start = np.broadcast_to(np.asarray(start, float), (n, 2)).copy()
        self.unwrapped, self.task = self, SimpleNamespace(family="cursor")
        self.plant = PointMass(mass=MASS, damping=damping, max_force=MAX_FORCE)
        self.action_space = spaces.Box(-1, 1, (2,), np.float32)
        self.calls = []
        self.restart(np.ones(n, bool))

    def restart(self, mask):
        if mask.all():
            self.p, self.v, self.step = self.start.copy(), np.zeros((self.rows, 2)), np.zeros(self.rows, int)
            self.past = []
        self.p[mask], self.v[mask], self.step[mask] = self.start[mask], 0.0, 0

    def rotate(self, vectors, sign=1):
        c, s = self.turn[0], sign * self.turn[1]
        return np.stack([c * vectors[:, 0] - s * vectors[:, 1], s * vectors[:, 0] + c * vectors[:, 1]], axis=1)

    def observe(self):
        cursor = self.start + self.rotate(self.p - self.start)
        self.past.append((cursor, self.rotate(self.v)))
        place, pace = self.past[max(0, len(self.past) - 1 - self.delay)]
        place = place + self.sensory[0] * self.generator.standard_normal(place.shape)
        pace = pace + self.sensory[1] * self.generator.standard_normal(pace.shape)
        visible = self.step >= ONSET
        go = (self.step >= self.go) & (self.step < self.go + 5)
        return np.column_stack([np.where(visible[:, None], self.target, self.start), visible, go, place, pace])

    def sense(self, o):
        return SimpleNamespace(target=o[:, :2].copy(), visible=o[:, 2] > 0, go=o[:, 3] > 0, position=o[:, 4:6].copy(), velocity=o[:, 6:8].copy())

    def trial_facts(self, belief="trial", steps=200):
        self.calls.append(belief)
        gain = {"trial": self.felt, "block": self.taught, "nothing": np.zeros(self.rows)}[belief]
        turn = self.turn if belief != "nothing" else np.array([1.0, 0.0])
        return TrialFacts(
            DT, self.plant, self.plant.params(DT, 0.2), self.step.copy(), self.go.copy(), ONSET, self.start.copy(), self.target.copy(), self.numbers.copy(),
            (self.gain * gain)[:, None] * self.wave[:steps], np.tile(turn, (self.rows, 1)), self.delay, self.sensory, self.motor,
            np.zeros(self.rows, np.int64), np.full(self.rows, np.nan), np.zeros(self.rows), np.zeros(self.rows),
        )

    def push(self, action):
        """One step of the simulation; the loop is written out, so that it shares no code with what it tests."""
        command = np.clip(action.astype(float), -1, 1) * MAX_FORCE
        x0, y0, x1, y1, cx, cy, bxx, bxy, byx, byy, kxx, kxy, kyx, kyy, ox, oy = self.numbers.T
        x, y = (self.p + DT / 2 * self.v).T  # what depends on the place is that of the middle of the step
        here = (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
        scale = self.gain * self.felt * here * self.wave[np.minimum(self.step, 199)]
        fx = scale * (cx + kxx * (x - ox) + kxy * (y - oy))
        fy = scale * (cy + kyx * (x - ox) + kyy * (y - oy))
        noise = self.generator.standard_normal((2, self.rows, 2)) if any(self.motor) else np.zeros((2, 1, 1))
        command = command * (1 + self.motor[1] * noise[0]) + self.motor[0] * noise[1]
        # The rest is linear, and is solved by the matrix exponential.
        flow = np.zeros((self.rows, 5, 5))
        flow[:, :2, 2:4] = np.eye(2)
        flow[:, 2:4, 2:4] = (scale[:, None] * np.stack([bxx, bxy, byx, byy], axis=1)).reshape(-1, 2, 2) - self.damping * np.eye(2)
        flow[:, 2:4, 4] = command + np.stack([fx, fy], axis=1)
        flow[:, 2:4] /= MASS
        state = np.concatenate([self.p, self.v, np.ones((self.rows, 1))], axis=1)
        after = (expm(DT * flow) @ state[:, :, None])[:, :, 0]
        self.p, self.v = after[:, :2], after[:, 2:4]
        self.step = self.step + 1

    def run(self, agent, steps=STEPS):
        """Paths of the hand (steps + 1, n, 2), velocities, actions, and which rows came to rest on the target."""
        self.restart(np.ones(self.rows, bool))
        agent.reset(np.ones(self.rows, bool))
        paths, speeds, actions = [self.p], [self.v], []
        held, done = np.zeros(self.rows, int), np.zeros(self.rows, bool)
        for _ in range(steps):
            action = agent.act(self.observe())
            assert action.dtype == np.float32 and action.shape == (self.rows, 2) and abs(action).max() <= 1
            self.push(action)
            cursor = self.start + self.rotate(self.p - self.start)
            near = np.linalg.norm(cursor - self.target, axis=1) <= 0.01
            on = near & (np.linalg.norm(self.v, axis=1) <= 0.1) & (self.step > self.go)
            held = np.where(on, held + 1, 0)
            done |= held >= 5
            paths.append(self.p)
            speeds.append(self.v)
            actions.append(action)
        return SimpleNamespace(path=np.array(paths), velocity=np.array(speeds), action=np.array(actions), success=done)


def random_targets(n, seed=0):
    return np.random.default_rng(seed).uniform(-0.1, 0.1, (n, 2))


def circle(n=8, radius=0.1):
    angle = 2 * np.pi * np.arange(n) / n
    return radius * np.column_stack([np.cos(angle), np.sin(angle)])


def deviation(path, target):
    """Signed maximum perpendicular deviation (n,) in metres; left of the way is positive."""
    way = target / np.linalg.norm(target, axis=1, keepdims=True)
    left = path[:, :, 1] * way[:, 0] - path[:, :, 0] * way[:, 1]
    return np.take_along_axis(left, abs(left).argmax(axis=0)[None], axis=0)[0]


# Minimum jerk and logistic


def test_minimum_jerk_has_the_textbook_peaks():
    time = np.linspace(0, 0.4, 4001)
    profile = minimum_jerk(time, (0.0, 0.0), (0.06, 0.08), 0.4)  # 10 cm in 0.4 s
    speed, acceleration = (np.linalg.norm(part, axis=1) for part in profile[1:])
    assert speed.max() == pytest.approx(1.875 * 0.1 / 0.4) and speed.argmax() == 2000
    assert acceleration.max() == pytest.approx(5.7735 * 0.1 / 0.4**2, rel=1e-5)
    assert profile.position[1000] == pytest.approx(np.array([0.06, 0.08]) * (10 / 4**3 - 15 / 4**4 + 6 / 4**5))
    assert np.gradient(profile.position, time, axis=0)[1:-1] == pytest.approx(profile.velocity[1:-1], abs=1e-6)
    assert np.gradient(profile.velocity, time, axis=0)[1:-1] == pytest.approx(profile.acceleration[1:-1], abs=1e-5)


def test_minimum_jerk_rests_before_and_after():
    start, target = random_targets(5, 1), random_targets(5, 2)
    for time, place in ((-0.1, start), (0.0, start), (0.5, target), (9.0, target)):
        profile = minimum_jerk(time, start, target)
        assert profile.position == pytest.approx(place) and not profile.velocity.any() and not profile.acceleration.any()
    assert minimum_jerk(np.zeros((7, 1)), start, target).position.shape == (7, 5, 2)


def test_the_papers_logistic():
    steps = np.arange(0, 40)
    profile = logistic(steps * 0.01, (0.0, 0.0), (0.1, 0.0))
    assert profile.position[:, 0] == pytest.approx(0.1 / (1 + np.exp(-(steps - 15) / 3)))
    assert profile.position[15, 0] == pytest.approx(0.05) and profile.velocity[:, 0].argmax() == 15
    assert profile.velocity[15, 0] == pytest.approx(0.1 / (4 * 0.03)) and profile.acceleration[15, 0] == pytest.approx(0)
    assert profile.acceleration[14, 0] > 0 > profile.acceleration[16, 0]
    assert logistic(np.array([-1e9, 1e9]), (0.0, 0.0), (0.1, 0.0)).position[:, 0].tolist() == [pytest.approx(0), 0.1]


# Linear-quadratic control


def test_the_model_is_one_step_of_the_simulation():
    bench = Bench([(0.05, 0.05)], {"viscosity": [[1, -7], [3, 2]], "stiffness": [[5, 40], [-3, 8]]}, damping=2.0)
    bench.p, bench.v = np.array([[0.03, -0.02]]), np.array([[0.4, -0.3]])
    viscosity, stiffness = np.array([[1.0, -7], [3, 2]]) - 2 * np.eye(2), np.array([[5.0, 40], [-3, 8]])
    a, b = dynamics(DT, MASS, viscosity, stiffness)
    expected = a @ np.array([0.03, -0.02, 0.4, -0.3]) + b @ np.array([5, -2.5])
    moved, _, _ = bench.plant.step((0.03, -0.02, 0.4, -0.3), (5, -2.5), 1.0, bench.numbers[0], bench.plant.params(DT, 0.2))
    assert np.array(moved) == pytest.approx(expected, abs=1e-15)
    bench.push(np.array([[0.5, -0.25]], np.float32))
    assert np.concatenate([bench.p[0], bench.v[0]]) == pytest.approx(expected, abs=1e-9)  # an approximant of order 4


def test_riccati_equals_brute_force():
    generator = np.random.default_rng(0)
    rows, steps = 3, 4
    a, b = generator.normal(size=(rows, steps, 4, 4)), generator.normal(size=(rows, steps, 4, 2))
    effort = generator.uniform(0.5, 2.0, steps)
    half = generator.normal(size=(rows, steps, 4, 4))
    cost, end = half @ half.swapaxes(-1, -2), np.broadcast_to(np.diag([3.0, 1.0, 2.0, 5.0]), (rows, 4, 4))
    gains, values = riccati(a, b, cost, effort, end)
    for row in range(rows):
        state = generator.normal(size=4)
        # The states as functions of all commands at once, and the cost as the squared length of one long vector.
        free, driven = state, np.zeros((4, 2 * steps))
        blocks, sides = [], []
        for k in range(steps):
            root = np.linalg.cholesky(cost[row, k]).T
            charge = np.zeros((2, 2 * steps))
            charge[:, 2 * k : 2 * k + 2] = np.sqrt(effort[k]) * np.eye(2)
            blocks += [root @ driven, charge]
            sides += [root @ free, np.zeros(2)]
            free, driven = a[row, k] @ free, a[row, k] @ driven
            driven[:, 2 * k : 2 * k + 2] += b[row, k]
        blocks.append(np.sqrt(end[row]) @ driven)
        sides.append(np.sqrt(end[row]) @ free)
        matrix, side = np.concatenate(blocks), np.concatenate(sides)
        best = np.linalg.lstsq(matrix, -side, rcond=None)[0]
        assert -gains[row, 0] @ state == pytest.approx(best[:2])
        assert state @ values[row, 0] @ state == pytest.approx(np.sum((matrix @ best + side) ** 2))


def test_the_stationary_regulator_is_the_limit_of_the_recursion():
    viscosity = np.array([[[0.0, -13], [13, 0]], [[11, 11], [-11, 11]], [[0, 0], [0, 0]]])
    a, b = dynamics(DT, MASS, viscosity, np.zeros((3, 2, 2)))
    cost = np.broadcast_to(np.diag([1e4, 1e4, 1e2, 1e2]), (3, 4, 4))
    gain, value = stationary(a, b, cost, 1.0)
    repeat = (3, 600, 4, 4)
    gains, values = riccati(np.broadcast_to(a[:, None], repeat), np.broadcast_to(b[:, None], (3, 600, 4, 2)), np.broadcast_to(cost[:, None], repeat), np.ones(600), cost)
    assert gain == pytest.approx(gains[:, 0], abs=1e-9) and value == pytest.approx(values[:, 0], abs=1e-9)
    assert (abs(np.linalg.eigvals(a - b @ gain)) < 1).all() and (abs(np.linalg.eigvals(a[1])) > 1).any()


def test_the_filter_weighs_by_variance():
    # Prior variance 3 and noise variance 1: three quarters of the surprise are believed, and a quarter of the variance stays.
    state, covariance = correct(np.zeros((1, 4)), 3.0 * np.eye(4)[None], np.full((1, 4), 8.0), np.ones(4))
    assert state[0] == pytest.approx(6.0) and covariance[0] == pytest.approx(0.75 * np.eye(4))
    # What is certain stays as it is, and what is seen without noise is believed.
    state, covariance = correct(np.zeros((1, 4)), np.diag([0.0, 0, 2, 2])[None], np.full((1, 4), 8.0), np.zeros(4))
    assert state[0].tolist() == [0, 0, 8, 8] and not covariance.any()
    # One step: the velocity's variance spreads to the position, the force's to both.
    a, b = dynamics(0.1, 2.0, np.zeros((1, 2, 2)), np.zeros((1, 2, 2)))
    after = forget(np.diag([0.0, 0, 1, 1])[None], a, b, np.full((1, 2), 4.0))[0]
    assert after[2, 2] == pytest.approx(1 + 0.05**2 * 4) and after[0, 0] == pytest.approx(0.01 + 0.0025**2 * 4)
    assert after[0, 2] == pytest.approx(0.1 + 0.05 * 0.0025 * 4) and after[0, 1] == 0


def test_movements_are_optimal_under_the_mixed_charge():
    """Against least squares over all commands of a movement that begins in step 3 of a field that grows."""
    book = GainBook(DT, LinearHand(2.0, 3.0, 10.0))
    linear = np.linspace(0.5, 1.5, 80)[:, None] * np.array([2.0, -13, 13, 0, 30, 0, 5, -20])
    problem = book.problems([linear])[0]
    gains = book.moves([problem], np.array([3]), np.array([50]))[0]
    state = np.array([-0.1, 0.05, 0.1, 0.0])
    free, driven, blocks, sides, closed, spent = state, np.zeros((4, 100)), [], [], state, []
    for k in range(50):
        viscosity, stiffness = linear[3 + k, :4].reshape(2, 2) - 3.0 * np.eye(2), linear[3 + k, 4:].reshape(2, 2)
        (a, b), force = dynamics(DT, 2.0, viscosity, stiffness), np.concatenate([stiffness, viscosity], axis=1)
        share, pick = (k + 0.5) / 50, np.zeros((2, 100))
        pick[:, 2 * k : 2 * k + 2] = np.eye(2)
        price = 1 / np.sqrt(4 * share * (1 - share)) / 2.0  # per newton; the mass is 2 kg
        blocks += [np.sqrt(EFFORT) * price * pick, np.sqrt(1 - EFFORT) * price * (pick + force @ driven)]
        sides += [np.zeros(2), np.sqrt(1 - EFFORT) * price * force @ free]
        spent.append(-gains[k] @ closed)
        closed, free, driven = a @ closed + b @ spent[-1], a @ free, a @ driven + b @ pick
    end = np.linalg.cholesky(problem.value[53] + np.diag([END_POSITION] * 2 + [END_VELOCITY] * 2)).T
    matrix, side = np.concatenate([*blocks, end @ driven]), np.concatenate([*sides, end @ free])
    assert np.concatenate(spent) == pytest.approx(np.linalg.lstsq(matrix, -side, rcond=None)[0], abs=1e-5)


def test_holding_looks_ahead_in_a_field_that_changes():
    book = GainBook(DT, LinearHand(MASS, 0.0, 10.0))
    saddle = np.array([11.0, 11, 11, -11, 0, 0, 0, 0])
    changing, constant, null = book.problems([(np.arange(200) >= 120)[:, None] * saddle, saddle[None], 0 * saddle[None]])
    assert changing.hold[20] == pytest.approx(null.hold[0], abs=1e-6)
    assert changing.hold[150] == pytest.approx(constant.hold[0], abs=1e-6)
    assert abs(changing.hold[119] - null.hold[0]).max() > 0.1


# Reaches


@pytest.mark.parametrize("field", CURSOR_PRESETS)
def test_the_ideal_agent_always_succeeds(field):
    bench = Bench(random_targets(1000), field)
    result = bench.run(IdealAgent(bench))
    assert result.success.all()
    assert (abs(result.action) < 1).all()
    assert abs(deviation(result.path, bench.target)).max() < 0.005
    waits = np.arange(STEPS + 1)[:, None] <= bench.go
    assert np.linalg.norm(result.path, axis=2)[waits].max() < 1e-6


@pytest.mark.parametrize("agent", [IdealAgent, NaiveAgent, AdaptedAgent, MinimumJerkAgent])
def test_without_a_field_the_path_is_straight_and_the_speed_is_a_bell(agent):
    bench = Bench(circle())
    result = bench.run(agent(bench))
    assert result.success.all() and abs(deviation(result.path, bench.target)).max() < 1e-6
    for i, go in enumerate(bench.go):
        speed = np.linalg.norm(result.velocity[:, i], axis=1)
        peak = speed.argmax()
        assert speed.max() == pytest.approx(1.875 * 0.1 / 0.5, rel=0.01) and peak - go in (25, 26)
        assert (np.diff(speed[: peak + 1]) >= 0).all() and (np.diff(speed[peak : go + 50]) <= 0).all()
        desired = minimum_jerk((np.arange(STEPS + 1) - go) * DT, (0.0, 0.0), bench.target[i])
        assert abs(result.path[:, i] - desired.position).max() < 0.002


@pytest.mark.parametrize("agent", [NaiveAgent, MinimumJerkAgent])
@pytest.mark.parametrize(("field", "side"), [("curl_ccw", 1), ("curl_cw", -1)])
def test_an_unexpected_curl_hooks_the_path(agent, field, side):
    null, curl = Bench(circle()), Bench(circle(), field)
    straight, hooked = null.run(agent(null)), curl.run(agent(curl))
    bent = deviation(hooked.path, curl.target)
    assert (side * bent > 0.008).all() and (abs(bent) > 5 * abs(deviation(straight.path, null.target))).all()
    assert hooked.success.all()  # the hook: in the end the target is hit


def test_a_catch_trial_shows_the_mirror_image():
    exposed, catch = Bench(circle(), "curl_ccw"), Bench(circle(), "curl_ccw", felt=0.0)
    first, after = exposed.run(NaiveAgent(exposed)), catch.run(AdaptedAgent(catch))
    bent, rebound = deviation(first.path, exposed.target), deviation(after.path, catch.target)
    assert (bent > 0.01).all() and (rebound < -0.01).all() and np.all((-rebound / bent > 0.5) & (-rebound / bent < 2))
    # Told of the catch trial, there is no after-effect.
    assert abs(deviation(catch.run(IdealAgent(catch)).path, catch.target)).max() < 1e-6
    assert {"block", "trial"} == set(catch.calls) and set(exposed.calls) == {"nothing"}


def test_against_the_walls_of_a_channel_the_adapted_agent_presses_as_the_field_would():
    class Clamp(Bench):
        def trial_facts(self, belief="trial", steps=200):
            taught = np.tile(CURSOR_PRESETS["curl_ccw"].numbers, (self.rows, 1))
            return super().trial_facts(belief, steps)._replace(field=taught)

    clamp = Clamp(circle(), [channel((0.0, 0.0), tuple(target)) for target in circle()])
    result = clamp.run(AdaptedAgent(clamp))
    way = clamp.target / 0.1
    left = np.stack([-way[:, 1], way[:, 0]], axis=1)
    pressed, push = -MAX_FORCE * (result.action * left).sum(axis=2), 13.0 * np.linalg.norm(result.velocity[:-1], axis=2)
    assert (pressed * push).sum(axis=0) / (push * push).sum(axis=0) == pytest.approx(1.0, abs=0.05)
    assert abs((result.path * left).sum(axis=2)).max() < 0.001 and result.success.all()


@pytest.mark.parametrize("kwargs", [
    {"rotation": 30.0}, {"damping": 5.0}, {"start": (0.03, -0.05)}, {"wave": 1 + 0.5 * np.sin(np.arange(200) / 5)}, {"motor": (0.5, 0.2)},
    {"felt": np.linspace(-1.5, 1.5, 200)}, {"delay": 10}, {"sensory": (0.002, 0.02)}, {"sensory": (0.0, 0.02)}, {"sensory": (0.002, 0.0), "delay": 1},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("field", ["curl_ccw", "push", "saddle"])
def test_the_ideal_agent_knows_the_plant(field, kwargs):
    bench = Bench(random_targets(200), field, **kwargs)
    result = bench.run(IdealAgent(bench))
    assert result.success.all()
    waits = np.arange(STEPS + 1)[:, None] <= bench.go
    assert np.linalg.norm(result.path - bench.start, axis=2)[waits].max() < (0.002 if "motor" in kwargs else 1e-6)


def test_in_a_field_that_changes_in_time_the_gains_do_too():
    wave = np.where(np.arange(200) < 45, 1.0, -1.0)
    bench = Bench(circle(), "curl_ccw", wave=wave, go=20)
    result = bench.run(IdealAgent(bench))
    assert result.success.all() and abs(deviation(result.path, bench.target)).max() < 0.003

    class Frozen(Bench):
        def trial_facts(self, belief="trial", steps=200):
            told = super().trial_facts(belief, steps)
            return told._replace(scale=np.repeat(told.scale[:, :1], steps, axis=1))

    surprised = Frozen(circle(), "curl_ccw", wave=wave, go=20)
    assert abs(deviation(surprised.run(IdealAgent(surprised)).path, surprised.target)).min() > 0.01


@pytest.mark.parametrize("field", [
    {"viscosity": [[0, -13], [13, 0]], "region": [-0.02, -0.02, 0.02, 0.02]}, {"push": [2, -3], "region": [0.02, None, None, None]},
    {"stiffness": [[80, 0], [0, 80]], "region": [None, 0, None, 0.05]}, {"stiffness": [[-60, 0], [0, -60]], "origin": [0.02, 0.01]},
], ids=str)  # fmt: skip
def test_regions_and_springs(field):
    bench = Bench(random_targets(300), field)
    result = bench.run(IdealAgent(bench))
    assert result.success.all()


def test_with_delay_and_noise_prediction_pays():
    class Unaware(Bench):
        def trial_facts(self, belief="trial", steps=200):
            return super().trial_facts(belief, steps)._replace(delay=0, sensory_noise=(0.0, 0.0))

    kwargs = {"delay": 8, "sensory": (0.003, 0.03), "motor": (0.1, 0.1)}
    aware, unaware = (make(random_targets(300), "curl_ccw", **kwargs) for make in (Bench, Unaware))
    rate, without = (bench.run(IdealAgent(bench)).success.mean() for bench in (aware, unaware))
    assert rate > 0.95 and without < 0.5 * rate


def test_the_estimate_is_exact_where_nothing_is_uncertain():
    # From a known start and without motor noise the filter need not look at senses that it is told are noisy.
    bench = Bench(circle(), "curl_ccw", wave=np.linspace(-1, 2, 200), delay=4, sensory=(0.01, 0.1), damping=2.0)
    agent = OptimalFeedback(bench)
    agent.reset(np.ones(8, bool))
    for _ in range(STEPS):
        action = agent.act(bench.observe())
        past = bench.past[max(0, len(bench.past) - 5)][0]
        assert agent._feedback._estimator._state[:, :2] == pytest.approx(past, abs=5e-9)
        bench.push(action)


def test_minimum_jerk_is_tracked_with_the_hands_own_dynamics():
    bench = Bench(circle(), damping=8.0, go=25)
    path = bench.run(MinimumJerkAgent(bench)).path
    desired = minimum_jerk((np.arange(STEPS + 1)[:, None] - 25) * DT, (0.0, 0.0), bench.target)
    assert abs(path - desired.position).max() < 1e-4


def test_the_filter_is_better_than_the_senses():
    bench = Bench(random_targets(300), "curl_ccw", sensory=(0.005, 0.05), motor=(0.1, 0.1), go=20)
    agent = OptimalFeedback(bench)
    agent.reset(np.ones(300, bool))
    errors = []
    for _ in range(60):
        observation = bench.observe()
        action = agent.act(observation)
        errors.append(np.linalg.norm(agent._feedback._estimator._state[:, :2] - bench.p, axis=1))
        bench.push(action)
    assert np.mean(errors[40:]) < 0.3 * 0.005


# The protocol


@pytest.mark.parametrize("agent", [IdealAgent, NaiveAgent, MinimumJerkAgent])
def test_it_waits_for_the_cue_that_it_sees(agent):
    bench = Bench(circle(), "curl_ccw", go=150)  # the cue never comes, whatever `trial_facts` tells
    assert np.linalg.norm(bench.run(agent(bench)).path, axis=2).max() < 1e-9


@pytest.mark.parametrize("kwargs", [{}, {"delay": 3, "sensory": (0.001, 0.01)}, {"wave": 1 + 0.5 * np.sin(np.arange(200) / 5)}], ids=str)
def test_rows_do_not_depend_on_their_neighbours(kwargs):
    targets, fields = random_targets(6), ["curl_ccw", "null", "push", "saddle", "curl_cw", "viscous"]
    go = 20 + np.arange(6)
    whole = Bench(targets, fields, go=go, **kwargs | {"sensory": (0.0, 0.0)})
    told = whole.sensory = kwargs.get("sensory", (0.0, 0.0))
    whole.generator = SimpleNamespace(standard_normal=np.zeros)  # the filter at work on noiseless senses
    together = whole.run(IdealAgent(whole))
    for i in range(6):
        single = Bench(targets[i], fields[i], go=go[i], **kwargs | {"sensory": (0.0, 0.0)})
        single.sensory, single.generator = told, SimpleNamespace(standard_normal=np.zeros)
        assert np.array_equal(single.run(IdealAgent(single)).action[:, 0], together.action[:, i])


@pytest.mark.parametrize("stale", [False, True])
@pytest.mark.parametrize("agent", [IdealAgent, MinimumJerkAgent])
def test_rows_begin_again_on_their_own(agent, stale):
    """Row 1 begins its second trial while row 0 is under way; `stale`: as in NEXT_STEP, its old trial is shown once more."""
    wave = np.linspace(0.0, 2.0, 200)
    bench, alone = (Bench(targets, "curl_ccw", go=25, wave=wave) for targets in (circle(2), circle(2)[1:]))
    reference = alone.run(agent(alone)).action[:, 0]
    subject = agent(bench)
    subject.reset(np.ones(2, bool))
    one, again = np.array([False, True]), []
    for step in range(150):
        if step == 40:
            subject.reset(one)
            if stale:
                subject.act(bench.observe())
                bench.push(np.zeros((2, 2)))
            bench.restart(one)
        action = subject.act(bench.observe())
        bench.push(action)
        if step >= 40:
            again.append(action[1])
    assert np.array_equal(np.array(again)[:100], reference)


def test_a_controller_can_be_copied_and_pickled_in_mid_trial():
    bench = Bench(random_targets(3), "curl_ccw", delay=2, sensory=(0.001, 0.01))
    agent = IdealAgent(bench)
    bench.run(agent, 40)
    twins = copy.deepcopy(agent), pickle.loads(pickle.dumps(agent))
    for _ in range(20):
        observation = bench.observe()
        action = agent.act(observation)
        assert all(np.array_equal(twin.act(observation), action) for twin in twins)
        bench.push(action)


@pytest.mark.parametrize("agent", [IdealAgent, NaiveAgent, AdaptedAgent, MinimumJerkAgent, OptimalFeedback])
def test_controllers_refuse_what_is_no_reach(agent):
    with pytest.raises(TypeError, match="`env` must be"):
        agent(SimpleNamespace(unwrapped=object()))


def test_the_random_agent_fills_the_box():
    bench = Bench(circle(), "null")
    draws = [RandomAgent(bench, seed).act(np.zeros((4000, 7), np.float32)) for seed in (4, 4, 5)]
    assert draws[0].shape == (4000, 2) and draws[0].dtype == np.float32
    assert np.array_equal(draws[0], draws[1]) and not np.array_equal(draws[0], draws[2])
    assert draws[0].min() < -0.99 and draws[0].max() > 0.99 and abs(draws[0].mean(axis=0)).max() < 0.05
    assert RandomAgent(bench).act({"observation": np.zeros((3, 5)), "desired_goal": np.zeros((3, 2))}).shape == (3, 2)
    for space in (spaces.Box(-np.inf, 1, (2,), np.float32), spaces.Box(0, 9, (2,), np.int64), spaces.MultiBinary(3)):
        with pytest.raises(TypeError, match="`env` must have"):
            RandomAgent(SimpleNamespace(action_space=space))


@pytest.mark.parametrize("agent", ["ideal", "adapted"])
def test_the_filter_stays_a_filter_in_an_unstable_field(agent):
    # A curl field on a light hand turns rounding errors of the covariance into infinity unless it is kept symmetric.
    noise = {"mass": 0.1, "sensory_noise": [0.01, 0.05], "motor_noise": [0.5, 0.2], "max_episode_steps": 300}
    recording = record(agent, "reach_gym/CursorReachCurl-v0", trials=3, env_kwargs=noise)
    hands = np.linalg.norm(recording.hand - recording.start[:, None], axis=2)
    assert np.nanmax(hands) < 0.25 and np.nanmax(np.abs(np.diff(recording.action, axis=1))) > 0


def test_the_ideal_agent_knows_the_wave_to_the_end_of_a_long_trial():
    wave = [{"name": "a", "trials": 1, "within": {"amplitude": 3.0, "period": 0.4}}]
    kwargs = {"field": "curl_ccw", "schedule": wave, "targets": "center-out", "dt": 0.002, "max_episode_steps": 500}
    steps = [evaluate(agent, "reach_gym/CursorReach-v0", 16, env_kwargs=kwargs).steps.mean() for agent in ("ideal", "naive")]
    assert steps[0] < 0.95 * steps[1]


def test_images_are_refused_by_controllers_which_need_velocities():
    with pytest.raises(NotApplicableError, match="velocity"):
        evaluate("ideal", "reach_gym/CursorReach-v0", 8, env_kwargs={"observation": "pixels"})
