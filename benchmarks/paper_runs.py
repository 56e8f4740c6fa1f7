"""The trainings behind `python -m benchmarks paper`: both models in the same field, a control, and the agents of the grid."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from agents.common.training import train
from agents.dqn import checkpoint as dqn_checkpoint
from agents.dqn import command as dqn_command
from agents.dqn.config import PRESETS as DQN_PRESETS
from agents.q_learning.command import make as make_q_learning
from agents.q_learning.config import QLearningConfig
from agents.q_learning.learner import QLearning
from agents.q_learning.tabular import TabularAgent
from agents.rnn import checkpoint
from agents.rnn.checkpoint import Trained
from agents.rnn.config import RnnConfig
from agents.rnn.sessions import PAPER_TRIALS, session_of
from agents.rnn.training import RnnLearner
from reach_gym import files
from reach_gym.acting.protocol import Agent
from reach_gym.training.checkpoint import MANIFEST

TASK = "reach_gym/CursorReachRegion-v0"
STANDARD, BUFFER, CONTROL = "standard", "output_buffer", "control"
NAMES = (STANDARD, BUFFER, CONTROL)
CONFIGS = {STANDARD: RnnConfig(model="standard"), BUFFER: RnnConfig(), CONTROL: RnnConfig()}
TABULAR = {"without wind": "reach_gym/GridReachTabular-v0", "with wind": "reach_gym/GridReachTabularWind-v0"}
PIXELS, FRAMES = "reach_gym/GridReachPixels-v0", 100_000
_SECONDS = "seconds.txt"


@dataclass(frozen=True)
class Grid:
    """Agents of the grid.

    Attributes:
        tabular: Of Q-learning, by what `TABULAR` calls the task.
        dqn: A deep Q-network from pixels.
    """

    tabular: dict[str, Agent]
    dqn: Agent


def train_all(out: Path, seeds: int, share: float, progress: bool) -> Iterator[tuple[str, int]]:
    """Trains the networks that are missing in `out`, a directory per kind and seed; what was begun goes on where it was.

    Yields:
        The name and seed of what is done.
    """
    for seed in range(seeds):
        learners = {name: _learner(name, seed, share) for name in NAMES}
        _train(learners[STANDARD], out / f"{STANDARD}-{seed}", progress)
        yield STANDARD, seed
        _train(learners[BUFFER], out / f"{BUFFER}-{seed}", progress, blocks=1)
        # The control is the same network up to here.
        if len(learners[BUFFER].snapshots) == 1 and not (out / f"{CONTROL}-{seed}" / MANIFEST).exists():
            learners[CONTROL] = learners[BUFFER].branch(learners[CONTROL].env_kwargs)
        for name in (BUFFER, CONTROL):
            _train(learners[name], out / f"{name}-{seed}", progress)
            yield name, seed


def _learner(name: str, seed: int, share: float) -> RnnLearner:
    session = session_of("control" if name == CONTROL else "adaptation", share)
    return RnnLearner(TASK, {**PAPER_TRIALS, "schedule": session}, CONFIGS[name], seed)


def _train(learner: RnnLearner, directory: Path, progress: bool, blocks: int | None = None) -> None:
    """Through so many blocks, or all; what it took is added to a file."""
    if not learner.snapshots and (directory / MANIFEST).exists():
        checkpoint.resume(learner, directory)
    while not learner.is_over and (blocks is None or len(learner.snapshots) < blocks):
        begin = time.process_time()
        learner.learn_block(directory / f"block_{len(learner.snapshots)}", progress=progress)
        checkpoint.save(learner, directory)
        files.write(directory / _SECONDS, f"{seconds_of(directory) + time.process_time() - begin:.1f}\n".encode())


def seconds_of(directory: Path) -> float:
    """CPU seconds of the trainings in a directory of this command, probes included; those that were cut off do not count."""
    path = directory / _SECONDS
    return float(path.read_text()) if path.exists() else 0.0


def load_all(out: Path, seeds: int) -> dict[str, list[Trained]]:
    """What `train_all` trained, by kind, one per seed."""
    return {name: [checkpoint.load(out / f"{name}-{seed}") for seed in range(seeds)] for name in NAMES}


def train_grid(out: Path, share: float, progress: bool) -> Grid:
    """The agents of the grid, seed 0; the deep one is kept in `out`."""
    tabular: dict[str, Agent] = {}
    for name, env_id in TABULAR.items():
        env = make_q_learning(env_id, {})
        learner = QLearning(env, QLearningConfig(episodes=max(1, round(share * QLearningConfig().episodes))), 0)
        learner.learn(learner.total)
        tabular[name] = TabularAgent(learner.q)
        env.close()
    config = replace(DQN_PRESETS["default"].config, steps=max(2_500, round(share * FRAMES)))
    deep = dqn_command.make(PIXELS, {}, config, 0)
    task: dict[str, Any] = {"id": PIXELS, "kwargs": {}}
    if (out / "dqn" / MANIFEST).exists():
        dqn_checkpoint.resume(deep, out / "dqn", task)
    train(deep, partial(dqn_checkpoint.save, deep, out / "dqn", task), 25_000, "DQN", progress)
    deep.envs.close()
    return Grid(tabular, deep.agent)
