"""``python -m agents sb3``: trains an algorithm of Stable-Baselines3 on our native vector environment."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch

from agents.common import report
from agents.common.command import LearnCommand
from agents.common.interrupts import deferred_interrupt
from agents.common.judging import judge
from agents.sb3.run import AGENT, Sb3Run, Watching
from agents.sb3.run import save as save_model
from reach_gym import checks, files
from reach_gym.acting.protocol import from_predict
from reach_gym.acting.recipes import recipe
from reach_gym.acting.rollout import make_rows
from reach_gym.cli import shell
from reach_gym.cli.tasks import full_id
from reach_gym.registration import TASKS
from reach_gym.training.progress import progress_bar
from reach_gym.training.state import Run

_ALGO = Literal["dqn", "qrdqn", "ppo", "a2c", "recurrent_ppo", "ddpg", "td3", "sac", "tqc"]


@dataclass(kw_only=True)
class Sb3Command(LearnCommand):
    """An algorithm of Stable-Baselines3 or sb3-contrib with ready settings.

    The run directory then holds the policy as a checkpoint, model.zip for Stable-Baselines3 itself, curves for TensorBoard, and
    evaluation.json. Such runs cannot be resumed. Stable-Baselines3 seeds Python's, NumPy's and PyTorch's global random numbers.

    Attributes:
        algo: The algorithm.
        steps: Steps to learn; unless told otherwise as many as the ready settings say.
        num_envs: Rows of the training environment; likewise.
        checkpoint_every: Steps between two checkpoints.
        threads: Of PyTorch.
    """

    algo: _ALGO
    steps: int | None = None
    num_envs: int | None = None
    checkpoint_every: int = 100_000
    threads: int = 1

    def learn(self, stack: ExitStack) -> None:
        """Trains, evaluates and writes the run directory."""
        with shell.request():
            if self.resume:
                raise ValueError("`--resume` must be absent: Stable-Baselines3 does not save all that a run depends on.")
            env_id, kwargs = full_id(self.env), self.kwargs()
            checks.integer("checkpoint-every", self.checkpoint_every, 1)
            torch.set_num_threads(checks.integer("threads", self.threads, 1, 1024))
            found = recipe(self.algo, env_id, kwargs)
            make_rows(env_id, 1, kwargs).close()  # in which it is judged, unlike the recipe's
            steps = found.steps if self.steps is None else checks.integer("steps", self.steps, 1)
            rows = found.num_envs if self.num_envs is None else checks.integer("num-envs", self.num_envs, 1)
            model = found.make(self.seed, rows)
            run = Run(AGENT, {"id": env_id, "kwargs": dict(found.env_kwargs)}, {"algo": self.algo}, self.seed)
            save = partial(save_model, model, self.out, run)
            self.claim(stack, AGENT, save, save)
        model.tensorboard_log = str(self.out / "tensorboard")
        begin = time.perf_counter()
        with deferred_interrupt() as interrupted, progress_bar(self.algo, Sb3Run(model, steps), self.progress) as show:
            settings = {"algo": self.algo, "seed": self.seed, **found.zoo(), "n_timesteps": steps, "n_envs": rows}
            settings |= {"env": env_id, "env_kwargs": dict(found.env_kwargs)}
            watching = Watching(show, interrupted, save, self.checkpoint_every, settings)
            model.learn(steps, watching, tb_log_name=self.algo)
            model.logger.dump(model.num_timesteps)  # the losses since the last episode or roll-out
            save()
        with files.replacing(self.out / "model.zip") as path:
            model.save(path)
        self._report(model, env_id, kwargs, time.perf_counter() - begin)
        model.env.close()

    def _report(self, model: Any, env_id: str, kwargs: dict[str, Any], seconds: float) -> None:
        evaluations: Any = judge(from_predict(model), self.algo, env_id, kwargs)
        rows = report.write_scores(self.out / "evaluation.json", evaluations, self.algo, seconds)
        console = shell.console()
        console.print(report.table(rows, env_id, TASKS[env_id].family))
        console.print(f"written to {self.out}")
