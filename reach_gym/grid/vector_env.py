"""The native vector environment of the discrete reach."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.vector import AutoresetMode

from reach_gym import checks
from reach_gym.errors import InvalidActionError, missing_extra
from reach_gym.fields import ForceField
from reach_gym.grid.beginning import draw_rows
from reach_gym.grid.env import RENDER_FPS
from reach_gym.grid.keywords import GridTask, grid_actions, grid_task, trial_options
from reach_gym.grid.numpy_rows import Backend, NumpyBackend, Rules, begin_streams, count_trial, first_bad, rules_of
from reach_gym.grid.radius import RadiusSchedule
from reach_gym.grid.rows import GOAL, IDEAL, LIMIT, PLACE, START, STEPS, SUCCESS, WORLD, Rows
from reach_gym.grid.saved import read_rows
from reach_gym.grid.session import SESSION_INFO
from reach_gym.grid.world import NUM_ACTIONS, GridWorld, place_cell
from reach_gym.rendering import GridScene
from reach_gym.rows.records import TRIAL, Mask
from reach_gym.rows.vector_env import BACKENDS, Array, Info, Moved, ReachVectorEnv
from reach_gym.sessions.schedule import Schedule


def _backend(name: str, task: GridTask, max_steps: int | None, threads: int) -> Backend:
    observations = task.observations()
    rules = rules_of(task, max_steps)
    if name != "numpy":
        try:
            from reach_gym.grid.numba_rows import NumbaBackend
        except ImportError:
            if name == "numba":
                raise missing_extra("numba", "fast") from None
        else:
            return NumbaBackend(rules, observations, threads)
    if threads > 1:
        raise ValueError(f"`threads` must be 1 with the NumPy back end, got {threads}.")
    return NumpyBackend(rules, observations)


class GridReachVectorEnv(ReachVectorEnv):
    """Many grid reaches, stepped together; `reach_gym.grid.env.GridReachEnv` describes the task.

    Row i seeded with s + i equals the scalar environment seeded with s + i bit for bit, whatever the number of rows, the
    back end, the threads and the autoreset mode. Every returned array is fresh.

    Reset options: ``start`` and ``target``, (x, y) for all rows or an array (num_envs, 2) with a pair per row; ``radius`` and
    ``field`` for all rows that are reset; ``reset_mask``. They hold for one trial.
    """

    def __init__(
        self,
        num_envs: int = 1,
        size: int = 16,
        observation: str = "vector",
        start: tuple[int, int] | None = None,
        target: tuple[int, int] | None = None,
        radius: float | dict[str, Any] | RadiusSchedule = 0.0,
        field: str | dict[str, Any] | ForceField | None = None,
        schedule: str | list[Any] | Schedule | None = None,
        render_mode: str | None = None,
        max_episode_steps: int | None = None,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        backend: str = "auto",
        threads: int = 1,
    ) -> None:
        """Makes the environment; every keyword can be written as plain JSON.

        Args:
            num_envs: Number of rows.
            size: As for the scalar environment, like the six that follow.
            observation: As there.
            start: As there.
            target: As there.
            radius: As there; a schedule counts each row's own episodes.
            field: As there.
            schedule: As there; each row goes through a session of its own.
            render_mode: ``"rgb_array"``, one image per row, or ``None``.
            max_episode_steps: Steps after which a trial is truncated; ``None`` for no limit. `gym.make_vec` passes the
                registered limit.
            autoreset_mode: ``"NextStep"``, ``"SameStep"``, ``"Disabled"`` or the member of Gymnasium's enum.
            backend: ``"numpy"``, ``"numba"``, or ``"auto"``: Numba where it is installed.
            threads: Threads of the Numba back end; more than one pays from about 10,000 rows.

        Raises:
            TypeError: A keyword has the wrong type.
            ValueError: A keyword has a value that is not allowed.
            gymnasium.error.DependencyNotInstalled: Numba is asked for and missing.
        """
        self._task = grid_task(size, observation, start, target, radius, field, schedule)
        self._session = self._task.session()
        checks.choice("backend", backend, BACKENDS)
        checks.integer("threads", threads, 1, 1024)
        self.size = self._task.size
        self.observations = self._task.observations()
        super().__init__(
            *(num_envs, max_episode_steps, autoreset_mode, render_mode),
            observation_space=self.observations.space,
            action_space=spaces.Discrete(NUM_ACTIONS),
        )
        self.metadata["render_fps"] = RENDER_FPS
        self._worlds = [self._task.world]
        self._backend = _backend(backend, self._task, max_episode_steps, threads)
        self._rows = Rows.empty(self.num_envs)
        self._paths: list[list[int]] = [[] for _ in range(self.num_envs)]
        kinds = {} if self._session is None else SESSION_INFO  # what info tells of the trials of a session besides
        self._told: dict[str, Array] = {name: np.zeros(self.num_envs, kind) for name, kind in kinds.items()}

    @property
    def backend(self) -> str:
        """``"numba"`` or ``"numpy"``: what moves the rows."""
        return "numpy" if isinstance(self._backend, NumpyBackend) else "numba"

    def _restart(self, mask: Mask, observation: Array, info: Info) -> None:
        if self._session is not None:
            self._renew(mask)
        self._backend.restart(self._rows, mask, observation, info)
        for name, values in self._told.items():
            info[name][mask] = values[mask]
        if self.render_mode is not None:
            self._trace(mask, mask)

    def _advance(self, actions: Any, again: Mask) -> Moved:
        moved = self._move(grid_actions(actions, self.num_envs), again)
        if isinstance(moved, int):
            raise InvalidActionError(
                f"`actions` must be {self.num_envs} integers from 0 to {NUM_ACTIONS - 1}, "
                f"got {np.asarray(actions)[moved]} in row {moved}."
            )
        if self._session is not None:
            self._tell(moved[-1])
        if self.render_mode is not None:
            self._trace(~self._never, again)
        return moved

    def _move(self, actions: npt.NDArray[np.int64], again: Mask) -> Moved | int:
        if self._session is not None and again.any():
            bad = first_bad(actions)
            if bad >= 0:
                return bad
            self._renew(again)
        return self._backend.advance(self._rows, actions, again)

    def _tell(self, info: Info) -> None:
        """Adds to `info` what it tells of the trials of a session besides."""
        for name, values in self._told.items():
            info[name], info[f"_{name}"] = values.copy(), info["_distance"]

    def _trace(self, moved: Mask, begun: Mask) -> None:
        """Keeps the paths of the trials, which only a picture needs."""
        cells = place_cell(self._rows.numbers[PLACE]).tolist()
        for row in np.flatnonzero(moved).tolist():
            if begun[row]:
                self._paths[row] = []
            self._paths[row].append(cells[row])

    def _begin(self, mask: Mask, keys: list[int | None], options: dict[str, Any]) -> tuple[Array, Info]:
        # Everything is done on copies first, so that a refused option changes nothing.
        chosen = trial_options(self._task, options, self.num_envs)
        chosen = replace(chosen, start=chosen.start[mask], target=chosen.target[mask])
        rows = self._rows.take(mask)
        # The tables that rows still stand in, the task's own first.
        used = self._rows.numbers[WORLD, ~mask]
        order = np.unique([0, *used.tolist()])
        worlds = [self._worlds[i] for i in order.tolist()]
        count_trial(rows, self._backend.rules)
        fresh = np.array([key is not None for key in keys])
        begin_streams(rows, fresh, [key for key in keys if key is not None])
        drawn = draw_rows(rows, self._rules_for, chosen, bool(options), self._session, worlds)
        self._rows.numbers[WORLD, ~mask] = np.searchsorted(order, used)
        self._take(mask, rows, *drawn)
        if self.render_mode is not None:
            self._trace(mask, mask)
        observation, info = NumpyBackend(self._backend.rules, self.observations).report(self._rows)
        self._tell(info)
        return observation, info

    def _renew(self, mask: Mask) -> None:
        """Begins the session's next trial in the rows of `mask`: what the back ends leave to the session."""
        rows = self._rows.take(mask)
        count_trial(rows, self._backend.rules)
        plain = trial_options(self._task, {}, len(rows.radius))
        self._take(mask, rows, *draw_rows(rows, self._rules_for, plain, False, self._session, self._worlds))

    def _rules_for(self, worlds: list[GridWorld]) -> Rules:
        """The rules with the tables of `worlds`; only a field that comes or goes changes them."""
        rules = self._backend.rules
        if [world.field for world in worlds] == [world.field for world in self._worlds]:
            return rules
        return rules._replace(next_place=np.stack([world.next_place for world in worlds]))

    def _take(self, mask: Mask, rows: Rows, worlds: list[GridWorld], rules: Rules, told: dict[str, Array]) -> None:
        """Takes over the trials that have been drawn for the rows of `mask`."""
        self._rows.put(mask, rows)
        self._worlds, self._backend.rules = worlds, rules
        for name, values in told.items():
            self._told[name][mask] = values

    @property
    def task(self) -> GridTask:
        """The task as the constructor's keywords say it."""
        return self._task

    def trial_cells(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The cells, int64 (num_envs,) each, of start and target of the trials under way."""
        numbers = self._rows.numbers
        return numbers[START].astype(np.int64), place_cell(numbers[GOAL]).astype(np.int64)

    def cursor_cells(self) -> npt.NDArray[np.int64]:
        """The cells, int64 (num_envs,), where the cursors are."""
        return np.asarray(place_cell(self._rows.numbers[PLACE]), np.int64)

    def row_tasks(self) -> list[tuple[npt.NDArray[np.int64], GridWorld, float]]:
        """Groups of rows, int64 (n,), with the world and the radius in squares that hold for them now.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_begun("row_tasks")
        kinds = np.stack([self._rows.numbers[WORLD], self._rows.numbers[LIMIT]])
        if (kinds == kinds[:, :1]).all():
            groups = [np.arange(self.num_envs)]
        else:
            _, group = np.unique(kinds, axis=1, return_inverse=True)
            groups = [np.flatnonzero(group == g) for g in range(int(group.max()) + 1)]
        return [(rows, self._worlds[kinds[0, rows[0]]], float(self._rows.radius[rows[0]])) for rows in groups]

    def scenes(self) -> list[GridScene]:
        """What `render` draws, one scene per row; the paths are kept only with a render mode.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_begun("scenes")
        return [self._scene(row, self._rows.numbers[:, row]) for row in range(self.num_envs)]

    def _scene(self, row: int, numbers: npt.NDArray[np.int32]) -> GridScene:
        cursor, target = int(place_cell(numbers[PLACE])), int(place_cell(numbers[GOAL]))
        trail = self._paths[row] or [cursor]
        return GridScene(
            size=self.size,
            field=self._worlds[numbers[WORLD]].field,
            cursor=self._square(cursor),
            start=self._square(int(numbers[START])),
            target=self._square(target),
            radius=float(self._rows.radius[row]),
            trail=tuple(self._square(cell) for cell in trail),
            step=int(numbers[STEPS]),
            episode_return=float(numbers[SUCCESS] - numbers[STEPS]),
            ideal_steps=int(numbers[IDEAL]),
            success=bool(numbers[SUCCESS]),
            title="Grid reach" if self.spec is None else self.spec.name,
        )

    def _square(self, cell: int) -> tuple[int, int]:
        return cell % self.size, cell // self.size

    def get_state(self) -> dict[str, Any]:
        """Everything that changes, as arrays and plain data, for checkpoints; `set_state` continues bit for bit.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_begun("get_state")
        state = {name: values.copy() for name, values in self._rows._asdict().items()}
        # A session leaves worlds behind; only those that rows stand in are kept, in an order that tells nothing of the past.
        stood = state["numbers"][WORLD].tolist()
        used = {world: place for place, world in enumerate(dict.fromkeys([0, *stood]))}
        state["numbers"][WORLD] = [used[world] for world in stood]
        return {
            **state,
            "done": self._done.copy(),
            "fields": [self._worlds[world].field.to_data() for world in used],
            **({} if self._session is None else {"gain": self._told["gain"].copy()}),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from what `get_state` of an environment with the same keywords returned.

        Raises:
            TypeError: A part of `state` has the wrong type.
            ValueError: A part is missing, unknown or out of range.
        """
        rows, done, worlds, gain = read_rows(state, self._task, self.num_envs)
        self._require_open()
        rules = self._rules_for(worlds)
        self._rows, self._done, self._worlds, self._begun = rows, done, worlds, True
        self._backend.rules = rules
        if self._session is not None:
            trial = rows.streams[TRIAL].astype(np.int64)
            self._told = {"block": self._session.block(trial), "trial": trial, "gain": gain}
        self._paths = [[cell] for cell in place_cell(rows.numbers[PLACE]).tolist()]
