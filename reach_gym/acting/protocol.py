"""What an agent is, and how anybody's agent becomes one."""

from __future__ import annotations

import importlib
import inspect
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium.vector import VectorEnv

from reach_gym import checks
from reach_gym.acting.adapters import SPACES, Starts, count_rows, from_callable, from_module, from_predict, takes_tensors
from reach_gym.errors import NotApplicableError, missing_extra
from reach_gym.models.acting import ContextualAgent, ErrorSensitivityAgent, ManySlowAgent, OneStateAgent, TwoStateAgent
from reach_gym.planning import AdaptedAgent, IdealAgent, MinimumJerkAgent, NaiveAgent, RandomAgent
from reach_gym.registration import FAMILIES, family_of

__all__ = [
    "BUILT_IN",
    "LEARNERS",
    "LOADER",
    "Agent",
    "Starts",
    "Transition",
    "as_agent",
    "carries_nothing_over",
    "count_rows",
    "from_callable",
    "from_module",
    "from_predict",
    "is_module",
    "load_agent",
    "parts_of",
    "require_fit",
]


class Transition(NamedTuple):
    """What came of one step of n rows.

    Attributes:
        observations: What the agent saw, (n, ...).
        actions: What it did, (n, ...).
        rewards: float64 (n,).
        next_observations: What it sees now, (n, ...); where a trial ended, its last moment.
        terminated: bool (n,), the trial ended in success.
        truncated: bool (n,), it ended by the time limit.
    """

    observations: Any
    actions: Any
    rewards: npt.NDArray[np.float64]
    next_observations: Any
    terminated: npt.NDArray[np.bool_]
    truncated: npt.NDArray[np.bool_]


@runtime_checkable
class Agent(Protocol):
    """Acts in a vector environment: a batch of observations in, a batch of actions out.

    An agent may have more, all of it optional:

    - ``observe(transition)``, for an agent that learns while it acts: in a session it is called with a `Transition` after every
      step, before the next `reset` or `act`. Independent held-out trials are never shown to it.
    - ``family``, ``"grid"`` or ``"cursor"``, if it knows only one; ``observation``, the kind of observation it wants, such as
      ``"pixels"``; ``observation_space`` and ``action_space``, those of a single row, as a model of Stable-Baselines3 has them. A
      task with others is not for it.
    """

    def reset(self, starts: Starts) -> None:
        """Forgets the rows, bool (n,), that begin an episode."""

    def act(self, observations: Any) -> Any:
        """The actions for a batch of n observations."""


def as_agent(value: Any, env: VectorEnv[Any, Any, Any]) -> Agent:
    """Makes an agent of what a user may have.

    A class is called with `env` first; then an object with ``act`` and ``reset`` is an agent, one with ``predict`` goes through
    `from_predict`, a ``torch.nn.Module`` and whatever has ``initial`` through `from_module`, and any other callable through
    `from_callable`.

    Raises:
        NotApplicableError: It says that it is made for other observations or actions than those of `env`.
        TypeError: `value` is none of these.
    """
    require_fit(value, env)
    if inspect.isclass(value):
        make: Any = value
        value = make(env)
        require_fit(value, env)
    if isinstance(value, Agent):
        return value
    if callable(getattr(value, "predict", None)):
        return from_predict(value)
    if takes_tensors(value):
        agent: Agent = from_module(value)
        return agent
    if callable(value):
        return from_callable(value)
    raise TypeError(
        "`agent` must be an object with `reset` and `act`, a model with `predict`, a module of PyTorch, a function "
        f"of a batch of observations, or a class of these, got {checks.shown(value)}."
    )


def require_fit(agent: Any, env: VectorEnv[Any, Any, Any]) -> None:
    """Refuses an agent that says (see `Agent`) that it is made for other observations or actions than those of `env`.

    Raises:
        NotApplicableError: The message has both.
    """
    # Of a task that is none of ours the actions tell which one it resembles.
    here = family_of(env) or FAMILIES[not isinstance(env.single_action_space, gym.spaces.Discrete)]
    family = getattr(agent, "family", None)
    if family in FAMILIES and family != here:
        raise NotApplicableError(f"the agent is made for the {family}, the task is one of the {here}.")
    wanted = getattr(agent, "observation", None)
    kind = getattr(getattr(env.unwrapped, "task", None), "observation", None)
    if isinstance(wanted, str) and kind is not None and wanted != kind:
        raise NotApplicableError(f"the agent wants the observation {checks.shown(wanted)}, the task has {kind!r}.")
    for name in SPACES:
        space, own = getattr(agent, name, None), getattr(env, f"single_{name}")
        if isinstance(space, gym.Space) and space != own:
            raise NotApplicableError(f"the agent has the {name.replace('_', ' ')} {space}, the task has {own}.")


# Agents that learn from trial to trial, in sessions of the continuous task: models in an optimal controller.
LEARNERS: dict[str, Callable[[Any], Agent]] = {
    "one_state": OneStateAgent,
    "two_state": TwoStateAgent,
    "many_slow": ManySlowAgent,
    "error_sensitivity": ErrorSensitivityAgent,
    "contextual": ContextualAgent,
}
BUILT_IN: dict[str, Callable[[Any], Agent]] = {
    "ideal": IdealAgent,
    "naive": NaiveAgent,
    "adapted": AdaptedAgent,
    "minimum_jerk": MinimumJerkAgent,
    "random": RandomAgent,
    **LEARNERS,
}


def carries_nothing_over(agent: Any) -> bool:
    """Whether an agent is one of the package's own that do not learn, asked for by name.

    They take nothing from one trial to the next, so that all trials of a session can be done at once.
    """
    return isinstance(agent, str) and agent in BUILT_IN and agent not in LEARNERS


def is_module(name: str) -> bool:
    """Whether `load_agent` takes `name` for ``"module:attribute"``, whose code is the user's."""
    return name not in BUILT_IN and not os.path.isdir(name) and not name.endswith(".zip")


LOADER = "agents.loading"
"""Module of the checkout that knows the run directories of this project's learners; it is not installed with the package."""


def load_agent(name: str, env: VectorEnv[Any, Any, Any], trust: bool = False) -> Agent:
    """Loads an agent for `env`.

    Args:
        name: A name of `BUILT_IN`; a run directory of ``python -m agents``, from which no code runs; or ``"module:attribute"``,
            which runs that module's code; or a ``.zip`` file that Stable-Baselines3 saved. ``"module:attribute(text)"`` calls the
            attribute with the text first, such as the name of a file with what was learned. Modules are found as Python finds
            them, and in the current directory.
        env: Where it shall act.
        trust: Whether to unpickle what a ``.zip`` file holds, which runs its code; see `reach_gym.acting.sb3_policies`.

    Raises:
        ValueError: `name` is none of these, or a file is damaged, needs trust, or does not fit `env`.
        ImportError: There is no such module; or the checkout of this project, which knows run directories, or
            Stable-Baselines3 is not at hand.
        AttributeError: The module has no such attribute.
        NotApplicableError: The agent does not know the task: ``"minimum_jerk"`` moves only a cursor.
        TypeError: The attribute cannot be made an agent.
    """
    if name in BUILT_IN:
        return BUILT_IN[name](env)
    if os.path.isdir(name):
        loaded: Agent = _loader().load(name, env)
        require_fit(loaded, env)
        return loaded
    if name.endswith(".zip"):
        return from_predict(_load_policy(name, env, trust))
    module, attribute, text = parts_of(name)
    value = _import_beside(module)
    for part in attribute.split("."):
        value = getattr(value, part)
    return as_agent(value if text is None else value(text), env)


def parts_of(name: str) -> tuple[str, str, str | None]:
    """The module, the attribute and the text of ``"module:attribute"`` or ``"module:attribute(text)"``.

    Raises:
        ValueError: `name` is no such thing.
    """
    module, _, rest = name.partition(":")
    attribute, called, text = rest.partition("(")
    if not all(part.isidentifier() for part in (*module.split("."), *attribute.split("."))) or (called and text[-1:] != ")"):
        names = ", ".join(map(repr, BUILT_IN))
        file = re.fullmatch(r"(?:.*/)?([^/:]+)\.py(:.*)?", name)
        hint = f"; write '{file[1]}{file[2] or ':attribute'}' in the directory of {file[1]}.py" if file else ""
        raise ValueError(f"`agent` must be {names}, a run directory, a .zip file or 'module:attribute', got {name!r}{hint}.")
    return module, attribute, text[:-1] if called else None


def _loader() -> Any:
    """The module `LOADER`, never from the current directory, which may be as foreign as the run directory in it."""
    checkout = Path(__file__).parents[2]
    if (checkout / "agents" / "loading.py").is_file() and str(checkout) not in sys.path:
        sys.path.append(str(checkout))
    try:
        return importlib.import_module(LOADER)
    except ModuleNotFoundError as error:
        if error.name not in (LOADER, LOADER.partition(".")[0]):
            raise
        raise ImportError(
            "a run directory needs this project's checkout: install the package from there (`pip install -e .`), or have it on "
            "PYTHONPATH."
        ) from None


def _load_policy(path: str, env: VectorEnv[Any, Any, Any], trust: bool) -> Any:
    try:
        from reach_gym.acting.sb3_policies import load_policy
    except ImportError as error:
        raise missing_extra("stable-baselines3", "sb3") from error
    return load_policy(path, env, trust)


def _import_beside(module: str) -> Any:
    """A module of the user's, who may keep it in the current directory."""
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    return importlib.import_module(module)
