"""Rows of a session: targets, starts, fields, rotations, jumps, pulses, bars and hidden cursors, alike in all back ends."""

import copy
import json

import numpy as np
import pytest

from reach_gym.plants.table import PLANTS
from reach_gym.reach.env import CursorReachEnv
from reach_gym.reach.events import squared_distance
from reach_gym.reach.rows import Trial, float_lines
from reach_gym.reach.vector_env import CursorReachVectorEnv
from reach_gym.sessions import Event, Row, TrialTable, block
from tests.hands import at_hand

AT = {"time": 0.05, "place": 0.03, "speed": 0.1}
FEEDBACK = ("full", "none", "endpoint", "full", "full")


def an_event(k, pulse=False):
    after = list(AT)[k % 3]
    x, y = (2.0, -3.0) if pulse else (0.02, -0.01)
    return Event(x, y, after, AT[after], 0.1 if pulse or k % 2 else None)


def a_row(k, rng):
    row = {"gain": float(rng.uniform(-1, 1)), "feedback": FEEDBACK[k % 5]}
    if k % 3 == 0:
        row["rotation"] = float(rng.uniform(-60, 60))
    if k % 4 == 1:
        row |= {"target": (0.05, 0.06), "cue": k}
    if k % 5 == 1:
        row["field"] = "curl_cw"
    elif k % 7 == 2:
        row["channel"] = True
    kind = ("target_jump", "cursor_jump", "pulse", None, None, None)[k % 6]
    if kind:
        row[kind] = an_event(k, kind == "pulse")
    if k % 8 == 3:
        row["bar"] = 0.03
    if k % 9 == 4 and kind != "cursor_jump":
        row |= {"feedback": "clamp", "clamp_angle": 15.0, "rotation": None}
    return Row(**row)


TABLE = TrialTable([a_row(k, np.random.default_rng(k)) for k in range(40)])


def towards(envs, rng):
    """Actions that reach: towards the present targets, once the cue has come."""
    told = [env.get_state() for env in envs]
    infos = [env._trial.told for env in envs]
    going = np.array([state["counts"][0] >= state["counts"][1] for state in told])[:, None]
    aim = np.array([(info["target_x"], info["target_y"]) for info in infos])
    hand = np.array([env._trial.hand for env in envs])
    push = going * (10 * (aim - hand[:, :2]) - 0.6 * hand[:, 2:]) + rng.normal(0, 0.1, aim.shape)
    plant = envs[0].task.plant
    action = [at_hand(plant, *place, *parts) for place, parts in zip(hand[:, :2], push, strict=True)]
    return np.clip(action, -1, 1).astype(np.float32)


@pytest.mark.parametrize(
    "keywords",
    [{}, {"preset": "lab"}, {"preset": "lab_arm"}, {"observation": "pixels"}, {"history": 3, "delay": 5, "motor_noise": (0.5, 0.1)}],
    ids=["simple", "lab", "arm", "pixels", "late"],
)
def test_all_back_ends_agree(keywords):
    made = {"schedule": TABLE, "field": "curl_ccw", **keywords}
    envs = [CursorReachEnv(**made) for _ in range(3)]
    vectors = [CursorReachVectorEnv(3, backend=name, autoreset_mode="SameStep", **made) for name in ("numpy", "numba")]
    if not {"preset", "observation"} & set(keywords):  # the other tasks would be compiled once more, each for long, of the same loops
        vectors.append(CursorReachVectorEnv(3, backend="numba", threads=2, autoreset_mode="SameStep", **made))
    begun = [env.reset(seed=5 + i) for i, env in enumerate(envs)]
    for vector in vectors:
        seen, _ = vector.reset(seed=5)
        assert all((seen[i] == begun[i][0]).all() for i in range(3))
    rng = np.random.default_rng(1)
    while envs[0]._trial.number < 8:  # of each kind of row there is one
        step = envs[0]._trial.steps
        if step == 33:  # a saved state goes on alike
            for env in envs:
                env.set_state(json.loads(json.dumps(env.get_state())))
            for vector in vectors:
                vector.set_state(copy.deepcopy(vector.get_state()))
        actions = towards(envs, rng)
        told = [vector.step(actions) for vector in vectors]
        for i, env in enumerate(envs):
            seen, reward, terminated, truncated, info = env.step(actions[i])
            ended = terminated or truncated
            last = seen
            if ended:
                seen, info = env.reset()
            for each in told:
                assert (each[1][i], each[2][i], each[3][i]) == (reward, terminated, truncated)
                assert (each[0][i] == seen).all() and (not ended or (each[4]["final_obs"][i] == last).all())
                assert all(each[4][key][i] == value for key, value in info.items())


@pytest.mark.parametrize("plant", [plant for plant in PLANTS if plant != "point_mass"])
def test_the_trials_of_a_session_are_those_of_the_point_mass(plant):
    made = {"schedule": TABLE, "field": "curl_ccw"}
    envs = CursorReachEnv(**made), CursorReachEnv(**made, plant=plant)
    for number in (None, *range(1, len(TABLE))):
        one, other = ([env.reset(seed=3 if number is None else None), env.trial_facts()] for env in envs)
        assert {**one[0][1], "hand_x": 0, "hand_y": 0} == pytest.approx({**other[0][1], "hand_x": 0, "hand_y": 0}, abs=1e-12)
        for name in ("go", "onset", "start", "target", "field", "scale", "rotation", "cue", "bar"):
            # Walls are as stiff as the plant allows.
            assert name == "field" and one[0][1]["channel"] or np.array_equal(getattr(one[1], name), getattr(other[1], name), equal_nan=True)


def run(row, action, steps=90, **keywords):
    """The infos of one trial in which the cue comes at step 20."""
    env = CursorReachEnv(schedule=TrialTable([row]), go_delay=0.0, **keywords)
    seen, info = env.reset(seed=0)
    infos, observations = [info], [seen]
    for step in range(steps):
        seen, _, terminated, truncated, info = env.step(np.array(action(step) if callable(action) else action, np.float32))
        infos.append(info)
        observations.append(seen)
        if terminated or truncated:
            break
    return infos, np.array(observations)


def ahead(step):
    return (0.0, 0.2) if step >= 20 else (0.0, 0.0)


def test_start_target_field_rotation_and_cue_come_from_the_row():
    rows = [Row(start=(0.02, 0.01), target=(-0.05, 0.03), field="push", cue=4, lead_in=90.0, rest=5.0), Row(rotation=90.0)]
    env = CursorReachEnv(schedule=TrialTable(rows), start=None)
    _, info = env.reset(seed=0)
    assert (info["hand_x"], info["hand_y"], info["target_x"], info["target_y"]) == (0.02, 0.01, -0.05, 0.03)
    facts = env.trial_facts()
    assert (facts.cue[0], facts.lead_in[0], facts.rest[0]) == (4, 90.0, 5.0) and facts.field[0, 5] != 0 or facts.field[0, 4] != 0
    _, info = env.reset()
    for _ in range(3):
        info = env.step(np.array([1.0, 0.0], np.float32))[4]
    dx, dy = info["hand_x"] - env._trial.start[0], info["hand_y"] - env._trial.start[1]
    assert info["cursor_x"] - env._trial.start[0] == pytest.approx(-dy, abs=1e-12)
    assert info["cursor_y"] - env._trial.start[1] == pytest.approx(dx, abs=1e-12) and dx > 0
    assert env.trial_facts().cue[0] == 0 and np.isnan(env.trial_facts().lead_in[0])


def test_a_pulse_pushes_for_its_time():
    infos, _ = run(Row(gain=0.0, target=(0.0, 0.1), pulse=Event(3.0, 0.0, "time", 0.1, 0.05)), (0.0, 0.0))
    vx = np.array([info["hand_vx"] for info in infos])
    assert (vx[:31] == 0).all() and vx[35] == pytest.approx(3.0 * 0.05) and vx[36:] == pytest.approx(vx[35])  # F t / m
    force = np.array([info["force_x"] for info in infos])
    assert np.flatnonzero(force).tolist() == [31, 32, 33, 34, 35] and force[31] == 3.0


def test_a_pulse_adds_to_the_field():
    curl, push = {"field": "curl_ccw"}, Event(3.0, 0.0, "time", 0.1, 0.05)
    plain, _ = run(Row(target=(0.0, 0.1)), ahead, **curl)
    pushed, _ = run(Row(target=(0.0, 0.1), pulse=push), ahead, **curl)
    assert [info["hand_x"] for info in plain[:31]] == [info["hand_x"] for info in pushed[:31]]
    assert pushed[31]["force_x"] - plain[31]["force_x"] == pytest.approx(3.0, abs=0.01)


@pytest.mark.parametrize("after", AT)
def test_what_sets_an_event_off(after):
    at = AT[after]
    infos, _ = run(Row(gain=0.0, target=(0.0, 0.1), cursor_jump=Event(0.02, 0.0, after, at, 0.1)), ahead)
    jumped = [k for k, info in enumerate(infos) if info["cursor_x"] != info["hand_x"]]
    measure = {"time": lambda k: (k - 20) * 0.01, "place": lambda k: infos[k]["hand_y"], "speed": lambda k: infos[k]["hand_vy"]}
    first = next(k for k in range(20, len(infos)) if measure[after](k) >= at - 1e-12)
    assert jumped == list(range(first, first + 10)) and infos[first]["cursor_x"] == pytest.approx(0.02)


@pytest.mark.parametrize("delay", [0, 6])
def test_a_jump_of_the_target_is_seen_as_late_as_all_else(delay):
    row = Row(gain=0.0, target=(0.0, 0.1), target_jump=Event(0.03, 0.0, "time", 0.1))
    infos, seen = run(row, (0.0, 0.0), delay=delay)
    assert [k for k, info in enumerate(infos) if info["target_x"] != 0][0] == 30
    assert np.flatnonzero(seen[:, 0])[0] == 30 + delay and seen[-1, 0] == pytest.approx(0.3)
    assert infos[30]["distance"] == pytest.approx(np.hypot(0.03, 0.1))


def test_a_bar_is_reached_anywhere_along_it():
    aside = {"start": (0.0, 0.0), "target": (0.0, 0.1)}

    def slanting(step):  # ends at rest near (0.03, 0.1)
        time = step - 20
        return (0.0245, 0.0816) if 0 <= time < 35 else (-0.0245, -0.0816) if 35 <= time < 70 else (0.0, 0.0)

    disc, _ = run(Row(gain=0.0, **aside), slanting, steps=200, radius=0.02)
    bar, _ = run(Row(gain=0.0, bar=0.05, **aside), slanting, steps=200, radius=0.02)
    assert not disc[-1]["is_success"] and bar[-1]["is_success"]
    assert abs(bar[-1]["cursor_x"]) > 0.025 and bar[-1]["distance"] < 0.03


def test_a_hidden_cursor_is_sensed_where_the_hand_is():
    row = {"target": (0.0, 0.1), "rotation": 90.0}
    for kind in ("full", "none", "endpoint"):
        infos, seen = run(Row(feedback=kind, **row), ahead, speed_limit=0.01)
        hand, cursor = ([info[f"{who}_{axis}"] for axis in "xy"] for who in ("hand", "cursor") for info in [infos[40]])
        assert cursor == pytest.approx([-hand[1], hand[0]], abs=1e-12) and hand[1] > 0.01
        shown = 10 * np.array(cursor if kind == "full" else hand)
        assert seen[40, 3:5] == pytest.approx(shown, abs=1e-6)
        far = [k for k, info in enumerate(infos) if info["hand_y"] >= 0.1]
        if kind == "endpoint" and far:
            assert seen[far[0], 3] == pytest.approx(10 * infos[far[0]]["cursor_x"], abs=1e-6)


def test_a_clamped_cursor_keeps_to_its_way():
    infos, seen = run(Row(target=(0.0, 0.1), feedback="clamp", clamp_angle=30.0), lambda step: (0.2, 0.1) if step >= 20 else (0, 0))
    for info, each in zip(infos[1:], seen[1:], strict=True):
        away = np.hypot(info["hand_x"], info["hand_y"])
        way = np.array([-np.sin(np.radians(30)), np.cos(np.radians(30))])
        assert np.array([info["cursor_x"], info["cursor_y"]]) == pytest.approx(away * way, abs=1e-12)
        assert each[3:5] == pytest.approx(10 * away * way, abs=1e-6)
    speed = np.hypot(*(np.diff([[i["cursor_x"], i["cursor_y"]] for i in infos], axis=0)[40] / 0.01))
    assert np.hypot(*seen[41, 5:7]) / 2 == pytest.approx(speed, rel=0.05)


def test_a_channel_expects_the_field_of_its_block():
    rows = block("a", 12, channel=[5], field="curl_cw")
    env = CursorReachEnv(schedule=TrialTable(rows), field="curl_ccw")
    for k in range(6):
        env.reset(seed=0 if k == 0 else None)
    belief = env.trial_facts("block")
    assert env._trial.told["channel"] and belief.field[0, 7] > 0 and belief.scale[0, 0] == 1  # clockwise: the force is (y, -x)


def test_a_session_without_any_of_it_runs_the_usual_loops():
    plain = CursorReachEnv(schedule=TrialTable(block("a", 10, directions=8, rest=3.0)))
    assert not plain.task.is_eventful and not plain.task.turns_cursor
    assert CursorReachEnv(schedule=TrialTable([Row(rotation=10.0)])).task.turns_cursor
    assert CursorReachEnv(schedule=TrialTable([Row(feedback="none")])).task.is_eventful


def test_a_reset_can_begin_any_trial_of_the_session():
    made = {"schedule": "savings", "field": "curl_ccw", "targets": "center-out"}
    one, other = CursorReachEnv(**made), CursorReachEnv(**made)
    seen = [one.reset(seed=4)] + [one.reset() for _ in range(99)]
    for k in (99, 0, 50):
        observation, info = other.reset(seed=4 if k == 99 else None, options={"trial": k})
        assert (observation == seen[k][0]).all() and info == seen[k][1]
    assert other.reset()[1] == seen[51][1]
    vector = CursorReachVectorEnv(3, **made)
    observation, info = vector.reset(seed=[4, 4, 4], options={"trial": [99, 0, 50]})
    assert all((observation[i] == seen[k][0]).all() and info["trial"][i] == k for i, k in enumerate((99, 0, 50)))
    observation, info = vector.reset(options={"trial": 7, "reset_mask": np.array([False, True, False])})
    assert info["trial"][1] == 7 and (observation[1] == seen[7][0]).all() and (observation[0] == seen[99][0]).all()


@pytest.mark.parametrize("trial", [-1, 2**62, 1.5, True, "1", [1, 2]])
def test_bad_trial_numbers(trial):
    for env in (CursorReachEnv(), CursorReachVectorEnv(3)):
        with pytest.raises((TypeError, ValueError), match="trial"):
            env.reset(seed=0, options={"trial": trial})
    with pytest.raises(ValueError, match="trial"):
        CursorReachEnv().reset(seed=0, options={"trial": 1, "repeat": True})


def test_a_field_in_a_session_with_events_has_the_same_bits_in_all_back_ends():
    field = {"gain": 1.3, "viscosity": [[0.3, 13.7], [-11.1, 0.9]], "stiffness": [[1.7, 0.3], [0.1, 2.9]], "push": [0.37, -0.11]}
    rows = [Row(gain=0.7, field=field, bar=0.03), Row(gain=-0.3, field=field, feedback="none"), Row(feedback="clamp")]
    made = {"schedule": TrialTable(rows), "motor_noise": (0.3, 0.1), "delay": 2}
    env = CursorReachEnv(**made)
    vectors = [CursorReachVectorEnv(1, backend=name, autoreset_mode="Disabled", **made) for name in ("numpy", "numba")]
    rng = np.random.default_rng(0)
    for trial in range(3):
        seen, info = env.reset(seed=3 if trial == 0 else None)
        for vector in vectors:
            assert vector.reset(seed=3 if trial == 0 else None)[0][0].tobytes() == seen.tobytes()
        for _ in range(60):
            action = rng.uniform(-1, 1, (1, 2)).astype(np.float32)
            seen, _, terminated, truncated, info = env.step(action[0])
            for vector in vectors:
                told = vector.step(action)
                assert told[0][0].tobytes() == seen.tobytes()
                assert all(told[4][key][0] == info[key] for key in ("force_x", "force_y", "hand_vx", "hand_y", "cursor_x"))
            if terminated or truncated:
                break


@pytest.mark.parametrize("options", [{"target": (0.05, 0.0)}, {"start": (-0.05, 0.0)}, {"start": (0.0, 0.0), "target": (0.0, 0.01)}])
def test_options_too_near_to_what_the_session_says_are_refused_and_change_nothing(options):
    made = {"schedule": [{"start": (0.05, 0.0), "target": (-0.05, 0.0)}]}
    for env in (CursorReachEnv(**made), CursorReachVectorEnv(2, **made)):
        env.reset(seed=0)
        before = env.np_random.bit_generator.state if isinstance(env, CursorReachEnv) else None
        with pytest.raises(ValueError, match="target"):
            env.reset(seed=1, options=options)
        assert before is None or env.np_random.bit_generator.state == before


@pytest.mark.parametrize("keywords", [{"radius": 0.09, "hold_radius": 0.09}, {"radius": 0.1, "hold_radius": 0.1, "start": None}])
def test_discs_for_which_there_is_no_room_are_refused(keywords):
    if keywords.get("start", 1) is None:
        CursorReachEnv(**keywords).reset(seed=0)  # from corner to corner there is
        keywords = {**keywords, "workspace": 0.1, "start": (0.0, 0.0)}
    with pytest.raises(ValueError, match="workspace"):
        CursorReachEnv(**keywords)


@pytest.mark.parametrize(("line", "value"), [("home_x", 0.0), ("home_y", 0.03), ("bar", -0.1)])
def test_states_that_no_session_has_are_refused(line, value):
    env = CursorReachEnv(schedule=[{"target": (0.0, 0.1), "bar": 0.02}])
    env.reset(seed=0)
    state, at = env.get_state(), float_lines(env.task.plant)
    state["floats"][getattr(at.trial, line)] = value
    if line == "home_x":
        state["floats"][at.trial.home_y] = 0.0  # on the start
    with pytest.raises(ValueError, match="floats"):
        env.set_state(state)
    env.step(np.zeros(2, np.float32))


def test_nothing_is_set_off_before_the_cue():
    row = Row(gain=0.0, target=(0.0, 0.1), cursor_jump=Event(0.02, 0.0, "place", 0.03))
    infos, _ = run(row, (0.0, 1.0))  # leaves at once, and has come further than the place when the cue comes
    jumped = [k for k, info in enumerate(infos) if info["cursor_x"] != info["hand_x"]]
    assert infos[19]["hand_y"] > 0.03 and jumped[0] == 20


def test_the_distance_from_a_bar_by_hand():
    trial = Trial(0.0, 0.0, 0.0, 0.1, 0.0, 0.0, 1.0, 0.0, 0.0, 0.1, 0.05)  # across the way up, from x = -0.05 to 0.05
    for (x, y), away in (((0.0, 0.1), 0.0), ((0.03, 0.1), 0.0), ((-0.05, 0.07), 0.03), ((0.09, 0.13), 0.05)):
        assert squared_distance(x, y, trial) == pytest.approx(away**2, abs=1e-15)
    assert squared_distance(0.03, 0.1, trial._replace(bar=0.0)) == pytest.approx(0.03**2)


def test_a_state_whose_target_is_on_the_start_is_refused():
    env = CursorReachEnv(schedule=[{"target": (0.0, 0.1)}])
    env.reset(seed=0)
    state, at = env.get_state(), float_lines(env.task.plant)
    for line in ("home_y", "target_y"):
        state["floats"][getattr(at.trial, line)] = 0.0
    with pytest.raises(ValueError, match="floats"):
        env.set_state(state)
