"""``reach-gym play``: reach for the target yourself."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
from rich.table import Table

from reach_gym import checks
from reach_gym.cli import shell
from reach_gym.cli.keyboard import Moves
from reach_gym.cli.reach_play import CursorPlay
from reach_gym.cli.tasks import TaskCommand, make
from reach_gym.registration import TASKS
from reach_gym.rendering.canvas import load_pygame
from reach_gym.rendering.window import Key, NoDisplayError, Window

_KEYS = "keys: number pad, arrows (two together: diagonal) or q w e / a d / z x c; r: new trial; Esc: quit"
_NAP, _PAUSE, _FPS = 0.01, 0.8, 60.0
_NEW_TRIAL = -1
_FOR_CURSOR = ("trials", "limit", "open", "out", "overwrite", "subject", "practice", "skip", "break_every")
_FOR_WEB = ("web", "host", "port", "card")
_LOOPBACK = "127.0.0.1"


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


@dataclass(kw_only=True)
class Play(TaskCommand):
    """Play a task: the grid with the keyboard, the cursor with the mouse.

    Grid: each key press is one step. Directions: number pad 1-9, arrow keys (two together for a diagonal), or q w e / a d / z x c
    around s. r begins a new trial, Esc or closing the window ends the game and prints your trials.

    Cursor: a whole session in real time, with instructions and practice in the window. The mouse moves a virtual hand through a
    spring, or that of an arm, which is shown where it tells no more than the cursor does. A trial begins when the pointer rests
    in the start circle; neither field nor block is shown. F11 fills the screen. At the end, or after Esc, the trajectories and
    the path of the pointer are saved, and your learning curve is shown beside the ideal agent's on the same trials. With --web
    a page in a browser takes the place of the window, on this machine or, with --host, on another one.

    Attributes:
        seed: Seed of the trials; without one they differ every time.
        trials: Cursor: how many trials; without it the whole session of the schedule, or 40 where all are alike.
        limit: Cursor: seconds per trial from the go cue on; without it 1.5, as agents' 1 s is short for a mouse.
        open: Cursor: show the field, the block and its gain, which subjects of an experiment are not told.
        out: Cursor: the recording, .npz or .h5, with the learning curve as .png and the path of the pointer as .pointer.csv next
            to it; runs/play/TASK.npz without it, or TASK-SUBJECT.npz.
        overwrite: Cursor: replace these files if they exist.
        subject: Cursor: who plays, such as S01; it stands in the recording and in the name of its file.
        practice: Cursor: trials of practice before the session; without it 3.
        skip: Cursor: neither instructions nor practice.
        break_every: Cursor: a break after so many trials, for as long as the subject likes.
        web: Cursor: serve a page for a browser instead of opening a window.
        host: With --web: name or address to listen at; without it only this machine can open the page.
        port: With --web: the port; without it one that is free.
        card: With --web: ask for a bank card on the screen, to know its size and to draw the board as large as it is.
    """

    seed: int | None = None
    trials: int | None = None
    limit: float | None = None
    open: bool = False
    out: Path | None = None
    overwrite: bool = False
    subject: str | None = None
    practice: int | None = None
    skip: bool = False
    break_every: int | None = None
    web: bool = False
    host: str | None = None
    port: int | None = None
    card: bool = False

    def run(self) -> None:
        """Opens the window, or serves the page, and reports on the trials when it is closed."""
        with shell.request():
            game = self._game()
            env = game.env()
        print(game.help)
        if self.web and isinstance(game, CursorPlay):
            self._serve(game, env)
            return
        window = Window(game.env_id, _FPS)
        try:
            game.run(env, window)
        except NoDisplayError as error:
            hint = f"`reach-gym watch {self.task} --video out.gif` needs none."
            raise shell.RequestError(f"{shell.one_line(error)} Playing needs a display; {hint}") from error
        finally:
            window.close()
            env.close()

    def _serve(self, game: CursorPlay, env: gym.Env[Any, Any]) -> None:
        from reach_gym.cli.web.serving import serve

        try:
            serve(game, env, self.host or _LOOPBACK, self.port or 0, self.card)
        finally:
            env.close()

    def _game(self) -> GridPlay | CursorPlay:
        env_id, kwargs = self.env_id, self.env_kwargs
        checks.seed(self.seed)
        values = {name: getattr(self, name) for name in _FOR_CURSOR}
        served = {name: getattr(self, name) for name in _FOR_WEB}
        if TASKS[env_id].family == "cursor":
            self._check_web()
            return CursorPlay.check(env_id, kwargs, self.seed, **values)
        for name, value in {**values, **served}.items():
            if value is not None and value is not False:
                raise ValueError(
                    f"`--{name.replace('_', '-')}` is for cursor tasks; {env_id} is played trial by trial until Esc."
                )
        return GridPlay(env_id, kwargs, self.seed)

    def _check_web(self) -> None:
        if self.port is not None:
            checks.integer("port", self.port, 0, 65_535)
        if self.host == "":
            raise ValueError("`host` must be a name or an address, got ''.")
        for name in _FOR_WEB:
            if not self.web and getattr(self, name) not in (None, False):
                raise ValueError(f"`--{name}` needs `--web`.")
        if self.web:
            load_pygame()  # draws the learning curve: better refused now than after the session


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
