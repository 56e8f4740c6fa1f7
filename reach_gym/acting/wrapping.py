"""Wrappers between an agent and its environment, such as noise on what it sees or a limit of what it does.

They belong to the agent: the loop plays the environment itself, so that rewards, measures and trials are its own, whatever a
wrapper makes of them.
"""

from __future__ import annotations

import importlib
import os
import queue
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv, VectorWrapper

from reach_gym import checks
from reach_gym.acting.protocol import Agent, Starts, Transition, parts_of

Wrapper = Callable[[Any], Any]


class _Over(BaseException):
    """Ends a wrapper's step whose trial is over; no `Exception`, so that a wrapper does not take it for one of its own."""


def check_names(wrappers: Any) -> list[str]:
    """The names ``"module:function"`` of wrappers, of which nothing is imported.

    Raises:
        TypeError: `wrappers` is no list of strings.
        ValueError: A name is none.
    """
    if isinstance(wrappers, str) or not isinstance(wrappers, Sequence):
        raise TypeError(f"`wrappers` must be a list, got {checks.shown(wrappers)}.")
    for name in wrappers:
        if not isinstance(name, str):
            raise TypeError(f"`wrappers` must hold names 'module:function', got {checks.shown(name)}.")
        try:
            parts_of(name)
        except ValueError:
            raise ValueError(f"`wrappers` must hold names 'module:function', got {checks.shown(name)}.") from None
    return list(wrappers)


def load(wrappers: Any, folder: str | None = None) -> list[Wrapper]:
    """The callables that `wrappers` name; those that are callables already stay.

    Args:
        wrappers: Names ``"module:function"`` or ``"module:function(text)"``, which calls the function with the text first, and
            callables.
        folder: Where modules are looked up before anywhere else; without it the current directory.

    Raises:
        TypeError: One is neither a name nor callable.
        ValueError: A name is none.
        ImportError: There is no such module.
        AttributeError: The module has no such attribute.
    """
    if isinstance(wrappers, str) or not isinstance(wrappers, Sequence):
        raise TypeError(f"`wrappers` must be a list, got {checks.shown(wrappers)}.")
    return [_loaded(each, os.getcwd() if folder is None else folder) for each in wrappers]


def _loaded(wrapper: Any, folder: str) -> Wrapper:
    found: Any = wrapper
    if isinstance(wrapper, str):
        check_names([wrapper])
        module, attribute, text = parts_of(wrapper)
        try:
            found = _imported(module, folder)
            for part in attribute.split("."):
                found = getattr(found, part)
        except (ImportError, AttributeError) as error:
            kind = ImportError if isinstance(error, ImportError) else AttributeError
            raise kind(
                f"`wrappers` must hold names 'module:function' of what can be imported, got {wrapper!r}: {error}"
            ) from error
        found = found if text is None else found(text)
    if not callable(found):
        raise TypeError(f"`wrappers` must be functions of a vector environment, got {checks.shown(found)}.")
    return found  # type: ignore[no-any-return]


def _imported(module: str, folder: str) -> Any:
    """A module from `folder`, which afterwards comes last: what an agent's file needs must not be found there first."""
    known = folder in sys.path
    sys.path.insert(0, folder)
    try:
        return importlib.import_module(module)
    finally:
        sys.path.remove(folder)
        if not known:
            sys.path.append(folder)


class Played(VectorWrapper):
    """What the first wrapper wraps: the agent's side of an environment that the loop plays.

    Its `reset` and `step` do not move the environment. They wait for the loop, which gets the actions and gives back what came
    of them. Random numbers of wrappers (``np_random``) come from a generator of its own, and infos are empty.
    """

    def __init__(self, env: VectorEnv[Any, Any, Any], seed: int) -> None:
        """Stands in for `env`; random numbers begin with `seed`."""
        super().__init__(env)
        self._generator = np.random.default_rng(seed)
        self._begun: Any = None
        self._actions: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Transition | None] = queue.SimpleQueue()

    @property
    def np_random(self) -> np.random.Generator:
        """The generator of the wrappers."""
        return self._generator

    @np_random.setter
    def np_random(self, value: np.random.Generator) -> None:
        self._generator = value

    def begin(self, observations: Any) -> None:
        """Notes what the next `reset` returns."""
        self._begun = observations

    def reset(self, *, seed: Any = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        """What the agent sees first; before the game, a reset of the environment, which changes no trial of it."""
        if self._begun is None:
            return super().reset(seed=seed, options=options)
        return _copied(self._begun), {}

    def step(self, actions: Any) -> tuple[Any, Any, Any, Any, dict[str, Any]]:
        """Hands over the actions and waits for what comes of them."""
        if self._begun is None:
            return super().step(actions)
        self._actions.put(("action", actions))
        transition = self._results.get()
        if transition is None:
            raise _Over
        told = transition.rewards.copy(), transition.terminated.copy(), transition.truncated.copy()
        return _copied(transition.next_observations), *told, {}


def _copied(observations: Any) -> Any:
    """The wrappers' own: they may write into it."""
    if isinstance(observations, Mapping):
        return {name: np.array(part) for name, part in observations.items()}
    return np.array(observations)


class WrappedAgent:
    """An agent that acts through wrappers. It follows `reach_gym.acting.protocol.Agent`, and must be told of every step.

    A wrapper's step is in its middle while the loop moves the environment. It therefore runs in a thread of its own, which the
    agent waits for: never do both work at once.
    """

    def __init__(self, agent: Agent, env: VectorEnv[Any, Any, Any], played: Played, seed: int) -> None:
        """Lets `agent`, which was made with `env`, act through it; `played` is at the bottom of `env`."""
        self._agent, self._env, self._played = agent, env, played
        self._seed: int | None = seed
        self._starts = np.ones(env.num_envs, np.bool_)
        self._seen: Any = None
        self._acted: Any = None
        self._waiting: Any = None  # actions of a wrapper that steps several times
        self._busy = False
        self._tasks: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._stepping, daemon=True)
        self._thread.start()

    def _stepping(self) -> None:
        while (actions := self._tasks.get()) is not None:
            try:
                done: tuple[str, Any] = "seen", self._env.step(actions[0])
            except BaseException as error:  # it is raised where the agent is waited for
                done = "error", error
            self._played._actions.put(done)

    def reset(self, starts: Starts) -> None:
        """Notes the rows that begin; the agent hears of them before it acts next."""
        self._starts = self._starts | starts

    def act(self, observations: Any) -> Any:
        """The actions as the wrappers change them."""
        if self._starts.all():  # only the first step of a game has that
            self._begin(observations)
        elif self._waiting is not None:
            (actions,), self._waiting = self._waiting, None
            return actions
        if self._starts.any():
            self._agent.reset(self._starts)
            self._starts = np.zeros_like(self._starts)
        self._acted = self._agent.act(self._seen)
        self._tasks.put((self._acted,))
        kind, actions = self._next()
        if kind == "seen":
            raise ValueError("`wrappers` must step the environment that they wrap, got one that does not.")
        return actions

    def _begin(self, observations: Any) -> None:
        self._leave()
        self._played.begin(observations)
        self._seen, _ = self._env.reset(seed=self._seed)
        self._seed = None

    def follow(self, transition: Transition, session: bool) -> None:
        """Tells the wrappers what came of a step, and in a session the agent, if it wants to know."""
        self._played._results.put(transition)
        kind, told = self._next()
        if kind == "action":
            self._waiting = (told,)
            return
        before = self._seen
        self._seen, rewards, terminated, truncated, _ = told
        observe = getattr(self._agent, "observe", None)
        if session and observe is not None:
            observe(Transition(before, self._acted, rewards, self._seen, terminated, truncated))

    def _next(self) -> tuple[str, Any]:
        """What the thread comes to next: actions, or the end of its step."""
        kind, told = self._played._actions.get()
        self._busy = kind == "action"
        if kind == "error":
            raise told
        return kind, told

    def _leave(self) -> None:
        """Ends a step whose game is over."""
        self._waiting = None
        while self._busy:
            self._played._results.put(None)
            self._busy = self._played._actions.get()[0] == "action"

    def close(self) -> None:
        """Ends the thread."""
        self._leave()
        self._tasks.put(None)
        self._thread.join()


def wrapped(
    env: VectorEnv[Any, Any, Any], wrappers: Sequence[Wrapper], seed: int, make: Callable[[VectorEnv[Any, Any, Any]], Agent]
) -> WrappedAgent:
    """An agent that acts through wrappers.

    Args:
        env: What the agent would see without them.
        wrappers: Applied in their order: the last one is next to the agent.
        seed: Of their random numbers.
        make: Makes the agent, of the wrapped environment.

    Raises:
        TypeError: A wrapper returns no vector environment.
        ValueError: It returns one with another number of rows.
    """
    played = Played(env, seed)
    outer: Any = played
    for wrapper in wrappers:
        outer = wrapper(outer)
        if not isinstance(outer, VectorEnv):
            raise TypeError(f"`wrappers` must return a vector environment, got {checks.shown(outer)}.")
        if outer.num_envs != env.num_envs:
            raise ValueError(f"`wrappers` must keep the {env.num_envs} rows, got {outer.num_envs}.")
    return WrappedAgent(make(outer), outer, played, seed)
