"""``reach-gym play`` for cursor tasks: a whole session, saved, with the person's learning curve beside the ideal's."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym

from reach_gym import checks
from reach_gym.acting.rollout import held_out
from reach_gym.cli import instructions
from reach_gym.cli.desk import Desk
from reach_gym.cli.mouse import MouseSession
from reach_gym.cli.outputs import check_output, check_recording
from reach_gym.cli.session import learning_curve, print_session, save_picture
from reach_gym.cli.setting import now, setting
from reach_gym.cli.tasks import make, vector_backend
from reach_gym.cli.window_desk import WindowDesk, width_for
from reach_gym.reach.keywords import Reach
from reach_gym.reach.picture import seen_of
from reach_gym.recording import Recorder, Recording, record
from reach_gym.rendering.window import Window
from reach_gym.rows.keywords import with_full_info
from reach_gym.sessions.schedule import MAX_TRIALS, STEADY

_HELP = (
    "The mouse moves a virtual hand, or that of an arm, through a spring; what to do stands in the window. Esc ends the session "
    "and keeps the trials."
)
_LIMIT = 1.5  # seconds from the cue; people react within 0.3 s and take longer than agents to come to rest with a mouse
_TRIALS = 40  # where no schedule says how many
_PRACTICE = 3  # trials without a perturbation, to get to know the spring
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"  # of a subject: it becomes part of a file's name
_POINTER = ".pointer.csv"


@dataclass(frozen=True)
class CursorPlay:
    """What was asked for, checked.

    Attributes:
        env_id: The task.
        kwargs: Constructor keywords; the time limit is among them.
        seed: Of the session.
        trials: How many.
        out: The recording's file.
        show_all: Whether the player sees the field and its gain.
        subject: Who plays, or ``None``.
        practice: Trials of practice.
        skip: Whether there are no pages of text, and no practice.
        break_every: After how many trials there is a break, or ``None``.
    """

    env_id: str
    kwargs: dict[str, Any]
    seed: int
    trials: int
    out: Path
    show_all: bool
    subject: str | None
    practice: int
    skip: bool
    break_every: int | None
    help = _HELP

    @classmethod
    def check(
        cls,
        env_id: str,
        kwargs: dict[str, Any],
        seed: int | None = None,
        trials: int | None = None,
        limit: float | None = None,
        out: Path | None = None,
        overwrite: bool = False,
        open: bool = False,
        subject: str | None = None,
        practice: int | None = None,
        skip: bool = False,
        break_every: int | None = None,
    ) -> CursorPlay:
        """Checks what was asked for and fills in the rest.

        Args:
            env_id: The task.
            kwargs: Constructor keywords.
            seed: Of the session; ``None`` for a new one.
            trials: How many; ``None`` for all of the schedule, or 40 where all trials are alike.
            limit: Seconds per trial from the go cue on; ``None`` for the task's, at least 1.5 unless `kwargs` has one.
            out: The recording's file; ``None`` for one named after the task and the subject.
            overwrite: Whether to replace it, and what lies next to it.
            open: Whether the player sees the field and its gain.
            subject: Who plays: letters, digits, ``_``, ``.`` and ``-``, at most 64.
            practice: Trials of practice before the session; ``None`` for 3.
            skip: Whether to leave out instructions and practice.
            break_every: After how many trials there is a break; ``None`` for never.

        Raises:
            TypeError: A value has the wrong type.
            ValueError: A value is out of range.
            OSError: The files exist or cannot be written.
        """
        env: Any = make(env_id, kwargs)
        task = env.unwrapped.task
        env.close()
        whole = _TRIALS if task.schedule == STEADY else task.schedule.trials
        count = whole if trials is None else checks.integer("trials", trials, 1, MAX_TRIALS)
        usual = kwargs.get("time_limit", max(_LIMIT, task.time_limit))
        seconds = usual if limit is None else checks.number("limit", limit, task.dt, 60.0)
        if subject is not None and not re.fullmatch(_NAME, subject):
            raise ValueError(f"`subject` must be letters, digits, '_', '.' and '-', at most 64, got {checks.shown(subject)}.")
        practised = _PRACTICE if practice is None else checks.integer("practice", practice, 0, 1000)
        if break_every is not None:
            checks.integer("break_every", break_every, 1, MAX_TRIALS)
        name = env_id.split("/")[-1] + ("" if subject is None else f"-{subject}")
        path = check_recording(Path("runs", "play", f"{name}.npz") if out is None else out, overwrite)
        for ending in (".png", _POINTER):
            check_output(path.with_suffix(ending), overwrite)
        chosen = secrets.randbelow(2**31) if seed is None else seed
        settings = {**kwargs, "time_limit": seconds}
        return cls(env_id, settings, chosen, count, path, open, subject, 0 if skip else practised, skip, break_every)

    def env(self) -> gym.Env[Any, Any]:
        """The environment to play in."""
        return self._make(self.kwargs)

    def _make(self, kwargs: Mapping[str, Any]) -> gym.Env[Any, Any]:
        return gym.make(self.env_id, render_mode="rgb_array", **with_full_info(kwargs))

    def run(self, env: gym.Env[Any, Any], window: Window) -> None:
        """Plays the session in a `window`; see `play`.

        Raises:
            NoDisplayError: There is no display.
            OSError: A file cannot be written.
        """
        base: Any = env.unwrapped
        task: Reach = base.task
        seen = seen_of(task.plant, task.workspace, task.params)
        self.play(env, WindowDesk(window, task.workspace, width_for(window), time.perf_counter, seen))

    def play(self, env: gym.Env[Any, Any], desk: Desk) -> None:
        """Plays the session at a `desk`, saves it, and shows how good it was; Ctrl-C saves it, too.

        Raises:
            NoDisplayError: There is no display.
            OSError: A file cannot be written.
        """
        base: Any = env.unwrapped
        named = {} if self.subject is None else {"subject": self.subject}
        recorder = Recorder(env, {"agent": "person", "seed": self.seed, "session": True, **named})
        task: Reach = base.task
        session = MouseSession(env, desk, recorder, self.trials, self.show_all, self.break_every)
        begun, practised = now(), 0

        def save() -> Recording:
            told = setting(task, session, desk, practised, begun, self.out.with_suffix(_POINTER))
            return self._save(recorder.finish(told), desk)

        try:
            practised = self._prepare(desk, task)
            if practised == self.practice and session.play(held_out(self.seed)) and not self.skip:
                desk.log.stage = "page"
                desk.read("The end", instructions.summary(session))
        except KeyboardInterrupt:
            if session.finished:
                save()
            raise
        stays = not desk.closed
        desk.leave()
        if session.finished == 0:
            print("no trial was finished")
            return
        picture = self._report(save())
        if stays:
            desk.keep(picture, f"{self.env_id}: learning curve")

    def _prepare(self, desk: Desk, task: Reach) -> int:
        """Instructions and practice; how many trials were practised, or -1 if the person has left."""
        if self.skip:
            return 0
        if not desk.read(instructions.TITLE, instructions.instructions(task, self.trials, self.break_every)):
            return -1
        if self.practice == 0:
            return 0
        plain = self._make({**self.kwargs, "schedule": [{"name": "practice", "trials": 1, "gain": 0.0}]})
        try:
            session = MouseSession(plain, desk, None, self.practice)
            if not session.play(self.seed):  # not held out, so that none of the session's trials is practised
                return -1
            desk.log.stage = "page"
            return session.finished if desk.read("Ready?", instructions.ready(session.finished)) else -1
        finally:
            plain.close()

    def _save(self, recording: Recording, desk: Desk) -> Recording:
        self.out.parent.mkdir(parents=True, exist_ok=True)
        recording.save(self.out)
        desk.log.save(self.out.with_suffix(_POINTER))
        print(f"wrote {self.out}")
        print(f"wrote {self.out.with_suffix(_POINTER)}")
        return recording

    def _report(self, person: Recording) -> Any:
        """Prints how good the session was beside the ideal agent on the same trials; writes and returns the learning curves."""
        kwargs = {**self.kwargs, "backend": vector_backend(len(person))}
        ideal = record("ideal", self.env_id, len(person), self.seed, kwargs, session=True)
        picture = learning_curve([("you", person), ("ideal", ideal)], self.env_id)
        save_picture(picture, self.out.with_suffix(".png"))
        print(f"wrote {self.out.with_suffix('.png')}\n")
        print_session(person, ideal)
        return picture
