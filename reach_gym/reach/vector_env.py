"""The native vector environment of the continuous reach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from reach_gym import checks
from reach_gym.errors import InvalidActionError
from reach_gym.keywords import takes
from reach_gym.plants.point_mass import PointMass
from reach_gym.reach.actions import reach_actions
from reach_gym.reach.env import RENDER_FPS
from reach_gym.reach.facts import TrialFacts, cursor_of, facts_of, sensed_by
from reach_gym.reach.goal import goal_reward
from reach_gym.reach.history import History
from reach_gym.reach.keywords import Reach
from reach_gym.reach.numpy_rows import NumpyBackend, ReachBackend, next_trial
from reach_gym.reach.observations import Sensed
from reach_gym.reach.options import check_places, reach_options
from reach_gym.reach.picture import scene_of
from reach_gym.reach.presets import Preset
from reach_gym.reach.reading import read_reach
from reach_gym.reach.rows import STREAM, ReachRows
from reach_gym.reach.saved import read_rows
from reach_gym.reach.tables import tables_of
from reach_gym.rendering import CursorScene
from reach_gym.rows.backends import make_backend
from reach_gym.rows.goals import reward_of_goals
from reach_gym.rows.keywords import Rows
from reach_gym.rows.pages import array_maker
from reach_gym.rows.records import Mask
from reach_gym.rows.vector_env import Array, Info, Moved, ReachVectorEnv


def _numba_backend() -> Callable[..., ReachBackend]:
    from reach_gym.reach.numba_rows import NumbaBackend

    return NumbaBackend


@takes(Preset, Reach, PointMass, Rows)
class CursorReachVectorEnv(ReachVectorEnv[CursorScene]):
    """Many cursor reaches, stepped together; `reach_gym.reach.env.CursorReachEnv` describes the task.

    Row i seeded with s + i equals the scalar environment seeded with s + i bit for bit, whatever the number of rows, the
    back end, the threads and the autoreset mode. Every returned array is fresh.

    Reset options: ``start`` and ``target``, (x, y) for all rows or a pair per row; ``gain``, a number or one per row; ``field``
    and ``channel`` for all rows that are reset, as ``repeat``, with which their trials begin once more; ``trial``, which one
    begins, a number or one per row; ``reset_mask``. They hold for one trial.
    """

    _backend: ReachBackend

    def __init__(self, num_envs: int = 1, task: Reach | None = None, /, **keywords: Any) -> None:
        """Makes the environment; every keyword can be written as plain JSON.

        Args:
            num_envs: Number of rows.
            task: What holds where no keyword is given; ``None`` for the defaults.
            **keywords: Any of those that follow.

        Raises:
            TypeError: There is no such keyword, or it has the wrong type.
            ValueError: A keyword has a value that is not allowed.
            gymnasium.error.DependencyNotInstalled: Numba is asked for and missing.
        """
        made, rows = read_reach(type(self).__name__, Rows, {"num_envs": num_envs, **keywords}, task)
        self._task = made
        self._observations = made.observations()
        low, high = np.array(made.plant.low, np.float32), np.array(made.plant.high, np.float32)
        self._history = History(made)
        super().__init__(rows, self._history.space, spaces.Box(low, high))
        self.metadata["render_fps"] = RENDER_FPS
        limit, cue = self.max_episode_steps, made.latest_cue
        if limit is not None and limit <= cue:
            gym.logger.warn(
                f"`max_episode_steps` of {limit} ends trials before their go cue, which comes after up to {cue} steps."
            )
        self._tables = tables_of(made, limit)
        self._lean = rows.lean
        self._backend = make_backend(rows, NumpyBackend, _numba_backend, made, self._tables, made.observations(), rows.lean)
        remembered = self._history.size
        self._store = ReachRows.empty(made, self.num_envs, remembered, self._backend.spare)
        self._returns = np.zeros(self.num_envs)
        self._seen = (self.num_envs, *self._observations.shape), np.dtype(self._observations.dtype)
        self._new = array_maker(*self._seen)

    @property
    def task(self) -> Reach:
        """The task as the constructor's keywords say it."""
        return self._task

    @property
    def _rows(self) -> ReachRows:
        return self._store.first(self.num_envs)

    def _present(self, observation: Array) -> Any:
        return self._observations.present(observation)

    def _restart(self, mask: Mask, observation: Array, info: Info) -> None:
        if self._history.size:
            first = np.empty(*self._seen)
            self._backend.restart(self._store, mask, first, info)
            self._history.begin(self._rows.shown, first, mask)
            observation[mask] = self._rows.shown[:, mask].T
        else:
            self._backend.restart(self._store, mask, observation, info)
        if self.render_mode is not None:
            self._trace(mask, mask, None)

    def _advance(self, actions: Any, again: Mask, into: Array | None) -> Moved:
        array = reach_actions(actions, self.num_envs, len(self._task.plant.low))
        present = self._new(*self._seen) if into is None or self._history.size else into
        moved = self._backend.advance(self._store, array, again, present)
        if isinstance(moved, int):
            raise InvalidActionError(
                f"`actions` must be finite numbers of shape {array.shape}, got {np.asarray(actions)[moved]} in row {moved}."
            )
        if self.render_mode is not None:
            self._trace(~self._never, again, moved[1])
        return self._with_past(array, moved, again, into) if self._history.size else moved

    def _with_past(self, actions: Array, moved: Moved, again: Mask, into: Array | None) -> Moved:
        """What `moved`, with the past behind its observations."""
        shown = self._rows.shown
        self._history.add(shown, actions, moved[0])
        if again.any():
            self._history.begin(shown, moved[0], again)
        observation = np.empty(shown.T.shape, np.float32) if into is None else into
        observation[:] = shown.T
        return observation, *moved[1:]

    def _trace(self, moved: Mask, begun: Mask, reward: npt.NDArray[np.float64] | None) -> None:
        """Keeps the paths and returns of the trials, which only a picture needs."""
        if reward is not None:
            self._returns += reward
        self._returns[begun] = 0.0
        cursor = cursor_of(self._task, self._tables, self._rows)
        self._keep_paths(moved, begun, list(zip(cursor.x.tolist(), cursor.y.tolist(), strict=True)))

    def _begin(self, mask: Mask, keys: list[int | None], options: dict[str, Any]) -> tuple[Array, Info]:
        # Everything is done on a copy first, so that a refused option changes nothing.
        chosen = reach_options(self._task, options, self.num_envs)
        start, target, gain = (None if value is None else value[mask] for value in (chosen.start, chosen.target, chosen.gain))
        chosen = chosen._replace(start=start, target=target, gain=gain)
        rows = self._rows.take(mask)
        rows.streams[STREAM.trial] += np.uint64(not chosen.repeat)
        fresh = np.array([key is not None for key in keys])
        rows.streams[STREAM.key, fresh] = np.array([key for key in keys if key is not None], np.uint64)
        rows.streams[STREAM.trial, fresh] = 0
        if chosen.trial is not None:
            rows.streams[STREAM.trial] = chosen.trial[mask]
        check_places(chosen, self._task, rows.streams[STREAM.trial])
        next_trial(rows, self._task, self._tables, chosen)
        self._rows.put(mask, rows)
        if self.render_mode is not None:
            self._trace(mask, mask, None)
        observation, info = NumpyBackend(self._task, self._tables, self._observations, self._lean).report(self._rows)
        if self._history.size:
            self._history.begin(self._rows.shown, observation, mask)
            observation = np.array(self._rows.shown.T, order="C")
        return observation, info

    @property
    def compute_reward(self) -> Callable[[Any, Any, Any], Any]:
        """See `CursorReachEnv.compute_reward`."""
        return reward_of_goals(self._task, goal_reward)

    def trial_facts(self, belief: str = "trial", steps: int = 200) -> TrialFacts:
        """What a controller may know of the trials under way; see `reach_gym.reach.facts.facts_of`.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
            ValueError: An unknown `belief`.
        """
        self._require_begun("trial_facts")
        return facts_of(self._task, self._tables, self._rows, belief, steps)

    def sense(self, observations: Any) -> Sensed:
        """What a batch of observations of all rows says, in SI units; see `reach_gym.reach.facts.sensed_by`.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_begun("sense")
        return sensed_by(self._observations, self.single_observation_space, self.num_envs, observations)

    def _scene(self, row: int) -> CursorScene:
        cursor = cursor_of(self._task, self._tables, self._rows)
        path = self._paths[row] or [(float(cursor.x[row]), float(cursor.y[row]))]
        title = "Cursor reach" if self.spec is None else self.spec.name
        return scene_of(self._task, self._tables, self._rows, row, path, float(self._returns[row]), title)

    def _saved(self) -> dict[str, Any]:
        return {name: values.copy() for name, values in self._rows._asdict().items()}

    def _take_state(self, state: dict[str, Any]) -> Mask:
        checks.keys("state", state, (*ReachRows._fields, "done"))
        done = np.asarray(state.get("done"))
        if done.dtype != np.bool_ or done.shape != (self.num_envs,):
            raise ValueError(f"`state['done']` must be bool ({self.num_envs},), got {checks.shown(done)}.")
        rows = read_rows(
            {name: value for name, value in state.items() if name != "done"}, self._task, self._tables, self.num_envs
        )
        self._rows.put(np.ones(self.num_envs, np.bool_), rows)
        self._paths, self._returns = [[] for _ in range(self.num_envs)], np.zeros(self.num_envs)
        return done.copy()
