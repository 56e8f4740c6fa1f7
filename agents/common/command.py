"""What the commands that train a learner share: the task, the run directory, the progress bar."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reach_gym import checks
from reach_gym.cli import shell


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


def from_json(name: str, text: str) -> Any:
    """What `text`, the argument `name`, says.

    Raises:
        ValueError: It is no JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"`--{name}` must be JSON, got {checks.shown(text)} ({error}).") from error


def preset_of(arguments: list[str], presets: Mapping[str, Any]) -> Any:
    """The one of the `presets` that ``--preset NAME`` among the `arguments` names; the first if none is.

    Raises:
        ValueError: There is no such preset.
    """
    words = [word for argument in arguments for word in argument.split("=", 1)]
    name = next((words[i + 1] for i in range(len(words) - 1) if words[i] == "--preset"), next(iter(presets)))
    return presets[checks.choice("--preset", name, tuple(presets))]
