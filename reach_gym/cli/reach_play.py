"""``reach-gym play`` for cursor tasks: a whole session, saved, with the person's learning curve beside the ideal's."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym

from reach_gym import checks
from reach_gym.acting.rollout import held_out
from reach_gym.cli.mouse import MouseSession
from reach_gym.cli.outputs import check_output, check_recording
from reach_gym.cli.session import learning_curve, print_session, save_picture
from reach_gym.cli.tasks import make, vector_backend
from reach_gym.recording import Recorder, Recording, record
from reach_gym.rendering.window import Window
from reach_gym.rows.keywords import with_full_info
from reach_gym.sessions.schedule import MAX_TRIALS, STEADY

_HELP = (
    "Rest the pointer in the circle. When the frame lights up green, reach straight for the disc and stay on it.\n"
    "A trial begins only in the circle: outside you can rest for as long as you like. Esc ends the session and keeps the trials."
)
_LIMIT = 1.5  # seconds from the cue; people react within 0.3 s and take longer than agents to come to rest with a mouse
_TRIALS = 40  # where no schedule says how many
_SHOWN = 120.0  # seconds for which the learning curve stays open at most


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
    """

    env_id: str
    kwargs: dict[str, Any]
    seed: int
    trials: int
    out: Path
    show_all: bool
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
    ) -> CursorPlay:
        """Checks what was asked for and fills in the rest.

        Args:
            env_id: The task.
            kwargs: Constructor keywords.
            seed: Of the session; ``None`` for a new one.
            trials: How many; ``None`` for all of the schedule, or 40 where all trials are alike.
            limit: Seconds per trial from the go cue on; ``None`` for the task's, at least 1.5 unless `kwargs` has one.
            out: The recording's file; ``None`` for one named after the task.
            overwrite: Whether to replace it, and the picture next to it.
            open: Whether the player sees the field and its gain.

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
        path = check_recording(Path("runs", "play", f"{env_id.split('/')[-1]}.npz") if out is None else out, overwrite)
        check_output(path.with_suffix(".png"), overwrite)
        chosen = secrets.randbelow(2**31) if seed is None else seed
        return cls(env_id, {**kwargs, "time_limit": seconds}, chosen, count, path, open)

    def env(self) -> gym.Env[Any, Any]:
        """The environment to play in."""
        return gym.make(self.env_id, render_mode="rgb_array", **with_full_info(self.kwargs))

    def run(self, env: gym.Env[Any, Any], window: Window) -> None:
        """Plays the session in `window`, saves it, and shows how good it was; Ctrl-C saves it, too.

        Raises:
            NoDisplayError: There is no display.
            OSError: A file cannot be written.
        """
        recorder = Recorder(env, {"agent": "person", "seed": self.seed, "session": True})
        session = MouseSession(env, window, recorder, self.trials, self.show_all, time.perf_counter)
        try:
            session.play(held_out(self.seed))
        except KeyboardInterrupt:
            if session.finished:
                self._save(recorder)
            raise
        stays = not window.closed
        window.close()
        if session.finished == 0:
            print("no trial was finished")
            return
        picture = self._report(self._save(recorder))
        if stays:
            _show(picture, self.env_id)

    def _save(self, recorder: Recorder) -> Recording:
        recording = recorder.finish()
        self.out.parent.mkdir(parents=True, exist_ok=True)
        recording.save(self.out)
        print(f"wrote {self.out}")
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


def _show(picture: Any, title: str) -> None:
    """Shows a picture until a key, a button of the mouse or the window is pressed away."""
    window = Window(f"{title}: learning curve", 30.0)
    print("any key closes the learning curve")
    window.show(picture)
    until = time.perf_counter() + _SHOWN
    while not (window.closed or time.perf_counter() > until or any(key.down for key in window.take_keys())):
        window.wait(0.05)
    window.close()
