"""The discrete reach: a cursor on a grid, eight moves, a target, and a field that deflects the moves."""

from __future__ import annotations

from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.error import ResetNeeded

from reach_gym import checks
from reach_gym.fields import ForceField
from reach_gym.grid.exact import steps_to_go
from reach_gym.grid.keywords import GridTask, around, grid_action, grid_task, require_pair, trial_options
from reach_gym.grid.pairs import draw_pair
from reach_gym.grid.radius import RadiusSchedule, advance_radius
from reach_gym.grid.saved import read_trial
from reach_gym.grid.world import NUM_ACTIONS, GridWorld, squared_limit
from reach_gym.rendering import GridScene
from reach_gym.rendering.drawn import Drawn
from reach_gym.sessions import draws
from reach_gym.sessions.schedule import Schedule

RENDER_FPS = 10


class GridReachEnv(Drawn, gym.Env[Any, Any]):
    """Bring the cursor to the target with the eight king moves, against a field that shifts each move.

    ## Action space
    ``Discrete(8)``, counter-clockwise from east: 0 E, 1 NE, 2 N, 3 NW, 4 W, 5 SW, 6 S, 7 SE (`reach_gym.grid.world.Action`);
    x grows to the right, y upwards.

    ## Transition
    The move, plus the field's shift in whole squares if the cursor stood in the field before the move, then clipped to the grid.

    ## Observation space
    - ``"vector"``: float32 (4,), x and y of the cursor, then of the target, scaled to [0, 1].
    - ``"pixels"``: uint8 (2, size, size), the target's square is 255 in channel 0, the cursor's in channel 1, as [channel, y, x].
    - ``"index"``: ``Discrete(size**2)``, the cursor's cell y * size + x; where the target is drawn anew in every trial
      ``Discrete(size**4)``, cursor * size**2 + target.

    ## Reward and end
    -1 per step and 0 for the step that brings the cursor within `radius` (Euclidean, bound included) of the target, which
    terminates. The time limit stands in the registration and truncates.

    ## Trials
    Every pair of start and target further apart than the radius is equally likely. Trial k after a seeded reset is a
    pure function of the seed and k.

    ## Info
    ``distance`` (float, squares from the target), ``ideal_steps`` (int, the true optimum from this trial's start under its field
    and radius; -1 if the target cannot be reached), ``in_field`` (bool, whether the field acts on the next move),
    ``radius`` (float, squares), ``is_success`` (bool).

    With a schedule also ``block`` (int, index of the block), ``trial`` (int, from 0) and ``gain`` (float, the factor on the
    block's field).

    ## Schedule
    The gain of trial k is drawn as in the continuous task, then rounded to quarters, because the field shifts the cursor by whole
    squares. Catch trials have the gain 0, and so have the trials that there run in a force channel, which a grid has not.

    ## Reset options
    ``start``, ``target``, ``radius`` (a number), ``field``: as the keywords, for this trial only. A ``field`` is taken as it is,
    whatever the schedule says: the trial's gain is 1.
    """

    metadata: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        "render_modes": ["human", "rgb_array"],
        "render_fps": RENDER_FPS,
    }

    def __init__(
        self,
        size: int = 16,
        observation: str = "vector",
        start: tuple[int, int] | None = None,
        target: tuple[int, int] | None = None,
        radius: float | dict[str, Any] | RadiusSchedule = 0.0,
        field: str | dict[str, Any] | ForceField | None = None,
        schedule: str | list[Any] | Schedule | None = None,
        render_mode: str | None = None,
    ) -> None:
        """Makes the environment; every keyword can be written as plain JSON.

        Args:
            size: Squares along one side, 2 to 64.
            observation: ``"vector"``, ``"pixels"`` or ``"index"``.
            start: (x, y) at which every trial starts; ``None`` draws it.
            target: (x, y) of the target; ``None`` draws it.
            radius: Reward radius in squares, or a shrinking one (`reach_gym.grid.radius.RadiusSchedule`) as a dict.
            field: A preset's name, a dict of numbers (`reach_gym.fields.ForceField`), or ``None``.
            schedule: A name of `reach_gym.sessions.schedule.SCHEDULES`, a list of blocks, or ``None``: every trial alike.
            render_mode: ``"human"`` for a window, ``"rgb_array"`` for images.

        Raises:
            TypeError: A keyword has the wrong type.
            ValueError: A keyword has a value that is not allowed.
        """
        self._task = grid_task(size, observation, start, target, radius, field, schedule)
        if render_mode is not None:
            checks.choice("render_mode", render_mode, self.metadata["render_modes"])
        self.render_mode = render_mode
        self.size = self._task.size
        self.observations = self._task.observations()
        self._see = self.observations.see  # looked up once: `step` is the hot path
        self.observation_space = self.observations.space
        self.action_space = spaces.Discrete(NUM_ACTIONS)
        self._radii = self._task.radius.radii
        self._session = self._task.session()
        self._told: dict[str, Any] = {}  # what info tells of a trial of a session besides
        self._watched = self._session is not None or render_mode == "human"
        self._window: Any = None
        self._key: int | None = None
        self._trial = self._level = self._seen = self._hits = 0
        self._running = self._success = False
        self._path: list[int] = []

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Starts the next trial, or with a `seed` trial 0 of that seed's stream.

        Raises:
            TypeError: `seed` or an option has the wrong type.
            ValueError: `seed` or an option is out of range, or an option is unknown.
        """
        seed = checks.seed(seed)
        chosen = trial_options(self._task, {} if options is None else options)
        trial, level, seen, hit_count = 0, 0, 0, 0
        if seed is None and self._key is not None:
            rule = self._task.radius
            level, seen, hit_count = advance_radius(
                *(self._level, self._seen, self._hits, int(self._success)),
                *(rule.episodes, rule.hits, len(self._radii) - 1),
            )
            trial = self._trial + 1
        radius = self._radii[level] if chosen.radius is None else chosen.radius
        limit = int(squared_limit(radius))
        require_pair(self.size, chosen.start, chosen.target, limit)
        super().reset(seed=seed)
        if seed is not None or self._key is None:
            self._key = draws.new_key(self.np_random)
        self._trial, self._level, self._seen, self._hits = trial, level, seen, hit_count
        start, target = draw_pair(self._key, trial, self.size, chosen.start, chosen.target, limit)
        world = chosen.world
        if self._session is not None:
            world, self._told = self._session.begin(self._key, trial, world if chosen.replaced else None)
        self._begin(world, start, target, radius)
        if self.render_mode == "human":
            self.render()
        return self._see(start), self._info(start)

    def _begin(self, world: GridWorld, start: int, target: int, radius: float) -> None:
        self._world, self._start, self._target, self._radius = world, start, target, radius
        self._cell = start
        self._next, self._felt = world.rows, world.felt
        limit = int(squared_limit(radius))
        self._within, self._distances = around(self.size, target, limit)
        one = target if self._task.target == target else None
        table = (steps_to_go if self._session is None else self._session.steps_to_go)(world, radius, one)
        self._ideal = int(table[0 if one is not None else target, start])
        self._running, self._success = True, False
        self._path = [start]
        self.observations.aim(target)

    def _info(self, cell: int) -> dict[str, Any]:
        return {
            "distance": self._distances[cell],
            "ideal_steps": self._ideal,
            "in_field": self._felt[cell],
            "radius": self._radius,
            "is_success": self._success,
            **self._told,
        }

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Moves the cursor; see the class for rewards and info.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset or after the end of the trial.
            InvalidActionError: `action` is no integer from 0 to 7.
        """
        if type(action) is not int or not 0 <= action < NUM_ACTIONS:
            action = grid_action(action)
        if not self._running:
            raise ResetNeeded("Call `reset` before `step`: no trial is under way.")
        self._cell = cell = self._next[self._cell][action]
        self._path.append(cell)
        self._success = hit = self._within[cell]
        if hit:
            self._running = False
        info = {
            "distance": self._distances[cell],
            "ideal_steps": self._ideal,
            "in_field": self._felt[cell],
            "radius": self._radius,
            "is_success": hit,
        }
        if self._watched:  # one look for both, as this is the hot path
            info.update(self._told)
            if self.render_mode == "human":
                self.render()
        return self._see(cell), 0.0 if hit else -1.0, hit, False, info

    @property
    def task(self) -> GridTask:
        """The task as the constructor's keywords say it."""
        return self._task

    def row_tasks(self) -> list[tuple[npt.NDArray[np.int64], GridWorld, float]]:
        """The world and radius of the trial under way, in the form that a vector environment has too."""
        self._require_trial("row_tasks")
        return [(np.zeros(1, np.int64), self._world, self._radius)]

    def _require_trial(self, what: str) -> None:
        if not self._path:
            raise ResetNeeded(f"Call `reset` before `{what}`: no trial has begun.")

    def scene(self) -> GridScene:
        """What `render` draws: the state of the trial under way.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_trial("scene")
        steps = len(self._path) - 1
        return GridScene(
            size=self.size,
            field=self._world.field,
            cursor=self._square(self._cell),
            start=self._square(self._start),
            target=self._square(self._target),
            radius=self._radius,
            trail=tuple(self._square(cell) for cell in self._path),
            step=steps,
            episode_return=float(self._success - steps),
            ideal_steps=self._ideal,
            success=self._success,
            title="Grid reach" if self.spec is None else self.spec.name,
        )

    def _square(self, cell: int) -> tuple[int, int]:
        return cell % self.size, cell // self.size

    def get_state(self) -> dict[str, Any]:
        """The random stream and the trial under way as plain data, for checkpoints; `set_state` continues bit for bit.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_trial("get_state")
        return {
            "key": self._key,
            "trial": self._trial,
            "level": self._level,
            "seen": self._seen,
            "hits": self._hits,
            "path": list(self._path),
            "target": self._target,
            "radius": self._radius,
            "field": self._world.field.to_data(),
            **({} if self._session is None else {"gain": self._told["gain"]}),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from what `get_state` returned.

        Raises:
            TypeError: A part of `state` has the wrong type.
            ValueError: A part is missing, unknown or out of range.
        """
        saved = read_trial(state, self._task)
        for name, value in saved.counts.items():
            setattr(self, f"_{name}", value)
        if self._session is not None:
            self._told = self._session.told(self._trial, saved.gain)
        self._begin(saved.world, saved.path[0], saved.target, saved.radius)
        self._path, self._cell = saved.path, saved.path[-1]
        self._success = self._within[self._cell]
        self._running = not self._success
