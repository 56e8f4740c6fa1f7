"""A session of a cursor task with the mouse, in real time: a spring draws the hand to the pointer."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt

from reach_gym.fields import NULL, Pair
from reach_gym.reach.keywords import Reach
from reach_gym.recording import Recorder
from reach_gym.rendering import CursorScene, board_point, draw
from reach_gym.rendering.canvas import WIDTH, load_pygame
from reach_gym.rendering.window import Window

# Natural frequency of the virtual tool, in rad/s: for 1 kg 256 N/m and, critically damped, 32 N s/m. Stiffer, and nothing could
# be felt of the fields (here the curl field of 13 N s/m pushes a reach of 10 cm about 14 mm aside); softer, and the hand lags.
_FREQUENCY = 16.0
_STEADY = 0.5  # the frequency times dt at most: a coarser time step makes the spring softer, not unstable (which begins at 0.83)
_LAGGING = 0.64  # the frequency times the lag of the hand's force at most: beyond it the hand would swing around the pointer
_FRAME = 0.02  # seconds between two pictures
_STALL = 0.25  # seconds; after a longer halt (a window dragged, a machine asleep) time goes on from where it was
_REST = 0.3  # seconds that the pointer rests in the start ring before a trial begins
_RING = 0.8  # of the ring's radius: so that a trembling hand is no false start
_LOOK = 0.7  # seconds for which the end of a trial stands

_TITLES = {"hold": "Wait", "plan": "Wait for the green frame", "move": "Reach!"}


def pull(task: Reach, pointer: Pair, hand: Pair, velocity: Pair) -> npt.NDArray[np.float32]:
    """The action with which a critically damped spring draws the hand to the pointer.

    The damping of the task's own hand counts as part of the spring's, so that every hand feels alike. A force beyond `max_force`
    is cut without turning it.

    Args:
        task: The task.
        pointer: Where the pointer is on the board, in metres.
        hand: Where the hand is, in metres.
        velocity: Of the hand, in m/s.

    Returns:
        float32 (2,), the force over `max_force`, within [-1, 1].
    """
    body = task.plant.linear()
    frequency = min(_FREQUENCY, _STEADY / task.dt, *([_LAGGING / body.lag] if body.lag else []))
    stiffness, damping = body.mass * frequency**2, 2 * body.mass * frequency - body.damping
    force = np.array([stiffness * (p - h) - damping * v for p, h, v in zip(pointer, hand, velocity, strict=True)])
    return (force / max(body.strength, float(np.abs(force).max()))).astype(np.float32)


class MouseSession:
    """Trial after trial of a session, each begun by the pointer's rest in the start ring.

    Between two trials nothing is stepped. A trial that was not finished is not recorded.

    Attributes:
        finished: Trials that came to their end.
        successes: How many of them reached the target.
    """

    def __init__(
        self,
        env: gym.Env[Any, Any],
        window: Window,
        recorder: Recorder,
        trials: int,
        show_all: bool = False,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Prepares a session.

        Args:
            env: A cursor reach with render mode ``"rgb_array"`` and a time limit.
            window: Where it is shown and where the pointer comes from.
            recorder: What takes down the trials.
            trials: How many.
            show_all: Whether the picture tells the field, the channels, the block and the gain, which subjects are not told.
            clock: The time in seconds.
        """
        self.finished = self.successes = 0
        self._env, self._window, self._recorder = env, window, recorder
        self._trials, self._show_all, self._clock = trials, show_all, clock
        base: Any = env.unwrapped
        self._task: Reach = base.task
        self._scene: Callable[[], CursorScene] = base.scene

    def play(self, seed: int) -> bool:
        """Plays the session that `seed` gives; returns whether it came to its end."""
        observation, info = self._env.reset(seed=seed)
        try:
            while self._pointer_rests() and self._reach(observation, info):
                end = self._scene()
                self.finished += 1
                self.successes += end.success
                if not self._look_back(end) or self.finished == self._trials:
                    break
                observation, info = self._env.reset()
        finally:
            _show_arrow(True)
        return self.finished == self._trials

    def _pointer_rests(self) -> bool:
        """Waits until the pointer rests in the start ring; whether the player goes on."""
        scene = self._scene()
        since: float | None = None
        while not self._quits(_FRAME):
            now, pointer = self._clock(), self._pointer(scene)
            near = pointer is not None and math.dist(pointer, scene.start) <= _RING * scene.hold_radius
            since = (now if since is None else since) if near else None
            if since is not None and now - since >= _REST:
                return True
            title = "Rest in the circle" if near else "Move to the circle" if pointer else "Move the mouse into this window"
            self._show(_at(scene, pointer), title)
        return False

    def _reach(self, observation: Any, info: dict[str, Any]) -> bool:
        """One trial in real time; whether the player goes on."""
        dt, begin, steps, over = self._task.dt, self._clock(), 0, False
        stride = max(1, round(_FRAME / dt))
        scene = self._scene()
        self._recorder.begin(observation, info)
        while not over:
            due = begin + steps * dt
            if self._quits(due - self._clock()):
                return False
            late = self._clock() - due
            if late > _STALL:
                begin += late
            # A picture that is late is left out: the next steps catch up.
            if steps % stride == 0 and late < _FRAME:
                scene = self._scene()
                self._show(scene, _TITLES[scene.phase])
            hand, velocity = (info["hand_x"], info["hand_y"]), (info["hand_vx"], info["hand_vy"])
            action = pull(self._task, self._pointer(scene) or scene.start, hand, velocity)
            observation, reward, terminated, truncated, info = self._env.step(action)
            self._recorder.step(action, observation, float(reward), terminated, truncated, info)
            steps, over = steps + 1, terminated or truncated
        return True

    def _look_back(self, end: CursorScene) -> bool:
        """Leaves the end of a trial on the screen for a moment; whether the player goes on."""
        failures = (
            (end.false_start, "Too early: wait for the green frame"),
            (end.too_fast, "Too fast"),
            (end.too_slow, "Too slow"),
        )
        title = "Reached" if end.success else next((words for failed, words in failures if failed), "Too late")
        until = self._clock() + _LOOK
        self._show(end, title)
        while self._clock() < until:
            if self._quits(_FRAME):
                return False
            self._show(_at(end, self._pointer(end)), title)
        return True

    def _quits(self, seconds: float) -> bool:
        """Waits, at least for one look at what the player does; whether he has closed the window or pressed Esc."""
        self._window.wait(seconds)
        return any(key.down and key.name == "escape" for key in self._window.take_keys()) or self._window.closed

    def _pointer(self, scene: CursorScene) -> Pair | None:
        """Where the pointer is on the board, in metres; ``None`` before it has come."""
        pixel = self._window.take_pointer()
        return None if pixel is None else board_point(scene, WIDTH, pixel)

    def _show(self, scene: CursorScene, title: str) -> None:
        scene = replace(scene, title=title)
        if not self._show_all:
            facts = (
                ("trial", f"{scene.trial + 1} / {self._trials}"),
                ("reached", f"{self.successes}"),
                ("time", f"{scene.seconds:.2f} s"),
            )
            scene = replace(scene, field=NULL, channel=False, hand=scene.cursor, facts=facts)
        self._window.show(draw(scene, WIDTH))
        _show_arrow(self._show_all)


def _at(scene: CursorScene, pointer: Pair | None) -> CursorScene:
    """The scene with the cursor at the pointer, wherever the hand is."""
    return scene if pointer is None else replace(scene, cursor=pointer, hand=pointer)


def _show_arrow(shown: bool) -> None:
    """Shows or hides the arrow of the mouse, which would tell where the hand is drawn to while a field pushes it aside."""
    pygame = load_pygame()
    if pygame.display.get_init():
        pygame.mouse.set_visible(shown)
