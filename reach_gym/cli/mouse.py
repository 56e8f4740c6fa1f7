"""A session of a cursor task with the mouse, in real time: a spring draws the hand to the pointer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import gymnasium as gym

from reach_gym.cli.desk import Desk
from reach_gym.cli.feedback import PACE, MovementTimer, Outcome, outcome
from reach_gym.cli.pointer_log import BETWEEN
from reach_gym.cli.spring import pull
from reach_gym.fields import NULL, Pair
from reach_gym.reach.keywords import Reach
from reach_gym.reach.rows import float_lines
from reach_gym.recording import Recorder
from reach_gym.recording.subjects import is_repeated, row_of
from reach_gym.rendering import CursorScene

_LOOKS = 0.02  # seconds between two looks at the pointer while no trial runs; a picture that is later than that is left out
_STALL = 0.25  # seconds; after a longer halt (a window dragged, a machine asleep) time goes on from where it was
_REST = 0.3  # seconds that the pointer rests in the start ring before a trial begins
_RING = 0.8  # of the ring's radius: so that a trembling hand is no false start
_LOOK = 0.7  # seconds for which the end of a trial stands

_TITLES = {"hold": "Wait", "plan": "Wait for the green frame", "move": "Reach!"}


class Break(NamedTuple):
    """A rest between two trials.

    Attributes:
        trial: Number of the trial after it.
        planned: Seconds that the session's table says; ``None`` where the person decides.
        taken: Seconds.
    """

    trial: int
    planned: float | None
    taken: float


class MouseSession:
    """Trial after trial of a session, each begun by the pointer's rest in the start ring.

    Between two trials nothing is stepped. A trial that was not finished is not recorded. Where the session's table says so, a
    trial that a false start has ended is begun again.

    Attributes:
        finished: Trials that came to their end and count.
        successes: How many of them reached the target.
        points: What they were worth (`reach_gym.cli.feedback`).
        breaks: Those that were taken.
        pace: Shortest and longest movement time, s, that is praised.
        repeated: Numbers of the trials that were begun again, once for every time.
    """

    def __init__(
        self,
        env: gym.Env[Any, Any],
        desk: Desk,
        recorder: Recorder | None,
        trials: int,
        show_all: bool = False,
        break_every: int | None = None,
    ) -> None:
        """Prepares a session.

        Args:
            env: A cursor reach with render mode ``"rgb_array"`` and a time limit.
            desk: Where it is played.
            recorder: What takes down the trials; ``None`` for practice, which nobody records.
            trials: How many.
            show_all: Whether the picture tells the field, the channels, the block and the gain, which subjects are not told.
            break_every: After how many trials there is a break that lasts as long as the person likes; ``None`` for never.
        """
        self.finished = self.successes = self.points = 0
        self.breaks: list[Break] = []
        self.repeated: list[int] = []
        self._env, self._desk, self._recorder = env, desk, recorder
        self._trials, self._show_all, self._break_every = trials, show_all, break_every
        base: Any = env.unwrapped
        self._task: Reach = base.task
        self.pace = PACE if self._task.movement_time is None else self._task.movement_time
        self._scene: Callable[[], CursorScene] = base.scene
        self._state: Callable[[], dict[str, Any]] = base.get_state
        self._of_plant = float_lines(self._task.plant).state
        self._timer, self._told = MovementTimer(self._task), Outcome("", 0)
        self._pointer: Pair = (0.0, 0.0)  # where it is in the trial under way, or was when a finger left the screen

    def play(self, seed: int) -> bool:
        """Plays the session that `seed` gives; returns whether it came to its end."""
        observation, info = self._env.reset(seed=seed)
        rested = -1  # the trial before which there has been a break
        try:
            while self.finished < self._trials:
                trial = int(info["trial"])
                if trial != rested and not self._pauses(trial):
                    break
                rested = trial
                if not self._pointer_rests() or not self._reach(observation, info):
                    break
                again = self._count(self._scene())
                if not self._look_back(self._scene()):
                    break
                if self.finished < self._trials:
                    observation, info = self._env.reset(options={"repeat": True} if again else None)
        finally:
            self._desk.log.trial = BETWEEN
            self._desk.show_arrow()
        return self.finished == self._trials

    def _count(self, end: CursorScene) -> bool:
        """Counts a trial, or says that it is begun again."""
        self._told = outcome(end, self._timer.seconds, self.pace)
        if end.false_start and is_repeated(self._task, end.trial):
            self.repeated.append(end.trial)
            if self._recorder is not None:
                self._recorder.forget()
            return True
        self.finished += 1
        self.successes += end.success
        self.points += self._told.points
        return False

    def _pauses(self, trial: int) -> bool:
        """The break before a trial, if there is one; whether the person goes on."""
        planned = row_of(self._task, trial).rest
        due = self._break_every is not None and self.finished > 0 and self.finished % self._break_every == 0
        if not due and planned <= 0:
            return True
        begin = self._desk.clock()
        self._stage(BETWEEN, "page")
        told = [f"{self.finished} of {self._trials} trials are done. {self.successes} reached, {self.points} points."]
        if planned > 0:
            stays = self._desk.rest("Break", [*told, "Let go of the mouse and rest your hand."], planned)
        else:
            stays = self._desk.read("Break", [*told, "Rest your hand for as long as you like."])
        self.breaks.append(Break(trial, planned if planned > 0 else None, self._desk.clock() - begin))
        return stays

    def _stage(self, trial: int, stage: str) -> None:
        """Says what the pointer does from now on; practice is nothing but that."""
        log, practice = self._desk.log, self._recorder is None
        log.trial, log.stage = BETWEEN if practice else trial, "practice" if practice else stage

    def _pointer_rests(self) -> bool:
        """Waits until the pointer rests in the start ring; whether the player goes on."""
        scene = self._scene()
        self._stage(scene.trial, "wait")
        since: float | None = None
        while not self._desk.quits(_LOOKS):
            now, pointer = self._desk.clock(), self._desk.pointer(scene)
            near = pointer is not None and math.dist(pointer, scene.start) <= _RING * scene.hold_radius
            since = (now if since is None else since) if near else None
            if since is not None and now - since >= _REST:
                return True
            title = "Rest in the circle" if near else "Move to the circle" if pointer else "Move the mouse into this window"
            self._show(_at(scene, pointer), title)
        return False

    def _reach(self, observation: Any, info: dict[str, Any]) -> bool:
        """One trial in real time; whether the player goes on."""
        dt, begin, steps, over, clock = self._task.dt, self._desk.clock(), 0, False, self._desk.clock
        stride = max(1, round(self._desk.frame / dt))
        scene = self._scene()
        self._stage(scene.trial, "trial")
        self._timer, self._pointer = MovementTimer(self._task), scene.start
        if self._recorder is not None:
            self._recorder.begin(observation, info)
        while not over:
            due = begin + steps * dt
            if self._desk.quits(due - clock()):
                return False
            late = clock() - due
            if late > _STALL:
                begin += late
            # A picture that is late is left out: the next steps catch up.
            if steps % stride == 0 and late < _LOOKS:
                scene = self._scene()
                self._show(scene, _TITLES[scene.phase])
            over = self._move(scene)
            steps += 1
        return True

    def _move(self, scene: CursorScene) -> bool:
        """One step of the hand to the pointer; whether the trial is over."""
        state = self._state()["floats"][self._of_plant]
        self._pointer = self._desk.pointer(scene) or self._pointer
        action = pull(self._task, self._pointer, state)
        observation, reward, terminated, truncated, info = self._env.step(action)
        if self._recorder is not None:
            self._recorder.step(action, observation, float(reward), terminated, truncated, info)
        target, cursor = (info["target_x"], info["target_y"]), (info["cursor_x"], info["cursor_y"])
        self._timer.step(scene.start, target, cursor, math.hypot(info["hand_vx"], info["hand_vy"]))
        return terminated or truncated

    def _look_back(self, end: CursorScene) -> bool:
        """Leaves the end of a trial on the screen for a moment; whether the player goes on."""
        self._stage(end.trial, "look")
        until = self._desk.clock() + _LOOK
        # Where the session hides, turns or bends the cursor, or shows where it ended, the pointer's own place would say too much.
        follows = row_of(self._task, end.trial).feedback == "full" and end.cursor == end.hand
        self._show(end, self._told.words)
        while self._desk.clock() < until:
            if self._desk.quits(_LOOKS):
                return False
            self._show(_at(end, self._desk.pointer(end) if follows else None), self._told.words)
        return True

    def _show(self, scene: CursorScene, title: str) -> None:
        name = "practice" if self._recorder is None else "trial"
        scene = replace(scene, title=title)
        if not self._show_all:
            facts = (
                (name, f"{scene.trial + 1} / {self._trials}"),
                ("reached", f"{self.successes}"),
                ("points", f"{self.points}"),
                ("time", f"{scene.seconds:.2f} s"),
            )
            # An arm would tell where the hand is: it is shown where that is the cursor in all trials.
            limbs = None if self._task.turns_cursor else scene.limbs
            scene = replace(scene, field=NULL, channel=False, hand=scene.cursor, limbs=limbs, facts=facts)
        self._desk.show(scene, arrow=self._show_all)


def _at(scene: CursorScene, pointer: Pair | None) -> CursorScene:
    """The scene with the cursor at the pointer, wherever the hand is."""
    return scene if pointer is None else replace(scene, cursor=pointer, hand=pointer)
