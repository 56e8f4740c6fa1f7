"""The demo's DQN stage: a network learns the 16 x 16 grid reach from pixels in half a minute."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path

import gymnasium as gym
import numpy as np
import numpy.typing as npt
import torch
from rich.table import Table

from agents.common.training import train
from agents.dqn import checkpoint
from agents.dqn.command import make, write_report
from agents.dqn.config import PRESETS
from reach_gym.acting.protocol import Agent
from reach_gym.cli.watch import episode_frames
from reach_gym.rendering.video import write_video

ENV_ID = "reach_gym/GridReachPixels-v0"
STEPS = 64_000  # a fifth of the usual run: nearly every pair is hit, not yet all in the fewest steps
_EPISODES, _FPS, _PAUSE = 8, 6.0, 4


def run(out: Path, seed: int, steps: int = STEPS, progress: bool = True) -> Table:
    """Trains, judges, and writes the run directory and the GIF.

    Args:
        out: The run directory, not there yet.
        seed: Of the training.
        steps: To learn.
        progress: Whether to show a progress bar if stderr is a terminal.

    Returns:
        The table of the agents' numbers.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # so that the same seed gives the same network on any machine of a kind
    try:
        learner = make(ENV_ID, {}, replace(PRESETS["default"].config, steps=steps), seed)
        begin = time.perf_counter()
        save = partial(checkpoint.save, learner, out, {"id": ENV_ID, "kwargs": {}})
        train(learner, save, steps, "DQN from pixels", progress)
        table = write_report(learner, out, ENV_ID, {}, time.perf_counter() - begin)
        write_video(out / "dqn.gif", frames(learner.agent, seed), _FPS)
    finally:
        torch.set_num_threads(threads)
    return table


def frames(agent: Agent, seed: int) -> Iterator[npt.NDArray[np.uint8]]:
    """Lets `agent` act in a few episodes and yields what can be seen."""
    envs = gym.make_vec(ENV_ID, num_envs=1, render_mode="rgb_array", autoreset_mode="Disabled", backend="numpy")
    yield from islice(episode_frames(envs, agent, _EPISODES, seed, _PAUSE), 400)
    envs.close()
