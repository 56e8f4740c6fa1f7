"""The picture of a cursor reach: a board in centimetres with the field, the start, the target and the cursor."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reach_gym import checks
from reach_gym.fields import ForceField
from reach_gym.plants.limbs import Limbs
from reach_gym.rendering import canvas
from reach_gym.rendering.canvas import Point
from reach_gym.rendering.cursor_layout import CursorLayout, View
from reach_gym.rendering.cursor_marks import board_marks, scene_marks
from reach_gym.rendering.header import REACHED, Badge, blank_page, cut_fact, draw_header, number_text
from reach_gym.rendering.painting import paint

if TYPE_CHECKING:
    from pygame import Surface

_PLACES = 9  # of a return: less than that is what the sum has lost in rounding
_FALSE_START = Badge("false start", canvas.WARNING)
_TOO_FAST, _TOO_SLOW = Badge("too fast", canvas.WARNING), Badge("too slow", canvas.WARNING)
_PHASES = {
    "hold": Badge("hold", canvas.FAINT_INK, filled=False),
    "plan": Badge("plan", canvas.FAINT_INK, filled=False),
    "move": Badge("move", canvas.SUCCESS, filled=False),
}
_GO = Badge("go", canvas.SUCCESS)


@dataclass(frozen=True)
class CursorScene:
    """Everything a picture of the cursor reach shows. Places are (x, y) in metres, x to the right and y upwards.

    Attributes:
        field: The force field, its gain times that of the trial; in a channel trial the channel.
        workspace: Half of the side of the workspace, in metres.
        arena: Half of the side of the square that the hand cannot leave, in metres.
        cursor: Where the cursor is.
        hand: Where the hand is; under a visuomotor rotation not where the cursor is.
        start: Where the trial began.
        target: Where the target is.
        target_visible: Whether the target has appeared; before that nothing in the picture depends on its place.
        go: Whether the go cue is on.
        phase: ``"hold"``, ``"plan"`` or ``"move"``.
        radius: Radius of the target, in metres.
        hold_radius: Radius of the start, in metres.
        trail: The places of the cursor so far, the oldest first and the present one last.
        step: Steps taken in this trial.
        seconds: Time since the trial began.
        episode_return: Sum of the rewards of this trial.
        block: Name of the block.
        trial: Number of the trial.
        gain: Gain of the field in this trial.
        channel: Whether an error clamp keeps the hand between start and target.
        success: Whether the target has been reached and held.
        false_start: Whether the cursor left the start before the go cue.
        too_fast: Whether the movement was shorter than the window of movement time.
        too_slow: Whether it is longer.
        title: The headline.
        hidden: Whether the cursor is not shown.
        bar: Half the width of a target that is a bar across the way from `start` to `home`, in metres; 0 for a disc.
        home: Where the target was before it jumped; needed for a bar only.
        facts: What stands in the header as (name, value), instead of block, trial, gain, time and return.
        limbs: The arm; ``None`` for a hand without one.
        seen: The square that the board shows; ``None`` for the workspace with a margin.
    """

    field: ForceField
    workspace: float
    arena: float
    cursor: Point
    hand: Point
    start: Point
    target: Point
    target_visible: bool
    go: bool
    phase: str
    radius: float
    hold_radius: float
    trail: tuple[Point, ...]
    step: int
    seconds: float
    episode_return: float
    block: str
    trial: int
    gain: float
    channel: bool
    success: bool
    false_start: bool
    too_fast: bool
    too_slow: bool
    title: str
    facts: tuple[tuple[str, str], ...] | None = None
    hidden: bool = False
    bar: float = 0.0
    home: Point = (0.0, 0.0)
    limbs: Limbs | None = None
    seen: View | None = None


def board_point(scene: CursorScene, width: int, pixel: Point) -> Point:
    """The place on the board that a pixel of a picture shows.

    Args:
        scene: What the picture shows.
        width: The width of the picture that `draw` was given.
        pixel: (x, y) in pixels from the left top corner of the picture; fractions and places off the board too.

    Returns:
        (x, y) in metres.

    Raises:
        ValueError: `width` is out of range, or a coordinate is not finite.
        TypeError: `width` is not an integer, or a coordinate is not a number.
    """
    layout = CursorLayout(checks.integer("width", width, canvas.MIN_WIDTH, canvas.MAX_WIDTH), scene.workspace, scene.seen)
    x, y = checks.items("pixel", pixel, 2, "a pair (x, y) of finite numbers")
    return layout.place((checks.number("pixel[0]", x), checks.number("pixel[1]", y)))


def paint_cursor_scene(scene: CursorScene, width: int) -> Surface:
    """The picture of a scene, enlarged: not yet averaged down to `width` pixels."""
    layout = CursorLayout(width, scene.workspace, scene.seen)
    surface = _board(layout, shown_field(scene), scene.arena).copy()
    paint(surface, scene_marks(layout, scene), layout.whole)
    facts = cut_fact(layout, shown_facts(scene), 0)
    draw_header(surface, layout, scene.title, facts, badge_of(scene))
    return surface


def shown_field(scene: CursorScene) -> ForceField | None:
    """The field that the board shows; ``None`` in a channel, which leads to a target that nobody may know before it appears."""
    return None if scene.channel else scene.field


@functools.lru_cache(maxsize=8)
def _board(layout: CursorLayout, field: ForceField | None, arena: float) -> Surface:
    """The board with the field: the same for a whole session."""
    surface = blank_page(layout)
    paint(surface, board_marks(layout, field, arena), layout.whole)
    return surface


def shown_facts(scene: CursorScene) -> tuple[tuple[str, str], ...]:
    """What stands in the header, as (name, value)."""
    return scene.facts or (
        ("block", scene.block),
        ("trial", f"{scene.trial}"),
        ("gain", number_text(scene.gain, 3)),
        ("time", f"{scene.seconds:.2f} s"),
        ("return", number_text(round(scene.episode_return, _PLACES), 4)),
    )


def badge_of(scene: CursorScene) -> Badge | None:
    """What became of the trial, or its phase."""
    if scene.success:
        return REACHED
    for failed, badge in ((scene.false_start, _FALSE_START), (scene.too_fast, _TOO_FAST), (scene.too_slow, _TOO_SLOW)):
        if failed:
            return badge
    return _GO if scene.go else _PHASES.get(scene.phase)
