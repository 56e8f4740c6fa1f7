"""``python -m agents dqn``: train, evaluate over all pairs of start and target, write one run directory."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import gymnasium as gym
import torch
import tyro
from rich.table import Table

from agents.analysis.grid_paths import Panel, greedy_scenes, trajectories
from agents.common import report
from agents.common.command import LearnCommand, from_json, named
from agents.common.judging import EXACT, judge_grid, pairs_told
from agents.common.training import train
from agents.dqn import checkpoint as dqn_checkpoint
from agents.dqn import figures as dqn_figures
from agents.dqn.checkpoint import AGENT
from agents.dqn.config import PRESETS, DQNConfig
from agents.dqn.learner import DQN
from reach_gym import checks, figures
from reach_gym.cli import shell
from reach_gym.cli.tasks import full_id
from reach_gym.rows.keywords import with_full_info
from reach_gym.training.tensorboard_log import TensorBoardLog

_DEFAULT = PRESETS["default"].config


@dataclass(kw_only=True)
class DQNCommand(LearnCommand):
    """Deep Q-learning, for grid reaches with pixels or coordinates as observations.

    The run directory then holds the checkpoint, curves for TensorBoard, learning_curve.csv and .png, evaluation.json, steps.png
    and trajectories.png.

    Attributes:
        preset: The settings where no other argument says otherwise: what works best here, or Sun & Plitt's.
        radius: Reward radius of the training as JSON, a number or a schedule such as '{"start": 8, "every": 30}' (episodes of
            each row); unless told otherwise the preset's.
        config: The settings.
        checkpoint_every: Steps between two checkpoints.
        threads: Of PyTorch; another number may change the last bits of the results.
    """

    preset: Literal["default", "paper"] = "default"
    radius: str | None = None
    config: Annotated[DQNConfig, tyro.conf.arg(name="")] = _DEFAULT
    checkpoint_every: int = 25_000
    threads: int = 1

    @classmethod
    def default(cls, arguments: list[str]) -> DQNCommand:
        """The settings of the preset that ``--preset NAME`` among the arguments names; the first one's if none is.

        Raises:
            ValueError: There is no such preset.
        """
        return cls(env=tyro.MISSING, out=tyro.MISSING, config=named(arguments, "--preset", PRESETS).config)

    def learn(self, stack: ExitStack) -> None:
        """Trains, evaluates and writes the run directory."""
        with shell.request():
            env_id, kwargs = full_id(self.env), self.kwargs()
            checks.integer("checkpoint-every", self.checkpoint_every, 1)
            torch.set_num_threads(checks.integer("threads", self.threads, 1, 1024))
            training = self._training(kwargs)
            learner = make(env_id, training, self.config, self.seed)
            dqn_checkpoint.require_room(learner)
            task = {"id": env_id, "kwargs": training}
            save, resume = (partial(each, learner, self.out, task) for each in (dqn_checkpoint.save, dqn_checkpoint.resume))
            self.claim(stack, AGENT, save, resume)
        settings = {"env": env_id, "env_kwargs": training, "seed": self.seed, **asdict(self.config)}
        log = TensorBoardLog(self.out / "tensorboard", learner.history, settings=settings)
        begin = time.perf_counter()
        try:
            train(learner, save, self.checkpoint_every, "DQN", self.progress, log.update)
        finally:
            log.close()
        table = write_report(learner, self.out, env_id, kwargs, time.perf_counter() - begin)
        console = shell.console()
        console.print(table)
        console.print(f"written to {self.out}")
        learner.envs.close()

    def _training(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """The keywords of the training environment: the radius as it is asked for, or else the preset's."""
        if self.radius is not None:
            return {**kwargs, "radius": from_json("radius", self.radius)}
        radius = PRESETS[self.preset].radius
        return kwargs if radius is None else {"radius": radius, **kwargs}


def write_report(learner: DQN, out: Path, env_id: str, kwargs: dict[str, Any], seconds: float) -> Table:
    """Judges the greedy policy from all pairs of start and target; writes figures and numbers.

    Args:
        learner: The trained learner.
        out: The run directory.
        env_id: The task.
        kwargs: Its keywords, without the radius of the training.
        seconds: That the training took.

    Returns:
        The table of the agents' numbers.
    """
    report.write_columns(out / "learning_curve.csv", learner.history)
    figures.save(dqn_figures.learning(learner.history, env_id), out / "learning_curve.png")
    evaluations = judge_grid(learner.agent, AGENT, env_id, kwargs)
    rows = report.write_scores(out / "evaluation.json", evaluations, AGENT, seconds)
    mine = {task: each for (task, who), each in evaluations.items() if who == AGENT}
    figures.save(dqn_figures.steps(mine), out / "steps.png")
    panels = [Panel("", greedy_scenes(learner.agent, env_id, kwargs, seed)) for seed in range(3)]
    figures.save(trajectories(panels), out / "trajectories.png")
    return report.table(rows, f"{env_id}, {pairs_told(len(mine[EXACT].steps))}")


def make(env_id: str, kwargs: dict[str, Any], config: DQNConfig, seed: int) -> DQN:
    """A learner with an environment of its own.

    Raises:
        TypeError: A keyword has the wrong type, or the environment is no grid reach.
        ValueError: A keyword or the seed is out of range, or the observations are neither pixels nor coordinates.
        gymnasium.error.Error: There is no such environment.
    """
    # NumPy's rows take a fiftieth of the time that the network takes; to compile Numba's would take longer.
    envs = gym.make_vec(env_id, num_envs=config.num_envs, **{"backend": "numpy", **with_full_info(kwargs)})
    return DQN(envs, config, seed)
