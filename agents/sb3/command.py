"""``python -m agents sb3``: trains an algorithm of Stable-Baselines3 on our native vector environment."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import gymnasium as gym
import torch

from agents.common import report
from agents.common.command import LearnCommand
from agents.common.interrupts import deferred_interrupt
from agents.common.judging import judge
from agents.common.state import Run
from agents.common.training import progress_bar
from agents.sb3.config import ALGORITHMS, recipe_for
from agents.sb3.run import AGENT, Sb3Run, Watching
from agents.sb3.run import save as save_model
from reach_gym import checks, files
from reach_gym.acting.protocol import from_predict
from reach_gym.acting.sb3 import ReachVecEnv
from reach_gym.cli import shell
from reach_gym.cli.tasks import full_id
from reach_gym.registration import TASKS

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
            model, steps, training = make(self.algo, env_id, kwargs, self.seed, self.steps, self.num_envs)
            run = Run(AGENT, {"id": env_id, "kwargs": training}, {"algo": self.algo}, self.seed)
            save = partial(save_model, model, self.out, run)
            self.claim(stack, AGENT, save, save)
        model.tensorboard_log = str(self.out / "tensorboard")
        begin = time.perf_counter()
        with deferred_interrupt() as interrupted, progress_bar(self.algo, Sb3Run(model, steps), self.progress) as show:
            model.learn(steps, Watching(show, interrupted, save, self.checkpoint_every), tb_log_name=self.algo)
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


def make(
    algo: str, env_id: str, kwargs: dict[str, Any], seed: int, steps: int | None = None, num_envs: int | None = None
) -> tuple[Any, int, dict[str, Any]]:
    """A model with an environment of its own.

    Args:
        algo: One of `agents.sb3.config.ALGORITHMS`.
        env_id: The task.
        kwargs: Its keywords; they come before those of the ready settings.
        seed: Of everything that is drawn.
        steps: To learn; ``None`` for the ready settings'.
        num_envs: Likewise.

    Returns:
        The model, the steps to learn, and the keywords of its environment.

    Raises:
        TypeError: A keyword has the wrong type.
        ValueError: There are no settings for this task, or an argument is out of range.
        gymnasium.error.Error: There is no such environment.
    """
    checks.integer("seed", seed, 0, 2**32 - 1)
    probe = gym.make_vec(env_id, num_envs=1, **{"backend": "numpy", **kwargs})
    recipe = recipe_for(algo, TASKS[env_id].family, probe.unwrapped.single_observation_space)
    probe.close()
    total = recipe.steps if steps is None else checks.integer("steps", steps, 1)
    rows = recipe.num_envs if num_envs is None else checks.integer("num-envs", num_envs, 1)
    training = {**recipe.env_kwargs, **kwargs}
    envs = gym.make_vec(env_id, num_envs=rows, **{"backend": "numpy", **training, "autoreset_mode": "SameStep"})
    model = ALGORITHMS[algo](
        "MlpLstmPolicy" if algo == "recurrent_ppo" else "MlpPolicy",
        ReachVecEnv(envs),
        policy_kwargs=dict(recipe.policy_kwargs),
        seed=seed,
        device="cpu",
        **recipe.settings,
    )
    return model, total, training
