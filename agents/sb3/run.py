"""A model of Stable-Baselines3 as a run of this repository: its policy as a checkpoint without pickles."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import HParam

from agents.common.spaces import put_spaces, spaces_of, take_spaces
from reach_gym import checks
from reach_gym.acting.protocol import Agent, from_predict
from reach_gym.acting.sb3_policies import build, read_plain
from reach_gym.errors import NotApplicableError
from reach_gym.training.checkpoint import CheckpointError
from reach_gym.training.state import Parts, Run, Saved
from reach_gym.training.tensorboard_log import SETTINGS, hyperparameters, settings_text
from reach_gym.training.tensors import put_weights

AGENT = "sb3"
_PREFIX = "policy"


class Sb3Run:
    """What the progress bar asks of a model."""

    unit = "steps"

    def __init__(self, model: Any, total: int) -> None:
        """Watches `model`, which shall learn `total` steps."""
        self._model, self.total = model, total

    @property
    def done(self) -> int:
        """Steps learned so far."""
        return int(self._model.num_timesteps)

    def status(self) -> dict[str, float]:
        """Mean return and share of successes of the last 100 episodes."""
        episodes, successes = self._model.ep_info_buffer or (), self._model.ep_success_buffer or ()
        figures = {"return": [each["r"] for each in episodes], "success": list(successes)}
        return {name: float(np.mean(values)) for name, values in figures.items() if values}


class Watching(BaseCallback):
    """Shows the progress and saves while a model learns, and ends the learning after Ctrl-C.

    TensorBoard gets the settings, as a text and to compare runs by.
    """

    def __init__(
        self,
        show: Callable[[], None],
        interrupted: Callable[[], bool],
        save: Callable[[], None],
        every: int,
        settings: Mapping[str, Any],
    ) -> None:
        """Calls `show` often and `save` after `every` steps; asks `interrupted` at every step; notes the `settings` at first."""
        super().__init__()
        self._show, self._interrupted, self._save, self._every, self._due = show, interrupted, save, every, every
        self._settings = settings

    def _on_training_start(self) -> None:
        formats = ("stdout", "log", "json", "csv")
        self.logger.record(SETTINGS, settings_text(self._settings), exclude=formats)
        curves = {"rollout/success_rate": 0.0, "rollout/ep_rew_mean": 0.0}
        self.logger.record("hparams", HParam(hyperparameters(self._settings), curves), exclude=formats)
        self.logger.dump(self.num_timesteps)

    def _on_step(self) -> bool:
        if self.n_calls % 16 == 0:
            self._show()
        if self.num_timesteps >= self._due:
            self._save()
            self._due += self._every
        return not self._interrupted()


def save(model: Any, directory: Path, run: Run) -> None:
    """Writes the policy of `model`, which learns in `run`, as a checkpoint.

    Raises:
        CheckpointError: A weight is not finite; the checkpoint that was there is kept.
    """
    parts = Parts(run, int(model.num_timesteps))
    put_weights(parts, _PREFIX, model.policy.state_dict())
    settings = {name: str(value) if inspect.isclass(value) else value for name, value in model.policy_kwargs.items()}
    parts.entries["policy"] = {
        "policy_class": {"__module__": model.policy_class.__module__},
        "policy_kwargs": settings,
        "use_sde": bool(model.use_sde),
    }
    put_spaces(parts, model.observation_space, model.action_space)
    parts.save(directory)


def load(directory: Path | str, env: Any) -> Agent:
    """The trained agent of a run directory, for the spaces of `env`.

    Raises:
        CheckpointError: It holds no sound checkpoint of Stable-Baselines3.
        NotApplicableError: Its policy does not fit these spaces.
    """
    saved, base = Saved(directory, AGENT), env.unwrapped
    trained, here = take_spaces(saved), spaces_of(base.single_observation_space, base.single_action_space)
    for name, space in here.items():
        if trained[name] != space:
            made = checks.shown(trained[name])
            raise NotApplicableError(f"the policy does not fit the {name} {checks.shown(space)}; it was made for {made}.")
    weights = saved.part(_PREFIX)
    for name, array in weights.items():
        if array.dtype != np.float32:
            raise CheckpointError("corrupt", f"the weights `{name}` must be float32, got {array.dtype}.")
    try:
        tensors = {name: torch.from_numpy(array) for name, array in weights.items()}
        return from_predict(build(*read_plain(saved.manifest["policy"]), tensors, base))
    except (KeyError, TypeError, AttributeError, ValueError) as error:  # one that does not apply is a ValueError, too
        raise CheckpointError("corrupt", f"the policy cannot be used: {error}") from error
