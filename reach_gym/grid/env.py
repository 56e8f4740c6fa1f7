"""The discrete reach: a cursor on a grid, eight moves, a target, and a field that deflects the moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.error import ResetNeeded

from reach_gym import checks
from reach_gym.grid.actions import grid_action
from reach_gym.grid.exact import around, steps_to_go
from reach_gym.grid.goal import goal_reward
from reach_gym.grid.keywords import GridReach
from reach_gym.grid.options import trial_options
from reach_gym.grid.pairs import draw_pair, require_pair
from reach_gym.grid.picture import scene_of
from reach_gym.grid.radius import advance_radius
from reach_gym.grid.rows import single_info
from reach_gym.grid.rules import ideal_steps
from reach_gym.grid.saved import Counts, read_trial
from reach_gym.grid.world import NUM_ACTIONS, GridWorld, squared_limit
from reach_gym.keywords import read, takes
from reach_gym.rendering import GridScene
from reach_gym.rendering.drawn import Drawn
from reach_gym.rows.goals import reward_of_goals
from reach_gym.rows.keywords import RENDER_MODES, Shown
from reach_gym.sessions import draws

RENDER_FPS = 10


@takes(GridReach, Shown)
class GridReachEnv(Drawn[GridScene], gym.Env[Any, Any]):
    """Bring the cursor to the target with the eight king moves, against a field that shifts each move.

    ## Action space
    ``Discrete(8)``, counter-clockwise from east: 0 E, 1 NE, 2 N, 3 NW, 4 W, 5 SW, 6 S, 7 SE (`reach_gym.grid.world.Action`);
    x grows to the right, y upwards.

    ## Transition
    The move, plus the field's shift in whole squares if the cursor stood in the field before the move, then clipped to the grid.

    ## Observation space
    That of the kind which the keyword `observation` names, one of `reach_gym.grid.observations.KINDS`. With ``"goal"`` there is
    also `compute_reward`, which tells the reward for any target (`reach_gym.grid.goal.goal_reward`).

    ## Reward and end
    -1 per step and 0 for the step that brings the cursor within `radius` (Euclidean, bound included) of the target, which
    terminates. The time limit stands in the registration and truncates.

    ## Trials
    Every pair of start and target further apart than the radius is equally likely. Trial k after a seeded reset is a
    pure function of the seed and k.

    ## Info
    The fields of `reach_gym.grid.rows.Info`; with a schedule also those of `reach_gym.grid.rows.SessionInfo`. With
    ``info="lean"`` only those of `reach_gym.grid.rows.Outcome`.

    ## Schedule
    The gain of trial k is drawn as in the continuous task, then rounded to quarters, because the field shifts the cursor by whole
    squares. Catch trials have the gain 0, and so have the trials that there run in a force channel, which a grid has not.

    ## Reset options
    ``start``, ``target``, ``radius`` (a number), ``field``: as the keywords, for this trial only. A ``field`` is taken as it is,
    whatever the schedule says: the trial's gain is 1.
    """

    metadata: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        "render_modes": list(RENDER_MODES),
        "render_fps": RENDER_FPS,
    }

    _task: GridReach

    def __init__(self, task: GridReach | None = None, /, **keywords: Any) -> None:
        """Makes the environment; every keyword can be written as plain JSON.

        Args:
            task: A ready-made task; a keyword beside it replaces that part of it.
            **keywords: The fields of `GridReach` and `reach_gym.rows.keywords.Shown`.

        Raises:
            TypeError: An unknown keyword, or one with the wrong type.
            ValueError: A keyword has a value that is not allowed.
        """
        self._task, shown = read(type(self).__name__, (GridReach, Shown), keywords, task)
        self.render_mode, self._lean = shown.render_mode, shown.lean
        self.size = self._task.size
        self.observations = self._task.observations()
        self._see = self.observations.see  # looked up once, not in every step
        self.observation_space = self.observations.space
        self.action_space = spaces.Discrete(NUM_ACTIONS)
        self._radii = self._task.radii
        self._session = self._task.session()
        self._no_options = trial_options(self._task, {})
        self._told: dict[str, Any] = {}  # what info tells of a trial of a session besides
        self._watched = self._session is not None or self.render_mode is not None
        self._counts = Counts(0, 0, 0, 0, 0)  # of no trial yet
        self._running = self._success = False
        self._path: list[int] = []  # kept for pictures alone: without a time limit it has no end

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Starts the next trial, or with a `seed` trial 0 of that seed's stream.

        Raises:
            TypeError: `seed` or an option has the wrong type.
            ValueError: `seed` or an option is out of range, or an option is unknown.
        """
        seed = checks.seed(seed)
        chosen = self._no_options if options is None else trial_options(self._task, options)
        trial, level, seen, hits = (0, 0, 0, 0) if seed is not None or not self._begun else self._next()
        radius = self._radii[level] if chosen.radius is None else chosen.radius
        limit = int(squared_limit(radius))
        require_pair(self.size, chosen.start, chosen.target, limit)
        if self.render_mode == "human":
            self._open(self._title)
        super().reset(seed=seed)  # nothing is refused from here on
        key = draws.new_key(self.np_random) if seed is not None or not self._begun else self._counts.key
        self._counts = Counts(key, trial, level, seen, hits)
        start, target = draw_pair(key, trial, self.size, chosen.start, chosen.target, limit)
        world = chosen.world
        if self._session is not None:
            world, told = self._session.begin(key, trial, world if chosen.replaced else None)
            self._told = told._asdict()
        self._begin(world, start, target, radius)
        if self.render_mode == "human":
            self.render()
        return self._see(start), {"is_success": False} if self._lean else {**self._info(start), **self._told}

    def _next(self) -> tuple[int, int, int, int]:
        """The number of the next trial, and the state of the radius schedule in it."""
        _, trial, level, seen, hits = self._counts
        rule = self._task.radius
        radius = advance_radius(level, seen, hits, int(self._success), rule.episodes, rule.hits, len(self._radii) - 1)
        return trial + 1, *radius

    def _begin(self, world: GridWorld, start: int, target: int, radius: float) -> None:
        self._world, self._start, self._target, self._radius = world, start, target, radius
        self._cell, self._steps = start, 0
        self._next_cell, self._felt = world.rows, world.felt
        self._around = around(self.size, target, int(squared_limit(radius)))
        one = target if self._task.target_cell == target else None
        table = (steps_to_go if self._session is None else self._session.steps_to_go)(world, radius, one)
        self._ideal = int(ideal_steps(table[None], 0, target, start))
        self._begun, self._running, self._success = True, True, False
        self._path = [start]
        self.observations.aim(target)

    def _info(self, cell: int) -> dict[str, Any]:
        return single_info(self._around[cell][1], self._ideal, self._felt[cell], self._radius, self._success)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Moves the cursor; see the class for rewards and info.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset or after the end of the trial.
            InvalidActionError: `action` is no integer from 0 to 7.
        """
        # Move, hit, distance and field are looked up in the tables that `reach_gym.grid.rules` and `grid_world` filled, and the
        # reward is written out: calling the rules here took 5 microseconds, where the whole step takes 0.6.
        if type(action) is not int or not 0 <= action < NUM_ACTIONS:
            action = grid_action(action)
        if not self._running:
            raise ResetNeeded("Call `reset` before `step`: no trial is under way.")
        self._cell = cell = self._next_cell[self._cell][action]
        self._steps += 1
        hit, distance = self._around[cell]
        if hit:
            self._success, self._running = True, False
        info = {"is_success": hit} if self._lean else single_info(distance, self._ideal, self._felt[cell], self._radius, hit)
        if self._watched:  # one question for all of it
            self._watch(info)
        return self._see(cell), 0.0 if hit else -1.0, hit, False, info

    def _watch(self, info: dict[str, Any]) -> None:
        """What a step does besides in a session and for a picture."""
        if not self._lean:
            info.update(self._told)
        if self.render_mode is not None:
            self._path.append(self._cell)
            if self.render_mode == "human":
                self.render()

    @property
    def task(self) -> GridReach:
        """The task as the constructor's keywords say it."""
        return self._task

    @property
    def compute_reward(self) -> Callable[[Any, Any, Any], Any]:
        """Only with the observation ``"goal"``; see `reach_gym.rows.goals.reward_of_goals`."""
        return reward_of_goals(self._task, goal_reward)

    def row_tasks(self) -> list[tuple[npt.NDArray[np.int64], GridWorld, float]]:
        """The world and radius of the trial under way, in the form that a vector environment has too."""
        self._require_trial("row_tasks")
        return [(np.zeros(1, np.int64), self._world, self._radius)]

    def _scene(self) -> GridScene:
        path = [self._cell] if self.render_mode is None else self._path
        trial = self._start, self._target, self._radius, self._steps, self._ideal, self._success
        return scene_of(self._world, path, *trial, self._title)

    @property
    def _title(self) -> str:
        return self._task.title if self.spec is None else self.spec.name

    def get_state(self) -> dict[str, Any]:
        """The random stream and the trial under way as plain data, for checkpoints; `set_state` continues bit for bit.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_trial("get_state")
        return {
            **self._counts._asdict(),
            "start": self._start,
            "target": self._target,
            "cursor": self._cell,
            "steps": self._steps,
            "radius": self._radius,
            "field": self._world.field.to_data(),
            **({} if self._session is None else {"gain": self._told["gain"]}),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from what `get_state` returned; the path for pictures begins anew at the cursor.

        Raises:
            TypeError: A part of `state` has the wrong type.
            ValueError: A part is missing, unknown or out of range.
        """
        saved = read_trial(state, self._task)
        self._counts = saved.counts
        if self._session is not None:
            self._told = self._session.told(saved.counts.trial, saved.gain)._asdict()
        self._begin(saved.world, saved.start, saved.target, saved.radius)
        self._cell, self._steps, self._path = saved.cursor, saved.steps, [saved.cursor]
        self._success = self._around[self._cell][0]
        self._running = not self._success
