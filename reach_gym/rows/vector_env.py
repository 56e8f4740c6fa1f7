"""What every native vector environment of the package shares: seeds, time limit, autoreset, info and checks.

A task supplies two operations on its rows, `_restart` (begin a trial) and `_advance` (move); the three autoreset modes are
written here once.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Generic, TypeVar

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium.error import ClosedEnvironmentError, ResetNeeded
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from reach_gym import checks
from reach_gym.rendering import draw
from reach_gym.rendering.drawn import warn_no_render_mode
from reach_gym.rows.keywords import ROW_RENDER_MODES, Rows
from reach_gym.rows.out import Out, check_out, written
from reach_gym.rows.records import Array as Array
from reach_gym.rows.records import Info as Info
from reach_gym.rows.records import Mask
from reach_gym.rows.resets import final_info, masked, row_seeds, rows_to_reset
from reach_gym.sessions import draws

_Scene = TypeVar("_Scene")
# Observation, reward, terminated, truncated, either end, info: arrays that nobody else holds.
Moved = tuple[Array, Array, Mask, Mask, Mask, Info]


class ReachVectorEnv(VectorEnv[Any, Any, npt.NDArray[Any]], Generic[_Scene]):
    """Many rows of one task, stepped together; row i seeded with s + i equals the scalar environment seeded s + i."""

    metadata: dict[str, Any] = {"render_modes": list(ROW_RENDER_MODES)}  # noqa: RUF012 (Gymnasium's own declaration)

    _backend: Any  # moves the rows; it has a `name`

    def __init__(self, keywords: Rows, observation_space: gym.Space[Any], action_space: gym.Space[Any]) -> None:
        """Keeps what does not depend on the task; the spaces are those of one row."""
        self.num_envs, self.render_mode = keywords.num_envs, keywords.render_mode
        self.max_episode_steps = keywords.max_episode_steps
        # Looked up in every step, where a member of an enum would cost time.
        self._same_step = keywords.autoreset_mode is AutoresetMode.SAME_STEP
        self._disabled = keywords.autoreset_mode is AutoresetMode.DISABLED
        self.metadata = {**self.metadata, "autoreset_mode": keywords.autoreset_mode}
        self.single_observation_space = observation_space
        self.single_action_space = action_space
        self.observation_space = batch_space(observation_space, self.num_envs)
        self.action_space = batch_space(action_space, self.num_envs)
        self._done: Mask = np.zeros(self.num_envs, np.bool_)
        self._never: Mask = np.zeros(self.num_envs, np.bool_)
        self._begun = False
        self._paths: list[list[Any]] = [[] for _ in range(self.num_envs)]

    @property
    def backend(self) -> str:
        """``"numba"`` or ``"numpy"``: what moves the rows."""
        return str(self._backend.name)

    @abstractmethod
    def _present(self, observation: Array) -> Any:
        """A batch of observations, as back ends write them, in the form of the observation space."""

    @abstractmethod
    def _restart(self, mask: Mask, observation: Array, info: Info) -> None:
        """Begins the next trial in the rows of `mask` and overwrites their `observation` and `info`."""

    @abstractmethod
    def _advance(self, actions: Any, again: Mask, into: Array | None) -> Moved:
        """Moves all rows, but begins the next trial instead in the rows of `again`; refuses a bad action before it.

        Args:
            actions: As given by the caller.
            again: Which rows begin anew.
            into: Where the observations are written; ``None`` for a fresh array.
        """

    @abstractmethod
    def _begin(self, mask: Mask, keys: list[int | None], options: dict[str, Any]) -> tuple[Array, Info]:
        """Begins a trial in the rows of `mask`; checks the reset `options` before anything changes.

        Args:
            mask: Which rows.
            keys: For each of these rows its new key, or ``None`` to keep the row's stream.
            options: Without ``reset_mask``.

        Returns:
            Observation and info of all rows.
        """

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begins a trial in every row, or only in the rows of ``options["reset_mask"]``.

        Args:
            seed: An int s gives row i the seed s + i; a list gives each row its own (``None`` keeps the row's stream).
            options: ``reset_mask`` (bool array (num_envs,), at least one true), and the scalar environment's options.

        Returns:
            Observations of all rows, and info arrays with Gymnasium's masks (``_distance`` and so on), which tell the
            rows that were reset.

        Raises:
            gymnasium.error.ClosedEnvironmentError: After `close`.
            TypeError: An argument has the wrong type.
            ValueError: An argument is out of range or an option is unknown.
        """
        self._require_open()
        seeds = row_seeds(seed, self.num_envs)
        mask, chosen = rows_to_reset(options, self.num_envs, self._begun)
        keys = [
            self._new_key(value) if value is not None or not self._begun else None
            for value, reset in zip(seeds, mask.tolist(), strict=True)
            if reset
        ]
        observation, info = self._begin(mask, keys, chosen)
        if isinstance(seed, int | np.integer):
            super().reset(seed=int(seed))
        self._begun = True
        self._done = self._done & ~mask
        return self._present(observation), masked(info, mask)

    def _new_key(self, seed: int | None) -> int:
        return draws.new_key(self.np_random if seed is None else seeding.np_random(seed)[0])

    def step(
        self, actions: Any, *, out: Out | None = None
    ) -> tuple[Any, npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], dict[str, Any]]:
        """Moves every row; rows whose trial ended behave as the autoreset mode says.

        Args:
            actions: One per row.
            out: Arrays that the results are written into, for learners that keep them; the same are returned. Info is fresh.

        Returns:
            Observations, rewards float64, terminated, truncated (num_envs,) and info; every array is fresh. In
            ``SAME_STEP`` mode info has ``final_obs`` and ``final_info`` where a trial ended.

        Raises:
            TypeError: A part of `out` has the wrong type.
            ValueError: A part of `out` has the wrong shape, or cannot be written to.
            gymnasium.error.ClosedEnvironmentError: After `close`.
            gymnasium.error.ResetNeeded: Before the first reset; in ``DISABLED`` mode also while a row's trial is over.
            InvalidActionError: One of the actions is bad; then no row has moved.
        """
        if self.closed or not self._begun:
            self._require_begun("step")
        if self._disabled and self._done.any():
            raise ResetNeeded(
                "Reset the rows whose trial is over (options={'reset_mask': ...}) before `step`; "
                f"these are rows {checks.shown(np.flatnonzero(self._done).tolist())}."
            )
        into = None
        if out is not None:
            check_out(out, self.observation_space, self.num_envs)
            into = out.observations if isinstance(out.observations, np.ndarray) else None
        observation, reward, terminated, truncated, done, info = self._advance(
            actions, self._never if self._same_step else self._done, into
        )
        if not self._same_step:
            self._done = done
        elif done.any():
            final = final_info(self._present(observation[done]), info, done)
            self._restart(done, observation, info)
            info.update(final)
        if out is None:
            return self._present(observation), reward, terminated, truncated, info
        observation, reward, terminated, truncated = written(out, self._present(observation), reward, terminated, truncated)
        return observation, reward, terminated, truncated, info

    def _keep_paths(self, moved: Mask, begun: Mask, places: list[Any]) -> None:
        """Adds the `places` of the rows that `moved` to the paths of their trials, which only a picture needs."""
        for row in np.flatnonzero(moved).tolist():
            if begun[row]:
                self._paths[row] = []
            self._paths[row].append(places[row])

    @abstractmethod
    def _scene(self, row: int) -> _Scene:
        """What `render` draws of one row."""

    def scenes(self) -> list[_Scene]:
        """What `render` draws, one scene per row; the paths are kept only with a render mode.

        Raises:
            gymnasium.error.ClosedEnvironmentError: After `close`.
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_begun("scenes")
        return [self._scene(row) for row in range(self.num_envs)]

    def render(self) -> tuple[npt.NDArray[np.uint8], ...] | None:
        """One image (H, W, 3) uint8 per row, or ``None`` without a render mode.

        Raises:
            gymnasium.error.ClosedEnvironmentError: After `close`.
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_begun("render")
        if self.render_mode is None:
            warn_no_render_mode()
            return None
        scenes: list[Any] = self.scenes()
        return tuple(draw(scene) for scene in scenes)

    @abstractmethod
    def _saved(self) -> dict[str, Any]:
        """What `get_state` returns besides `done`, in copies."""

    @abstractmethod
    def _take_state(self, state: dict[str, Any]) -> Mask:
        """Checks the `state` and, if it is sound, continues from it; returns which trials are over."""

    def get_state(self) -> dict[str, Any]:
        """Everything that changes, as arrays and plain data, for checkpoints; `set_state` continues bit for bit.

        Raises:
            gymnasium.error.ClosedEnvironmentError: After `close`.
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_begun("get_state")
        return {**self._saved(), "done": self._done.copy()}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from what `get_state` of an environment with the same keywords returned.

        Raises:
            gymnasium.error.ClosedEnvironmentError: After `close`.
            TypeError: A part of `state` has the wrong type.
            ValueError: A part is missing, unknown or out of range.
        """
        self._require_open()
        self._done = self._take_state(state)
        self._begun = True

    def _require_begun(self, what: str) -> None:
        self._require_open()
        if not self._begun:
            raise ResetNeeded(f"Call `reset` before `{what}`: no trial has begun.")

    def _require_open(self) -> None:
        if self.closed:
            raise ClosedEnvironmentError("This vector environment is closed; make a new one to go on.")
