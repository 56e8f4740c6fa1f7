"""Hidden activity of recurrent agents: recorded while they act, with the labels of every trial beside it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from gymnasium.vector import VectorEnv

from agents.rnn.agents import agent_of
from agents.rnn.config import RnnConfig
from agents.rnn.models import Network
from agents.rnn.trials import PAPER_TRIALS
from reach_gym import checks, files
from reach_gym.acting import rollout
from reach_gym.recording import Recording
from reach_gym.recording.metadata import describe
from reach_gym.recording.schema import assemble, from_arrays
from reach_gym.recording.sessions import record_rows

Floats = npt.NDArray[np.float64]
EVENTS = ("target", "go")
# A trial of the paper that never counts as done lasts until its time limit, so that all trials are equally long.
WHOLE: dict[str, Any] = {**PAPER_TRIALS, "hold": 1.0}
_ACTIVITY = "activity"


class RecurrentAgent(Protocol):
    """Any agent with a hidden state.

    Attributes:
        states: float64 (n, units), the state after the last `act`.
    """

    states: Floats

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """See `reach_gym.acting.protocol.Agent`."""

    def act(self, observations: Any) -> Any:
        """See `reach_gym.acting.protocol.Agent`."""


@dataclass(frozen=True, eq=False)
class Activity:
    """What the units did in n trials of at most T steps.

    Attributes:
        rates: float32 (n, T, units); entry t is the state that led to step t. NaN after a trial's end.
        recording: The trials: hands, targets, cues, blocks and all other labels.
    """

    rates: npt.NDArray[np.float32]
    recording: Recording

    def __post_init__(self) -> None:
        """Checks that rates and recording fit together.

        Raises:
            ValueError: They do not, or a rate is not finite within a trial or not NaN after it.
        """
        lead = self.recording.action.shape[:2]
        if self.rates.dtype != np.float32 or self.rates.ndim != 3 or self.rates.shape[:2] != lead:
            raise ValueError(f"`rates` must be float32 (*{lead}, units), got {self.rates.dtype} {self.rates.shape}.")
        lived = np.arange(lead[1]) < self.recording.steps[:, None]
        if not np.isfinite(self.rates[lived]).all() or not np.isnan(self.rates[~lived]).all():
            raise ValueError("`rates` must be finite within a trial and NaN after its end.")

    @property
    def direction(self) -> Floats:
        """Direction (n,) of each target from its start, rad in [0, 2 pi)."""
        way = self.recording.target - self.recording.start
        return np.asarray(np.arctan2(way[:, 1], way[:, 0]).round(9) % (2 * np.pi))

    def aligned(self, event: str, before: float, after: float) -> tuple[Floats, Floats]:
        """The rates around an event of each trial.

        Args:
            event: ``"target"``, its onset, or ``"go"``, the beginning of the cue.
            before: Seconds before it.
            after: Seconds after it.

        Returns:
            The time from the event (w,) in s and the rates (n, w, units), NaN outside of a trial.

        Raises:
            ValueError: An unknown event or a negative time.
        """
        zero = self.recording.onset if checks.choice("event", event, EVENTS) == "target" else self.recording.go
        dt = float(self.recording.metadata["dt"])
        window = np.arange(-round(checks.number("before", before, 0) / dt), round(checks.number("after", after, 0) / dt) + 1)
        index = zero[:, None] + window
        there = (index >= 0) & (index < self.rates.shape[1])
        rows = np.arange(len(index))[:, None]
        values = self.rates[rows, np.where(there, index, 0)].astype(np.float64)
        return np.asarray(window * dt), np.where(there[:, :, None], values, np.nan)

    def save(self, path: Path | str) -> None:
        """Writes one NPZ file, `rates` beside the arrays of the recording; `load_activity` reads it.

        Raises:
            OSError: The file cannot be written.
        """
        from reach_gym.recording.metadata import to_json

        data = io.BytesIO()
        arrays = {f"recording/{name}": values for name, values in self.recording.arrays().items()}
        np.savez_compressed(data, kind=_ACTIVITY, rates=self.rates, metadata=to_json(self.recording.metadata), **arrays)  # type: ignore[arg-type]
        files.write(path, data.getvalue())


def load_activity(path: Path | str) -> Activity:
    """Reads what `Activity.save` wrote; no code is run from the file.

    Raises:
        ValueError: The file holds no activity.
        OSError: It cannot be read.
    """
    from reach_gym.recording.metadata import from_json

    try:
        with np.load(path, allow_pickle=False) as file:
            parts = {name: file[name] for name in file.files}
        if str(parts.get("kind")) != _ACTIVITY:
            raise ValueError("it is of another kind")
        arrays = {name.removeprefix("recording/"): part for name, part in parts.items() if name.startswith("recording/")}
        return Activity(parts["rates"], from_arrays(arrays, from_json(str(parts["metadata"]))))
    except OSError:
        raise
    except Exception as error:  # whatever NumPy's reader raises on foreign bytes means the same
        raise ValueError(f"{path} holds no activity: {error}.") from error


class _Spy:
    """Notes the states of an agent after each of its actions."""

    def __init__(self, agent: RecurrentAgent) -> None:
        self._agent = agent
        self.seen: list[Floats] = []

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        if starts.all():
            self.seen = []
        self._agent.reset(starts)

    def act(self, observations: Any) -> Any:
        actions = self._agent.act(observations)
        states = getattr(self._agent, "states", None)
        if states is None:
            raise TypeError("`agent` must have `states`, its hidden state after each action; see `RecurrentAgent`.")
        self.seen.append(np.array(states))
        return actions


def record_activity(
    agent: RecurrentAgent, env: VectorEnv[Any, Any, Any], trials: int, seed: int = 0, name: str = "rnn"
) -> Activity:
    """Lets `agent` act in independent held-out trials, one per row of `env` and batch after batch, and notes its states.

    Args:
        agent: Made for `env`.
        env: Rows of a cursor reach, made by `reach_gym.acting.rollout.make_rows`.
        trials: How many.
        seed: Of the trials, as for `reach_gym.recording.record`.
        name: What the metadata call the agent.

    Raises:
        TypeError: The agent has no hidden state, or `trials` is no integer.
        ValueError: `trials` is below 1, or the task is no cursor reach.
    """
    spy, parts, rates = _Spy(agent), [], []
    metadata = describe(env, {"agent": name, "seed": seed, "session": False})
    for part in record_rows(spy, env, checks.integer("trials", trials, 1), seed, observe=False):
        steps = part["steps"]
        seen = np.stack(spy.seen[: int(steps.max())], axis=1)[: len(steps)].astype(np.float32)
        seen[np.arange(seen.shape[1]) >= steps[:, None]] = np.nan
        parts.append(part)
        rates.append(seen)
    recording = assemble(parts, metadata)
    longest = recording.action.shape[1]
    padded = [np.pad(r, ((0, 0), (0, longest - r.shape[1]), (0, 0)), constant_values=np.nan) for r in rates]
    return Activity(np.concatenate(padded), recording)


def record_network(
    network: Network,
    config: RnnConfig,
    env_id: str,
    env_kwargs: Mapping[str, Any],
    trials: int,
    seed: int = 0,
    name: str = "rnn",
) -> Activity:
    """`record_activity` of a trained network in trials of a task."""
    env = rollout.make_rows(env_id, min(trials, rollout.BATCH), env_kwargs)
    try:
        return record_activity(agent_of(env, network, config), env, trials, seed, name)
    finally:
        env.close()
