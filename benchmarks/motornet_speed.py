"""``python -m benchmarks motornet_speed``: two plants here and in MotorNet (GPL, in an environment of its own)."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any

import gymnasium as gym
import torch

from benchmarks.networks import UNITS, MyNetwork, step_time, update_time
from benchmarks.speed import in_turn
from reach_gym import checks
from reach_gym.cli import shell

STEPS = 129  # of a trial, as many as `step_time` takes


def rows_time(steps: int = 20) -> float:
    """CPU seconds of one step of 1,024 rows: here with rewards, observations, resets and the integrator of order 4."""
    made: dict[str, Any] = {"vectorization_mode": "vector_entry_point", "backend": "numba", "info": "lean"}
    env = gym.make_vec("reach_gym:reach_gym/CursorReach-v0", 1024, plant="muscle_arm", **made)
    env.reset(seed=0)
    actions = env.action_space.sample()
    env.step(actions)
    begin = time.process_time()
    for _ in range(steps):
        env.step(actions)
    return (time.process_time() - begin) / steps


def their_env(plant: str) -> Any:
    """Random targets for their point mass with four muscles, or their arm with the muscles of Kistemaker et al. 2010.

    Both with their default step: Euler's, of 10 ms.
    """
    from motornet import effector, environment, muscle

    if plant == "point_mass":
        body = effector.ReluPointMass24()
    else:
        body = effector.RigidTendonArm26(muscle=muscle.RigidTendonHillMuscle())
    return environment.RandomTargetReach(effector=body, max_ep_duration=STEPS / 100)


def their_rows_time(whole: bool, steps: int = 20) -> float:
    """CPU seconds of one step of 1,024 rows without derivatives: of the arm alone, or of the whole environment."""
    env, options, action = their_env("muscle_arm"), {"batch_size": 1024}, torch.rand(1024, 6)
    env.reset(options=options)
    step = env.step if whole else env.effector.step
    with torch.no_grad():
        begin = time.process_time()
        for _ in range(steps):
            step(action)
    return (time.process_time() - begin) / steps


def their_step_time(plant: str, rows: int) -> float:
    """CPU seconds of one training step of the same network through their environment, by PyTorch's automatic derivative."""
    env = their_env(plant)
    network = MyNetwork(env.observation_space.shape[0], UNITS, env.action_space.shape[0])
    optimiser = torch.optim.Adam(network.parameters())

    def loss() -> torch.Tensor:
        (seen, info), state, away = env.reset(options={"batch_size": rows}), network.initial(rows), torch.zeros(())
        for _ in range(STEPS):
            action, state = network(seen, state)
            seen, _, _, _, info = env.step(torch.sigmoid(action))
            away = away + (info["states"]["fingertip"] - info["goal"]).abs().mean()
        return away

    return update_time(loss, optimiser)


@dataclass(kw_only=True)
class MotorNetSpeed(shell.Command):
    """MotorNet beside this package in one process, with one thread: medians and their ratio.

    Attributes:
        repeats: How often each is timed, in turn.
    """

    repeats: int = 7

    def run(self) -> None:
        """Measures and prints."""
        with shell.request():
            repeats = checks.integer("repeats", self.repeats, 1)
            their_env("muscle_arm")
        torch.set_num_threads(1)
        print(f"MotorNet {version('motornet')}, PyTorch {torch.__version__}, one thread, CPU ms")
        pairs: dict[str, tuple[Callable[[], float], Callable[[], float]]] = {
            "1,024 rows, beside their arm alone": (rows_time, lambda: their_rows_time(False)),
            "1,024 rows, beside their environment": (rows_time, lambda: their_rows_time(True)),
        }
        for plant, rows in itertools.product(("point_mass", "muscle_arm"), (32, 256)):
            both = partial(step_time, plant, rows, True, 1), partial(their_step_time, plant, rows)
            pairs[f"training step of {plant}, batch {rows}, {STEPS} steps"] = both
        for name, sides in pairs.items():
            taken = in_turn(dict(zip(("here", "there"), sides, strict=True)), repeats)
            ours, theirs = 1000 * taken["here"], 1000 * taken["there"]
            print(f"{name}: here {ours:.2f}, MotorNet {theirs:.2f}, {theirs / ours:.1f} times as long")
