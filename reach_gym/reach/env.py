"""The continuous reach: a point mass, a target, a go cue, and a force field that pushes the hand off its way."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded

from reach_gym import checks
from reach_gym.fields import ForceField, Pair
from reach_gym.reach.facts import plants_of, scene_of, sensed_by
from reach_gym.reach.goal import goal_reward
from reach_gym.reach.keywords import CursorTask, cursor_options, cursor_task
from reach_gym.reach.rules import Plants, Sensed
from reach_gym.reach.saved import read_rows
from reach_gym.reach.trial import CursorTrial
from reach_gym.rendering import CursorScene
from reach_gym.rendering.drawn import Drawn
from reach_gym.sessions import draws
from reach_gym.sessions.schedule import Schedule


class CursorReachEnv(CursorTrial, Drawn[CursorScene], gym.Env[Any, Any]):
    """Bring the cursor to the target after the go cue, against a force field.

    The hand is a point mass; all numbers are SI units, x grows to the right, y upwards.

    ## Action space
    ``Box(-1, 1, (2,))`` float32: the hand's force over `max_force`. Finite numbers outside are clipped.

    ## Transition
    Semi-implicit Euler with the time step `dt`: ``v += dt / mass * (max_force * action + F - damping * v)``, ``p += dt * v``.
    ``F = gain * inside(region, p) * (push + viscosity v + stiffness (p - origin))`` is the field's force at the hand's place and
    velocity before the step. At the walls of the arena, twice as wide as the workspace, the hand stops. Under a visuomotor
    rotation the cursor stands where the hand's way from the start points to after a turn by ``gain * rotation``.

    ## A trial
    The hand rests at the start (phase HOLD, 0). At `target_onset` the target appears (PLAN, 1), and `go_delay` later the go cue
    lights up for `go_pulse` (MOVE, 2). A cursor further than `hold_radius` from the start before or as the cue begins is a false
    start: the trial goes on, but cannot succeed any more (``false_start="ignore"`` only marks it). Success, which terminates: the
    cursor stays within `radius` of the target and slower than `speed_limit` for `hold`, after the go cue. The time limit (100
    steps, 1 s) stands in the registration and truncates; it counts steps, so a shorter `dt` needs more `max_episode_steps`.

    ## Observation space
    - ``"vector"``: float32 (7,), target x, y (0 before it appears), go cue (0, 1), cursor x, y, vx, vy; places in units of the
      workspace's half side, velocities of 0.5 m/s.
    - ``"goal"``: a dict of float64 arrays: ``observation`` (5,), the same without the target; ``achieved_goal`` (2,), the
      cursor in metres; ``desired_goal`` (2,), the target in metres, the start before it appears. `compute_reward` gives the
      reward for other goals.
    - ``"pixels"``: uint8 (3, 40, 40), as [channel, y, x]: target, cursor, and the go cue, which lights all of its channel.

    What is sensed is `delay` steps old and has Gaussian noise (cut at six standard deviations).

    ## Reward
    - ``"sparse"``: -1 per step, 0 in steps that end on the target (within the radius, slow enough, after the go cue, no false
      start).
    - ``"dense"``: after the go cue minus the distance in units of 10 cm; always minus 0.01 times the squared action; minus 1 in
      every step from a false start on.

    ## Sessions
    A schedule of blocks changes the perturbation from trial to trial (`reach_gym.sessions.schedule`). Trial k after a seeded
    reset is a pure function of the seed and k: target, go cue, gain, catch and channel trials, and noise.

    ## Info
    Floats: ``hand_x``, ``hand_y``, ``hand_vx``, ``hand_vy``, ``cursor_x``, ``cursor_y``, ``target_x``, ``target_y`` (m, m/s),
    ``force_x``, ``force_y`` (N, of the field or channel on the hand in the last step), ``distance`` (m, cursor to target),
    ``effort`` (squared action), ``gain`` (of the perturbation in the last step, at `reset` in the first). Integers: ``block``
    (index into ``task.schedule.blocks``), ``trial``, ``phase`` (`reach_gym.reach.rules.Phase`). Booleans: ``channel``,
    ``false_start``, ``is_success``.

    ## Reset options
    For this trial only: ``start``, ``target`` (x, y); ``gain`` (a factor on the perturbation) and ``field`` (with gain 1 unless
    one is given), which make it a plain trial whatever the schedule says; ``channel`` (bool), to run it in a channel or not.
    """

    metadata: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        "render_modes": ["human", "rgb_array"],
        "render_fps": 50,
    }

    def __init__(
        self,
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
    ) -> None:
        """Makes the environment; every keyword can be written as plain JSON.

        Args:
            field: A preset's name (`reach_gym.fields.CURSOR_PRESETS`), a dict of numbers, or ``None``.
            schedule: A name of `reach_gym.sessions.schedule.SCHEDULES`, a list of blocks, or ``None``: every trial alike.
            targets: ``"uniform"``, ``"center-out"``, or as `reach_gym.reach.targets.targets_from_data` reads them.
            start: (x, y) in metres at which every trial starts; ``None`` draws it.
            reward: ``"sparse"`` or ``"dense"``.
            observation: ``"vector"``, ``"goal"`` or ``"pixels"``.
            rotation: Visuomotor rotation in degrees, counter-clockwise, times the schedule's gain.
            radius: Of the target, in metres.
            speed_limit: Greatest speed on the target, m/s.
            hold: Seconds to stay on it, at least one step.
            hold_radius: Around the start, in metres.
            false_start: ``"fail"`` or ``"ignore"``.
            target_onset: Seconds until the target appears (Sun & Plitt: 0.2).
            go_delay: Seconds from there to the go cue (Sun & Plitt: 0 to 0.09); see `reach_gym.reach.targets.delays_from_data`.
            go_pulse: Seconds that the go cue lasts (Sun & Plitt: 0.05).
            delay: Of the senses, in steps.
            sensory_noise: Standard deviations of position (m) and velocity (m/s).
            motor_noise: Standard deviations: additive (N), and as a share of the hand's force (signal-dependent).
            mass: Of the hand, kg.
            damping: Of the hand, N s/m.
            dt: Time step, s.
            max_force: For an action of 1, N.
            workspace: Half the side of the square in which start and target lie, m.
            render_mode: ``"human"`` for a window, ``"rgb_array"`` for images.

        Raises:
            TypeError: A keyword has the wrong type.
            ValueError: A keyword has a value that is not allowed.
        """
        keywords = {k: v for k, v in locals().items() if k not in ("self", "__class__")}
        task = cursor_task(keywords)
        if render_mode is not None:
            checks.choice("render_mode", render_mode, self.metadata["render_modes"])
        self.render_mode = render_mode
        CursorTrial.__init__(self, task, watched=render_mode is not None)
        self.observation_space = self._observations.space
        self.action_space = spaces.Box(-1.0, 1.0, (2,), np.float32)
        self._window: Any = None
        self._path: list[Pair] = []
        self._return = 0.0

    @property
    def task(self) -> CursorTask:
        """The task as the constructor's keywords say it."""
        return self._task

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Starts the next trial, or with a `seed` trial 0 of that seed's stream.

        Raises:
            TypeError: `seed` or an option has the wrong type.
            ValueError: `seed` or an option is out of range, or an option is unknown.
        """
        seed = checks.seed(seed)
        chosen = cursor_options(self._task, options)
        gym.Env.reset(self, seed=seed)
        key, trial = self._key, self._trial + 1
        if seed is not None or key is None:
            key, trial = draws.new_key(self.np_random), 0
        self._begin(key, trial, chosen)
        self._path, self._return = [self._start], 0.0
        if self.render_mode == "human":
            self.render()
        return self._see(), self._told.copy()

    def _watch(self, reward: float) -> None:
        self._path.append(self._cursor[:2])
        self._return += reward
        if self.render_mode == "human":
            self.render()

    @property
    def compute_reward(self) -> Callable[[Any, Any, Any], Any]:
        """``compute_reward(achieved_goal, desired_goal, info)``, see `reach_gym.reach.goal.goal_reward`.

        Only with the observation ``"goal"``: libraries take every environment that has it for a goal-conditioned one.
        """
        if self._task.observation != "goal":
            raise AttributeError(f"`compute_reward` needs the observation 'goal', got {self._task.observation!r}.")
        return partial(goal_reward, self._task)

    def _require_trial(self, what: str) -> None:
        if not self._begun:
            raise ResetNeeded(f"Call `reset` before `{what}`: no trial has begun.")

    def plants(self, belief: str = "trial", steps: int = 200) -> Plants:
        """What a controller may know of the trial under way; see `reach_gym.reach.facts.plants_of`.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
            ValueError: An unknown `belief`.
        """
        self._require_trial("plants")
        return plants_of(self._task, self._rules, self._rows(), belief, steps)

    def sense(self, observations: Any) -> Sensed:
        """What a batch of one observation says, in SI units.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_trial("sense")
        return sensed_by(self._task, self._observations, self._rows(), observations)

    def scene(self) -> CursorScene:
        """What `render` draws: the state of the trial under way; its path is kept only with a render mode.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_trial("scene")
        title = "Cursor reach" if self.spec is None else self.spec.name
        return scene_of(self._task, self._rules, self._rows(), 0, self._path, self._return, title)

    def get_state(self) -> dict[str, Any]:
        """The random stream and the trial under way as plain data, for checkpoints; `set_state` continues bit for bit.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_trial("get_state")
        return {name: values[..., 0].tolist() for name, values in self._rows()._asdict().items()}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from what `get_state` of an environment with the same keywords returned.

        Raises:
            TypeError: A part of `state` has the wrong type.
            ValueError: A part is missing, unknown or out of range.
        """
        self._restore(read_rows(state, self._task, None))
        self._path, self._return = [self._cursor[:2]], 0.0
