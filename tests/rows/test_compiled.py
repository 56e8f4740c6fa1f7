"""Kernels are compiled once for all processes, and anew when the code that they are made of changes."""

import json
import os
import subprocess
import sys

import pytest

pytest.importorskip("numba")
compiled = pytest.importorskip("reach_gym.rows.compiled")

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


# A derivative that is written by machine has no file of its own.
DERIVATIVE = """
import json, sys
import numpy as np
from reach_gym.differentiable.written import Arranged, Written
factor = sys.argv[1] if len(sys.argv) > 1 else "1.0"
made = Written(eval(f"lambda a, b: ({factor} * a * b,)"), [Arranged(2)], 2, [Arranged(1)], 1)
at, out, gradients = np.array([[2.0, 3.0], [5.0, 7.0]]), np.empty((1, 2)), np.empty((2, 2))
made.forward(at, out), made.backward(at, np.ones((1, 2)), gradients)
print(json.dumps([out.tolist(), gradients.tolist()]))
stats = [each._compiled.stats for each in (made.forward, made.backward)]
print(*(sum(sum(getattr(each, name).values()) for each in stats) for name in ("cache_hits", "cache_misses")))
"""


def run(folder, *words, code=STEP):
    done = subprocess.run(
        [sys.executable, "-c", code, *words], check=True, capture_output=True, text=True, env={**os.environ, "NUMBA_CACHE_DIR": str(folder)}
    )
    told, counts = done.stdout.splitlines()
    return json.loads(told), counts


def test_a_second_process_finds_what_the_first_has_compiled(tmp_path):
    first, counts = run(tmp_path)
    assert counts == "0 1"
    assert run(tmp_path) == (first, "1 0")
    files = len(list(tmp_path.rglob("*.nbc")))
    assert run(tmp_path, "other code") == (first, "0 1")
    assert len(list(tmp_path.rglob("*.nbc"))) == files  # what is of no use any more does not pile up
    assert run(tmp_path, "other code") == (first, "1 0")


def test_derivatives_are_kept_each_for_itself(tmp_path):
    pytest.importorskip("torch")
    first = [[[10.0, 21.0]], [[5.0, 7.0], [2.0, 3.0]]]
    assert run(tmp_path, code=DERIVATIVE) == (first, "0 2")
    assert run(tmp_path, "2.0", code=DERIVATIVE) == ([[[20.0, 42.0]], [[10.0, 14.0], [4.0, 6.0]]], "0 2")
    assert run(tmp_path, code=DERIVATIVE) == (first, "2 0")


def test_processes_that_compile_at_once_do_not_take_each_others_files(tmp_path):
    """Numba's own index would give both the number 1, and who comes later the code that was written last."""
    one, other = (compiled._Files(str(tmp_path), "kernel") for _ in range(2))
    at_once = {}
    for files, key in ((one, "point mass"), (other, "arm")):  # both have read the index before either has written it
        at_once[key] = files._of(key)
        at_once[key]._loaded = at_once[key]._load_index()
        at_once[key]._load_index = lambda found=at_once[key]._loaded: dict(found)
    for key, file in at_once.items():
        file.save(key, f"code of the {key}")
    for key in at_once:
        assert compiled._Files(str(tmp_path), "kernel").load(key) == f"code of the {key}"


def test_no_two_processes_give_the_same_name_to_what_they_compile():
    """Else a process that loads the loops of two plants, made by two others, would call one for the other."""
    code = "from reach_gym.rows.compiled import FunctionIdentity as f; print(next(f._unique_ids))"
    made = [int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout) for _ in range(2)]
    assert abs(made[0] - made[1]) > 1_000_000
