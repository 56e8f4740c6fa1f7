"""Recordings of agents on held-out trials: independent ones, or a session of one subject."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode

from reach_gym import checks
from reach_gym.acting import rollout
from reach_gym.acting.one_row import OneRow
from reach_gym.acting.protocol import Agent, carries_nothing_over
from reach_gym.acting.wrapping import Wrapper
from reach_gym.recording.layout import Array
from reach_gym.recording.metadata import describe, name_of, require_cursor
from reach_gym.recording.recorder import Trials
from reach_gym.recording.schema import Recording, assemble, recording_of
from reach_gym.recording.subjects import play_sessions
from reach_gym.rows.keywords import with_full_info
from reach_gym.sessions.schedule import MAX_TRIALS

DISABLED = AutoresetMode.DISABLED
INDEPENDENT = 100  # trials where nobody says how many


def record(
    agent: Any,
    env_id: str,
    trials: int | None = None,
    seed: int = 0,
    env_kwargs: Mapping[str, Any] | None = None,
    session: bool = False,
    trust: bool = False,
    observe: bool = True,
) -> Recording:
    """Records an agent on held-out trials; the same call gives the same recording.

    Args:
        agent: A name that `reach_gym.acting.protocol.load_agent` takes, or anything that `as_agent` takes.
        env_id: A registered cursor task, with or without its namespace.
        trials: How many; without it as many as the schedule has for a session, 100 otherwise.
        seed: Seed of the first trial.
        env_kwargs: Constructor keywords that replace the registered ones.
        session: ``False``: independent trials, each of them trial 0 of a row of its own, as in
            `reach_gym.evaluation.held_out`. ``True``: one subject goes through its session, trials 0, 1, 2 and so on,
            and is told what comes of its actions if it wants to know (`reach_gym.acting.protocol.Agent`).
        observe: Whether to keep the observations.
        trust: See `reach_gym.acting.protocol.load_agent`.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is out of range, or `env_id` is no cursor task.
        gymnasium.error.Error: There is no such task.
    """
    if not isinstance(session, bool | np.bool_):
        raise TypeError(f"`session` must be True or False, got {checks.shown(session)}.")
    rollout.held_out(seed)
    if trials is not None:
        trials = checks.integer("trials", trials, 1, MAX_TRIALS)
    if session:
        return _record_trial_by_trial(agent, env_id, trials, seed, env_kwargs, trust, observe)
    count = INDEPENDENT if trials is None else trials
    env = rollout.make_rows(env_id, min(count, rollout.BATCH), env_kwargs)
    try:
        metadata = _metadata(env, agent, seed, session=False)
        return assemble(list(record_rows(rollout.actor(agent, env, trust), env, count, seed, observe)), metadata)
    finally:
        env.close()


def _metadata(env: Any, agent: Any, seed: int, session: bool) -> dict[str, Any]:
    require_cursor(env)
    return describe(env, {"agent": name_of(agent), "seed": int(seed), "session": session})


def record_rows(agent: Any, env: Any, count: int, seed: int, observe: bool = True) -> Iterator[dict[str, Array]]:
    """Runs `count` independent trials, one per row of `env` and batch after batch.

    Args:
        agent: Who acts; see `reach_gym.acting.protocol.Agent`.
        env: The rows.
        count: Of trials.
        seed: As `record` takes it.
        observe: Whether to keep the observations.

    Yields:
        The arrays of a batch, of the layout.
    """
    base = require_cursor(env)
    for first in range(0, count, env.num_envs):
        observations, info = env.reset(seed=rollout.held_out(seed) + first)
        batch = Trials(base.trial_facts(steps=1), observations, info, observe)
        for step in rollout.play(agent, env, observations):
            batch.add(step)
        yield batch.arrays(min(count - first, env.num_envs))


def record_session(
    agent: Any,
    env_id: str,
    trials: int | None,
    seed: int,
    env_kwargs: Mapping[str, Any] | None,
    trust: bool = False,
    wrappers: Sequence[Wrapper] = (),
) -> Recording:
    """One subject's session without its observations: all trials at once where the agent carries nothing over.

    Args:
        agent: As `record` takes it.
        env_id: A registered cursor task.
        trials: How many; ``None`` for as many as the schedule has.
        seed: Seed of the session.
        env_kwargs: Constructor keywords that replace the registered ones.
        trust: See `reach_gym.acting.protocol.load_agent`.
        wrappers: Between the agent and its environment; they may carry something over, whoever acts.
    """
    if wrappers:
        return _record_trial_by_trial(agent, env_id, trials, seed, env_kwargs, trust, False, wrappers)
    if carries_nothing_over(agent):
        return record_whole_session(agent, env_id, seed, env_kwargs, trials, observe=False)
    return record(agent, env_id, trials, seed, env_kwargs, session=True, trust=trust, observe=False)


def _record_trial_by_trial(
    agent: Any,
    env_id: str,
    trials: int | None,
    seed: int,
    env_kwargs: Mapping[str, Any] | None,
    trust: bool,
    observe: bool,
    wrappers: Sequence[Wrapper] = (),
) -> Recording:
    # The wrappers were written for vector environments of many rows, and may look into them.
    env = rollout.make_rows(env_id, 1, env_kwargs, DISABLED) if wrappers else OneRow(env_id, with_full_info(env_kwargs or {}))
    actor: Any = None
    try:
        require_cursor(env)
        actor = rollout.actor(agent, env, trust, wrappers, seed)
        return record_subjects(actor, env, name_of(agent), [seed], trials, observe)[0]
    finally:
        rollout.release(actor)
        env.close()


def record_subjects(
    agent: Agent, env: Any, name: str, seeds: Sequence[int], trials: int | None, observe: bool
) -> list[Recording]:
    """The session of a subject in each row of `env`; see `reach_gym.recording.subjects.play_sessions`.

    Args:
        agent: Who acts.
        env: A cursor task in the autoreset mode ``DISABLED``.
        name: Of the agent, for the metadata.
        seeds: Of the subjects, as `record` takes them.
        trials: How many; ``None`` for as many as the schedule has.
        observe: Whether to keep the observations.
    """
    count = env.unwrapped.task.schedule.trials if trials is None else trials
    done = play_sessions(agent, env, [rollout.held_out(seed) for seed in seeds], count, observe)
    recordings = []
    for row, seed in enumerate(seeds):
        again = {"repeated": done.repeated[row]} if done.repeated[row] else {}
        told = {"agent": name, "seed": int(seed), "session": True, **again}
        recordings.append(recording_of(done.arrays(row), describe(env, told)))
    return recordings


def record_whole_session(
    agent: Any,
    env_id: str,
    seed: int,
    env_kwargs: Mapping[str, Any] | None = None,
    trials: int | None = None,
    observe: bool = True,
) -> Recording:
    """The same as `record` with ``session=True``, many times faster.

    Only for agents that carry nothing over from one trial to the next, such as the reference controllers.

    Args:
        agent: A name that `reach_gym.acting.protocol.load_agent` takes.
        env_id: A registered cursor task.
        seed: Seed of the session.
        env_kwargs: Constructor keywords that replace the registered ones.
        trials: How many; without it as many as the schedule has.
        observe: Whether to keep the observations.
    """
    one: Any = rollout.make_rows(env_id, 1, env_kwargs)
    count = one.unwrapped.task.schedule.trials if trials is None else checks.integer("trials", trials, 1, MAX_TRIALS)
    one.close()
    env = rollout.WholeSession(rollout.make_rows(env_id, count, env_kwargs))
    try:
        metadata = _metadata(env, agent, seed, session=True)
        return assemble(list(record_rows(rollout.actor(agent, env), env, count, seed, observe)), metadata)
    finally:
        env.close()
