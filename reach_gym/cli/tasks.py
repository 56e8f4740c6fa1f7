"""What the commands share: names of tasks, constructor keywords, and how an environment is made from them."""

from __future__ import annotations

import contextlib
import difflib
import inspect
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import gymnasium as gym
import tyro
from gymnasium.envs.registration import load_env_creator

from reach_gym import checks, keywords
from reach_gym.acting.protocol import Agent, load_agent
from reach_gym.cli.shell import Command, FailedError
from reach_gym.reach.keywords import plant_keywords, plant_meant
from reach_gym.registration import TASKS, registered_id

_WORTH_COMPILING = 10_000  # episodes; NumPy runs fewer in less time than Numba takes to compile


@dataclass(kw_only=True)
class TaskCommand(Command):
    """Base of the commands about one task.

    Attributes:
        task: The task, such as GridReach-v0 or reach_gym/GridReach-v0; `reach-gym list` shows all.
        kwargs: Constructor keywords as JSON, such as '{"size": 8, "field": "wind"}'; `reach-gym show ID --keywords` explains all.
    """

    task: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="ID")]
    kwargs: str = "{}"

    @property
    def env_id(self) -> str:
        """The full name of the task.

        Raises:
            ValueError: There is no such task.
        """
        return full_id(self.task)

    @property
    def env_kwargs(self) -> dict[str, Any]:
        """The constructor keywords.

        Raises:
            ValueError: They are no JSON object, or there is no such keyword.
        """
        return read_kwargs(self.kwargs, self.env_id)


@dataclass(kw_only=True)
class AgentCommand(TaskCommand):
    """Base of the commands about an agent in a task.

    Attributes:
        agent: ideal, adapted, naive, minimum_jerk (cursor tasks), random; a model that learns in sessions (one_state, two_state,
            many_slow, error_sensitivity, contextual); a run directory of python -m agents; a .zip file of
            Stable-Baselines3; or module:attribute for your own.
        trust: Run the code that a .zip file holds; without it, only weights are loaded.
    """

    agent: str
    trust: bool = False

    def load(self, envs: gym.vector.VectorEnv[Any, Any, Any]) -> Agent:
        """The agent, for `envs`; see `reach_gym.acting.protocol.load_agent`.

        Raises:
            FailedError: Its code called ``sys.exit``.
        """
        with self.acting():
            return load_agent(self.agent, envs, self.trust)

    @contextlib.contextmanager
    def acting(self) -> Iterator[None]:
        """Where an agent's code runs: it cannot end the command with its own ``sys.exit``.

        Raises:
            FailedError: It tried to.
        """
        try:
            yield
        except SystemExit as leaving:
            raise FailedError(f"the agent {self.agent} called sys.exit({checks.shown(leaving.code)}).") from leaving


def full_id(name: str) -> str:
    """The registered id for `name`, with or without the namespace.

    Raises:
        ValueError: There is no such task.
    """
    env_id: str = registered_id(name)
    if env_id in TASKS:
        return env_id
    names = {task.split("/")[-1].lower(): task.split("/")[-1] for task in TASKS}
    near = difflib.get_close_matches(name.split("/")[-1].lower(), names, 1, 0.5)
    hint = f"did you mean {names[near[0]]}? " if near else ""
    raise ValueError(f"There is no task {checks.shown(name)}; {hint}`reach-gym list` shows all.")


def vector_backend(episodes: int) -> str:
    """The back end of vector environments with which so many episodes are done soonest; the results are the same."""
    return "numpy" if episodes < _WORTH_COMPILING else "auto"


def read_kwargs(text: str, env_id: str) -> dict[str, Any]:
    """Constructor keywords for the task `env_id` from JSON.

    Raises:
        ValueError: `text` is no JSON object, or there is no such keyword; the message has the nearest one.
    """
    wanted = f"`--kwargs` must be a JSON object such as '{{\"size\": 8}}', got {checks.shown(text)}"
    try:
        kwargs = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{wanted}: {error}.") from error
    if not isinstance(kwargs, dict):
        raise ValueError(f"{wanted}.")
    entry_point = gym.spec(env_id).entry_point
    create = load_env_creator(entry_point) if isinstance(entry_point, str) else entry_point
    # The commands choose the render mode themselves.
    parameters = inspect.signature(create).parameters.values() if create else ()
    known = [each.name for each in parameters if each.kind is not each.POSITIONAL_ONLY and each.name != "render_mode"]
    if TASKS[env_id].family == "cursor":
        known += [name for name in plant_keywords(plant_meant({**TASKS[env_id].kwargs, **kwargs})) if name not in known]
    for name in kwargs:
        if name not in known:
            raise ValueError(f"`--kwargs` has the unknown key {checks.shown(name)}; {keywords.nearest(name, known)}")
    return kwargs


def make(env_id: str, kwargs: dict[str, Any], render_mode: str | None = None) -> gym.Env[Any, Any]:
    """One environment for people to look at.

    Raises:
        ValueError: A keyword has a value that is not allowed.
        TypeError: There is no such keyword, or a value has the wrong type.
    """
    return gym.make(env_id, render_mode=render_mode, **kwargs)
