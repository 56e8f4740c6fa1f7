"""How good is an agent? Episodes on held-out trials; on the grid beside the fewest possible steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium.vector import VectorEnv

from reach_gym import checks
from reach_gym.acting import rollout, wrapping
from reach_gym.acting.protocol import Agent, carries_nothing_over
from reach_gym.acting.rollout import BATCH
from reach_gym.evaluation.outcomes import CursorEvaluation, Evaluation
from reach_gym.grid.exact import hits
from reach_gym.grid.world import squared_limit
from reach_gym.recording.metadata import describe
from reach_gym.recording.schema import assemble
from reach_gym.recording.sessions import record_rows, record_session
from reach_gym.registration import family_of

ALL = "all"
MAX_EPISODES = 2**32


def evaluate(
    agent: Any,
    env_id: str,
    episodes: int | str = 1000,
    seed: int = 0,
    env_kwargs: dict[str, Any] | None = None,
    trust: bool = False,
    session: bool = False,
    wrappers: Sequence[str | wrapping.Wrapper] = (),
) -> Evaluation | CursorEvaluation:
    """Lets an agent act in held-out episodes.

    Episode j is trial 0 of a row of its own, whatever the agent did before it; different seeds share no rows,
    and none of them has the small seeds with which one trains. Of a schedule that is the first trial of its first block.

    Args:
        agent: A name that `reach_gym.acting.protocol.load_agent` takes, or anything that `as_agent` takes.
        env_id: A registered task of this package, with or without its namespace.
        episodes: How many, or on the grid ``"all"`` for every valid pair of start and target once.
        seed: Seed of the first episode.
        env_kwargs: Constructor keywords that replace the registered ones.
        trust: See `reach_gym.acting.protocol.load_agent`.
        session: One subject goes through the first trials of its session instead, one after the other, and is told what comes of
            its actions if it wants to know (`reach_gym.acting.protocol.Agent`).
        wrappers: Names ``"module:function"`` or functions. Each is called with the vector environment as the agent would see it
            and returns a wrapped one, which the next is called with; the agent acts in the last. What is measured comes from the
            environment without them (`reach_gym.acting.wrapping`).

    Returns:
        One record per episode: an `Evaluation` on the grid, a `CursorEvaluation` of a cursor reach.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: `episodes` or `seed` is out of range, the task is none of this package, or a wrapper's name is none.
        ImportError: There is no module of a wrapper's name.
        AttributeError: The module has no such function.
        gymnasium.error.Error: There is no such task.
    """
    rollout.held_out(seed)
    if episodes != ALL:
        checks.integer("episodes", episodes, 1, MAX_EPISODES)
    elif session:
        raise ValueError("`episodes` must be a number for a session, got 'all'.")
    between = wrapping.load(wrappers)
    on_grid, pairs = _trials_of(env_id, env_kwargs, episodes == ALL)
    if session:
        if on_grid:
            return _grid_session(agent, env_id, int(episodes), seed, env_kwargs, trust, between)
        return CursorEvaluation.of(record_session(agent, env_id, int(episodes), seed, env_kwargs, trust, between))
    count = int(episodes) if pairs is None else len(pairs)
    if count < 1:
        raise ValueError("`episodes` must leave at least one trial; this task has no valid pair.")
    env = rollout.make_rows(env_id, min(count, BATCH), env_kwargs)
    actor: Any = None
    try:
        actor = rollout.actor(agent, env, trust, between, seed)
        if not on_grid:
            return _evaluate_cursor(actor, env, count, seed)
        return _joined(_batches(actor, env, count, seed, pairs), count)
    finally:
        rollout.release(actor)
        env.close()


def _trials_of(env_id: str, env_kwargs: dict[str, Any] | None, every: bool) -> tuple[bool, npt.NDArray[np.int64] | None]:
    """Whether a task is one of the grid, and its trials if `every` one is wanted."""
    env = rollout.make_rows(env_id, 1, env_kwargs)
    try:
        family = family_of(env)
        if family is None:
            raise ValueError(f"`env_id` must be a task of reach_gym, got {checks.shown(env_id)}.")
        on_grid = family == "grid"
        if every and not on_grid:
            raise ValueError(
                "`episodes` must be a number for a cursor reach, whose starts and targets cannot be listed, got 'all'."
            )
        return on_grid, _all_trials(env.unwrapped) if every else None
    finally:
        env.close()


def _joined(parts: Iterator[dict[str, npt.NDArray[Any]]], count: int) -> Evaluation:
    """One evaluation of the first `count` episodes of all `parts`."""
    batches = list(parts)
    longest = max(batch["path"].shape[1] for batch in batches)
    for batch in batches:
        missing = longest - batch["path"].shape[1]
        batch["path"] = np.pad(batch["path"], ((0, 0), (0, missing)), constant_values=-1)
    names = [field.name for field in fields(Evaluation)]
    return Evaluation(**{name: np.concatenate([batch[name] for batch in batches])[:count] for name in names})


def _batches(
    agent: Agent, env: VectorEnv[Any, Any, Any], count: int, seed: int, pairs: npt.NDArray[np.int64] | None
) -> Iterator[dict[str, npt.NDArray[Any]]]:
    """Runs independent episodes, one per row and batch after batch; rows beyond `count` are run, too."""
    rows = env.num_envs
    for first in range(0, count, rows):
        options = None
        if pairs is not None:
            mine = pairs[np.minimum(np.arange(first, first + rows), count - 1)]
            options = {"start": mine[:, 0], "target": mine[:, 1]}
        yield _grid_episodes(agent, env, rollout.held_out(seed) + first, options)


def _grid_session(
    agent: Any,
    env_id: str,
    count: int,
    seed: int,
    env_kwargs: dict[str, Any] | None,
    trust: bool,
    wrappers: Sequence[wrapping.Wrapper],
) -> Evaluation:
    at_once = carries_nothing_over(agent) and not wrappers
    rows = rollout.make_rows(env_id, count if at_once else 1, env_kwargs)
    env: VectorEnv[Any, Any, Any] = rollout.WholeSession(rows) if at_once else rows
    actor: Any = None
    try:
        actor, first = rollout.actor(agent, env, trust, wrappers, seed), rollout.held_out(seed)
        trials = range(0, count, env.num_envs)
        return _joined((_grid_episodes(actor, env, None if trial else first, None, True) for trial in trials), count)
    finally:
        rollout.release(actor)
        env.close()


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
    limit = int(squared_limit(task.radii[0]))
    targets = cells if task.target is None else np.array([task.target_cell])
    valid = ~hits(size, limit, targets)
    if task.start is not None:
        valid &= cells == task.start_cell
    to, start = np.nonzero(valid)
    pairs = np.stack([start, targets[to]], axis=1)
    return np.stack([pairs % size, pairs // size], axis=2)


def _grid_episodes(
    agent: Agent, env: VectorEnv[Any, Any, Any], seed: int | None, options: dict[str, Any] | None, session: bool = False
) -> dict[str, npt.NDArray[Any]]:
    """Resets all rows with `seed` and `options` and runs one episode in each of them."""
    rows = env.num_envs
    observation, info = env.reset(seed=seed, options=options)
    base: Any = env.unwrapped
    cells = np.stack(base.trial_cells(), axis=1)
    ideal = info["ideal_steps"]
    steps, returns = np.zeros(rows, np.int64), np.zeros(rows)
    success = np.zeros(rows, np.bool_)
    path = [cells[:, 0]]
    for step in rollout.play(agent, env, observation, session):
        path.append(np.where(step.running, base.cursor_cells(), -1))
        steps += step.running
        returns += np.where(step.running, step.rewards, 0.0)
        success |= step.running & step.terminated
    squares = np.stack([cells % base.size, cells // base.size], axis=2)
    return {
        "starts": squares[:, 0],
        "targets": squares[:, 1],
        "steps": steps,
        "ideal_steps": ideal,
        "success": success,
        "returns": returns,
        "path": np.stack(path, axis=1).astype(np.int32),
        "block": np.array(info.get("block", np.zeros(rows)), np.int64),
    }
