"""What the commands that train a learner share: the task, the run directory, the progress bar."""

from __future__ import annotations

import abc
import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from agents.common import runs
from reach_gym import checks
from reach_gym.cli import shell
from reach_gym.training.checkpoint import MANIFEST

T = TypeVar("T")


@dataclass(kw_only=True)
class LearnCommand(shell.Command):
    """Base of the commands that train a learner in one task.

    Attributes:
        env: Id of the environment, e.g. reach_gym/GridReachTabular-v0.
        out: The run directory.
        seed: Seed of everything that is drawn.
        env_kwargs: Keywords for the environment as a JSON object.
        resume: Continue the run in the directory; the other arguments must be the same, but the length of a run without a session
            may grow.
        overwrite: Delete the run in the directory and begin anew.
        progress: Show a progress bar if stderr is a terminal.
    """

    env: str
    out: Path
    seed: int = 0
    env_kwargs: str = "{}"
    resume: bool = False
    overwrite: bool = False
    progress: bool = True

    def kwargs(self) -> dict[str, Any]:
        """The keywords for the environment.

        Raises:
            ValueError: They are no JSON object.
        """
        value = from_json("env-kwargs", self.env_kwargs)
        if not isinstance(value, dict):
            raise ValueError(f"`--env-kwargs` must be a JSON object, got {checks.shown(self.env_kwargs)}.")
        return value

    def run(self) -> None:
        """Does what `learn` does, and has the run directory for itself from when it is claimed until the end."""
        with ExitStack() as stack:
            self.learn(stack)

    @abc.abstractmethod
    def learn(self, stack: ExitStack) -> None:
        """Trains, evaluates and writes the run directory; set-up and `claim` belong into `reach_gym.cli.shell.request`."""

    def claim(self, stack: ExitStack, kind: str, save: Callable[[], None], resume: Callable[[], None]) -> None:
        """Takes the run directory until the `stack` is left, and begins or resumes the run.

        Args:
            stack: What `learn` is called in.
            kind: See `agents.common.runs.prepare`.
            save: Writes a checkpoint: so that a run that is ended at once can be resumed, too.
            resume: Reads it.

        Raises:
            ValueError: The directory cannot be had, or its checkpoint cannot be used.
            OSError: The directory cannot be written to.
        """
        stack.enter_context(runs.claimed(self.out, kind, self.resume, self.overwrite))
        if self.resume and not (self.out / MANIFEST).exists():
            raise ValueError(f"the run in {self.out} has no checkpoint to resume; `--overwrite` begins anew.")
        (resume if self.resume else save)()


def from_json(name: str, text: str) -> Any:
    """What `text`, the argument `name`, says.

    Raises:
        ValueError: It is no JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"`--{name}` must be JSON, got {checks.shown(text)} ({error}).") from error


def named(arguments: list[str], option: str, choices: Mapping[str, T]) -> T:
    """Which of the `choices` the `option`, such as ``--preset``, names among the arguments; the first one if none is named.

    Raises:
        ValueError: There is no such choice.
    """
    words = [word for argument in arguments for word in argument.split("=", 1)]
    name = next((words[i + 1] for i in range(len(words) - 1) if words[i] == option), next(iter(choices)))
    return choices[checks.choice(option, name, tuple(choices))]
