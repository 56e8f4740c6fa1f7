"""``python -m benchmarks adaptation``: what the adaptation track gives to those who learn, and to those who only seem to.

A score of adaptation that a trick gets is worth nothing. The tricks are here: pushing against a field that one always expects,
once and three times as strong; leaning on a channel's wall as soon as it is noticed, to a fixed side or to that of the last
field; a stiff hand; a push that grows with time. Beside them stands the learner of the documentation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.training_report import table
from benchmarks.yardsticks import by, spring, velocity_loop
from reach_gym import checks, files
from reach_gym.benchmark.sessions import session_facts
from reach_gym.benchmark.tables import number
from reach_gym.cli import shell
from reach_gym.evaluation import suite
from reach_gym.evaluation.statistics import mean_interval
from reach_gym.planning import MinimumJerkAgent
from reach_gym.recording.sessions import record, record_whole_session

Floats = npt.NDArray[np.float64]

TASK = suite.TASKS["cursor-adaptation-both"]
CURL = 13.0  # N s/m of the task's field
_LEFT_AT = 0.01  # m from the target: closer there is no way to lean across
_PROBE, _PROBED = 0.1, 2  # share of the greatest force, and for how many steps a wall is felt for
_FREE = 0.005  # m/s across that a probed hand has at least if no wall holds it
_FELT = 0.003  # m of deviation that tell the side of a field
_SHOWN = ("compensation", "learning_index", "r2", "early_error_mm", "late_error_mm")


class _Reaching:
    """Minimum-jerk reaches with a further push; one row per trial."""

    family = "cursor"

    def __init__(self, env: Any) -> None:
        """Acts in `env`."""
        self._hand, self._env = MinimumJerkAgent(env), env.unwrapped

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Forgets the rows that begin a trial."""
        self._hand.reset(starts)

    def act(self, observations: Any) -> npt.NDArray[np.float32]:
        """Actions (n, 2) for a batch of observations."""
        push = self.push(self._env.sense(observations))
        return np.asarray(self._hand.act(observations) + push / self._env.task.plant.max_force, np.float32)

    def push(self, seen: Any) -> Floats:
        """The further force (n, 2) in N."""
        raise NotImplementedError


def _against(curl: Any, velocity: Floats) -> Floats:
    """The force (n, 2) that cancels a curl field of `curl` N s/m, a number or (n,)."""
    return np.asarray(np.asarray(curl)[..., None] * np.stack([velocity[:, 1], -velocity[:, 0]], axis=1))


class Learner(_Reaching):
    """Learns the strength of a curl field from the largest deviation of each trial: the learner of docs/guide/agents.md."""

    def __init__(self, env: Any) -> None:
        """Acts in one row of `env`."""
        super().__init__(env)
        self._curl, self._error = 0.0, 0.0  # N s/m; m

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Learns from the trial that is over."""
        super().reset(starts)
        self._curl, self._error = 0.98 * self._curl + 600 * self._error, 0.0

    def push(self, seen: Any) -> Floats:
        """Against the field that is expected."""
        aside = _aside(seen)[0]
        self._error = aside if abs(aside) > abs(self._error) else self._error
        return _against(self._curl, seen.velocity)


def _aside(seen: Any) -> Floats:
    """How far (n,) the hand is to the left of the straight line, m."""
    (x, y), (px, py) = seen.target.T, seen.position.T
    return np.asarray((x * py - y * px) / (np.hypot(x, y) + 1e-9))


def fixed(share: float) -> type[_Reaching]:
    """Always pushes against `share` of the field."""

    class Fixed(_Reaching):
        def push(self, seen: Any) -> Floats:
            return _against(share * CURL, seen.velocity)

    return Fixed


class Leaner(_Reaching):
    """Feels for a wall with a short push; where one holds the hand, it leans on it as if it knew the field."""

    def __init__(self, env: Any) -> None:
        """Acts in `env`."""
        super().__init__(env)
        self._steps, self._wall = np.zeros(env.num_envs, int), np.zeros(env.num_envs, np.bool_)

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Forgets the walls of trials that are over."""
        super().reset(starts)
        self._steps, self._wall = np.where(starts, 0, self._steps), self._wall & ~starts

    def push(self, seen: Any) -> Floats:
        """The probe, then the lean."""
        (x, y), length = seen.target.T, np.hypot(*seen.target.T) + 1e-9
        left = np.stack([-y, x], axis=1) / length[:, None]
        self._steps = self._steps + ((seen.go > 0) & (length > _LEFT_AT))
        held = np.abs((left * seen.velocity).sum(axis=1)) < _FREE
        self._wall = np.where(self._steps == _PROBED + 1, held, self._wall)
        probing = (self._steps > 0) & (self._steps <= _PROBED)
        probe = np.where(probing, _PROBE * self._env.task.plant.max_force, 0.0)
        return np.asarray(probe[:, None] * left + _against(self.side(seen) * CURL * self._wall, seen.velocity))

    def side(self, seen: Any) -> Any:
        """The sign of the field that it leans against."""
        return 1.0


class Follower(Leaner):
    """Leans against the field that it felt last, but does nothing about the field itself."""

    def __init__(self, env: Any) -> None:
        """Acts in one row of `env`."""
        super().__init__(env)
        self._side, self._error = 0.0, 0.0

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Keeps the side to which the last trial was pushed."""
        super().reset(starts)
        self._side = float(np.sign(self._error)) if abs(self._error) > _FELT else self._side
        self._error = 0.0

    def side(self, seen: Any) -> Any:
        """That of the last field."""
        aside = _aside(seen)[0]
        self._error = aside if abs(aside) > abs(self._error) else self._error
        return self._side


class Drifter(_Reaching):
    """Pushes against ever more of the field, whatever field there is: twice of it at the session's end."""

    _trial = -1

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """One trial more."""
        super().reset(starts)
        self._trial += 1

    def push(self, seen: Any) -> Floats:
        """By the number of the trial."""
        return _against(2.0 * CURL * self._trial / TASK.episodes, seen.velocity)


# Who carries something over from trial to trial goes through the session one trial after the other; the others all at once.
LEARNS: dict[str, Callable[..., Any]] = {"the documentation's learner": Learner}
CARRIES: dict[str, Callable[..., Any]] = {
    "leans on walls against the field felt last": Follower,
    "pushes against ever more of the first field": Drifter,
}
FIXED: dict[str, Any] = {
    "always pushes against the field": fixed(1.0),
    "always against three times the field": fixed(3.0),
    "leans on walls that it notices": Leaner,
    "velocity loop, 600 N s/m": by(velocity_loop),
    "spring 60 N/m, damper 30 N s/m": by(spring(60.0, 30.0)),
    "spring 320 N/m, damper 40 N s/m": by(spring(320.0, 40.0)),
    "minimum jerk": "minimum_jerk",
}
YARDSTICKS = {"naive (0)": "naive", "adapted (1)": "adapted"}


def facts(agent: Any, seed: int, at_once: bool, task: suite.SuiteTask = TASK) -> dict[str, float]:
    """The numbers of an agent's session, `reach_gym.benchmark.sessions.session_facts`.

    Args:
        agent: Who acts.
        seed: Of the held-out session.
        at_once: Whether all trials are done side by side, as an agent may that carries nothing over.
        task: The track's task, or one with a session of the same blocks.
    """
    if at_once:
        recording = record_whole_session(agent, task.env_id, seed, task.kwargs, observe=False)
    else:
        recording = record(agent, task.env_id, task.episodes, seed, task.kwargs, session=True, observe=False)
    return session_facts(recording)[0]


@dataclass(kw_only=True)
class Adaptation(shell.Command):
    """Scores of learners and of tricks on the adaptation track.

    Attributes:
        seeds: Of the held-out sessions.
        out: File for the table, in Markdown; it is printed, too.
    """

    seeds: list[int] = field(default_factory=lambda: [0, 1, 2])
    out: Path | None = None

    def run(self) -> None:
        """Measures and prints."""
        with shell.request():
            for seed in self.seeds:
                checks.integer("seeds", seed, 0, checks.MAX_SEED)
        marks = {seed: tuple(facts(name, seed, True) for name in YARDSTICKS.values()) for seed in self.seeds}
        rows = [self._row(name, agent, at_once, marks) for name, agent, at_once in _entries()]
        heads = ["agent", "score", "channels", "catch trials", "r\N{SUPERSCRIPT TWO}", "early mm", "late mm"]
        text = "\n".join(table(heads, rows)) + "\n"
        print(text)
        if self.out is not None:
            files.write(self.out, text.encode())

    def _row(self, name: str, agent: Any, at_once: bool, marks: dict[int, tuple[dict[str, float], ...]]) -> list[str]:
        found = {seed: facts(agent, seed, at_once) for seed in self.seeds}
        scores = []
        for seed, each in found.items():
            low, high = (mark["learning"] for mark in marks[seed])
            scores.append((each["learning"] - low) / (high - low))
        value, low, high = mean_interval(scores) if len(scores) > 1 else (scores[0], scores[0], scores[0])
        means = [float(np.mean([each[key] for each in found.values()])) for key in _SHOWN]
        shown = [
            number(None if np.isnan(mean) else mean, "{:.2f}" if place < 3 else "{:.1f}") for place, mean in enumerate(means)
        ]
        return [name, f"{number(value, '{:.2f}')} ({number(low, '{:.2f}')} to {number(high, '{:.2f}')})", *shown]


def _entries() -> list[tuple[str, Any, bool]]:
    at_once, in_turn = {**YARDSTICKS, **FIXED}, {**LEARNS, **CARRIES}
    entries = [(name, agent, True) for name, agent in at_once.items()] + [(name, agent, False) for name, agent in in_turn.items()]
    order = [*YARDSTICKS, *LEARNS, *FIXED, *CARRIES]
    return sorted(entries, key=lambda entry: order.index(entry[0]))
