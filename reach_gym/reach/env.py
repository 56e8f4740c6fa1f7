"""The continuous reach: a hand, a target, a go cue, and a force field that pushes the hand off course."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any, ClassVar

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded

from reach_gym import checks
from reach_gym.fields import Pair
from reach_gym.keywords import takes
from reach_gym.plants.point_mass import PointMass
from reach_gym.reach.actions import reach_action
from reach_gym.reach.facts import TrialFacts, facts_of, sensed_by
from reach_gym.reach.goal import goal_reward
from reach_gym.reach.keywords import Reach
from reach_gym.reach.observations import FOURTH, Sensed, put_seven
from reach_gym.reach.options import check_places, reach_options
from reach_gym.reach.picture import scene_of
from reach_gym.reach.presets import Preset
from reach_gym.reach.reading import read_reach
from reach_gym.reach.rules import has_left, rest_of
from reach_gym.reach.saved import read_rows
from reach_gym.reach.trial import ReachTrial
from reach_gym.rendering import CursorScene
from reach_gym.rendering.drawn import Drawn
from reach_gym.rows.goals import reward_of_goals
from reach_gym.rows.keywords import RENDER_MODES, Shown
from reach_gym.sessions import draws

RENDER_FPS = 50
_OBJECT = np.dtype(object)  # whose `tolist` gives numbers, too


@takes(Preset, Reach, PointMass, Shown)
class CursorReachEnv(Drawn[CursorScene], gym.Env[Any, Any]):
    """Bring the cursor to the target after the go cue, against a force field.

    The agent moves the hand of a plant (`reach_gym.plants`): a point mass, or an arm of two bones with torques at its joints or
    with six muscles. Fields, trials, sessions and rewards are the same for all of them. All numbers are SI units, x grows to the
    right, y upwards. The keywords stand with default, unit and meaning below, under `__init__`, and in
    `reach_gym.reach.keywords.Reach`.

    ## Action space
    float32, a number for each actuator: of the point mass ``Box(-1, 1, (2,))``, the hand's force over `max_force`; of the arm
    ``Box(-1, 1, (2,))``, the torques over `max_torque`; of muscles ``Box(0, 1, (6,))``, their excitations. Finite numbers outside
    are clipped.

    ## Transition
    Of the point mass: ``mass dv/dt = f + F - damping * v``, where the hand's force f is ``max_force * action``, or follows it
    with the time constant `force_lag`, the field's force
    ``F = gain * inside(region, p) * (push + viscosity v + stiffness (p - origin))``, in time steps of `dt`
    (`reach_gym.plants.point_mass.step`): of second order, and an ideal curl does no work. At the walls of the arena, twice as
    wide as the workspace, the hand stops.

    The same force acts on the hand of an arm and moves its joints (`reach_gym.plants.skeleton`), which stop at their limits.
    Every place of a trial must be within its reach.

    Under a visuomotor rotation the cursor is the hand, turned around the start by ``gain * rotation``.

    ## A trial
    The hand rests at the start (phase HOLD, 0). At `target_onset` the target appears (PLAN, 1), and `go_delay` later the go cue
    lights up (MOVE, 2), until the trial ends or for `go_pulse`. A cursor further than `hold_radius` from the start before or as
    the cue begins is a false start: the trial goes on, but cannot succeed any more (`false_start` "fail"), ends at once
    ("abort"), or is only marked ("ignore"). Success: the cursor stays within `radius` of the target and slower than `speed_limit`
    for `hold`, after the go cue, and the movement took as long as `movement_time` allows; otherwise info tells ``too_fast`` or
    ``too_slow``. The hold terminates the trial, `time_limit` after the go cue truncates it. Between trials the hand is carried
    back to the start.

    ## Observation space
    As the keyword `observation` says (`reach_gym.reach.observations`). With ``"goal"`` there is also `compute_reward`, which
    gives the reward for other goals. ``"vector"`` and ``"goal"`` show all that the rules judge by, so that without latency,
    noise, lag, a cue that is a pulse, and what sessions hide, the present observation tells as much of the future as the whole
    past does.

    What is sensed is `delay` steps old and has Gaussian noise (cut at six standard deviations). With ``"body"`` what the body
    feels, the plant's `senses`, follows it, with a delay and noise of its own (`felt_delay`, `felt_noise`). With `history` the
    last observations and actions follow the present one.

    ## Reward
    As the keyword `reward` says (`reach_gym.reach.rules.REWARDS`).

    ## Sessions
    A table of trials (`reach_gym.sessions`) or a schedule of blocks says what each trial is: field, gain, channel, rotation,
    start and target; a target that is a bar or jumps, a cursor that jumps, is clamped or hidden, a force pulse. Where the cursor
    is hidden, what is sensed is the hand itself. Trial k after a seeded reset is a pure function of the seed and k: what is left
    to be drawn, the go cue, and noise. Context cue, lead-in, rest and bar are told by `trial_facts`.

    ## Info
    The keys, units and types of `reach_gym.reach.info.Info`; with ``info="lean"`` of `reach_gym.reach.info.Outcome`.

    ## Reset options
    For this trial only: ``start``, ``target`` (x, y); ``gain`` (a factor on the perturbation) and ``field`` (with gain 1 unless
    one is given), which make it a plain trial whatever the schedule says; ``channel`` (bool), to run it in a channel or not.
    ``repeat`` (bool) begins the trial before once more, as laboratories do after a false start: the same number and draws.
    ``trial`` (a number from 0) begins that trial of the session.
    """

    metadata: ClassVar[dict[str, Any]] = {  # type: ignore[misc]
        "render_modes": [*RENDER_MODES],
        "render_fps": RENDER_FPS,
    }

    def __init__(self, task: Reach | None = None, /, **keywords: Any) -> None:
        """Makes the environment; every keyword can be written as plain JSON.

        Args:
            task: What holds where no keyword is given; ``None`` for the defaults.
            **keywords: Any of those that follow.

        Raises:
            TypeError: There is no such keyword, or it has the wrong type.
            ValueError: A keyword has a value that is not allowed.
        """
        made, shown = read_reach(type(self).__name__, Shown, keywords, task)
        self.render_mode, self._lean = shown.render_mode, shown.lean
        self._trial = ReachTrial(made, None if self.render_mode is None else self._watch)
        self.observation_space = self._trial.history.space
        self.action_space = spaces.Box(np.array(made.plant.low, np.float32), np.array(made.plant.high, np.float32))
        self._path: list[Pair] = []
        self._return = 0.0

    @property
    def task(self) -> Reach:
        """The task as the constructor's keywords say it."""
        return self._trial.task

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Starts the next trial, or with a `seed` trial 0 of that seed's stream.

        Raises:
            TypeError: `seed` or an option has the wrong type.
            ValueError: `seed` or an option is out of range, or an option is unknown.
        """
        seed = checks.seed(seed)
        chosen = reach_options(self.task, options)
        trial = self._trial
        begins = 0 if seed is not None or trial.key is None else trial.number + (not chosen.repeat)
        number = begins if chosen.trial is None else int(chosen.trial[0])
        check_places(chosen, self.task, [number])
        if self.render_mode == "human":
            self._open(self._title)  # refuses where there is no display, before anything has changed
        super().reset(seed=seed)
        key = draws.new_key(self.np_random) if seed is not None or trial.key is None else trial.key
        trial.begin(key, number, chosen)
        self._begun = True
        self._path, self._return = [trial.start], 0.0
        if self.render_mode == "human":
            self.render()
        seen = trial.with_past(trial.see(), None) if self.task.history else trial.see()
        return seen, {"false_start": False, "is_success": False} if self._lean else trial.told.copy()

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Moves the plant by one time step; see the class for rewards and info.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset or after the end of the trial.
            InvalidActionError: `action` does not hold one finite number for each actuator.
        """
        # This is the hot path: the common kind of action first, what is constant side by side, and functions only where needed.
        trial = self._trial
        try:
            ax, ay = action.tolist()
            common = type(ax) is float is type(ay) and -1.0 <= ax <= 1.0 and -1.0 <= ay <= 1.0 and action.dtype is not _OBJECT
        except (AttributeError, TypeError, ValueError):
            common = False
        now = trial.now
        if now is None:
            raise ResetNeeded("Call `reset` before `step`: no trial is under way.")
        start_x, start_y, tx, ty, go, gain, scale, felt, move, field = now
        (hand_of, params, strength_x, strength_y, free, radius_squared, leave_squared, noisy, turned, fixed, reward_of,
         abort, plain, per_metre, per_speed, dt, hold_steps, last, timed, remembers) = trial.constants  # fmt: skip
        if common:
            actions: Any = (ax, ay)
            command: Any = (strength_x * ax, strength_y * ay)
            effort = ax * ax + ay * ay
        else:
            actions = reach_action(action, trial.task.plant)
            command, effort = trial.command(actions)
        if noisy:
            command = trial.with_motor_noise(command)
        if felt and trial.waving:
            gain, scale, field = trial.changed(gain, scale, field)
        hand, fx, fy = move(trial.state, command, scale, field, params)
        trial.state = hand
        trial.hand = x, y, vx, vy = hand if hand_of is None else hand_of(hand, params)
        if not (-free <= x <= free and -free <= y <= free):
            trial.stop()
            x, y, vx, vy = trial.hand
        trial.steps = step = trial.steps + 1
        if turned:
            cx, cy, squared = trial.place_cursor()
        else:
            cx, cy = x, y
            dx, dy = x - tx, y - ty
            squared = dx * dx + dy * dy
        on_target = success = ended = False
        # Elsewhere nothing of what the rules say can change.
        leaves = not trial.left and has_left(cx, cy, start_x, start_y, leave_squared)
        if leaves or squared <= radius_squared or trial.held:
            on_target = trial.judge(cx, cy, squared)
            success, ended = trial.success, trial.ended
        if fixed:
            reward = fixed[on_target]
        else:
            rest = rest_of(step, go, last, trial.false_start, abort)
            moving, sx, sy = step >= go, cx - start_x, cy - start_y
            away = 0.0 if moving else sqrt(sx * sx + sy * sy)
            reward = reward_of(on_target, success, sqrt(squared), away, effort, moving, trial.spoilt, rest)
        late = step >= go + last
        if ended or late:
            trial.now = None
        if step >= trial.next_event:
            trial.after_step(reward)
        if self._lean:
            info: dict[str, Any] = {"false_start": trial.false_start, "is_success": success}
        else:
            # A copy with the values that change is twice as fast as a new dict.
            info = trial.told.copy()
            info["hand_x"], info["hand_y"] = x, y
            info["hand_vx"], info["hand_vy"] = vx, vy
            info["cursor_x"], info["cursor_y"] = cx, cy
            info["distance"], info["effort"] = sqrt(squared), effort
            if felt:
                info["force_x"], info["force_y"], info["gain"] = fx, fy, gain
            if success:
                info["is_success"] = True
            if timed:
                info["too_fast"], info["too_slow"] = trial.pace()
        if plain is None:
            seen = trial.see()
        else:
            # What `VectorObservations.see` does; to call it would take 3 % more time.
            seen, left = plain.copy(), trial.left
            moving = (step - left) * dt if left else 0.0
            put_seven(
                *(seen, FOURTH, x * per_metre, y * per_metre, vx * per_speed, vy * per_speed),
                *((step - trial.began) * dt, moving, trial.held / hold_steps),
            )
        if remembers:
            seen = trial.with_past(seen, actions)
        return seen, reward, ended, late, info

    def _watch(self, reward: float) -> None:
        self._path.append(self._trial.cursor[:2])
        self._return += reward
        if self.render_mode == "human":
            self.render()

    @property
    def compute_reward(self) -> Callable[[Any, Any, Any], Any]:
        """Only with the observation ``"goal"``; see `reach_gym.rows.goals.reward_of_goals`."""
        return reward_of_goals(self.task, goal_reward)

    def trial_facts(self, belief: str = "trial", steps: int = 200) -> TrialFacts:
        """What a controller may know of the trial under way; see `reach_gym.reach.facts.facts_of`.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
            ValueError: An unknown `belief`.
        """
        self._require_trial("trial_facts")
        return facts_of(self.task, self._trial.tables, self._trial.rows(), belief, steps)

    def sense(self, observations: Any) -> Sensed:
        """What a batch of one observation says, in SI units; see `reach_gym.reach.facts.sensed_by`.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_trial("sense")
        return sensed_by(self._trial.observations, self.observation_space, 1, observations)

    def _scene(self) -> CursorScene:
        return scene_of(self.task, self._trial.tables, self._trial.rows(), 0, self._path, self._return, self._title)

    @property
    def _title(self) -> str:
        return "Cursor reach" if self.spec is None else self.spec.name

    def get_state(self) -> dict[str, Any]:
        """The random stream and the trial under way as plain data, for checkpoints; `set_state` continues bit for bit.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_trial("get_state")
        return {name: values[..., 0].tolist() for name, values in self._trial.rows()._asdict().items()}

    def set_state(self, state: dict[str, Any]) -> None:
        """Continues from what `get_state` of an environment with the same keywords returned.

        Raises:
            TypeError: A part of `state` has the wrong type.
            ValueError: A part is missing, unknown or out of range.
        """
        self._trial.restore(read_rows(state, self.task, self._trial.tables, None))
        self._begun = True
        self._path, self._return = [self._trial.cursor[:2]], 0.0
