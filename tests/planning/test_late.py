"""The controllers under latency, noise and a lag of the force: stable, disturbed by what they do not expect, in time."""

import functools
from types import SimpleNamespace

import numpy as np
import pytest

from reach_gym.acting import rollout
from reach_gym.fields import CURSOR_PRESETS
from reach_gym.planning import AdaptedAgent, IdealAgent, MinimumJerkAgent, NaiveAgent
from reach_gym.planning.durations import TimeWindow, judged_time, planned_duration, planned_steps, usual_duration, window_of
from reach_gym.planning.estimate import Estimator
from reach_gym.planning.gains import GainBook
from reach_gym.planning.lqg import correct, dynamics, lagging, riccati, stationary
from reach_gym.planning.minimum_jerk import FREQUENCY, GAIN_MARGIN, frequency_for, minimum_jerk, spectral_radius
from reach_gym.planning.optimal import OptimalFeedback
from reach_gym.plants.lagged_mass import LaggedMass, fading
from reach_gym.plants.plant import LinearHand
from reach_gym.plants.point_mass import PointMass

DT, LAG, ROWS = 0.01, 0.04, 64
LATE = {
    "delay": 6, "sensory_noise": (0.001, 0.01), "motor_noise": (0.05, 0.1), "force_lag": LAG, "hold": 0.2, "go_delay": (0.4, 0.9),
    "targets": "center-out", "max_episode_steps": 300, "time_limit": 3.0,
}  # fmt: skip
TIMES = (0.3, 0.6)
WINDOW = TimeWindow(*TIMES, 0.01, 0.01, 0.1)
CATCH, CHANNEL = ([{"name": "a", "trials": 1, kind: 1.0}] for kind in ("catch", "clamp"))


@functools.cache
def reaches(agent, field="curl_ccw", session=None, window=TIMES, rows=ROWS, **more):
    """What became of `rows` held-out trials.

    Returns: `success`, those in the `window` of movement times in `timely`, the movement time `lasted`, the distance `left` from the
    target at the end, the greatest distance `aside` of the straight way (all (rows,)), and by step, while the trial lasts: the hand's
    own force across the way `pressed`, and its `speed` along it.
    """
    special = {None: {}, "catch": {"schedule": CATCH}, "channel": {"schedule": CHANNEL}}[session]
    env = rollout.make_rows("reach_gym/CursorReach-v0", rows, {**LATE, "field": field, **special, **more})
    base = env.unwrapped
    if window is not None:
        object.__setattr__(base.task, "movement_time", window)  # what a task with such a keyword has
    actor, (observation, _) = agent(env), env.reset(seed=rollout.held_out(0))
    facts = base.trial_facts()
    start, target = facts.start.copy(), facts.target.copy()
    way = (target - start) / np.linalg.norm(target - start, axis=1, keepdims=True)
    across = np.stack([-way[:, 1], way[:, 0]], axis=1)
    actor.reset(np.ones(rows, bool))
    alive, left_at, ended, success = np.ones(rows, bool), np.full(rows, -1), np.zeros(rows, int), np.zeros(rows, bool)
    aside, left, pressed, speeds = np.zeros(rows), np.zeros(rows), [], []
    for step in range(300):
        observation, _, done, _, info = env.step(actor.act(observation))
        hand, pace = (np.stack([info[f"hand_{name}x"], info[f"hand_{name}y"]], axis=1) for name in ("", "v"))
        own = base.get_state()["floats"][4:6].T
        left_at = np.where((left_at < 0) & (np.linalg.norm(hand - start, axis=1) > 0.01), step, left_at)
        aside = np.where(alive, np.maximum(aside, np.abs(((hand - start) * across).sum(axis=1))), aside)
        left, ended = np.where(alive, np.linalg.norm(hand - target, axis=1), left), np.where(alive, step, ended)
        pressed.append(np.where(alive, (own * across).sum(axis=1), 0.0))
        speeds.append(np.where(alive, (pace * way).sum(axis=1), 0.0))
        success, alive = success | (alive & done), alive & ~done
    env.close()
    lasted = (ended - 19 - left_at) * DT
    timely = success & (lasted >= TIMES[0]) & (lasted <= TIMES[1])
    return SimpleNamespace(
        success=success, timely=timely, lasted=lasted, left=left, aside=aside, pressed=np.array(pressed), speed=np.array(speeds)
    )


# The mathematics of a force that lags


def test_the_matrices_are_those_of_the_plant():
    plant, field = LaggedMass(mass=2.0, damping=3.0, force_lag=LAG), CURSOR_PRESETS["saddle"].numbers
    viscosity = np.array(field[6:10]).reshape(2, 2) - 3.0 * np.eye(2)
    a, b = lagging(*dynamics(DT, 2.0, viscosity, np.zeros((2, 2))), *fading(DT, LAG))
    state, command = np.array([0.01, -0.02, 0.3, -0.2, 4.0, -1.0]), np.array([5.0, 2.0])
    moved, _, _ = plant.step(tuple(state), tuple(command), 1.0, field, plant.params(DT, 1.0))
    assert np.array(moved) == pytest.approx(a @ state + b @ command, abs=1e-14)


def test_the_regulator_of_a_lagging_force_is_the_limit_of_the_recursion():
    viscosity = np.array([[[0.0, -13], [13, 0]], [[11, 11], [-11, 11]]])
    a, b = lagging(*dynamics(DT, 1.0, viscosity, np.zeros((2, 2, 2))), *fading(DT, LAG))
    cost = np.broadcast_to(np.diag([1e4, 1e4, 1e2, 1e2, 0, 0]), (2, 6, 6))
    gain, value = stationary(a, b, cost, 1.0)
    every = [np.broadcast_to(each[:, None], (2, 600, *each.shape[1:])) for each in (a, b, cost)]
    gains, values = riccati(*every, np.ones(600), cost)
    assert gain == pytest.approx(gains[:, 0], abs=1e-8) and value == pytest.approx(values[:, 0], rel=1e-9, abs=1e-6)
    assert (abs(np.linalg.eigvals(a - b @ gain)) < 1).all() and (abs(np.linalg.eigvals(a[1])) > 1).any()


def test_the_gains_of_a_lagging_force_are_the_best_of_all():
    """Against least squares over all commands of a movement, as for a force that does not lag."""
    book = GainBook(DT, LinearHand(1.0, 0.0, 10.0, LAG))
    problem = book.problems([np.zeros((1, 8))])[0]
    (gains,) = book.moves([problem], np.array([0]), np.array([30]))
    assert gains.shape == (30, 2, 6)
    a, b = lagging(*dynamics(DT, 1.0, np.zeros((2, 2)), np.zeros((2, 2))), *fading(DT, LAG))
    state = np.array([-0.1, 0.05, 0.1, 0.0, 1.0, 0.0])
    closed, spent, free, driven, price = state, [], state, np.zeros((6, 60)), []
    for k in range(30):
        pick = np.eye(60)[2 * k : 2 * k + 2]
        spent.append(-gains[k] @ closed)
        closed, free, driven = a @ closed + b @ spent[-1], a @ free, a @ driven + b @ pick
        price += [1 / np.sqrt(4 * (k + 0.5) / 30 * (1 - (k + 0.5) / 30))] * 2
    value, turned = np.linalg.eigh(problem.value[0] + np.diag([1e8, 1e8, 2.5e5, 2.5e5, 0, 0]))
    root = np.sqrt(np.maximum(value, 0))[:, None] * turned.T
    matrix, side = np.concatenate([np.diag(price), root @ driven]), np.concatenate([np.zeros(60), root @ free])
    assert np.concatenate(spent) == pytest.approx(np.linalg.lstsq(matrix, -side, rcond=None)[0], abs=1e-5)


def test_movements_that_are_solved_together_are_those_solved_alone():
    together, alone = (GainBook(DT, LinearHand(1.0, 0.0, 10.0, LAG)) for _ in range(2))
    fields = [np.array([[0.0, -13, 13, 0, 0, 0, 0, 0]]), np.linspace(0, 1, 80)[:, None] * np.ones(8)]
    first = together.problems([fields[0], fields[1], fields[0], fields[1]])
    steps, begin = np.array([17, 40, 33, 25]), np.array([2, 3, 5, 9])
    for i, gains in enumerate(together.moves(first, begin, steps)):
        (single,) = alone.moves(alone.problems([fields[i % 2]]), begin[i : i + 1], steps[i : i + 1])
        assert len(gains) == steps[i] and np.array_equal(gains, single)


def test_the_filter_corrects_what_is_not_seen():
    covariance = np.diag([0.0, 0, 1, 0, 0, 0])
    covariance[2, 4] = covariance[4, 2] = 0.5
    covariance[4, 4] = 2.0
    state, after = correct(np.zeros((1, 6)), covariance[None], np.array([[0.0, 0, 2, 0]]), np.array([0.0, 0, 1, 1]))
    assert state[0] == pytest.approx([0, 0, 1, 0, 0.5, 0]) and after[0, 4, 4] == pytest.approx(2 - 0.25 / 2)


# How long a reach takes


def test_a_longer_way_takes_longer():
    assert usual_duration(np.array([0.1])) == pytest.approx(0.5)
    ways = np.linspace(0.01, 0.15, 15)
    assert (np.diff(usual_duration(ways)) > 0).all() and usual_duration(np.array([0.017])) < 0.3
    assert planned_steps(ways, DT, None).tolist() == np.round(usual_duration(ways) / DT).tolist()
    assert planned_steps(np.zeros(1), 1.0, None).tolist() == [1]
    assert window_of(SimpleNamespace(unwrapped=SimpleNamespace(task=SimpleNamespace()))) is None


@pytest.mark.parametrize("window", [WINDOW, WINDOW._replace(shortest=0.5, longest=0.8), WINDOW._replace(shortest=0.1, longest=0.25)])
def test_a_window_is_met_in_its_middle(window):
    ways = np.linspace(0.06, 0.15, 12)
    planned = planned_duration(ways, window)
    margin = (window.longest - window.shortest) / 6
    time = np.linspace(0, 2, 20001)
    for way, duration in zip(ways, planned, strict=True):
        profile = minimum_jerk(time, (0.0, 0.0), (way, 0.0), duration)
        far, fast = way - profile.position[:, 0], profile.velocity[:, 0]
        there = time[np.flatnonzero((far > window.radius) | (fast > window.speed))[-1] + 1]
        judged = there - time[np.argmax(profile.position[:, 0] > window.leave)]
        assert judged == pytest.approx(judged_time(np.array(way), np.array(duration), window), abs=2e-3)
        assert window.shortest + margin - 2e-3 <= judged <= window.longest - margin + 2e-3
    # Where the usual time fits, it is kept.
    wide = window._replace(shortest=0.1, longest=0.8)
    assert planned_duration(ways[2:], wide) == pytest.approx(usual_duration(ways[2:]), abs=0.006)
    # So is it where no time fits: start and target overlap.
    assert planned_duration(np.array([0.001]), window) == pytest.approx(usual_duration(np.array([0.001])))


def test_without_noise_a_lagging_hand_takes_the_planned_time():
    quiet = {"sensory_noise": (0.0, 0.0), "motor_noise": (0.0, 0.0), "delay": 0}
    result = reaches(IdealAgent, "null", rows=8, **quiet)
    assert result.success.all() and result.lasted == pytest.approx(np.full(8, 0.35), abs=0.02)
    assert reaches(IdealAgent, "null", window=None, rows=8, **quiet).lasted == pytest.approx(np.full(8, 0.3), abs=0.03)


def test_minimum_jerk_takes_the_time_that_it_is_given():
    quick, usual, slow = (
        reaches(agent, "null", window=None, rows=8, delay=0, sensory_noise=(0.0, 0.0), motor_noise=(0.0, 0.0), force_lag=1e-3).lasted
        for agent in (functools.partial(MinimumJerkAgent, duration=0.4), MinimumJerkAgent, functools.partial(MinimumJerkAgent, duration=0.8))
    )  # fmt: skip
    assert (quick < usual - 0.02).all() and (usual < slow - 0.1).all()


# Under late and noisy senses


@pytest.mark.parametrize("field", ["null", "curl_ccw", "curl_cw"])
@pytest.mark.parametrize("agent", [IdealAgent, AdaptedAgent])
def test_who_knows_the_field_succeeds_in_time(agent, field):
    result = reaches(agent, field)
    assert result.success.all() and result.timely.mean() > 0.95
    assert np.median(result.aside) < 0.01


@pytest.mark.parametrize("field", ["curl_ccw", "curl_cw"])
def test_the_naive_one_is_disturbed_and_not_thrown_away(field):
    null, curl = reaches(NaiveAgent, "null"), reaches(NaiveAgent, field)
    assert null.timely.mean() > 0.95 and np.median(null.aside) < 0.005
    assert curl.timely.mean() < 0.5 and np.median(curl.aside) > 0.02
    assert curl.success.mean() > 0.95 and curl.left.max() < 0.012


def test_without_the_estimate_of_a_force_it_would_be_thrown_away(monkeypatch):
    monkeypatch.setattr("reach_gym.planning.doubt.SURPRISE", {"nothing": 0.0})
    assert reaches.__wrapped__(NaiveAgent).success.mean() < 0.1


def test_a_controller_too_stiff_for_its_latency_fails_even_without_a_field():
    stiff = functools.partial(MinimumJerkAgent, frequency=FREQUENCY)
    for field in ("null", "curl_ccw"):
        assert reaches(stiff, field).success.mean() < 0.5


def test_minimum_jerk_reaches_late_and_lagging_and_is_stopped_by_a_field():
    null, curl = reaches(MinimumJerkAgent, "null"), reaches(MinimumJerkAgent)
    assert null.timely.mean() > 0.95 and np.median(null.aside) < 0.005
    assert curl.timely.mean() < 0.05 and np.median(curl.aside) > 0.02


@pytest.mark.parametrize(("delay", "lag", "most"), [(0, LAG, 0.004), (6, 0.0, 1e-4), (6, LAG, 0.004)])
def test_minimum_jerk_does_not_take_what_is_late_for_an_error(delay, lag, most):
    """Where nothing disturbs it, it hardly overshoots: otherwise it would try to catch up with what it does not see yet."""
    quiet = {"delay": delay, "force_lag": lag, "sensory_noise": (0.0, 0.0), "motor_noise": (0.0, 0.0), "hold": 0.9}
    result = reaches(MinimumJerkAgent, "null", window=None, rows=8, **quiet)
    back = -DT * result.speed.clip(max=0.0).sum(axis=0)  # m
    assert result.success.all() and back.max() < most


# How stiff a loop can be that is late


@pytest.mark.parametrize(("delay", "lag", "mass", "damping"), [(0, 0.0, 1.0, 0.0), (0, 0.1, 2.0, 3.0), (1, 0.0, 1.0, 0.0), (6, LAG, 1.0, 0.0), (9, 0.0, 0.5, 4.0)])
@pytest.mark.parametrize(("frequency", "factor"), [(20.0, 1.0), (3.0, 2.5)])
def test_the_spectral_radius_is_that_of_the_hand_in_its_loop(delay, lag, mass, damping, frequency, factor):
    plant = LaggedMass(mass=mass, damping=damping, force_lag=lag) if lag else PointMass(mass=mass, damping=damping)
    params, past, sizes = plant.params(DT, 1e9), [(0.01, 0.0)] * (delay + 1), []
    state = plant.start(0.01, 0.0, params)
    for _ in range(1500):
        place, pace = past[-1 - delay]
        command = -factor * mass * (frequency**2 * place + 2.0 * frequency * pace)
        state = plant.step(state, (command, 0.0), 1.0, None, params)[0]
        past.append((state[0], state[2]))
        sizes.append(np.linalg.norm(past[-200:]))  # of more than a turn, since the hand may swing
    found = (sizes[1400] / sizes[600]) ** (1 / 800)
    assert found == pytest.approx(spectral_radius(frequency, DT, plant.linear(), delay, factor), abs=2e-3)


@pytest.mark.parametrize(("delay", "lag", "mass", "damping"), [(2, 0.0, 1.0, 0.0), (6, LAG, 1.0, 0.0), (6, LAG, 0.4, 5.0), (30, 0.0, 3.0, 1.0)])
def test_a_late_loop_is_as_stiff_as_its_margin_allows(delay, lag, mass, damping):
    body = LinearHand(mass, damping, 10.0, lag)
    frequency = frequency_for(DT, body, delay)
    assert 0.0 < frequency < FREQUENCY
    assert all(spectral_radius(frequency, DT, body, delay, factor) < 1.0 for factor in (0.1, 1.0, GAIN_MARGIN))
    assert spectral_radius(1.001 * frequency, DT, body, delay, GAIN_MARGIN) > 1.0


def test_a_loop_that_bears_more_stays_as_it_was():
    for dt in (0.001, DT, 0.1):
        assert frequency_for(dt, LinearHand(1.0, 0.0, 10.0), 0) == FREQUENCY
    assert frequency_for(DT, LinearHand(1.0, 0.0, 10.0, LAG), 0) == FREQUENCY
    assert frequency_for(DT, LinearHand(1.0, 0.0, 10.0, LAG), 6) == pytest.approx(4.0, abs=0.05)  # what the class says


@pytest.mark.parametrize("env_id", ["LabReach-v0", "LabReachCurl-v0"])
def test_minimum_jerk_waits_quietly_for_a_cue_in_the_laboratory(env_id):
    env = rollout.make_rows(f"reach_gym/{env_id}", ROWS, {"go_delay": 0.9})  # the longest there is
    agent, (observation, _) = MinimumJerkAgent(env), env.reset(seed=3)
    agent.reset(np.ones(ROWS, bool))
    away = []
    for _ in range(110):  # with the time until the target
        observation, _, done, _, info = env.step(agent.act(observation))
        assert not done.any()
        away.append(np.hypot(info["hand_x"], info["hand_y"]))
    assert np.max(away) < 0.008  # of the 10 mm of the start
    env.close()


def test_catch_trials_surprise_the_adapted_one_without_throwing_it_away():
    result = reaches(AdaptedAgent, session="catch")
    assert result.success.mean() > 0.95 and result.timely.mean() < 0.5
    assert np.median(result.aside) > 0.02 and result.left.max() < 0.012


@pytest.mark.parametrize(("agent", "least", "most"), [(AdaptedAgent, 0.8, 1.2), (NaiveAgent, -0.05, 0.05)])
def test_in_a_channel_the_force_shows_who_has_adapted(agent, least, most):
    result = reaches(agent, session="channel")
    assert result.success.mean() > 0.95 and result.aside.max() < 0.005
    ideal = -13.0 * result.speed
    slope = (ideal * result.pressed).sum() / (ideal * ideal).sum()
    assert least < slope < most


@pytest.mark.parametrize("agent", [IdealAgent, AdaptedAgent])
def test_fields_that_drive_the_hand_away_are_believed(agent):
    assert reaches(agent, "curl_assist").success.mean() > 0.9


def test_a_late_force_is_estimated():
    """A push of 3 N that it does not expect: after a while the estimate is that force."""
    env = rollout.make_rows("reach_gym/CursorReach-v0", 4, {**LATE, "field": {"push": [3.0, -2.0]}, "go_delay": 0.9})
    agent, (observation, _) = OptimalFeedback(env, "nothing"), env.reset(seed=0)
    agent.reset(np.ones(4, bool))
    found = []
    for _ in range(100):
        observation, *_ = env.step(agent.act(observation))
        found.append(agent._feedback._estimator._state[:, 6:].mean(axis=0))
    assert np.mean(found[60:], axis=0) == pytest.approx(np.array([3.0, -2.0]), rel=0.25)
    env.close()


def test_the_filters_matrices_are_those_of_its_forward_model():
    env = rollout.make_rows("reach_gym/CursorReach-v0", 8, {**LATE, "field": {"viscosity": [[2, -13], [9, 3]]}, "damping": 2.0})
    env.reset(seed=1)
    facts, generator = env.unwrapped.trial_facts("trial", 200), np.random.default_rng(0)
    estimator = Estimator(facts, 3.0)
    time, state, noted = np.zeros(8, int), generator.uniform(-0.1, 0.1, (8, 8)), generator.uniform(-1, 1, (2, 8, 2))
    a, b = estimator._linear(facts, time)
    moved = (a @ state[:, :, None] + b @ noted[0][:, :, None])[:, :, 0]
    assert estimator._advance(facts, state, noted * np.array([1.0, 0.0])[:, None, None], time) == pytest.approx(moved, abs=1e-14)
    env.close()


@pytest.mark.parametrize("agent", [IdealAgent, NaiveAgent, AdaptedAgent])
def test_rows_do_not_depend_on_their_neighbours(agent):
    kwargs = {**LATE, "field": "curl_ccw", "targets": "uniform"}
    many = rollout.make_rows("reach_gym/CursorReach-v0", 3, kwargs)
    single = rollout.make_rows("reach_gym/CursorReach-v0", 1, kwargs)
    actors = [agent(env) for env in (many, single)]
    seen = [many.reset(seed=5)[0], single.reset(seed=7)[0]]
    for actor, rows in zip(actors, (3, 1), strict=True):
        actor.reset(np.ones(rows, bool))
    for _ in range(160):
        actions = [actor.act(each) for actor, each in zip(actors, seen, strict=True)]
        assert np.array_equal(actions[0][2], actions[1][0])
        seen = [env.step(action)[0] for env, action in zip((many, single), actions, strict=True)]
