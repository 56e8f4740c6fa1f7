"""The native vector environment of the continuous reach."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.vector import AutoresetMode

from reach_gym import checks
from reach_gym.errors import InvalidActionError
from reach_gym.fields import ForceField, Pair
from reach_gym.reach.env import CursorReachEnv
from reach_gym.reach.facts import cursor_of, plants_of, scene_of, sensed_by
from reach_gym.reach.goal import goal_reward
from reach_gym.reach.keywords import CursorTask, cursor_actions, cursor_options, cursor_task
from reach_gym.reach.numpy_rows import CursorBackend, NumpyBackend, next_trial, rules_of
from reach_gym.reach.rows import CursorRows
from reach_gym.reach.rules import Plants, Sensed
from reach_gym.reach.saved import read_rows
from reach_gym.rendering import CursorScene
from reach_gym.rows.backends import make_backend
from reach_gym.rows.keywords import Rows
from reach_gym.rows.records import KEY, TRIAL, Mask
from reach_gym.rows.vector_env import Array, Info, Moved, ReachVectorEnv
from reach_gym.sessions.schedule import Schedule


def _numba_backend() -> Callable[..., CursorBackend]:
    from reach_gym.reach.numba_rows import NumbaBackend

    return NumbaBackend


class CursorReachVectorEnv(ReachVectorEnv[CursorScene]):
    """Many cursor reaches, stepped together; `reach_gym.reach.env.CursorReachEnv` describes the task.

    Row i seeded with s + i equals the scalar environment seeded with s + i bit for bit, whatever the number of rows, the
    back end, the threads and the autoreset mode. Every returned array is fresh.

    Reset options: ``start`` and ``target``, (x, y) for all rows or a pair per row; ``gain``, a number or one per row; ``field``
    and
    ``channel`` for all rows that are reset; ``reset_mask``. They hold for one trial.
    """

    _backend: CursorBackend

    def __init__(
        self,
        num_envs: int = 1,
        field: str | dict[str, Any] | ForceField | None = None,
        schedule: str | list[Any] | Schedule | None = None,
        targets: str | dict[str, Any] | list[Pair] = "uniform",
        start: Pair | None = (0.0, 0.0),
        reward: str = "sparse",
        observation: str = "vector",
        rotation: float = 0.0,
        radius: float = 0.01,
        speed_limit: float = 0.1,
        hold: float = 0.05,
        hold_radius: float = 0.01,
        false_start: str = "fail",
        target_onset: float = 0.2,
        go_delay: float | Pair | dict[str, float] = (0.0, 0.09),
        go_pulse: float = 0.05,
        delay: int = 0,
        sensory_noise: Pair = (0.0, 0.0),
        motor_noise: Pair = (0.0, 0.0),
        mass: float = 1.0,
        damping: float = 0.0,
        dt: float = 0.01,
        max_force: float = 10.0,
        workspace: float = 0.1,
        render_mode: str | None = None,
        max_episode_steps: int | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        backend: str = "auto",
        threads: int = 1,
    ) -> None:
        """Makes the environment; every keyword can be written as plain JSON.

        Args:
            num_envs: Number of rows.
            field: As for the scalar environment, like all that follow up to `workspace`.
            schedule: As there; every row goes through a session of its own.
            targets: As there.
            start: As there.
            reward: As there.
            observation: As there.
            rotation: As there.
            radius: As there.
            speed_limit: As there.
            hold: As there.
            hold_radius: As there.
            false_start: As there.
            target_onset: As there.
            go_delay: As there.
            go_pulse: As there.
            delay: As there.
            sensory_noise: As there.
            motor_noise: As there.
            mass: As there.
            damping: As there.
            dt: As there.
            max_force: As there.
            workspace: As there.
            render_mode: ``"rgb_array"``, one image per row, or ``None``.
            max_episode_steps: Steps after which a trial is truncated; ``None`` for no limit. `gym.make_vec` passes the
                registered one.
            autoreset_mode: ``"NextStep"``, ``"SameStep"`` or ``"Disabled"``.
            backend: ``"numba"``, ``"numpy"``, or ``"auto"`` for Numba where it is installed.
            threads: Over how many threads Numba spreads the rows.

        Raises:
            TypeError: A keyword has the wrong type.
            ValueError: A keyword has a value that is not allowed.
            MissingExtraError: Numba is asked for and not installed.
        """
        keywords = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        self._task = task = cursor_task(keywords)
        shared = {each.name: keywords[each.name] for each in dataclasses.fields(Rows)}
        rows = Rows(**shared)
        self._observations = task.observations()
        super().__init__(
            rows,
            observation_space=self._observations.space,
            action_space=spaces.Box(-1.0, 1.0, (2,), np.float32),
        )
        self.metadata["render_fps"] = CursorReachEnv.metadata["render_fps"]
        self._rules = rules_of(task, max_episode_steps)
        self._backend = make_backend(rows, NumpyBackend, _numba_backend, task, self._rules, task.observations())
        self._store = CursorRows.empty(self.num_envs, task.delay, self._backend.spare)
        self._paths: list[list[Pair]] = [[] for _ in range(self.num_envs)]
        self._returns = np.zeros(self.num_envs)

    @property
    def backend(self) -> str:
        """``"numba"`` or ``"numpy"``: what moves the rows."""
        return "numpy" if type(self._backend) is NumpyBackend else "numba"

    @property
    def task(self) -> CursorTask:
        """The task as the constructor's keywords say it."""
        return self._task

    @property
    def _rows(self) -> CursorRows:
        return self._store.first(self.num_envs)

    def _present(self, observation: Array) -> Any:
        return self._observations.present(observation)

    def _restart(self, mask: Mask, observation: Array, info: Info) -> None:
        self._backend.restart(self._store, mask, observation, info)
        if self.render_mode is not None:
            self._trace(mask, mask, None)

    def _advance(self, actions: Any, again: Mask) -> Moved:
        moved = self._backend.advance(self._store, cursor_actions(actions, self.num_envs), again)
        if isinstance(moved, int):
            allowed = f"`actions` must be finite numbers of shape {(self.num_envs, 2)}"
            raise InvalidActionError(f"{allowed}, got {np.asarray(actions)[moved]} in row {moved}.")
        if self.render_mode is not None:
            self._trace(~self._never, again, moved[1])
        return moved

    def _trace(self, moved: Mask, begun: Mask, reward: npt.NDArray[np.float64] | None) -> None:
        """Keeps the paths and returns of the trials, which only a picture needs."""
        if reward is not None:
            self._returns += reward
        self._returns[begun] = 0.0
        x, y, _, _ = cursor_of(self._rows)
        for row in np.flatnonzero(moved).tolist():
            if begun[row]:
                self._paths[row] = []
            self._paths[row].append((float(x[row]), float(y[row])))

    def _begin(self, mask: Mask, keys: list[int | None], options: dict[str, Any]) -> tuple[Array, Info]:
        # Everything is done on a copy first, so that a refused option changes nothing.
        chosen = cursor_options(self._task, options, self.num_envs)
        start, target, gain = (None if value is None else value[mask] for value in (chosen.start, chosen.target, chosen.gain))
        chosen = chosen._replace(start=start, target=target, gain=gain)
        rows = self._rows.take(mask)
        rows.streams[TRIAL] += np.uint64(1)
        fresh = np.array([key is not None for key in keys])
        rows.streams[KEY, fresh] = np.array([key for key in keys if key is not None], np.uint64)
        rows.streams[TRIAL, fresh] = 0
        next_trial(rows, self._task, self._rules, chosen)
        self._rows.put(mask, rows)
        if self.render_mode is not None:
            self._trace(mask, mask, None)
        return NumpyBackend(self._task, self._rules, self._observations).report(self._rows)

    @property
    def compute_reward(self) -> Callable[[Any, Any, Any], Any]:
        """See `CursorReachEnv.compute_reward`."""
        if self._task.observation != "goal":
            raise AttributeError(f"`compute_reward` needs the observation 'goal', got {self._task.observation!r}.")
        return partial(goal_reward, self._task)

    def plants(self, belief: str = "trial", steps: int = 200) -> Plants:
        """What a controller may know of the trials under way; see `reach_gym.reach.facts.plants_of`.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
            ValueError: An unknown `belief`.
        """
        self._require_begun("plants")
        return plants_of(self._task, self._rules, self._rows, belief, steps)

    def sense(self, observations: Any) -> Sensed:
        """What a batch of observations of all rows says, in SI units.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_begun("sense")
        return sensed_by(self._task, self._observations, self._rows, observations)

    def scenes(self) -> list[CursorScene]:
        """What `render` draws, one scene per row; the paths are kept only with a render mode.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_begun("scenes")
        x, y, _, _ = cursor_of(self._rows)
        title = "Cursor reach" if self.spec is None else self.spec.name
        places = zip(x.tolist(), y.tolist(), strict=True)
        return [
            scene_of(self._task, self._rules, self._rows, row, self._paths[row] or [place], float(self._returns[row]), title)
            for row, place in enumerate(places)
        ]

    def get_state(self) -> dict[str, Any]:
        """Everything that changes, as arrays, for checkpoints; `set_state` continues bit for bit.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_begun("get_state")
        return {**{name: values.copy() for name, values in self._rows._asdict().items()}, "done": self._done.copy()}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from what `get_state` of an environment with the same keywords returned.

        Raises:
            TypeError: A part of `state` has the wrong type.
            ValueError: A part is missing, unknown or out of range.
        """
        self._require_open()
        checks.keys("state", state, (*CursorRows._fields, "done"))
        done = np.asarray(state.get("done"))
        if done.dtype != np.bool_ or done.shape != (self.num_envs,):
            raise ValueError(f"`state['done']` must be bool ({self.num_envs},), got {checks.shown(done)}.")
        rows = read_rows({name: value for name, value in state.items() if name != "done"}, self._task, self.num_envs)
        self._rows.put(np.ones(self.num_envs, np.bool_), rows)
        self._done, self._begun = done.copy(), True
        self._paths, self._returns = [[] for _ in range(self.num_envs)], np.zeros(self.num_envs)
