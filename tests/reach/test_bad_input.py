"""The continuous reach refuses every bad value at the border: the right class, a message with name and value, nothing changed."""

import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.error import ClosedEnvironmentError, DependencyNotInstalled, InvalidAction, ResetNeeded
from gymnasium.utils.env_checker import data_equivalence

import reach_gym  # noqa: F401
from reach_gym.reach.env import CursorReachEnv
from reach_gym.reach.rows import COUNT
from reach_gym.reach.vector_env import CursorReachVectorEnv
from tests.refusals import label, unrefused, wording

NAN, INF = float("nan"), float("inf")
HUGE = 10**5000  # Python refuses to print it
ROWS = 3
BACKENDS = ["numpy", "numba"]


def block(**values):
    return {"schedule": [{"name": "a", "trials": 3, **values}]}


# (keywords, class, parameter's name, the value as the message shows it); for the scalar and the vector environment.
KEYWORDS = [
    ({"field": "wind"}, ValueError, "field", "'curl_assist', 'saddle', got 'wind'."),  # a field of the grid
    ({"field": 3}, TypeError, "field", "got 3."),
    ({"field": {"strength": 1}}, ValueError, "field", "'strength'"),
    ({"field": {"gain": NAN}}, ValueError, "field.gain", "got nan."),
    ({"field": {"preset": "curl_ccw", "gain": 2e6}}, ValueError, "field (every number)", "got 2000000.0."),
    ({"field": {"viscosity": [[0, -INF], [1, 0]]}}, ValueError, "field.viscosity[0][1]", "got -inf."),
    ({"field": {"push": (1, 1e7)}}, ValueError, "field (every number)", "got 10000000.0."),
    ({"field": {"region": (1, 0, 0, 1)}}, ValueError, "field.region", "x_min <= x_max"),
    ({"schedule": "sudden"}, ValueError, "schedule", "got 'sudden'."),
    ({"schedule": 5}, TypeError, "schedule", "got 5."),
    ({"schedule": []}, ValueError, "schedule", "at least one block"),
    ({"schedule": [{"name": "a"}]}, ValueError, "schedule", "'name' and 'trials', got {'name': 'a'}."),
    ({"schedule": ["baseline"]}, TypeError, "schedule", "got 'baseline'."),
    (block(trials=0), ValueError, "block.trials", "got 0."),
    (block(trials=2.0), TypeError, "block.trials", "got 2.0."),
    (block(trials=10**9), ValueError, "block.trials", "got 1000000000."),
    (block(name=""), ValueError, "block.name", "empty"),
    (block(gain=NAN), ValueError, "block.gain", "got nan."),
    (block(gain_end=11), ValueError, "block.gain_end", "got 11."),
    (block(spread=-1), ValueError, "block.spread", "got -1."),
    (block(catch=0.6, clamp=0.6), ValueError, "block.catch", "got 0.6 and 0.6."),
    (block(field="storm"), ValueError, "field", "got 'storm'."),
    (block(field={"gain": 1e9}), ValueError, "block.field (every number)", "got 1000000000.0."),
    (block(within={"amplitude": 1}), ValueError, "block.within", "'amplitude' and 'period'"),
    (block(within={"amplitude": 1, "period": 0}), ValueError, "wave.period", "above 0"),
    (block(within={"amplitude": 1, "period": 1e6}), ValueError, "block.within", "1e+06 s."),
    (block(wave="sine"), TypeError, "block.wave", "got 'sine'."),
    ({"targets": "everywhere"}, ValueError, "targets.kind", "got 'everywhere'."),
    ({"targets": None}, TypeError, "targets", "got None."),
    ({"targets": []}, ValueError, "targets", "got 0."),
    ({"targets": [(0.05, 0.2)]}, ValueError, "targets[0][1]", "from -0.1 to 0.1, got 0.2."),
    ({"targets": [(0.05, 0.05), (0, NAN)]}, ValueError, "targets[1][1]", "got nan."),
    ({"targets": [(0.0, 0.005)]}, ValueError, "target", "from the start (0.0, 0.0), got (0.0, 0.005)."),
    ({"targets": {"kind": "center-out", "count": 0}}, ValueError, "targets.count", "got 0."),
    ({"targets": {"kind": "center-out", "distance": 0.0}}, ValueError, "target", "got (0.0, 0.0)."),
    ({"targets": {"kind": "uniform", "count": 4}}, ValueError, "targets", "'count'"),
    ({"start": (0.0, 0.11)}, ValueError, "start[1]", "got 0.11."),
    ({"start": 0.0}, TypeError, "start", "got 0.0."),
    ({"start": (0, 1, 2)}, ValueError, "start", "got (0, 1, 2)."),
    ({"start": (True, 0)}, TypeError, "start[0]", "got True."),
    ({"start": ("0", 0)}, TypeError, "start[0]", "got '0'."),
    ({"reward": "steep"}, ValueError, "reward", "'shaped', 'sparse', 'dense', got 'steep'."),
    ({"reward": None}, TypeError, "reward", "got None."),
    ({"observation": "index"}, ValueError, "observation", "'vector', 'pixels', 'goal', 'body', got 'index'."),
    ({"observation": ["vector"]}, TypeError, "observation", "got ['vector']."),
    ({"rotation": 181}, ValueError, "rotation", "from -180 to 180, got 181."),
    ({"rotation": NAN}, ValueError, "rotation", "got nan."),
    ({"rotation": "30"}, TypeError, "rotation", "got '30'."),
    ({"radius": 0}, ValueError, "radius", "got 0."),
    ({"radius": 0.2}, ValueError, "radius", "got 0.2."),
    ({"radius": True}, TypeError, "radius", "got True."),
    ({"speed_limit": 0.0}, ValueError, "speed_limit", "got 0.0."),
    ({"speed_limit": INF}, ValueError, "speed_limit", "got inf."),
    ({"hold": -0.1}, ValueError, "hold", "got -0.1."),
    ({"hold": "long"}, TypeError, "hold", "got 'long'."),
    ({"hold_radius": -1}, ValueError, "hold_radius", "got -1."),
    ({"hold_radius": None}, TypeError, "hold_radius", "got None."),
    ({"false_start": "punish"}, ValueError, "false_start", "'fail', 'abort', 'ignore', got 'punish'."),
    ({"false_start": True}, TypeError, "false_start", "got True."),
    ({"movement_time": 0.4}, TypeError, "movement_time", "None or a pair (shortest, longest) in seconds, got 0.4."),
    ({"movement_time": (0.1, 0.2, 0.3)}, ValueError, "movement_time", "got (0.1, 0.2, 0.3)."),
    ({"movement_time": (0.4, 0.2)}, ValueError, "movement_time", "shortest <= longest, got (0.4, 0.2)."),
    ({"movement_time": (-0.1, 0.2)}, ValueError, "movement_time[0]", "got -0.1."),
    ({"movement_time": (0.1, NAN)}, ValueError, "movement_time[1]", "got nan."),
    ({"movement_time": (0.1, "0.4")}, TypeError, "movement_time[1]", "got '0.4'."),
    ({"time_limit": -1.0}, ValueError, "time_limit", "got -1.0."),
    ({"time_limit": INF}, ValueError, "time_limit", "got inf."),
    ({"time_limit": None}, TypeError, "time_limit", "got None."),
    ({"time_limit": 0, "hold": 0}, ValueError, "time_limit", "above 0, got 0."),
    ({"hold": 1.01}, ValueError, "hold", "at most `time_limit`, 1 s, got 1.01 s. By default: `time_limit`."),
    ({"hold": 0.2, "time_limit": 0.1}, ValueError, "hold", "at most `time_limit`, 0.1 s, got 0.2 s."),
    ({"movement_time": (0.5, 2.0), "time_limit": 0.54}, ValueError, "movement_time[0]", "0.54 s, got 0.5 s and 0.05 s. By default: `hold`."),
    ({"cue": "blink"}, ValueError, "cue", "'latched', 'pulse', got 'blink'."),
    ({"cue": None}, TypeError, "cue", "got None."),
    ({"history": -1}, ValueError, "history", "got -1."),
    ({"history": 101}, ValueError, "history", "from 0 to 100, got 101."),
    ({"history": 2.0}, TypeError, "history", "got 2.0."),
    ({"history": 3, "observation": "pixels"}, ValueError, "history", "0, as only 'vector' and 'body' have a past, got 3."),
    ({"history": 3, "observation": "goal", "reward": "sparse"}, ValueError, "history", "0, as only 'vector' and 'body' have a past, got 3."),
    ({"observation": "goal"}, ValueError, "reward", "for any goal, got 'shaped'. By default: `reward`."),
    ({"observation": "goal", "reward": "dense", "false_start": "abort"}, ValueError, "false_start", "not be 'abort', which no step"),
    ({"observation": "goal", "false_start": "abort", "history": 2}, ValueError, "history", "got 2; `reward` must be 'sparse' or 'dense'"),
    ({"preset": "home"}, ValueError, "preset", "'simple', 'lab', 'lab_arm', 'sun_plitt', got 'home'."),
    ({"preset": None}, TypeError, "preset", "got None."),
    ({"target_onset": -1}, ValueError, "target_onset", "got -1."),
    ({"target_onset": 1e9}, ValueError, "target_onset", "got 1000000000.0."),
    ({"go_delay": (0.1, 0.0)}, ValueError, "go_delay", "shortest <= longest, got (0.1, 0.0)."),
    ({"go_delay": (0.0, NAN)}, ValueError, "go_delay[1]", "got nan."),
    ({"go_delay": (0.0, 9000.0)}, ValueError, "go_delay", "at most 10,000 steps"),
    ({"go_delay": (0.1,)}, ValueError, "go_delay", "got (0.1,)."),
    ({"go_delay": None}, TypeError, "go_delay", "got None."),
    ({"go_delay": {"low": 0.1}}, TypeError, "go_delay.mean", "got None."),
    ({"go_delay": {"mean": 0.1, "sd": 1}}, ValueError, "go_delay", "'sd'"),
    ({"go_delay": {"mean": 0.1, "low": 0.3, "high": 0.2}}, ValueError, "go_delay.high", "got 0.2."),
    ({"go_pulse": -0.05}, ValueError, "go_pulse", "got -0.05."),
    ({"delay": -1}, ValueError, "delay", "got -1."),
    ({"delay": 1.0}, TypeError, "delay", "got 1.0."),
    ({"delay": 10**9}, ValueError, "delay", "got 1000000000."),
    ({"delay": HUGE}, ValueError, "delay", "from 0 to 1000, got"),
    ({"sensory_noise": 0.1}, TypeError, "sensory_noise", "got 0.1."),
    ({"sensory_noise": (0.1, -0.1)}, ValueError, "sensory_noise[1]", "got -0.1."),
    ({"sensory_noise": (NAN, 0)}, ValueError, "sensory_noise[0]", "got nan."),
    ({"motor_noise": (1, 2, 3)}, ValueError, "motor_noise", "got (1, 2, 3)."),
    ({"motor_noise": (INF, 0)}, ValueError, "motor_noise[0]", "got inf."),
    ({"mass": 0}, ValueError, "mass", "got 0."),
    ({"mass": -1.0}, ValueError, "mass", "got -1.0."),
    ({"mass": 1e-300}, ValueError, "mass", "from 1e-06 to 1000000.0, got 1e-300."),  # its inverse would overflow
    ({"damping": -1}, ValueError, "damping", "got -1."),
    ({"damping": 150.0}, ValueError, "damping", "mass / dt = 100 N s/m, got 150."),  # would oscillate and grow
    ({"dt": 0.0}, ValueError, "dt", "got 0.0."),
    ({"dt": 1e-200, "target_onset": 0, "hold": 0, "go_delay": 0, "go_pulse": 0}, ValueError, "dt", "got 1e-200."),
    ({"dt": "0.01"}, TypeError, "dt", "got '0.01'."),
    ({"max_force": 0}, ValueError, "max_force", "got 0."),
    ({"max_force": 1j}, TypeError, "max_force", "got 1j."),
    ({"workspace": -0.1}, ValueError, "workspace", "got -0.1."),
    ({"workspace": 1e-200, "radius": 1e-201, "hold_radius": 1e-201}, ValueError, "workspace", "got 1e-200."),  # once drew for ever
    ({"workspace": HUGE}, ValueError, "workspace", "a finite number"),
    ({"render_mode": "ascii"}, ValueError, "render_mode", "got 'ascii'."),
    ({"render_mode": 1}, TypeError, "render_mode", "got 1."),
]  # fmt: skip
ARM = {"plant": "two_link_arm"}
FAR = {**ARM, "shoulder": (0.0, -0.7)}
# Places where the arm's hand cannot be, and why.
KEYWORDS += [
    ({**ARM, "workspace": 0.2}, ValueError, "workspace", "got (-0.2, 0.2) m: 0.680074 m from the shoulder, which must be between 0.03315"),
    ({**ARM, "workspace": 0.4, "targets": [(0.05, 0.05)], "start": None}, ValueError, "workspace", "m from the shoulder"),
    (FAR, ValueError, "start", "got (0, 0) m: 0.7 m from the shoulder"),
    ({**FAR, "start": (0, -0.1), "targets": [(0, -0.08), (0.0, 0.0)]}, ValueError, "targets", "got (0, 0) m: 0.7 m from the shoulder"),
    ({**FAR, "start": (0, -0.1), "targets": [(0.0, -0.08)], "schedule": [{}, {"target": (0, 0.1)}]}, ValueError, "target", "got (0, 0.1) m: 0.8 m"),
    ({**FAR, "start": (0, -0.1), "targets": [(0.0, -0.08)], "schedule": [{"start": (0, 0.1)}]}, ValueError, "start", "got (0, 0.1) m: 0.8 m"),
    ({**ARM, "joint_limits": ((0, 30), (0, 155))}, ValueError, "start", "with the shoulder at 42.8 degrees, which must be from 0 to 30"),
    ({**ARM, "joint_limits": ((0, 135), (0, 60))}, ValueError, "start", "with the elbow at 89.0 degrees, which must be from 0 to 60"),
    ({**ARM, "field": {"push": [900, 900]}}, ValueError, "field", "a push of at most 1000 N with an arm of two bones in time steps of 0.01 s, got 1272.79"),
    ({**ARM, "field": {"viscosity": [[0, -500], [500, 0]]}}, ValueError, "field", "a viscosity of at most 203.055 N s/m with an arm"),
    ({**ARM, "field": {"viscosity": [[0, -50], [50, 0]]}, "schedule": [{"gain": 5}]}, ValueError, "field", "got 250 at its greatest gain."),
    ({**ARM, "field": {"stiffness": [[1e5, 0], [0, 0]]}}, ValueError, "field", "a stiffness of at most 64977.7 N/m with an arm"),
    ({**ARM, "field": {"stiffness": [[100, 0], [0, 0]], "origin": [20, 0]}}, ValueError, "field", "a push of at most 1000 N"),
    ({**ARM, "schedule": [{"pulse": {"x": 800, "y": 800, "after": "time", "at": 0.1, "duration": 0.1}}]}, ValueError, "pulse", "at most 1000 N"),
    ({**ARM, "dt": 0.05}, ValueError, "dt", "at most 0.02 s with an arm of two bones, got 0.05."),
    ({"observation": "body"}, ValueError, "observation", "'body' with a point mass, which has no senses."),
    ({"felt_delay": 2}, ValueError, "felt_delay", "0, as only 'body' feels, got 2."),
    ({**ARM, "felt_noise": 0.1}, ValueError, "felt_noise", "0, as only 'body' feels, got 0.1."),
    ({"felt_delay": 1001}, ValueError, "felt_delay", "got 1001."),
    ({"felt_delay": 1.0}, TypeError, "felt_delay", "got 1.0."),
    ({"felt_noise": -0.1}, ValueError, "felt_noise", "got -0.1."),
    ({"felt_noise": NAN}, ValueError, "felt_noise", "got nan."),
    ({"felt_noise": (0.1, 0.1)}, TypeError, "felt_noise", "got (0.1, 0.1)."),
    ({"observation": "goal", "reward": "sparse", "history": 2}, ValueError, "history", "got 2."),
]
VECTOR_KEYWORDS = [
    ({"num_envs": 0}, ValueError, "num_envs", "got 0."),
    ({"num_envs": 10**12}, ValueError, "num_envs", "got 1000000000000."),
    ({"num_envs": 2.0}, TypeError, "num_envs", "got 2.0."),
    ({"max_episode_steps": 0}, ValueError, "max_episode_steps", "got 0."),
    ({"max_episode_steps": 10.0}, TypeError, "max_episode_steps", "got 10.0."),
    ({"autoreset_mode": "Never"}, ValueError, "autoreset_mode", "got 'Never'."),
    ({"autoreset_mode": None}, TypeError, "autoreset_mode", "got None."),
    ({"backend": "jax"}, ValueError, "backend", "'auto', 'numpy', 'numba', got 'jax'."),
    ({"backend": None}, TypeError, "backend", "got None."),
    ({"threads": 0}, ValueError, "threads", "got 0."),
    ({"threads": True}, TypeError, "threads", "got True."),
    ({"threads": 2, "backend": "numpy"}, ValueError, "threads", "got 2."),
    ({"threads": 1024, "backend": "numba"}, ValueError, "threads", "got 1024."),
    ({"render_mode": "human"}, ValueError, "render_mode", "one of 'rgb_array', got 'human'."),
]
# Reset arguments; for the scalar and the vector environment, whose start is at (0, 0).
RESETS = [
    ({"seed": -1}, ValueError, "seed", "got -1."),
    ({"seed": 2**63}, ValueError, "seed", "got 9223372036854775808."),
    ({"seed": HUGE}, ValueError, "seed", "from 0 to 9223372036854775807, got"),
    ({"seed": 1.0}, TypeError, "seed", "got 1.0."),
    ({"seed": True}, TypeError, "seed", "got True."),
    ({"seed": "1"}, TypeError, "seed", "got '1'."),
    ({"options": [("gain", 1)]}, TypeError, "options", "got [('gain', 1)]."),
    ({"options": "gain"}, TypeError, "options", "got 'gain'."),
    ({"options": {"radius": 0.1}}, ValueError, "options", "the unknown key 'radius';"),
    ({"options": {3: 5}}, ValueError, "options", "the unknown key 3;"),
    ({"seed": 1, "options": {"start": (0.11, 0)}}, ValueError, "options['start'][0]", "got 0.11."),
    ({"seed": 1, "options": {"start": (0, NAN)}}, ValueError, "options['start'][1]", "got nan."),
    ({"seed": 1, "options": {"start": 0.05}}, TypeError, "options['start']", "got 0.05."),
    ({"seed": 1, "options": {"start": [0.01, [0.02, 0.03]]}}, TypeError, "options['start']", "[0.02, 0.03]"),
    ({"options": {"target": (-0.2, 0)}}, ValueError, "options['target'][0]", "got -0.2."),
    ({"options": {"target": (0.05, 0.05, 0.05)}}, ValueError, "options['target']", "got (0.05, 0.05, 0.05)."),
    ({"options": {"target": "ab"}}, TypeError, "options['target']", "got 'ab'."),
    ({"options": {"target": (0.0, 0.01)}}, ValueError, "target", "got (0.0, 0.01)."),  # as near as the radius of the target, and of the start
    ({"seed": 1, "options": {"start": (0.05, 0), "target": (0.05, 0)}}, ValueError, "target", "got (0.05, 0.0)."),
    ({"seed": 1, "options": {"field": "storm"}}, ValueError, "field", "got 'storm'."),
    ({"seed": 1, "options": {"field": {"gain": INF}}}, ValueError, "field.gain", "got inf."),
    ({"seed": 1, "options": {"field": {"gain": 1e9}}}, ValueError, "options['field'] (every number)", "got 1000000000.0."),
    ({"seed": 1, "options": {"field": 7}}, TypeError, "field", "got 7."),
    ({"options": {"gain": NAN}}, ValueError, "options['gain']", "got nan."),
    ({"options": {"gain": 11}}, ValueError, "options['gain']", "from -10.0 to 10.0, got 11."),
    ({"options": {"gain": "1"}}, TypeError, "options['gain']", "got '1'."),
    ({"options": {"gain": True}}, TypeError, "options['gain']", "got True."),
    ({"options": {"gain": np.array(1.0)}}, TypeError, "options['gain']", "got array(1.)."),
    ({"options": {"channel": 1}}, TypeError, "options['channel']", "True or False, got 1."),
    ({"options": {"channel": "yes"}}, TypeError, "options['channel']", "got 'yes'."),
]
MASK = np.array([False, True, True])
VECTOR_RESETS = [
    ({"seed": [1, 2]}, ValueError, "seed", "got [1, 2]."),
    ({"seed": [1, -2, 3]}, ValueError, "seed", "got -2."),
    ({"seed": [1, 2.0, 3]}, TypeError, "seed", "got 2.0."),
    ({"seed": 2**63 - 2}, ValueError, "seed", "got"),  # seed + row must fit too
    ({"options": {"reset_mask": [True, False, True]}}, TypeError, "options['reset_mask']", "got [True, False, True]."),
    ({"options": {"reset_mask": np.array([1, 0, 1])}}, TypeError, "options['reset_mask']", "got array([1, 0, 1])."),
    ({"options": {"reset_mask": np.ones(4, bool)}}, ValueError, "options['reset_mask']", "shape (3,)"),
    ({"options": {"reset_mask": np.zeros(3, bool)}}, ValueError, "options['reset_mask']", "[False, False, False]"),
    ({"options": {"reset_mask": MASK, "mass": 4}}, ValueError, "options", "'mass'"),
    ({"options": {"reset_mask": MASK, "gain": 40}, "seed": 4}, ValueError, "options['gain']", "got 40."),
    ({"options": {"start": [(0, 0), (0.05, 0)]}}, ValueError, "options['start']", "got [(0, 0), (0.05, 0)]."),
    ({"options": {"start": [(0, 0), (0.05, 0), (0.2, 0)]}}, ValueError, "options['start'][2][0]", "got 0.2."),
    ({"options": {"target": np.full((3, 2), NAN)}}, ValueError, "options['target'][0][0]", "got"),
    ({"options": {"target": np.ones((3, 2), bool)}}, TypeError, "options['target'][0][0]", "True"),
    ({"options": {"target": np.full((3, 2), "a")}}, TypeError, "options['target'][0][0]", "'a'"),
    ({"options": {"start": [(0, 0), (0.05, 0), (0, 0.05)], "target": (0, 0.05)}}, ValueError, "target", "got (0.0, 0.05)."),
    ({"options": {"gain": [1, 2]}}, ValueError, "options['gain']", "got [1, 2]."),
    ({"options": {"gain": [1, 2, INF]}}, ValueError, "options['gain'][2]", "got inf."),
    ({"options": {"gain": np.ones((3, 1))}}, TypeError, "options['gain'][0]", "got array([1.])."),
]
ACTIONS = [
    *[(NAN, 0), (0, INF), (-INF, INF), np.array([NAN, 0], np.float32), np.array([0, -INF]), np.array([INF, INF], np.float16)],
    *[None, 1, 0.5, "12", "ab", b"ab", {}, {0: 1, 1: 2}, object, 3j, [], [1], [1, 2, 3], ["0", "1"], (True, False), np.array([True, False])],
    *[[1j, 0], np.zeros(2, complex), [[1], 2], [0, None], np.array([0, 0.5], object), [HUGE, 0], np.zeros((1, 2)), np.zeros((2, 1))],
    *[np.zeros(0), np.array(0.5), np.zeros(3), np.zeros(2, "M8[s]"), np.zeros(2, "m8[s]"), slice(2), {0.1, 0.2}],
]
VECTOR_ACTIONS = [
    *[None, 0.5, "012", [], {}, object, np.zeros(2), np.zeros((2, 2)), np.zeros((4, 2)), np.zeros((2, 3)), np.zeros((3, 2, 1)), [0, 1, 2]],
    *[[(0, 0), (0, NAN), (0, 0)], [(0, 0), (0, 0), (INF, 0)], [(-INF, 0), (INF, 0), (0, 0)], np.full((3, 2), NAN, np.float32)],
    *[[(0, 0), (0,), (0, 0)], [(0, 0), None, (0, 0)], [(0, 0), (0, "1"), (0, 0)], np.zeros((3, 2), bool), np.zeros((3, 2), complex)],
    *[np.zeros((3, 2), object), np.full((3, 2), "0"), [(0, 0), (HUGE, 0), (0, 0)]],
]
# Parts of a scalar environment's state: (part, what to make of it).
STATES = [
    *[("floats", bad) for bad in (None, 3, "floats", [], [0.0] * 3, [NAN] * 28, [[0.0]] * 28, ["0"] * 28, [True] * 28, [1j] * 28, [None] * 28)],
    *[("counts", bad) for bad in (None, [], [0] * 9, [0.5] * 10, [NAN] * 10, [-1] * 10, [2**31] * 10, [HUGE] * 10, ["0"] * 10, [False] * 10)],
    *[("counts", bad) for bad in (np.full(10, 0.5), np.full(10, NAN), np.zeros(10, complex), np.full(10, -1), [[0] * 10], [0, [0] * 9])],
    *[("streams", bad) for bad in (None, [1, 2], [-1, 0, 0], [0.5, 0, 0], [2**64, 0, 0], [0, 2**62, 0], np.array([-1, 0, 0]), ["1", 0, 0])],
    *[("past", bad) for bad in (None, [], [[0.0] * 5], [[0.0] * 4] * 3, [[INF] * 5] * 3, [["0"] * 5] * 3, [[1e200] * 5] * 3)],
    *[("shown", bad) for bad in (None, "", (0.5,), [0.5], [[]], {}, np.zeros(1, np.float32))],
]
# Counts that no trial can have, among them a false start without having left, and success without an end.
IMPOSSIBLE = [{"left": 1}, {"step": 9, "left": 9}, {"false_start": 1}, {"step": 9, "left": 8, "go": 7, "false_start": 1}]
IMPOSSIBLE += [{"step": 8, "left": 8, "false_start": 1}, {"success": 1}, {"held": 1}, {"step": 25, "go": 24, "held": 3}]
PLACED = [  # (part, entry, bad value)
    *[("floats", place, bad) for place in (0, 1, 4, 8) for bad in (NAN, INF, -INF, 1e300)],
    *[("floats", 0, 0.3), ("floats", 1, -0.3), ("floats", -1, NAN), ("floats", -1, INF), ("floats", -16, NAN), ("floats", -10, 1e200)],
    *[("counts", place, bad) for place, bad in ((0, -1), (0, 130), (1, 30), (2, 131), (3, 130), (4, 2), (5, 2), (6, 2), (7, 3), (8, 4), (9, 2))],
]
BELIEFS = [("everything", ValueError), (None, TypeError), (1, TypeError), (["trial"], TypeError)]
HORIZONS = [(-1, ValueError), (10**9, ValueError), (1.5, TypeError), ("9", TypeError), (True, TypeError), (None, TypeError)]
POINT = (0.0, 0.0)
GOAL = {"observation": "goal", "reward": "sparse"}  # of the shaped reward no step alone tells
# (achieved goal, desired goal, info: the step's own with these changes, or something else), parameter's name.
GOALS = [
    ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0), {}, "achieved_goal"),
    ("ab", POINT, {}, "achieved_goal"),
    (None, POINT, {}, "achieved_goal"),
    ((0.0, NAN), POINT, {}, "achieved_goal"),
    (POINT, (INF, 0.0), {}, "desired_goal"),
    (POINT, 0.0, {}, "desired_goal"),
    (POINT, [POINT], {}, "desired_goal"),
    ([POINT] * 2, [POINT] * 3, {}, "desired_goal"),
    (np.zeros((1, 1, 2)), np.zeros((1, 1, 2)), {}, "achieved_goal"),
    (POINT, POINT, None, "info"),
    (POINT, POINT, [], "info"),
    (POINT, POINT, {"phase": [2, 2]}, "info"),
    ([POINT] * 2, [POINT] * 2, {}, "info"),  # one info for two steps
    ([POINT] * 2, [POINT] * 2, [{}, {}], "info"),  # what Stable-Baselines3 gives unless told otherwise
]


def scalar(**kwargs):
    return CursorReachEnv(**kwargs)


def vector(backend="numpy", num_envs=ROWS, **kwargs):
    return CursorReachVectorEnv(num_envs, backend=backend, **kwargs)


def vector_from(kwargs):
    return CursorReachVectorEnv(**{"num_envs": 2, "backend": "numpy", **kwargs})


def same(a, b):
    return data_equivalence(a, b, exact=True)


def complaints():
    """What is not refused as it should be, without pytest and `assert`: for Python's -O."""

    def tries():
        for kwargs, *expected in KEYWORDS:
            yield lambda kwargs=kwargs: scalar(**kwargs), expected
            yield lambda kwargs=kwargs: vector_from(kwargs), expected
        for kwargs, *expected in VECTOR_KEYWORDS:
            yield lambda kwargs=kwargs: vector_from(kwargs), expected
        one, many, goal, late = scalar(), vector(), scalar(**GOAL), session()
        for env in (one, many, goal, late):
            env.reset(seed=1)
        for kwargs, *expected in RESETS:
            yield lambda kwargs=kwargs: one.reset(**kwargs), expected
            yield lambda kwargs=kwargs: many.reset(**kwargs), expected
        for kwargs, *expected in VECTOR_RESETS:
            yield lambda kwargs=kwargs: many.reset(**kwargs), expected
        for action in ACTIONS:
            yield lambda action=action: one.step(action), (InvalidAction, "action", "shape (2,), got ")
        for actions in VECTOR_ACTIONS:
            yield lambda actions=actions: many.step(actions), (InvalidAction, "actions", "shape (3, 2), got ")
        for part, bad in STATES:
            state = {**late.get_state(), part: bad}
            yield lambda state=state: late.set_state(state), (ValueError, "state[", part)
        for belief, kind in BELIEFS:
            yield lambda belief=belief: one.trial_facts(belief), (kind, "belief", "'trial', 'block', 'nothing', got ")
        for achieved, desired, info, name in GOALS:
            yield lambda goals=(achieved, desired, info): goal.compute_reward(*goals), (ValueError, name, "got ")
        yield lambda: scalar().step((0, 0)), (ResetNeeded, "", "reset")
        yield lambda: vector().step(np.zeros((ROWS, 2))), (ResetNeeded, "", "reset")
        yield scalar().render, (ResetNeeded, "", "reset")

    return unrefused(tries())


@pytest.mark.parametrize("make", [lambda kwargs: scalar(**kwargs), vector_from], ids=["scalar", "vector"])
@pytest.mark.parametrize("kwargs,kind,name,value", KEYWORDS, ids=label)
def test_a_bad_keyword_is_refused(make, kwargs, kind, name, value):
    with pytest.raises(kind, match=wording(name, value)):
        make(kwargs)


@pytest.mark.parametrize("make", [lambda kwargs: scalar(**kwargs), vector_from], ids=["scalar", "vector"])
@pytest.mark.parametrize("name", ["start", "target"])
def test_a_place_out_of_reach_is_refused_at_reset_and_changes_nothing(make, name):
    env = make({**FAR, "start": (0, -0.1), "targets": [(0.0, -0.08)]})
    env.reset(seed=1)
    before = env.get_state()
    with pytest.raises(ValueError, match=wording(f"options['{name}']", "within reach of an arm of two bones, got (0, 0.05) m: 0.75 m")):
        env.reset(options={name: (0.0, 0.05)})
    assert same(env.get_state(), before)


@pytest.mark.parametrize(("plant", "line"), [("muscle_arm", "a3"), ("two_link_arm", "field")])
def test_a_state_that_no_arm_can_follow_is_refused(plant, line):
    env = scalar(plant=plant, field="curl_ccw")
    env.reset(seed=1)
    state = env.get_state()
    place = -8 if line == "field" else env.task.plant.State._fields.index(line)  # a part of the viscosity
    state["floats"][place] = 9e29
    with pytest.raises(ValueError, match=wording("state['floats']", "can follow for a step")):
        env.set_state(state)


@pytest.mark.parametrize("options", [{"gain": 20 / 3}, {"field": {"viscosity": [[0, -300], [300, 0]]}}], ids=str)
def test_a_force_that_no_arm_can_follow_is_refused_at_reset(options):
    for env in (scalar(**ARM, field={"viscosity": [[0, -50], [50, 0]]}), vector(**ARM, field={"viscosity": [[0, -50], [50, 0]]})):
        with pytest.raises(ValueError, match=wording(f"options['{next(iter(options))}']", "a viscosity of at most 203.055 N s/m")):
            env.reset(seed=1, options=options)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("field", [{"viscosity": 200.0}, {"stiffness": 60000.0}, {"push": 700.0}], ids=str)
def test_the_strongest_fields_leave_an_arm_finite(field, sign):
    name, size = next(iter(field.items()))
    value = [sign * size] * 2 if name == "push" else [[sign * size, 0], [0, sign * size]]
    env, generator = scalar(**ARM, field={name: value}), np.random.default_rng(0)
    env.reset(seed=1)
    for _ in range(110):
        seen, *_, info = env.step(generator.uniform(-1, 1, 2).astype(np.float32))
        assert seen in env.observation_space and np.isfinite([info["force_x"], info["force_y"]]).all()


@pytest.mark.parametrize(("joint", "value"), [(joint, value) for joint in ("q1", "q2") for value in (-0.01, 3.0)] + [("w1", 101.0), ("w2", -1e29)])
def test_a_joint_beyond_its_limits_is_refused_in_a_state(joint, value):
    env = scalar(**ARM)
    env.reset(seed=1)
    state = env.get_state()
    state["floats"]["q1 q2 w1 w2".split().index(joint)] = value
    with pytest.raises(ValueError, match=wording("state['floats']", f"joint limits, got {joint} = {value:g}.")):
        env.set_state(state)


@pytest.mark.parametrize("kwargs,kind,name,value", VECTOR_KEYWORDS, ids=label)
def test_a_bad_keyword_of_the_vector_env_is_refused(kwargs, kind, name, value):
    with pytest.raises(kind, match=wording(name, value)):
        vector_from(kwargs)


def test_the_registered_id_refuses_too():
    for env_id in ("CursorReach", "CursorReachCenterOut"):
        with pytest.raises(ValueError, match=wording("mass", "got 0.")):
            gym.make(f"reach_gym/{env_id}-v0", mass=0)
        with pytest.raises(ValueError, match=wording("mass", "got 0.")):
            gym.make_vec(f"reach_gym/{env_id}-v0", num_envs=2, mass=0)


def test_numba_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "reach_gym.reach.numba_rows", None)  # as if its import failed
    with pytest.raises(DependencyNotInstalled, match=r'numba is not installed; run `pip install "reach-gym\[fast\]"`'):
        vector("numba")
    assert vector("auto").backend == "numpy"
    with pytest.raises(ValueError, match=wording("threads", "got 2.")):
        vector("auto", threads=2)


@pytest.mark.parametrize("kwargs,kind,name,value", RESETS, ids=label)
def test_a_rejected_reset_changes_nothing(kwargs, kind, name, value):
    env, twin = scalar(), scalar()
    for each in (env, twin):
        each.reset(seed=5)
        each.step((1, 0.5))
    before = env.get_state()
    with pytest.raises(kind, match=wording(name, value)):
        env.reset(**kwargs)
    assert env.get_state() == before
    assert same(env.step((0, 1)), twin.step((0, 1)))
    assert same(env.reset(), twin.reset())
    assert env.np_random.bit_generator.state == twin.np_random.bit_generator.state


@pytest.mark.parametrize("kwargs,kind,name,value", [*RESETS, *VECTOR_RESETS], ids=label)
def test_a_rejected_vector_reset_changes_nothing(kwargs, kind, name, value):
    env, twin = vector(), vector()
    for each in (env, twin):
        each.reset(seed=5)
        each.step(np.full((ROWS, 2), 0.5))
    before = env.get_state()
    with pytest.raises(kind, match=wording(name, value)):
        env.reset(**kwargs)
    assert same(env.get_state(), before)
    assert same(env.step(np.ones((ROWS, 2))), twin.step(np.ones((ROWS, 2))))
    assert same(env.reset(), twin.reset())


def test_a_rejected_first_reset_begins_nothing():
    env, many = scalar(), vector()
    with pytest.raises(ValueError):
        env.reset(seed=1, options={"gain": NAN})
    with pytest.raises(ResetNeeded):
        env.step((0, 0))
    with pytest.raises(ValueError):
        many.reset(seed=1, options={"gain": NAN})
    with pytest.raises(ResetNeeded):
        many.step(np.zeros((ROWS, 2)))
    with pytest.raises(ResetNeeded, match="all rows"):
        many.reset(seed=1, options={"reset_mask": MASK})


@pytest.mark.parametrize("action", ACTIONS, ids=label)
def test_a_bad_action_is_refused_and_moves_nothing(action):
    env = scalar(render_mode="rgb_array")
    env.reset(seed=3)
    env.step((1, 1))
    before, picture = env.get_state(), env.render()
    for kind in (InvalidAction, ValueError):
        with pytest.raises(kind, match=wording("action", "finite numbers of shape (2,), got ")):
            env.step(action)
    assert env.get_state() == before
    assert np.array_equal(env.render(), picture)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("actions", VECTOR_ACTIONS, ids=label)
def test_a_bad_action_is_refused_before_any_row_moves(actions, backend):
    env, twin = vector(backend), vector(backend)
    for each in (env, twin):
        each.reset(seed=3)
        each.step(np.ones((ROWS, 2)))
    before = env.get_state()
    for kind in (InvalidAction, ValueError):
        with pytest.raises(kind, match=wording("actions", "finite numbers of shape (3, 2), got ")):
            env.step(actions)
    assert same(env.get_state(), before)
    assert same(env.step(np.ones((ROWS, 2))), twin.step(np.ones((ROWS, 2))))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("mode", ["NextStep", "SameStep", "Disabled"])
@pytest.mark.parametrize("row", range(ROWS))
def test_the_message_tells_the_row_whatever_the_others_do(row, mode, backend):
    """Row 1 has just ended its trial."""
    env = vector(backend, autoreset_mode=mode, max_episode_steps=2)
    env.reset(seed=3)
    env.step(np.zeros((ROWS, 2)))
    if mode == "Disabled":
        env.reset(options={"reset_mask": np.array([False, True, False])})
    else:
        env.step(np.zeros((ROWS, 2)))
    before, actions = env.get_state(), np.zeros((ROWS, 2))
    actions[row, 1] = NAN
    with pytest.raises(InvalidAction, match=f"in row {row}"):
        env.step(actions)
    assert same(env.get_state(), before)
    assert np.isnan(actions[row, 1]) and np.isnan(actions).sum() == 1


@pytest.mark.parametrize("wide", [(1e308, 1e308), (-2.0, 1.5), np.array([3e38, -3e38], np.float32), (10**18, -(10**18)), np.array([7, -9])])
def test_finite_numbers_outside_are_clipped(wide):
    """The effort is that of the clipped action, and no sum of the numbers overflows on the way."""
    edge = np.sign(np.asarray(wide, np.float64))
    env, plain = scalar(), scalar()
    env.reset(seed=1), plain.reset(seed=1)
    assert same(env.step(wide), plain.step(edge))
    for backend in BACKENDS:
        many, few = vector(backend), vector(backend)
        many.reset(seed=1), few.reset(seed=1)
        given = np.stack([wide] * ROWS)
        kept = given.copy()
        assert same(many.step(given), few.step(np.stack([edge] * ROWS)))
        assert np.array_equal(given, kept)


FORMS = {
    "list": lambda a: np.asarray(a).tolist(),
    "tuple": lambda a: tuple(map(tuple, a)) if np.ndim(a) == 2 else tuple(a),
    "float32": lambda a: np.asarray(a, np.float32),
    "float16": lambda a: np.asarray(a, np.float16),
    "longdouble": lambda a: np.asarray(a, np.longdouble),
    "not contiguous": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "Fortran": np.asfortranarray,
    "big-endian": lambda a: np.asarray(a, ">f8"),
    "read-only": lambda a: np.broadcast_to(a, np.shape(a)),
    "torch": lambda a: pytest.importorskip("torch").tensor(np.asarray(a)),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_kind_of_number_is_the_same_action(form):
    actions = np.array([[0.5, -0.25], [1.0, 0.0], [-0.75, 0.125]])
    env, plain = scalar(), scalar()
    env.reset(seed=1), plain.reset(seed=1)
    for action in actions:
        assert same(env.step(form(action)), plain.step(action))
    for backend in BACKENDS:
        many, few = vector(backend), vector(backend)
        many.reset(seed=1), few.reset(seed=1)
        assert same(many.step(form(actions)), few.step(actions))
    whole = np.array([[1, 0], [-1, 1], [0, 0]])
    assert same(many.step(whole), few.step(whole * 1.0))
    assert same(env.step([1, 0]), plain.step((1.0, 0.0)))
    assert same(env.step(np.array([1, 1], np.uint8)), plain.step((1.0, 1.0)))


def session():
    """An environment with three blocks and a sensory delay of two steps."""
    return scalar(delay=2, schedule="abrupt", field="curl_ccw")


@pytest.mark.parametrize("part,bad", STATES, ids=label)
def test_a_bad_part_of_a_state_is_refused(part, bad):
    env = session()
    env.reset(seed=1)
    before = env.get_state()
    with pytest.raises(ValueError, match=wording("state[", part)):
        env.set_state({**before, part: bad})
    assert env.get_state() == before


@pytest.mark.parametrize("part,place,bad", PLACED, ids=label)
def test_a_bad_entry_of_a_state_is_refused(part, place, bad):
    env, many = session(), vector(delay=2, schedule="abrupt", field="curl_ccw")
    env.reset(seed=1), many.reset(seed=1)
    state, states = env.get_state(), many.get_state()
    before, kept = env.get_state(), many.get_state()
    state[part][place] = bad
    states[part][place, 1] = bad
    for each, value in ((env, state), (many, states)):
        with pytest.raises(ValueError, match=wording("state[", part)):
            each.set_state(value)
    assert env.get_state() == before
    assert same(many.get_state(), kept)


@pytest.mark.parametrize("counts", IMPOSSIBLE, ids=label)
def test_counts_that_no_trial_can_have_are_refused(counts):
    env, many = session(), vector(delay=2, schedule="abrupt", field="curl_ccw")
    env.reset(seed=1), many.reset(seed=1)
    state, states = env.get_state(), many.get_state()
    for name, value in counts.items():
        state["counts"][getattr(COUNT, name)] = states["counts"][getattr(COUNT, name), 1] = value
    for each, value in ((env, state), (many, states)):
        with pytest.raises(ValueError, match=wording("state[", "counts")):
            each.set_state(value)


def test_a_state_with_other_keys_is_refused():
    env, many = session(), vector()
    env.reset(seed=1), many.reset(seed=1)
    for each in (env, many):
        state = each.get_state()
        for bad in (None, 5, "state", [state]):
            with pytest.raises(TypeError, match=wording("state", "must be a dict, got")):
                each.set_state(bad)
        for bad in ({}, {**state, "extra": 1}, {name: value for name, value in state.items() if name != "counts"}):
            with pytest.raises(ValueError, match=wording("state", "got" if "extra" not in bad else "'extra'")):
                each.set_state(bad)
    state = many.get_state()
    for done in (None, [True] * 2, [0, 1, 0], "abc"):
        with pytest.raises(ValueError, match=wording("state['done']", "got")):
            many.set_state({**state, "done": done})
    with pytest.raises(ValueError, match=wording("state['floats']", "got")):
        vector(num_envs=2).set_state({**state, "done": [False] * 2})  # of three rows


def test_a_state_of_another_task_is_refused():
    env = session()
    env.reset(seed=1)
    with pytest.raises(ValueError, match=wording("state['past']", "got")):
        scalar().set_state(env.get_state())  # it has no delay


@pytest.mark.parametrize("make", [scalar, vector])
def test_bad_questions_about_the_trials_are_refused(make):
    env = make()
    with pytest.raises(ResetNeeded):
        env.trial_facts()
    env.reset(seed=1)
    for belief, kind in BELIEFS:
        with pytest.raises(kind, match=wording("belief", "'trial', 'block', 'nothing', got ")):
            env.trial_facts(belief)
    for steps, kind in HORIZONS:
        with pytest.raises(kind, match=wording("steps", "an integer from 0 to 100000, got ")):
            env.trial_facts(steps=steps)


@pytest.mark.parametrize("observation", ["vector", "goal"])
@pytest.mark.parametrize("make", [scalar, vector])
def test_bad_observations_have_no_sense(make, observation):
    env = make(observation=observation, reward="sparse")
    rows = getattr(env, "num_envs", 1)
    env.reset(seed=1)
    for bad in (None, 5, "ab", {}, [], np.zeros(14), np.zeros((rows + 1, 14)), np.zeros((rows, 13)), np.zeros((rows, 7)), {"observation": np.zeros((rows, 4))}):
        with pytest.raises(ValueError, match=wording("observations", f"must be {rows} of the kind '{observation}', got ")):
            env.sense(bad)


@pytest.mark.parametrize("make", [scalar, vector])
@pytest.mark.parametrize("achieved,desired,changes,name", GOALS, ids=label)
def test_bad_goals_have_no_reward(make, achieved, desired, changes, name):
    env = scalar(**GOAL)
    env.reset(seed=1)
    info = env.step((0, 0))[-1]
    told = {**info, **changes} if isinstance(changes, dict) else changes
    with pytest.raises(ValueError, match=wording(name, "got ")):
        make(**GOAL).compute_reward(achieved, desired, told)


@pytest.mark.parametrize("what", ["render", "get_state", "scene", "trial_facts"])
def test_the_bare_env_needs_a_reset_first(what):
    with pytest.raises(ResetNeeded, match="reset"):
        getattr(scalar(render_mode="rgb_array"), what)()


@pytest.mark.parametrize("what", ["render", "get_state", "scenes", "trial_facts"])
def test_the_vector_env_needs_a_reset_first(what):
    with pytest.raises(ResetNeeded, match="reset"):
        getattr(vector(render_mode="rgb_array"), what)()


def at_once(**kwargs):
    """A target that is hit by standing still."""
    return {"targets": [(0.05, 0.0)], "radius": 0.049, "speed_limit": 10.0, "hold": 0.0, "target_onset": 0.0, "go_delay": 0.0, "hold_radius": 0.0005, **kwargs}


def test_step_before_the_reset_and_after_the_end_is_refused():
    env = scalar(**at_once(render_mode="rgb_array", dt=0.05))
    with pytest.raises(ResetNeeded, match="`reset` before `step`"):
        env.step((0, 0))
    env.reset(seed=1)
    assert env.step((1, 0))[2]
    before = env.get_state()
    with pytest.raises(ResetNeeded, match="`reset` before `step`"):
        env.step((0, 0))
    assert env.get_state() == before
    assert env.render().ndim == 3  # the last picture stays to be seen
    env.reset()
    env.step((0, 0))


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_vector_env_without_autoreset_refuses_to_go_on(backend):
    env = vector(backend, autoreset_mode="Disabled", **at_once(dt=0.05))
    with pytest.raises(ResetNeeded, match="`reset` before `step`"):
        env.step(np.zeros((ROWS, 2)))
    env.reset(seed=1)
    assert env.step([(1, 0), (0, 0), (-1, 0)])[2].tolist() == [True, False, False]
    before = env.get_state()
    with pytest.raises(ResetNeeded, match=r"rows \[0\]"):
        env.step(np.zeros((ROWS, 2)))
    assert same(env.get_state(), before)
    env.reset(options={"reset_mask": np.array([True, False, False])})
    env.step(np.zeros((ROWS, 2)))


def test_a_closed_vector_env_is_closed():
    env = vector(render_mode="rgb_array")
    env.reset(seed=1)
    state = env.get_state()
    env.close()
    env.close()  # once more does no harm
    for call in (
        lambda: env.step(np.zeros((ROWS, 2))),
        lambda: env.step(None),
        env.reset,
        env.render,
        env.scenes,
        env.trial_facts,
        lambda: env.sense(np.zeros((ROWS, 14))),
        env.get_state,
        lambda: env.set_state(state),
    ):
        with pytest.raises(ClosedEnvironmentError, match="closed"):
            call()


def test_the_callers_options_are_never_modified():
    for env, options in (
        (scalar(), {"gain": 2, "field": {"preset": "push", "gain": 2}, "start": [0.05, 0.05]}),
        (vector(), {"gain": np.ones(ROWS), "reset_mask": np.ones(ROWS, bool), "start": np.full((ROWS, 2), 0.05)}),
    ):
        kept = {key: np.array(value, copy=True) if isinstance(value, np.ndarray) else value for key, value in options.items()}
        env.reset(seed=1, options=options)
        env.step(np.ones((ROWS, 2)) if "reset_mask" in options else (1, 1))
        assert options.keys() == kept.keys() and all(np.all(options[key] == kept[key]) for key in kept)


def test_the_checks_survive_python_o():
    root = Path(__file__).parents[2]
    code = (
        "import sys; sys.path[:0] = ['.']\n"
        "from tests.reach.test_bad_input import complaints\n"
        "count, found = complaints()\n"
        "print(__debug__, count, *found, sep='\\n')\n"
    )
    done = subprocess.run([sys.executable, "-O", "-c", code], cwd=root, capture_output=True, text=True, timeout=60)
    debug, count, *found = done.stdout.splitlines() or ["", "0", done.stderr]
    assert (done.returncode, debug, found) == (0, "False", [])
    assert int(count) > 400
