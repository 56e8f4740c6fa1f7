"""A person on a clock of his own, for tests of sessions with the mouse."""

import json

import gymnasium as gym
import numpy as np

import reach_gym  # noqa: F401
from reach_gym.rendering.canvas import SUPERSAMPLE, WIDTH
from reach_gym.rendering.cursor_layout import CursorLayout
from reach_gym.rendering.display import Key, Motion, Screen

TASK = "CursorReachCenterOut-v0"
BLOCKS = [{"name": "before", "trials": 2, "gain": 0.0}, {"name": "field", "trials": 3}, {"name": "after", "trials": 1, "gain": 0.0}]
TARGETS = {"schedule": BLOCKS, "targets": [[0.06, 0.03]]}
SHORT = json.dumps(TARGETS)
GREEN, ORANGE, INK = (32, 150, 86), (222, 84, 36), (33, 44, 66)


def pixel_of(x, y, seen=None):
    """Where a place on the board is in a picture."""
    px, py = CursorLayout(WIDTH, 0.1, seen).point(x, y)
    return px / SUPERSAMPLE, py / SUPERSAMPLE


def near(frame, x, y, color, seen=None):
    """Whether a pixel near a place on the board has a colour."""
    px, py = map(round, pixel_of(x, y, seen))
    patch = frame[py - 30 : py + 31, px - 30 : px + 31].astype(int)
    return bool((np.abs(patch - color).max(axis=2) < 8).any())


def is_green(frame, seen=None):
    """Whether the frame around the board is, in which one may move."""
    px, py = pixel_of(CursorLayout(WIDTH, 0.1, seen).edges[0], 0.0, seen)
    return bool((np.abs(frame[round(py), round(px) - 3 : round(px) + 3].astype(int) - GREEN).max(axis=1) < 40).any())


class Player:
    """A person on a clock of his own, who sees the pictures and moves the pointer: the window that he looks at."""

    reaction = 0.2
    hasty = ()  # trials in which he does not wait for the cue
    quits = None  # the time at which he presses Esc, or closes the window
    by_closing = False
    stuck_at = None  # the time at which the machine sleeps for two seconds
    target = (0.06, 0.03)
    seen = None  # what the board shows, where that is more than the workspace
    reads = True  # every page of text, and presses a key then

    def __init__(self, title="", fps=1.0):
        self.title, self.closed, self.now, self.pointer, self.frames = title, False, 0.0, None, 0
        self._keys, self._cue, self._trials, self._seen = [], None, 0, False
        self.last = None

    def clock(self):
        return self.now

    def wait(self, seconds):
        self.now += max(0.0, seconds)
        if self.stuck_at is not None and self.now >= self.stuck_at:
            self.now, self.stuck_at = self.now + 2.0, None
        if self.quits is not None and self.now >= self.quits:
            self.quits = None
            if self.by_closing:
                self.closed = True
            else:
                self._keys.append(Key("escape", True))

    def take_keys(self):
        keys, self._keys = self._keys, []
        return [*keys, Key("space", True)] if self.reads else keys

    def take_motions(self):
        place = self.take_pointer()
        return [] if place is None else [Motion(self.now, (2 * place[0], 2 * place[1]), place)]

    def screen(self):
        return Screen((1152, 1248), (1920, 1280), False, 2.0)

    def room(self):
        return 576, 624

    def take_pointer(self):
        if self.pointer is None:
            return None
        due = self._cue is not None and self.now >= self._cue + self.reaction
        return pixel_of(*(self.target if due else self.pointer), self.seen)

    def close(self):
        self.closed = True

    def show(self, frame):
        self.last = frame
        self.look(near(frame, *self.target, ORANGE, self.seen), is_green(frame, self.seen))

    def look(self, shown, green):
        """Sees whether there is a target, and whether one may move."""
        self.frames += 1
        self.now += 0.003  # what drawing takes
        if shown and not self._seen:
            self._trials += 1
        self._seen = shown
        go = green or (shown and self._trials - 1 in self.hasty)
        if go and self._cue is None:
            self._cue = self.now - (0.0 if green else self.reaction)
        if not shown:
            self._cue, self.pointer = None, (0.001, 0.002)


class CurveWindow(Player):
    """The window with the learning curve, in which a key is pressed at once."""

    shown = []

    def show(self, frame):
        CurveWindow.shown.append((self.title, frame))
        self._keys.append(Key("space", True))


def made(**kwargs):
    return gym.make(f"reach_gym/{TASK}", render_mode="rgb_array", **{**TARGETS, "time_limit": 1.5, **kwargs})
