"""From keys to moves: the number pad, the letters around s, and arrow keys that two make a diagonal."""

from __future__ import annotations

from reach_gym.grid.world import MOVES, Action
from reach_gym.rendering.window import Key

# Seconds in which a second arrow key still joins the first: fingers are never quite together.
CHORD = 0.07

DIRECT: dict[str, Action] = {
    "d": Action.EAST,
    "e": Action.NORTH_EAST,
    "w": Action.NORTH,
    "q": Action.NORTH_WEST,
    "a": Action.WEST,
    "z": Action.SOUTH_WEST,
    "x": Action.SOUTH,
    "c": Action.SOUTH_EAST,
    "[6]": Action.EAST,
    "[9]": Action.NORTH_EAST,
    "[8]": Action.NORTH,
    "[7]": Action.NORTH_WEST,
    "[4]": Action.WEST,
    "[1]": Action.SOUTH_WEST,
    "[2]": Action.SOUTH,
    "[3]": Action.SOUTH_EAST,
}
_ARROWS: dict[str, tuple[int, int]] = {"right": (1, 0), "up": (0, 1), "left": (-1, 0), "down": (0, -1)}


class Moves:
    """Turns key presses into actions; every press is one step, two arrows together are one diagonal step."""

    def __init__(self) -> None:
        """Begins with no key held."""
        self._held: set[str] = set()
        self._chord: set[str] = set()
        self._due = 0.0

    def press(self, key: Key, now: float) -> Action | None:
        """Takes a key.

        Args:
            key: What went down or up.
            now: The time, in seconds.

        Returns:
            The action that the key means at once; arrows answer through `poll`, a moment later.
        """
        if key.name not in _ARROWS:
            return DIRECT.get(key.name) if key.down else None
        if not key.down:
            self._held.discard(key.name)
            return None
        if not self._chord:
            self._due = now + CHORD
            self._chord = set(self._held)
        self._held.add(key.name)
        self._chord.add(key.name)
        return None

    def poll(self, now: float) -> Action | None:
        """The action of the arrows pressed until `now`, once nothing more can join them."""
        if not self._chord or (now < self._due and len(self._chord) < 2):
            return None
        dx = sum(_ARROWS[name][0] for name in self._chord)
        dy = sum(_ARROWS[name][1] for name in self._chord)
        self._chord = set()
        return Action(MOVES.index((dx, dy))) if (dx, dy) in MOVES else None

    def forget(self) -> None:
        """Drops a step that has not been taken yet, as a new trial begins."""
        self._chord = set()
