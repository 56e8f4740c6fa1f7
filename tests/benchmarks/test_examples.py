"""The examples for other libraries run, and stay short; `make examples` runs them to their ends, each library in its own environment."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "benchmarks" / "examples"
# What each needs, and with how few steps it shows that it runs.
EXAMPLES = {
    "cleanrl_dqn": ("torch", 100),
    "sb3_dqn": ("stable_baselines3", 600),
    "sb3_sac": ("stable_baselines3", 1920),
    "minari_cloning": ("minari", 20),
    "torchrl_ppo": ("torchrl", 2000),
    "rllib_ppo": ("ray.rllib", 4000),
}


def present(package):
    try:
        return importlib.util.find_spec(package) is not None
    except ModuleNotFoundError:
        return False


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs(name, tmp_path):
    package, steps = EXAMPLES[name]
    if not present(package):
        pytest.skip(f"{package} has an environment of its own: `make examples`.")
    words = [sys.executable, "-m", "benchmarks.examples", name, str(steps)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert re.search(r"success [01]\.\d{3}", done.stdout)


def test_all_are_short_and_tested():
    files = {path.stem: path.read_text().splitlines() for path in FOLDER.glob("*.py") if not path.stem.startswith("__")}
    assert set(files) == set(EXAMPLES) and max(map(len, files.values())) < 40


def test_an_unknown_example_is_refused():
    words = [sys.executable, "-m", "benchmarks.examples", "nosuch"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("usage") and "cleanrl_dqn" in done.stderr
