"""``reach-gym play`` for the grid: trial after trial with the keyboard."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
from rich.table import Table

from reach_gym.cli import shell
from reach_gym.cli.keyboard import Moves
from reach_gym.cli.tasks import make
from reach_gym.rendering.window import Key, Window

_KEYS = "keys: number pad, arrows (two together: diagonal) or q w e / a d / z x c; r: new trial; Esc: quit"
_NAP, _PAUSE = 0.01, 0.8
_NEW_TRIAL = -1


@dataclass(frozen=True)
class Trial:
    """One trial that came to its end.

    Attributes:
        steps: Steps taken.
        ideal: The fewest possible.
        total: Sum of the rewards.
        success: Whether the target was reached.
    """

    steps: int
    ideal: int
    total: float
    success: bool


@dataclass(frozen=True)
class GridPlay:
    """A game on the grid.

    Attributes:
        env_id: The task.
        kwargs: Constructor keywords.
        seed: Of the first reset.
    """

    env_id: str
    kwargs: dict[str, Any]
    seed: int | None
    help = _KEYS

    def env(self) -> gym.Env[Any, Any]:
        """The environment to play in."""
        return make(self.env_id, self.kwargs, "rgb_array")

    def run(self, env: gym.Env[Any, Any], window: Window) -> None:
        """Plays in `window`, and prints a table of the trials.

        Raises:
            NoDisplayError: There is no display.
        """
        trials = play(env, window, self.seed)
        window.close()
        _report(trials)


def play(env: gym.Env[Any, Any], window: Window, seed: int | None = None) -> list[Trial]:
    """Plays until the window is closed or Esc is pressed.

    Args:
        env: A grid reach with render mode ``"rgb_array"``.
        window: Where it is shown and where the keys come from.
        seed: Seed of the first reset.

    Returns:
        The trials that came to their end.
    """
    trials: list[Trial] = []
    player = _Player(window)
    env.reset(seed=seed)
    while True:
        window.show(_picture(env))
        choice = player.next()
        if choice is None:
            return trials
        if choice >= 0:
            _, _, terminated, truncated, _ = env.step(choice)
            if not (terminated or truncated):
                continue
            scene: Any = env.get_wrapper_attr("scene")()
            trials.append(Trial(scene.step, scene.ideal_steps, scene.episode_return, scene.success))
            window.show(_picture(env))
            if _paused(window):
                return trials
        player.forget()
        env.reset()


class _Player:
    """Reads the player's wishes from the window, one at a time."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._keys: deque[Key] = deque()
        self._moves = Moves()

    def next(self) -> int | None:
        """Waits for the next action, `_NEW_TRIAL`, or ``None`` to quit."""
        while not self._window.closed:
            self._keys.extend(self._window.take_keys())
            while self._keys:
                key = self._keys.popleft()
                if key.down and key.name in ("escape", "r"):
                    return None if key.name == "escape" else _NEW_TRIAL
                action = self._moves.press(key, time.perf_counter())
                if action is not None:
                    return int(action)
            arrows = self._moves.poll(time.perf_counter())
            if arrows is not None:
                return int(arrows)
            self._window.wait(_NAP)
        return None

    def forget(self) -> None:
        """Drops what was typed but not done, as a new trial begins."""
        self._keys.clear()
        self._moves.forget()


def _paused(window: Window) -> bool:
    """Leaves the end of a trial on the screen for a moment; whether the player quits meanwhile."""
    end = time.perf_counter() + _PAUSE
    while not window.closed and time.perf_counter() < end:
        window.wait(_NAP)
        if any(key.down and key.name == "escape" for key in window.take_keys()):
            return True
    return window.closed


def _picture(env: gym.Env[Any, Any]) -> Any:
    return env.render()


def _report(trials: list[Trial]) -> None:
    if not trials:
        print("no trial was finished")
        return
    table = Table("trial", "steps", "ideal", "return", "reached", box=None, header_style="bold")
    for column in table.columns[:4]:
        column.justify = "right"
    for number, trial in enumerate(trials, 1):
        reached = "yes" if trial.success else "no"
        table.add_row(str(number), str(trial.steps), str(trial.ideal), f"{trial.total:g}", reached)
    shell.console().print(table)
