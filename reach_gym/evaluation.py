"""How good is an agent? Episodes on held-out trials, beside the best possible."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium.vector import AutoresetMode, VectorEnv

from reach_gym import checks, grid, trials
from reach_gym.planning import UNREACHABLE, hits
from reach_gym.protocol import Agent, as_agent, load_agent

BATCH = 256  # rows stepped together; fixed, so that the same call gives the same result everywhere
ALL = "all"


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


def evaluate(
    agent: Any,
    env_id: str,
    episodes: int | str = 1000,
    seed: int = 0,
    env_kwargs: dict[str, Any] | None = None,
) -> Evaluation:
    """Lets an agent act in held-out episodes.

    Episode j is trial 0 of a row of its own, whatever the agent did before it; different seeds share no rows,
    and none of them has the small seeds with which one trains.

    Args:
        agent: A name that `reach_gym.protocol.load_agent` takes, or anything that `as_agent` takes.
        env_id: A registered grid task.
        episodes: How many, or ``"all"`` for every valid pair of start and target once.
        seed: Seed of the first episode.
        env_kwargs: Constructor keywords that replace the registered ones.

    Returns:
        One record per episode.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: `episodes` or `seed` is out of range.
        gymnasium.error.Error: There is no such task.
    """
    checks.integer("seed", seed, 0, checks.MAX_SEED)
    if episodes != ALL:
        checks.integer("episodes", episodes, 1, 2**32)
    settings = {**(env_kwargs or {}), "autoreset_mode": AutoresetMode.NEXT_STEP, "render_mode": None}
    env = gym.make_vec(env_id, num_envs=1, **settings)
    try:
        pairs = _all_trials(env.unwrapped) if episodes == ALL else None
    finally:
        env.close()
    count = int(episodes) if pairs is None else len(pairs)
    if count < 1:
        raise ValueError("`episodes` must leave at least one trial; this task has no valid pair.")
    env = gym.make_vec(env_id, num_envs=min(count, BATCH), **settings)
    try:
        actor = load_agent(agent, env) if isinstance(agent, str) else as_agent(agent, env)
        parts = [_batch(actor, env, first, count, seed, pairs) for first in range(0, count, env.num_envs)]
    finally:
        env.close()
    return Evaluation(**{field.name: np.concatenate([part[field.name] for part in parts]) for field in fields(Evaluation)})


def _all_trials(env: Any) -> npt.NDArray[np.int64]:
    """Every valid pair of the task, int64 (n, 2, 2): squares of start and target."""
    env.reset(seed=0)
    size, task = env.size, env.task
    cells = np.arange(size * size)
    limit = int(grid.squared_limit(task.schedule.radii[0]))
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
    observation, info = env.reset(seed=(trials.mix(seed) >> 2) + first, options=options)
    base: Any = env.unwrapped
    cells = np.stack(base.trial_cells(), axis=1)
    ideal = info["ideal_steps"]
    steps, returns = np.zeros(rows, np.int64), np.zeros(rows)
    success, running = np.zeros(rows, np.bool_), np.ones(rows, np.bool_)
    starts = np.ones(rows, np.bool_)
    while running.any():
        if starts.any():
            agent.reset(starts)
        observation, reward, terminated, truncated, _ = env.step(agent.act(observation))
        # A row whose episode is over goes on with its next trial, which does not count.
        steps += running
        returns += np.where(running, reward, 0.0)
        success |= running & terminated
        starts = terminated | truncated
        running &= ~starts
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
