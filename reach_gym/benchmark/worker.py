"""``python -m reach_gym.benchmark.worker``: an agent's own process. It loads the agent and lets it act when it is asked to."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import sys
import traceback
from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.acting import rollout, wrapping
from reach_gym.acting.protocol import Transition, is_module
from reach_gym.acting.wrapping import WrappedAgent
from reach_gym.benchmark import wire
from reach_gym.benchmark.process import PACKAGES
from reach_gym.benchmark.system import end_with_parent
from reach_gym.benchmark.view import AgentView
from reach_gym.errors import NotApplicableError


def main(handle: int) -> None:
    """Serves the referee at the other end of the connection with the file number `handle` until it has gone."""
    channel = wire.Channel(socket.socket(fileno=handle))
    os.set_inheritable(handle, False)
    try:
        task = wire.from_text(channel.receive())
        _prepare(task)
        agent, view = _load(task)
        torch = sys.modules.get("torch")  # only the agent knows whether it needs it
        if torch is not None:
            torch.manual_seed(task["seed"])
        observes = callable(getattr(agent, "observe", None))
        follows = isinstance(agent, WrappedAgent)
        channel.send(wire.to_text(observation=view.observation, observes=observes, follows=follows, versions=_versions()))
        server = _Server(agent, view, wire.from_text(channel.receive())["layout"], task["session"])
        while True:
            answer = server.answer(channel.receive())
            if answer is not None:
                channel.send(answer)
    except EOFError:  # the referee has heard enough
        return
    except BaseException as error:
        with contextlib.suppress(OSError):
            channel.send(wire.to_text(**_failure(error)))


class _Server:
    """Lets the agent act when it is asked to."""

    def __init__(self, agent: Any, view: AgentView, layout: wire.Layout, session: bool) -> None:
        self._agent, self._view, self._layout, self._session = agent, view, layout, session
        self._last: tuple[Any, Any] = (None, None)

    def answer(self, message: memoryview) -> bytes | None:
        """What to reply to a message; nothing if it only tells."""
        if message[:1] == wire.END:
            return wire.END
        rows = self._view.num_envs
        flags = np.frombuffer(message, np.bool_, rows, 1)
        if message[:1] == wire.ACT:
            observations = wire.unpack(self._layout, rows, message, 1 + rows)
            if flags.any():
                self._view.begin(flags)
                self._agent.reset(flags.copy())
            self._last = observations, self._agent.act(observations)
            self._view.count()
            return wire.pack_actions(self._last[1])
        truncated, rewards = np.frombuffer(message, np.bool_, rows, 1 + rows), np.frombuffer(message, "<f8", rows, 1 + 2 * rows)
        following = wire.unpack(self._layout, rows, message, 1 + 10 * rows)
        transition = Transition(*self._last, rewards, following, flags, truncated)
        if isinstance(self._agent, WrappedAgent):
            self._agent.follow(transition, self._session)
        else:
            self._agent.observe(transition)
        return None


def _prepare(task: dict[str, Any]) -> None:
    """Limits the memory, and gives agents that use global random numbers the same ones every time."""
    end_with_parent(signal.SIGKILL)
    with contextlib.suppress(ImportError, ValueError, OSError):  # as far as the system knows such limits
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (task["memory"], task["memory"]))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    random.seed(task["seed"])
    np.random.seed(task["seed"] % 2**32)  # noqa: NPY002 (the agent's, not ours)
    if is_module(task["agent"]):  # no other agent may run what lies in the directory
        sys.path.insert(0, task["path"])


def _load(task: dict[str, Any]) -> tuple[Any, AgentView]:
    """The agent and what it sees of the task, with the first kind of observation that suits it.

    Raises:
        NotApplicableError: None does.
    """
    refusals: list[str] = []
    between = wrapping.load(task["wrappers"], task["path"])
    for kind in task["observations"]:
        try:
            rows = rollout.make_rows(task["env_id"], task["rows"], {**task["kwargs"], "observation": kind})
        except ValueError as error:  # a laboratory's trials are not shown as pictures
            refusals.append(str(error))
            continue
        view = AgentView(rows)
        try:
            return rollout.actor(task["agent"], view, task["trust"], between, task["seed"]), view
        except NotApplicableError as error:
            refusals.append(str(error))
    raise NotApplicableError(refusals[0])


def _versions() -> dict[str, str]:
    loaded = {name: getattr(sys.modules.get(name), "__version__", None) for name in PACKAGES}
    return {name: str(version)[:40] for name, version in loaded.items() if version is not None}


def _failure(error: BaseException) -> dict[str, str]:
    """The status and the reason in one line, with the place in the agent's code."""
    if isinstance(error, SystemExit):
        return {"status": "crashed", "message": f"left with sys.exit({checks.shown(error.code)})"}
    kinds = {NotApplicableError: "not_applicable", MemoryError: "memory", wire.BadActionsError: "invalid_action"}
    status = next((status for kind, status in kinds.items() if isinstance(error, kind)), "error")
    text = " ".join(str(error).split())
    message = text if status in ("not_applicable", "invalid_action") else f"{type(error).__name__}: {text}".removesuffix(": ")
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames and status == "error" else ""
    return {"status": status, "message": message[:300] + place}


if __name__ == "__main__":
    main(int(sys.argv[1]))
