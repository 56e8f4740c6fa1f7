"""The native vector environment of the discrete reach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from reach_gym.grid.actions import first_bad, grid_actions, refuse_action
from reach_gym.grid.beginning import Drawn, begin_streams, count_trial, draw_rows
from reach_gym.grid.env import RENDER_FPS
from reach_gym.grid.goal import goal_reward
from reach_gym.grid.keywords import GridReach
from reach_gym.grid.numpy_rows import Backend, NumpyBackend
from reach_gym.grid.options import trial_options
from reach_gym.grid.picture import scene_of
from reach_gym.grid.rows import GridRows, Numbers, SessionInfo
from reach_gym.grid.saved import read_rows
from reach_gym.grid.tables import Tables, tables_of
from reach_gym.grid.world import NUM_ACTIONS, GridWorld, place_cell
from reach_gym.keywords import read, takes
from reach_gym.rendering import GridScene
from reach_gym.rows.backends import make_backend
from reach_gym.rows.goals import reward_of_goals
from reach_gym.rows.keywords import Rows
from reach_gym.rows.records import Array, Info, Mask, views
from reach_gym.rows.vector_env import Moved, ReachVectorEnv


def _numba() -> Callable[..., Backend]:
    from reach_gym.grid.numba_rows import NumbaBackend

    return NumbaBackend


@takes(GridReach, Rows)
class GridReachVectorEnv(ReachVectorEnv[GridScene]):
    """Many grid reaches, stepped together; `reach_gym.grid.env.GridReachEnv` describes the task.

    Row i seeded with s + i equals the scalar environment seeded with s + i bit for bit, whatever the number of rows, the
    back end, the threads and the autoreset mode. Every returned array is fresh.

    Reset options: ``start`` and ``target``, (x, y) for all rows or an array (num_envs, 2) with a pair per row; ``radius`` and
    ``field`` for all rows that are reset; ``reset_mask``. They hold for one trial.
    """

    metadata: dict[str, Any] = {**ReachVectorEnv.metadata, "render_fps": RENDER_FPS}  # noqa: RUF012 (as Gymnasium declares it)

    _task: GridReach
    _backend: Backend

    def __init__(self, num_envs: int = Rows.num_envs, task: GridReach | None = None, **keywords: Any) -> None:  # noqa: D417
        """Makes the environment; every keyword can be written as plain JSON.

        Args:
            task: A ready-made task; a keyword beside it replaces that part of it.
            **keywords: The fields of `GridReach` and `reach_gym.rows.keywords.Rows`.

        Raises:
            TypeError: An unknown keyword, or one with the wrong type.
            ValueError: A keyword has a value that is not allowed.
            gymnasium.error.DependencyNotInstalled: Numba is asked for and missing.
        """
        given = {"num_envs": num_envs, **keywords}
        self._task, rows = read(type(self).__name__, (GridReach, Rows), given, task)
        self._session = self._task.session()
        self.size = self._task.size
        self.observations = self._task.observations()
        super().__init__(rows, self.observations.space, spaces.Discrete(NUM_ACTIONS))
        self._worlds = [self._task.world]
        self._backend = make_backend(
            rows, NumpyBackend, _numba, tables_of(self._task, rows.max_episode_steps), self._task.observations(), rows.lean
        )
        self._rows = GridRows.empty(self.num_envs)
        self._told = SessionInfo.empty(self.num_envs)  # only looked at in a session
        self._lean = rows.lean

    def _present(self, observation: Array) -> Any:
        return self.observations.present(observation)

    def _restart(self, mask: Mask, observation: Array, info: Info) -> None:
        if self._session is not None:
            self._renew(mask)
        self._backend.restart(self._rows, mask, observation, info)
        if self._session is not None and not self._lean:
            for name, values in self._told._asdict().items():
                info[name][mask] = values[mask]
        if self.render_mode is not None:
            self._trace(mask, mask)

    def _advance(self, actions: Any, again: Mask, into: Array | None) -> Moved:
        moved = self._move(grid_actions(actions, self.num_envs), again, into)
        if isinstance(moved, int):
            raise refuse_action(actions, moved)
        if self._session is not None and not self._lean:
            self._tell(moved[-1])
        if self.render_mode is not None:
            self._trace(~self._never, again)
        return moved

    def _move(self, actions: npt.NDArray[np.int64], again: Mask, into: Array | None) -> Moved | int:
        if self._session is not None and again.any():
            bad = first_bad(actions)
            if bad >= 0:
                return bad
            self._renew(again)
        return self._backend.advance(self._rows, actions, again, into)

    def _tell(self, info: Info) -> None:
        """Adds to `info` what it tells of the trials of a session besides."""
        for name, values in self._told._asdict().items():
            info[name], info[f"_{name}"] = values.copy(), info["_distance"]

    def _trace(self, moved: Mask, begun: Mask) -> None:
        self._keep_paths(moved, begun, self.cursor_cells().tolist())

    def _begin(self, mask: Mask, keys: list[int | None], options: dict[str, Any]) -> tuple[Array, Info]:
        # Everything is done on copies first, so that a refused option changes nothing.
        chosen = trial_options(self._task, options, self.num_envs)
        chosen = chosen._replace(start=chosen.start[mask], target=chosen.target[mask])
        rows = self._rows.take(mask)
        # The tables that rows still stand in, the task's own first.
        used = self._rows.now.world[~mask]
        order = np.unique([0, *used.tolist()])
        worlds = [self._worlds[i] for i in order.tolist()]
        count_trial(rows, self._backend.tables)
        fresh = np.array([key is not None for key in keys])
        begin_streams(rows, fresh, [key for key in keys if key is not None])
        drawn = draw_rows(rows, self._tables_for, chosen, bool(options), self._session, worlds)
        self._rows.now.world[~mask] = np.searchsorted(order, used)
        self._take(mask, rows, drawn)
        if self.render_mode is not None:
            self._trace(mask, mask)
        observation, info = NumpyBackend(self._backend.tables, self.observations, self._lean).report(self._rows)
        if self._session is not None and not self._lean:
            self._tell(info)
        return observation, info

    def _renew(self, mask: Mask) -> None:
        """Begins the session's next trial in the rows of `mask`: what the back ends leave to the session."""
        rows = self._rows.take(mask)
        count_trial(rows, self._backend.tables)
        plain = trial_options(self._task, {}, len(rows.radius))
        self._take(mask, rows, draw_rows(rows, self._tables_for, plain, False, self._session, self._worlds))

    def _tables_for(self, worlds: list[GridWorld]) -> Tables:
        """The tables with the moves of `worlds`; only a field that comes or goes changes them."""
        tables = self._backend.tables
        same = [world.field for world in worlds] == [world.field for world in self._worlds]
        return tables if same else tables.with_worlds(worlds)

    def _take(self, mask: Mask, rows: GridRows, drawn: Drawn) -> None:
        """Takes over the trials that have been drawn for the rows of `mask`."""
        self._rows.put(mask, rows)
        self._worlds, self._backend.tables = drawn.worlds, drawn.tables
        if drawn.told is not None:
            for old, new in zip(self._told, drawn.told, strict=True):
                old[mask] = new

    @property
    def task(self) -> GridReach:
        """The task as the constructor's keywords say it."""
        return self._task

    @property
    def compute_reward(self) -> Callable[[Any, Any, Any], Any]:
        """See `GridReachEnv.compute_reward`."""
        return reward_of_goals(self._task, goal_reward)

    def trial_cells(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The cells, int64 (num_envs,) each, of start and target of the trials under way."""
        now = self._rows.now
        return now.start.astype(np.int64), place_cell(now.goal).astype(np.int64)

    def cursor_cells(self) -> npt.NDArray[np.int64]:
        """The cells, int64 (num_envs,), where the cursors are."""
        return np.asarray(place_cell(self._rows.now.place), np.int64)

    def row_tasks(self) -> list[tuple[npt.NDArray[np.int64], GridWorld, float]]:
        """Groups of rows, int64 (n,), with the world and the radius in squares that hold for them now.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_begun("row_tasks")
        kinds = np.stack([self._rows.now.world, self._rows.now.limit])
        if (kinds == kinds[:, :1]).all():
            groups = [np.arange(self.num_envs)]
        else:
            _, group = np.unique(kinds, axis=1, return_inverse=True)
            groups = [np.flatnonzero(group == g) for g in range(int(group.max()) + 1)]
        return [(rows, self._worlds[kinds[0, rows[0]]], float(self._rows.radius[rows[0]])) for rows in groups]

    def _scene(self, row: int) -> GridScene:
        now = views(Numbers, self._rows.numbers[:, row])
        path = self._paths[row] or [int(place_cell(now.place))]
        return scene_of(
            self._worlds[now.world],
            path,
            start=int(now.start),
            target=int(place_cell(now.goal)),
            radius=float(self._rows.radius[row]),
            steps=int(now.steps),
            ideal=int(now.ideal),
            success=bool(now.success),
            title=self._task.title if self.spec is None else self.spec.name,
        )

    def _saved(self) -> dict[str, Any]:
        state = {name: values.copy() for name, values in self._rows._asdict().items()}
        # A session leaves worlds behind; only those that rows stand in are kept, in an order that tells nothing of the past.
        numbers = views(Numbers, state["numbers"])
        stood = numbers.world.tolist()
        used = {world: place for place, world in enumerate(dict.fromkeys([0, *stood]))}
        numbers.world[:] = [used[world] for world in stood]
        return {
            **state,
            "fields": [self._worlds[world].field.to_data() for world in used],
            **({} if self._session is None else {"gain": self._told.gain.copy()}),
        }

    def _take_state(self, state: dict[str, Any]) -> Mask:
        rows, done, worlds, gain = read_rows(state, self._task, self.num_envs)
        self._backend.tables = self._tables_for(worlds)
        self._rows, self._worlds = rows, worlds
        if self._session is not None:
            self._told = self._session.told_all(rows.stream.trial.astype(np.int64), gain)
        self._paths = [[cell] for cell in self.cursor_cells().tolist()]
        return done
