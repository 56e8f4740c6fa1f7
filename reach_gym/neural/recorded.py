"""Recording what units do while their agent acts: hidden states, or the output of any layer of a network."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium.vector import VectorEnv

from reach_gym import checks
from reach_gym.acting import rollout
from reach_gym.acting.protocol import Agent
from reach_gym.neural.activity import TARGET_LAG, Activity
from reach_gym.reach.observations import OBSERVATIONS
from reach_gym.recording.metadata import describe, name_of, require_cursor
from reach_gym.recording.schema import assemble
from reach_gym.recording.sessions import INDEPENDENT, record_rows
from reach_gym.sessions.schedule import MAX_TRIALS

Read = Callable[[], Any]


def record_activity(
    agent: Any,
    env_id: str,
    trials: int = INDEPENDENT,
    seed: int = 0,
    env_kwargs: Mapping[str, Any] | None = None,
    layer: str | None = None,
    trust: bool = False,
) -> Activity:
    """Lets `agent` act in independent held-out trials, the same as those of `reach_gym.recording.record`, and notes its units.

    Args:
        agent: As `reach_gym.recording.record` takes it: a module of PyTorch with ``initial``, a recurrent model with ``predict``,
            or an agent whose ``states``, float (n, units), is its hidden state after each `act`.
        env_id: A registered cursor task.
        trials: How many.
        seed: Seed of the first trial.
        env_kwargs: Constructor keywords that replace the registered ones.
        layer: The name of a submodule of `agent`, a module of PyTorch, whose output (n, units) is noted instead of the hidden
            state; of an output of several parts the first.
        trust: See `reach_gym.acting.protocol.load_agent`.

    Raises:
        TypeError: The agent has no hidden state, `layer` is asked of what is no module, or an argument has the wrong type.
        ValueError: An argument is out of range, `agent` has no such layer, or `env_id` is no cursor task.
        gymnasium.error.Error: There is no such task.
    """
    count = checks.integer("trials", trials, 1, MAX_TRIALS)
    env = rollout.make_rows(env_id, min(count, rollout.BATCH), env_kwargs)
    try:
        require_cursor(env)
        actor = rollout.actor(agent, env, trust)
        if layer is None:
            return record_activity_in(env, actor, count, seed, name_of(agent))
        with _output_of(agent, layer) as read:
            return record_activity_in(env, actor, count, seed, name_of(agent), read)
    finally:
        env.close()


def record_activity_in(
    env: VectorEnv[Any, Any, Any], agent: Agent, trials: int, seed: int = 0, name: str = "agent", read: Read | None = None
) -> Activity:
    """`record_activity` of an agent that was made for the rows of `env`.

    Args:
        env: Rows of a cursor reach, made by `reach_gym.acting.rollout.make_rows`.
        agent: Who acts.
        trials: How many: one per row, batch after batch.
        seed: As `record_activity` takes it.
        name: What the metadata call the agent.
        read: Gives what to note, (n, units), after each action; without it the agent's ``states``.

    Raises:
        TypeError: The agent has no hidden state.
        ValueError: The task is no cursor reach, or what is read has another shape.
    """
    spy = _Spy(agent, read or (lambda: getattr(agent, "states", None)))
    task: Any = require_cursor(env).task
    lag = task.delay if OBSERVATIONS[task.observation].late_goal else 0
    metadata = describe(env, {"agent": name, "seed": seed, "session": False, TARGET_LAG: lag})
    parts, rates = [], []
    for part in record_rows(spy, env, trials, seed, observe=False):
        steps = part["steps"]
        seen = np.stack(spy.seen[: int(steps.max())], axis=1)[: len(steps)]
        seen[np.arange(seen.shape[1]) >= steps[:, None]] = np.nan
        parts.append(part)
        rates.append(seen)
    recording = assemble(parts, metadata)
    longest = recording.longest
    padded = [np.pad(r, ((0, 0), (0, longest - r.shape[1]), (0, 0)), constant_values=np.nan) for r in rates]
    return Activity(np.concatenate(padded), recording)


class _Spy:
    """Acts as an agent does, and notes what `read` gives after each of its actions."""

    def __init__(self, agent: Agent, read: Read) -> None:
        self._agent, self._read = agent, read
        self.seen: list[npt.NDArray[np.float32]] = []

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        if starts.all():
            self.seen = []
        self._agent.reset(starts)

    def act(self, observations: Any) -> Any:
        actions = self._agent.act(observations)
        states = self._read()
        if states is None:
            raise TypeError(
                "`agent` must have `states`, its hidden state (n, units) after each action, or be a module of which a `layer` is "
                f"asked for, got {checks.shown(self._agent)}."
            )
        noted = np.array(states, np.float32)
        if noted.ndim != 2 or len(noted) != len(actions):
            raise ValueError(f"what is recorded must be ({len(actions)}, units), got {noted.shape}.")
        self.seen.append(noted)
        return actions


@contextmanager
def _output_of(module: Any, layer: str) -> Iterator[Read]:
    """What a submodule gave when it was called last."""
    if not callable(getattr(module, "named_modules", None)):
        raise TypeError(
            f"`layer` must be None unless the agent is a module of PyTorch, got {checks.shown(layer)} of {checks.shown(module)}."
        )
    parts = {name: part for name, part in module.named_modules() if name}
    last: list[Any] = [None]

    def note(_module: Any, _inputs: Any, output: Any) -> None:
        last[0] = output[0] if isinstance(output, tuple) else output

    hook = parts[checks.choice("layer", layer, parts)].register_forward_hook(note)
    try:
        yield lambda: None if last[0] is None else last[0].detach().cpu().numpy()
    finally:
        hook.remove()
