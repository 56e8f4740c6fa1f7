"""An agent that acts in a process of its own, for whoever plays the environment here."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym.acting.protocol import Agent, Transition
from reach_gym.benchmark import wire
from reach_gym.benchmark.process import AgentFailure, AgentProcess


class RemoteAgent:
    """Follows `reach_gym.acting.protocol.Agent`; only observations go out, and only numbers come back."""

    def __init__(self, process: AgentProcess, family: str) -> None:
        """Asks a `process` that has loaded its agent, in a task of this `family`."""
        self._process, self._family = process, family
        self._starts: npt.NDArray[np.bool_] | None = None
        self._ready = False

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Tells the agent, with its next observations, which rows begin."""
        self._starts = starts if self._starts is None else self._starts | starts

    def act(self, observations: Any) -> npt.NDArray[Any]:
        """What the agent does.

        Raises:
            AgentFailure: Nothing, or nothing that could be an action.
        """
        packed = wire.pack(observations)
        first = not self._ready
        if first:
            self._process.tell(wire.to_text(layout=wire.layout_of(observations)))
            self._ready = True
        starts = self._starts if self._starts is not None else np.zeros(_rows(observations), np.bool_)
        self._starts = None
        answer = self._process.ask(wire.ACT + starts.tobytes() + packed)
        try:
            actions = wire.unpack_actions(answer)
        except wire.WireError as error:
            raise AgentFailure("crashed", f"it sent {error}") from None
        if first:
            self._require_family(actions, len(starts))
        return actions

    def _require_family(self, actions: npt.NDArray[Any], rows: int) -> None:
        """Tells an agent of the other family, which never heard of this one, from one that does something wrong."""
        kinds = {"grid": ("iu", (rows,)), "cursor": ("f", (rows, 2))}
        for family, (kind, shape) in kinds.items():
            if family != self._family and actions.dtype.kind in kind and actions.shape == shape:
                raise AgentFailure("not_applicable", f"its actions are those of the {family}.")

    def _tell(self, transition: Transition) -> None:
        ends = transition.terminated.tobytes() + transition.truncated.tobytes()
        rewards = np.asarray(transition.rewards, "<f8").tobytes()
        self._process.tell(wire.OBSERVE + ends + rewards + wire.pack(transition.next_observations))


class RemoteLearner(RemoteAgent):
    """One that also wants to know what comes of its actions."""

    def observe(self, transition: Transition) -> None:
        """Tells it."""
        self._tell(transition)


class RemoteFollower(RemoteAgent):
    """One with wrappers, which want to know what comes of every step."""

    def follow(self, transition: Transition, session: bool) -> None:
        """Tells them."""
        self._tell(transition)


def remote_agent(process: AgentProcess, family: str) -> Agent:
    """The agent of a `process`, in a task of a `family`."""
    if process.told.get("follows") is True:
        return RemoteFollower(process, family)
    return (RemoteLearner if process.told.get("observes") is True else RemoteAgent)(process, family)


def _rows(observations: Any) -> int:
    return len(next(iter(observations.values())) if isinstance(observations, dict) else observations)
