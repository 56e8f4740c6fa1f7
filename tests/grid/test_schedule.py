"""Sessions on the grid: the field of each trial is that of its block times the trial's gain."""

import copy
import json
import pickle
from dataclasses import replace

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import data_equivalence
from gymnasium.vector import AutoresetMode

import reach_gym  # noqa: F401
from reach_gym.fields import GRID_PRESETS, NULL
from reach_gym.grid.env import GridReachEnv
from reach_gym.grid.exact import steps_to_go
from reach_gym.grid.rows import Info
from reach_gym.grid.session import GridSession, quarters
from reach_gym.grid.vector_env import GridReachVectorEnv
from reach_gym.grid.world import grid_world
from reach_gym.planning import IdealAgent, NaiveAgent
from reach_gym.reach.env import CursorReachEnv
from reach_gym.sessions import draws
from reach_gym.sessions.schedule import SCHEDULES, Block, Schedule
from reach_gym.sessions.table import TrialTable

MODES = ["NextStep", "SameStep", "Disabled"]
NAMES = ["abrupt", "gradual", "clamp", "savings", "non_static"]
PLAIN_INFO = list(Info._fields)
BUSY = [
    {"name": "random", "trials": 3, "gain": 0.5, "spread": 2.0, "catch": 0.2, "clamp": 0.2},
    {"name": "other", "trials": 2, "gain": 1.0, "gain_end": -1.0, "field": {"preset": "wind", "push": [0, 2]}},
    {"name": "wave", "trials": 5, "gain": 0.0, "wave": {"amplitude": 2, "period": 4}},
]
SHRINK = {"start": 3, "factor": 0.5, "floor": 0, "every": 2}
# The paper's tabular task: target (5, 8), a wind to the left over rows 2 to 6.
WIND = {"size": 10, "target": (5, 8), "field": "wind", "observation": "index"}
CASES = [
    {"size": 5, "field": "curl_ccw", "schedule": BUSY},
    {**WIND, "schedule": BUSY, "radius": SHRINK},
    {"size": 4, "observation": "pixels", "field": "wind", "start": (0, 0), "radius": 1, "schedule": "abrupt"},
    {"size": 3, "field": {"push": [1, 0]}, "schedule": BUSY[1:]},
]


def same(a, b):
    return data_equivalence(a, b, exact=True)


def block(name, count, **more):
    return {"name": name, "trials": count, **more}


def trial_infos(env, count, **options):
    """The info with which each of the first trials of seed 0 begins."""
    return [env.reset(seed=0 if k == 0 else None, options=options or None)[1] for k in range(count)]


def test_blocks_by_hand():
    schedule = [block("baseline", 2, gain=0), block("adaptation", 3), block("washout", 2, gain=0)]
    infos = trial_infos(GridReachEnv(**WIND, start=(0, 8), schedule=schedule), 8)
    assert [info["ideal_steps"] for info in infos] == [5] * 8  # the way along row 8 lies above the wind
    assert [info["block"] for info in infos] == [0, 0, 1, 1, 1, 2, 2, 2]
    assert [info["trial"] for info in infos] == list(range(8))
    assert [info["gain"] for info in infos] == [0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    # From (0, 2) it is six rows up and five columns right: 6 steps without the wind. The wind takes the column that each of the five
    # steps from rows 2 to 6 gains; the sixth, from row 7, keeps its one; four more along row 8 make 10.
    infos = trial_infos(GridReachEnv(**WIND, start=(0, 2), schedule=schedule), 8)
    assert [info["ideal_steps"] for info in infos] == [6, 6, 10, 10, 10, 6, 6, 6]
    assert [info["in_field"] for info in infos] == [False, False, True, True, True, False, False, False]


def test_ideal_steps_are_those_of_the_trials_field():
    null, wind = (steps_to_go(grid_world(10, GRID_PRESETS[name]), 0.0)[85] for name in ("null", "wind"))
    env = GridReachEnv(**WIND, schedule="abrupt")
    seen = {0.0: set(), 1.0: set()}
    for k in range(300):
        observation, info = env.reset(seed=3 if k == 0 else None)
        name = SCHEDULES["abrupt"].block_of(k).name
        assert name == SCHEDULES["abrupt"].blocks[info["block"]].name
        assert info["ideal_steps"] == (wind if info["gain"] else null)[observation]
        assert info["gain"] == 0 or name == "adaptation"
        seen[info["gain"]].add(name)
    assert seen == {0.0: {"baseline", "adaptation", "washout"}, 1.0: {"adaptation"}}  # a catch trial here and there


def test_gain_ramp_in_quarters():
    env = GridReachEnv(size=8, field={"push": [4, 0]}, start=(0, 0), target=(7, 7), schedule=[block("ramp", 9, gain=0, gain_end=1)])
    infos = trial_infos(env, 9)
    # 0, 1/8, ... 1: eighths go to the even number of quarters.
    assert [info["gain"] for info in infos] == [0, 0, 0.25, 0.5, 0.5, 0.5, 0.75, 1.0, 1.0]
    env.reset(seed=0)
    for _ in range(6):
        env.reset()
    assert env.row_tasks()[0][1].field == replace(env.row_tasks()[0][1].field, gain=0.75, push=(4.0, 0.0))
    env.step(0)  # one square east and three with the field
    assert env.scene().cursor == (4, 0)


def test_quarters():
    assert quarters(np.array([0.124, 0.126, -0.126, 0.125, -0.125, 0.375, 1.6])).tolist() == [0, 0.25, -0.25, 0, 0, 0.5, 1.5]
    assert not np.signbit(quarters(-0.1))


def test_the_gains_are_those_of_the_continuous_task():
    schedule = [block("a", 30, gain=1.0, spread=1.0, catch=0.2, clamp=0.2)]
    grid_env, cursor = GridReachEnv(schedule=schedule), CursorReachEnv(schedule=schedule)
    theirs = [info["gain"] for info in trial_infos(cursor, 40)]
    ours = [info["gain"] for info in trial_infos(grid_env, 40)]
    assert ours == [quarters(gain) for gain in theirs]
    assert len(set(ours)) > 5 and theirs.count(0.0) > 5  # catch trials and trials in a channel


def test_block_fields_replace_the_tasks_field():
    weak = {"preset": "wind", "gain": -0.5}
    schedule = [block("own", 1), block("curl", 1, field="curl_cw"), block("none", 1, field="null"), block("off", 1, gain=0)]
    schedule += [block("mirror", 1, gain=-1), block("weak", 1, gain=3, field=weak)]
    env = GridReachEnv(size=6, field="wind", schedule=schedule)
    fields = []
    for k in range(6):
        env.reset(seed=0 if k == 0 else None)
        fields.append(env.row_tasks()[0][1].field)
    wind = GRID_PRESETS["wind"]
    assert fields == [wind, GRID_PRESETS["curl_cw"], NULL, NULL, replace(wind, gain=-1.0), replace(wind, gain=-1.5)]


def test_many_gains_share_few_tables():
    session = GridSession(6, Schedule((Block("a", 1, spread=2.0),)), GRID_PRESETS["curl_ccw"])
    tables = {id(session.steps_to_go(session.world(0, gain), 0.0)) for gain in np.arange(-1, 3.25, 0.25).tolist()}
    assert len(tables) == 5  # shifts by -1, 0, 1, 2 and 3 squares


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kwargs", CASES, ids=range(len(CASES)))
def test_equals_gymnasiums_vector_env_of_scalar_envs(kwargs, mode, backend):
    ours = GridReachVectorEnv(5, **kwargs, max_episode_steps=4, autoreset_mode=mode, backend=backend)
    make = lambda: gym.wrappers.TimeLimit(GridReachEnv(**kwargs), 4)
    theirs = gym.vector.SyncVectorEnv([make] * 5, autoreset_mode=AutoresetMode(mode))
    assert same(ours.reset(seed=11), theirs.reset(seed=11))
    generator = np.random.default_rng(3)
    gains = set()
    for _ in range(60):
        actions = generator.integers(0, 8, 5)
        mine, other = ours.step(actions), theirs.step(actions)
        assert same(mine, other)
        gains.update(mine[4]["gain"].tolist())
        done = mine[2] | mine[3]
        if mode == "Disabled" and done.any():
            options = {"reset_mask": done, **({"field": "curl_cw"} if generator.random() < 0.3 else {})}
            assert same(ours.reset(options=dict(options)), theirs.reset(options={**options, "reset_mask": done.copy()}))
    assert kwargs["schedule"] == "abrupt" or len(gains) >= 4


@pytest.mark.parametrize("backend,threads", [("numpy", 1), ("numba", 1), ("numba", 2)])
def test_rows_do_not_depend_on_their_number(backend, threads):
    numba = pytest.importorskip("numba")
    if threads > numba.config.NUMBA_NUM_THREADS:
        pytest.skip("Numba was started with one thread")
    many = GridReachVectorEnv(40, **CASES[0], max_episode_steps=5, backend=backend, threads=threads)
    few = GridReachVectorEnv(3, **CASES[0], max_episode_steps=5, backend="numpy")
    cut = lambda result: [{k: v[17:20] for k, v in part.items()} if isinstance(part, dict) else part[17:20] for part in result]
    assert same(cut(many.reset(seed=5)), list(few.reset(seed=22)))
    generator = np.random.default_rng(0)
    for _ in range(40):
        actions = generator.integers(0, 8, 40)
        assert same(cut(many.step(actions)), list(few.step(actions[17:20])))


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_bad_action_begins_no_trial(backend):
    env = GridReachVectorEnv(3, size=4, field="wind", schedule=BUSY, max_episode_steps=1, backend=backend)
    env.reset(seed=0)
    env.step(np.zeros(3, np.int64))
    before = env.get_state()
    with pytest.raises(ValueError, match="got 8 in row 1"):
        env.step(np.array([0, 8, 0]))
    assert same(env.get_state(), before)
    assert env.step(np.zeros(3, np.int64))[4]["trial"].tolist() == [1, 1, 1]


def test_the_ideal_agent_takes_the_ideal_number_of_steps():
    env = GridReachVectorEnv(64, size=8, target=(6, 5), field="curl_ccw", schedule=BUSY, max_episode_steps=60)
    agent, naive = IdealAgent(env), NaiveAgent(env)
    observation, info = env.reset(seed=1)
    steps, differs, over = np.zeros(64, int), 0, 0
    for _ in range(60):
        actions = agent.act(observation)
        differs += (actions != naive.act(observation)).sum()
        observation, _, terminated, truncated, info = env.step(actions)
        steps += 1
        reachable = info["ideal_steps"] >= 0
        assert (steps == info["ideal_steps"])[terminated].all()
        assert not truncated[reachable].any()
        over += terminated.sum()
        steps[terminated | truncated] = -1  # the next step begins anew
    assert over > 200 and differs > 50
    assert sum(len(rows) for rows, _, _ in env.row_tasks()) == 64 and len(env.row_tasks()) >= 4


def test_an_options_field_is_taken_as_it_is():
    env = GridReachEnv(size=6, field="wind", schedule=[block("weak", 2, gain=0.25), block("off", 1, gain=0)])
    _, info = env.reset(seed=0, options={"field": "curl_cw"})
    assert (info["gain"], info["block"], info["trial"]) == (1.0, 0, 0)
    assert env.row_tasks()[0][1].field == GRID_PRESETS["curl_cw"]
    assert env.step(0)[4]["gain"] == 1.0
    _, info = env.reset(options={"start": (0, 0), "target": (3, 3), "radius": 1})  # other options leave the schedule alone
    assert (info["gain"], info["trial"], info["radius"]) == (0.25, 1, 1.0)
    assert env.reset(options={"field": None})[1]["gain"] == 1.0
    assert env.row_tasks()[0][1].field == NULL
    with pytest.raises(ValueError, match="field"):
        env.reset(options={"field": "storm"})
    assert env.step(0)[4]["trial"] == 2


def restored(env, how):
    if how != "state":
        return copy.deepcopy(env) if how == "deepcopy" else pickle.loads(pickle.dumps(env))
    scalar = isinstance(env, GridReachEnv)
    twin = type(env)(**CASES[1]) if scalar else type(env)(6, **CASES[1], max_episode_steps=4)
    twin.set_state(json.loads(json.dumps(env.get_state())) if scalar else env.get_state())
    return twin


@pytest.mark.parametrize("how", ["deepcopy", "pickle", "state"])
@pytest.mark.parametrize("options", [{}, {"field": "curl_cw"}], ids=str)
def test_a_copy_continues(how, options):
    env = GridReachEnv(**CASES[1])
    trial_infos(env, 5, **options)
    env.step(2)
    twin = restored(env, how)
    assert env.get_state() == twin.get_state()
    for action in range(8):
        assert env.step(action) == twin.step(action)
    for _ in range(12):
        assert env.reset() == twin.reset()
    vector = GridReachVectorEnv(6, **CASES[1], max_episode_steps=4)
    vector.reset(seed=2)
    for action in range(30):
        vector.step(np.full(6, action % 8))
    vector.reset(options={"reset_mask": np.arange(6) == 2, **options})
    twin = restored(vector, how)
    assert same(vector.get_state(), twin.get_state())
    for action in range(40):
        assert same(vector.step(np.full(6, action % 8)), twin.step(np.full(6, action % 8)))


def test_the_tables_do_not_travel_with_a_copy():
    env = GridReachEnv(field="curl_ccw", schedule="non_static")
    trial_infos(env, 60)
    assert len(pickle.dumps(env)) < 100_000  # a table alone has 131,072 bytes


@pytest.mark.parametrize("mode", MODES)
def test_returned_arrays_are_fresh(mode):
    make = lambda: GridReachVectorEnv(4, size=3, field="wind", schedule=BUSY, max_episode_steps=2, autoreset_mode=mode)
    env, twin = make(), make()
    result = env.reset(seed=0)
    assert same(result, twin.reset(seed=0))
    for action in range(12):
        for name in ("block", "trial", "gain"):
            result[-1][name][:] = 77  # a caller may do as he likes
        if mode == "Disabled":
            env.reset(), twin.reset()
        result = env.step(np.full(4, action % 8))
        assert same(result, twin.step(np.full(4, action % 8)))


def test_bad_states():
    env, vector = GridReachEnv(**CASES[0]), GridReachVectorEnv(2, **CASES[0])
    env.reset(seed=0)
    vector.reset(seed=0)
    for bad in (None, float("nan")):
        with pytest.raises((TypeError, ValueError), match="gain"):
            env.set_state({**env.get_state(), "gain": bad})
    with pytest.raises(ValueError, match="gain"):
        vector.set_state({**vector.get_state(), "gain": np.array([1.0, np.inf])})
    with pytest.raises(ValueError, match="float64"):
        vector.set_state({**vector.get_state(), "gain": np.ones(3)})
    with pytest.raises(ValueError, match="trials"):
        vector.set_state({**vector.get_state(), "streams": np.full((2, 2), 2**62, np.uint64)})
    plain = GridReachEnv(size=5)
    plain.reset(seed=0)
    with pytest.raises(ValueError, match="keys"):
        env.set_state(plain.get_state())


def test_without_a_schedule_nothing_is_told():
    env, vector = GridReachEnv(), GridReachVectorEnv(2)
    assert list(env.reset(seed=0)[1]) == list(env.step(0)[4]) == PLAIN_INFO
    expected = {name for plain in PLAIN_INFO for name in (plain, f"_{plain}")}
    assert set(vector.reset(seed=0)[1]) == set(vector.step(np.zeros(2, np.int64))[4]) == expected
    assert "gain" not in env.get_state() and "gain" not in vector.get_state()


@pytest.mark.parametrize("name", NAMES)
def test_named_schedules(name):
    schedule = SCHEDULES[name]
    env = GridReachVectorEnv(30, size=4, field="curl_ccw", schedule=name, autoreset_mode="Disabled")
    blocks, gains = [], []
    for k in range(schedule.trials):
        info = env.reset(seed=0 if k == 0 else None)[1]
        blocks.append(int(info["block"][0]))
        gains.append(info["gain"])
    assert blocks == TrialTable.of_schedule(schedule).block_index.tolist()
    planned, gains = TrialTable.of_schedule(schedule), np.array(gains)
    plain = (planned.catch + planned.channel + planned.spread) == 0
    assert (gains[plain] == quarters(planned.gain[plain])[:, None]).all()
    share = (gains == 0).mean(axis=1)[planned.gain == 1]
    if len(share):  # catch and clamp trials of the adaptation
        assert abs(share.mean() - (planned.catch + planned.channel)[planned.gain == 1].mean()) < 0.02


@pytest.mark.parametrize("make", [gym.make, lambda *a, **k: gym.make_vec(*a, num_envs=2, **k)], ids=["make", "make_vec"])
def test_as_json_through_gymnasium(make):
    env = make("reach_gym/GridReachTabularWind-v0", schedule=json.loads(json.dumps(BUSY)))
    again = gym.envs.registration.EnvSpec.from_json(env.spec.to_json())
    assert again.kwargs["schedule"] == BUSY
    twin = make("reach_gym/GridReachTabularWind-v0", schedule=Schedule(tuple(map(lambda data: Block(**data), BUSY))))
    for k in range(12):
        assert same(env.reset(seed=9 if k == 0 else None), twin.reset(seed=9 if k == 0 else None))
    env.close(), twin.close()


@pytest.mark.parametrize("make", [GridReachEnv, lambda **k: GridReachVectorEnv(2, **k)], ids=["scalar", "vector"])
@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        (5, TypeError, "schedule"),
        ("storm", ValueError, "schedule"),
        ([], ValueError, "at least one block"),
        ([{"name": "a"}], ValueError, "'trials'"),
        ([block("a", 1, field="storm")], ValueError, "field"),
        ([block("a", 1, field="viscous")], ValueError, "field"),  # one of the continuous task
        ([block("a", 1, field=3)], TypeError, "field"),
        ([block("a", 1, field={"gain": 1e308, "push": [1, 0]})], ValueError, "finite"),
        ([block("a", 1, gain=float("nan"))], ValueError, "gain"),
        ([block("a", 1, within={"amplitude": 1, "period": 0.4})], ValueError, "`block.within` must be None on the grid"),
        ("within_trial", ValueError, "stays the same within a trial"),
    ],
)
def test_bad_schedules(make, value, error, message):
    with pytest.raises(error, match=message):
        make(schedule=value)


def test_kinds_come_from_the_row_and_the_trial_alone():
    """A row's gain is `draw_kind` of its key, whatever happened before."""
    env = GridReachEnv(schedule=BUSY)
    env.reset(seed=4)
    key = env.get_state()["key"]
    for _ in range(25):
        _, info = env.reset()
    table, place = TrialTable.of_schedule(Schedule(tuple(BUSY))), 5 + (25 - 5) % 5
    gain, _ = draws.draw_kind(key, 25, table.gain[place], table.spread[place], table.catch[place], table.channel[place])
    assert (info["gain"], info["trial"], info["block"]) == (quarters(gain), 25, 2)
