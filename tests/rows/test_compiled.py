"""Kernels are compiled once for all processes, and anew when the code that they are made of changes."""

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("numba")

STEP = """
import json, sys
import gymnasium as gym
import reach_gym
from reach_gym.rows import compiled
if len(sys.argv) > 1:
    compiled._made_of = lambda: sys.argv[1]  # as if the code were another
env = gym.make_vec("reach_gym/GridReachTabular-v0", num_envs=4, backend="numba")
env.reset(seed=0)
print(json.dumps([env.step([i % 8] * 4)[1].tolist() for i in range(20)]))
stats = env.unwrapped._backend._advance.stats
print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))
"""


def run(folder, *words):
    done = subprocess.run(
        [sys.executable, "-c", STEP, *words], check=True, capture_output=True, text=True, env={**os.environ, "NUMBA_CACHE_DIR": str(folder)}
    )
    rewards, counts = done.stdout.splitlines()
    return json.loads(rewards), counts


def test_a_second_process_finds_what_the_first_has_compiled(tmp_path):
    first, counts = run(tmp_path)
    assert counts == "0 1"
    assert run(tmp_path) == (first, "1 0")
    files = len(list(tmp_path.rglob("*.nbc")))
    assert run(tmp_path, "other code") == (first, "0 1")
    assert len(list(tmp_path.rglob("*.nbc"))) == files  # what is of no use any more does not pile up
    assert run(tmp_path, "other code") == (first, "1 0")


def test_no_two_processes_give_the_same_name_to_what_they_compile():
    """Else a process that loads the loops of two plants, made by two others, would call one for the other."""
    code = "from reach_gym.rows.compiled import FunctionIdentity as f; print(next(f._unique_ids))"
    made = [int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout) for _ in range(2)]
    assert abs(made[0] - made[1]) > 1_000_000
