"""``reach-gym play``: reach for the target yourself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym

from reach_gym import checks
from reach_gym.cli import shell
from reach_gym.cli.grid_play import GridPlay
from reach_gym.cli.reach_play import CursorPlay
from reach_gym.cli.tasks import TaskCommand
from reach_gym.registration import TASKS
from reach_gym.rendering.canvas import load_pygame
from reach_gym.rendering.window import NoDisplayError, Window

_FPS = 60.0
_FOR_CURSOR = ("trials", "limit", "open", "out", "overwrite", "subject", "practice", "skip", "break_every")
_FOR_WEB = ("web", "host", "port", "card")
_LOOPBACK = "127.0.0.1"


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
