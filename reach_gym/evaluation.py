"""How good is an agent? Episodes on held-out trials, beside the best possible."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium.vector import VectorEnv

from reach_gym import checks, grid, rollout
from reach_gym.planning import UNREACHABLE, hits
from reach_gym.protocol import Agent
from reach_gym.recording.metadata import describe
from reach_gym.recording.schema import Recording, assemble
from reach_gym.recording.sessions import record_rows
from reach_gym.rollout import BATCH

ALL = "all"
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """One record per episode, as arrays of length n.

    Attributes:
        starts: int64 (n, 2), the start's square.
        targets: int64 (n, 2), the target's square.
        steps: int64, steps taken.
        ideal_steps: int64, the least number of steps possible (-1: the target cannot be reached).
        success: bool, whether the target was hit within the time limit.
        returns: float64, sum of rewards.
    """

    starts: npt.NDArray[np.int64]
    targets: npt.NDArray[np.int64]
    steps: npt.NDArray[np.int64]
    ideal_steps: npt.NDArray[np.int64]
    success: npt.NDArray[np.bool_]
    returns: npt.NDArray[np.float64]

    def summary(self) -> dict[str, float]:
        """Means over the episodes; ``optimal`` is the share that hit in the least number of steps.

        ``mean_excess_steps`` counts the steps beyond the ideal over all episodes whose target can be reached, failures included.
        """
        reachable = self.ideal_steps != UNREACHABLE
        excess = (self.steps - self.ideal_steps)[reachable]
        return {
            "episodes": float(len(self.steps)),
            "success": float(self.success.mean()),
            "mean_steps": float(self.steps.mean()),
            "mean_ideal_steps": float(self.ideal_steps[reachable].mean()) if excess.size else 0.0,
            "mean_excess_steps": float(excess.mean()) if excess.size else 0.0,
            "optimal": float((self.success & (self.steps == self.ideal_steps)).mean()),
            "mean_return": float(self.returns.mean()),
        }


@dataclass(frozen=True)
class CursorEvaluation:
    """One record per trial of a cursor reach, as arrays of length n in SI units.

    The measures are those of the cursor's path (`reach_gym.measures.trial_measures`), positive to the left of the direction
    from start to target; NaN where nothing moved after the go cue.

    Attributes:
        starts: float64 (n, 2), metres.
        targets: float64 (n, 2), metres.
        steps: int64, steps taken.
        success: bool, whether the cursor stayed on the target within the time limit.
        false_start: bool, whether it left the start before the go cue.
        returns: float64, sum of rewards.
        max_deviation: float64, m.
        deviation_at_peak_speed: float64, m.
        initial_angle_error: float64, rad.
        path_length_ratio: float64.
        peak_speed: float64, m/s.
        movement_time: float64, s.
        reaction_time: float64, s.
        endpoint_error: float64, m.
    """

    starts: Floats
    targets: Floats
    steps: npt.NDArray[np.int64]
    success: npt.NDArray[np.bool_]
    false_start: npt.NDArray[np.bool_]
    returns: Floats
    max_deviation: Floats
    deviation_at_peak_speed: Floats
    initial_angle_error: Floats
    path_length_ratio: Floats
    peak_speed: Floats
    movement_time: Floats
    reaction_time: Floats
    endpoint_error: Floats

    @classmethod
    def of(cls, recording: Recording) -> CursorEvaluation:
        """The evaluation of trials that are recorded already, an agent's or a person's."""
        return cls(
            starts=recording.start,
            targets=recording.target,
            steps=recording.steps,
            success=recording.success,
            false_start=recording.false_start,
            returns=np.nansum(recording.reward, axis=1),
            **recording.measures("cursor"),
        )

    def summary(self) -> dict[str, float]:
        """Means over the trials, in the units that the names say; deviations and angles by their size.

        ``moved`` is the share of trials with a movement after the go cue. Only these have measures, and without one they are NaN.
        """
        moved = np.isfinite(self.peak_speed)
        return {
            "episodes": float(len(self.steps)),
            "success": _mean(self.success),
            "false_starts": _mean(self.false_start),
            "moved": _mean(moved),
            "mean_steps": _mean(self.steps),
            "mean_return": _mean(self.returns),
            "max_deviation_mm": 1000 * _mean(np.abs(self.max_deviation)),
            "initial_angle_error_deg": float(np.degrees(_mean(np.abs(self.initial_angle_error)))),
            "endpoint_error_mm": 1000 * _mean(self.endpoint_error),
            "path_length_ratio": _mean(self.path_length_ratio),
            "peak_speed_m_per_s": _mean(self.peak_speed),
            "reaction_time_s": _mean(self.reaction_time),
            "movement_time_s": _mean(self.movement_time),
        }


def _mean(values: npt.NDArray[Any]) -> float:
    """The mean of the finite values; NaN, without a warning, where there are none."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def evaluate(
    agent: Any,
    env_id: str,
    episodes: int | str = 1000,
    seed: int = 0,
    env_kwargs: dict[str, Any] | None = None,
    trust: bool = False,
) -> Evaluation | CursorEvaluation:
    """Lets an agent act in held-out episodes.

    Episode j is trial 0 of a row of its own, whatever the agent did before it; different seeds share no rows,
    and none of them has the small seeds with which one trains. Of a schedule that is the first trial of its first block;
    `reach_gym.recording.record` with ``session=True`` goes through a whole session.

    Args:
        agent: A name that `reach_gym.protocol.load_agent` takes, or anything that `as_agent` takes.
        env_id: A registered task of this package.
        episodes: How many, or on the grid ``"all"`` for every valid pair of start and target once.
        seed: Seed of the first episode.
        env_kwargs: Constructor keywords that replace the registered ones.
        trust: See `reach_gym.protocol.load_agent`.

    Returns:
        One record per episode: an `Evaluation` on the grid, a `CursorEvaluation` of a cursor reach.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: `episodes` or `seed` is out of range, or the task is none of this package.
        gymnasium.error.Error: There is no such task.
    """
    rollout.held_out(seed)
    if episodes != ALL:
        checks.integer("episodes", episodes, 1, 2**32)
    env = rollout.make_rows(env_id, 1, env_kwargs)
    try:
        on_grid = hasattr(env.unwrapped, "trial_cells")
        if not on_grid and not hasattr(env.unwrapped, "plants"):
            raise ValueError(f"`env_id` must be a task of reach_gym, got {checks.shown(env_id)}.")
        if episodes == ALL and not on_grid:
            raise ValueError(
                "`episodes` must be a number for a cursor reach, whose starts and targets cannot be listed, got 'all'."
            )
        pairs = _all_trials(env.unwrapped) if episodes == ALL else None
    finally:
        env.close()
    count = int(episodes) if pairs is None else len(pairs)
    if count < 1:
        raise ValueError("`episodes` must leave at least one trial; this task has no valid pair.")
    env = rollout.make_rows(env_id, min(count, BATCH), env_kwargs)
    try:
        actor = rollout.actor(agent, env, trust)
        if not on_grid:
            return _evaluate_cursor(actor, env, count, seed)
        parts = [_batch(actor, env, first, count, seed, pairs) for first in range(0, count, env.num_envs)]
    finally:
        env.close()
    return Evaluation(**{field.name: np.concatenate([part[field.name] for part in parts]) for field in fields(Evaluation)})


def _evaluate_cursor(agent: Agent, env: VectorEnv[Any, Any, Any], count: int, seed: int) -> CursorEvaluation:
    """Batch after batch, so that the trajectories of only one of them take memory."""
    metadata = describe(env, {})
    batches = record_rows(agent, env, count, seed, observe=False)
    parts = [CursorEvaluation.of(assemble([batch], metadata)) for batch in batches]
    names = [field.name for field in fields(CursorEvaluation)]
    return CursorEvaluation(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _all_trials(env: Any) -> npt.NDArray[np.int64]:
    """Every valid pair of the task, int64 (n, 2, 2): squares of start and target."""
    env.reset(seed=0)
    size, task = env.size, env.task
    cells = np.arange(size * size)
    limit = int(grid.squared_limit(task.radius.radii[0]))
    targets = cells if task.target < 0 else np.array([task.target])
    valid = ~hits(size, limit, targets)
    if task.start >= 0:
        valid &= cells == task.start
    to, start = np.nonzero(valid)
    pairs = np.stack([start, targets[to]], axis=1)
    return np.stack([pairs % size, pairs // size], axis=2)


def _batch(
    agent: Agent,
    env: VectorEnv[Any, Any, Any],
    first: int,
    count: int,
    seed: int,
    pairs: npt.NDArray[np.int64] | None,
) -> dict[str, npt.NDArray[Any]]:
    """Runs the episodes from `first` on, one per row; rows beyond `count` are run and left out."""
    rows = env.num_envs
    options = None
    if pairs is not None:
        mine = pairs[np.minimum(np.arange(first, first + rows), count - 1)]
        options = {"start": mine[:, 0], "target": mine[:, 1]}
    observation, info = env.reset(seed=rollout.held_out(seed) + first, options=options)
    base: Any = env.unwrapped
    cells = np.stack(base.trial_cells(), axis=1)
    ideal = info["ideal_steps"]
    steps, returns = np.zeros(rows, np.int64), np.zeros(rows)
    success = np.zeros(rows, np.bool_)
    for step in rollout.play(agent, env, observation):
        steps += step.running
        returns += np.where(step.running, step.rewards, 0.0)
        success |= step.running & step.terminated
    squares = np.stack([cells % base.size, cells // base.size], axis=2)
    record = {
        "starts": squares[:, 0],
        "targets": squares[:, 1],
        "steps": steps,
        "ideal_steps": ideal,
        "success": success,
        "returns": returns,
    }
    return {name: values[: count - first] for name, values in record.items()}
