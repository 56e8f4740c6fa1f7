"""What a page may say: messages in JSON, read into records; whatever else comes is refused."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from reach_gym.cli.web.frames import POLICY, ProtocolError

Sample = tuple[float, float, float]
_FURTHEST = 1e5  # pixels of CSS
_LATEST = 1e12  # milliseconds since the page was opened: some thirty years
_WORDS = 400  # letters of a text at most
_MOST = 10_000  # movements in a message at most
KEYS = ("space", "return", "escape", "mouse1")
POINTERS = ("mouse", "touch", "pen")


class Place(NamedTuple):
    """Where the picture is in the window of the browser, in pixels of CSS, and what the browser is.

    Attributes:
        left: Left edge of the picture.
        top: Its upper edge.
        width: Its width.
        window: Width and height of what the page has.
        desktop: Those of the screen.
        full: Whether the window fills it.
        ratio: Pixels of the screen per pixel of CSS.
        event: Which events tell of the pointer: ``"pointerrawupdate"`` at once, ``"pointermove"`` with the next picture.
        coalesced: Whether all movements are told that the system knew of.
        agent: What the browser calls itself.
    """

    left: float
    top: float
    width: float
    window: tuple[float, float]
    desktop: tuple[float, float]
    full: bool
    ratio: float
    event: str
    coalesced: bool
    agent: str


class Moved(NamedTuple):
    """Movements of a pointer: (milliseconds, x, y), in pixels of CSS from the left top corner of the page."""

    kind: str
    samples: list[Sample]


class Lifted(NamedTuple):
    """A finger or a pen has left the screen."""


class Pressed(NamedTuple):
    """A key or a button went down."""

    name: str


class Answer(NamedTuple):
    """The page has heard of number `number` at `heard`, and done as it was told at `done`, in milliseconds of its clock.

    Attributes:
        drawn: Whether it has drawn a picture.
        number: Of the message.
        heard: When it came.
        done: When this answer left.
    """

    drawn: bool
    number: int
    heard: float
    done: float


class Card(NamedTuple):
    """The outline that the person has laid a bank card on is so many pixels of CSS wide."""

    width: float


Message = Place | Moved | Lifted | Pressed | Answer | Card


def read(text: bytes) -> Message:
    """Reads a message.

    Raises:
        ProtocolError: It is none.
    """
    try:
        kind, *rest = json.loads(text, parse_constant=_refuse)
        return _message(kind, rest)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ProtocolError(POLICY, "no message of the page's") from error


def _message(kind: Any, rest: list[Any]) -> Message:
    if kind == "move":
        pointer, samples = rest
        if not isinstance(samples, list) or not 0 < len(samples) <= _MOST:
            raise ValueError
        return Moved(_one_of(pointer, POINTERS), [_sample(each) for each in samples])
    if kind in ("pong", "drawn"):
        number, heard, done = rest
        if type(number) is not int:
            raise TypeError
        return Answer(kind == "drawn", number, _number(heard, 0, _LATEST), _number(done, heard, _LATEST))
    if kind == "key":
        (name,) = rest
        return Pressed(_one_of(name, KEYS))
    if kind == "card":
        (width,) = rest
        return Card(_number(width, 1, _FURTHEST))
    if kind == "lift" and not rest:
        return Lifted()
    if kind == "place":
        (told,) = rest
        return _place(told)
    raise ValueError


def _place(told: Any) -> Place:
    if set(told) != set(Place._fields):
        raise ValueError
    if type(told["full"]) is not bool or type(told["coalesced"]) is not bool:
        raise TypeError
    return Place(
        left=_number(told["left"], -_FURTHEST, _FURTHEST),
        top=_number(told["top"], -_FURTHEST, _FURTHEST),
        width=_number(told["width"], 1, _FURTHEST),
        window=_pair(told["window"]),
        desktop=_pair(told["desktop"]),
        full=told["full"],
        ratio=_number(told["ratio"], 0.01, 100),
        event=_one_of(told["event"], ("pointerrawupdate", "pointermove")),
        coalesced=told["coalesced"],
        agent=_text(told["agent"]),
    )


def _sample(values: Any) -> Sample:
    time, x, y = values
    return _number(time, 0, _LATEST), _number(x, -_FURTHEST, _FURTHEST), _number(y, -_FURTHEST, _FURTHEST)


def _pair(values: Any) -> tuple[float, float]:
    wide, high = values
    return _number(wide, 0, _FURTHEST), _number(high, 0, _FURTHEST)


def _number(value: Any, low: float, high: float) -> float:
    if type(value) not in (int, float):
        raise TypeError
    if not low <= value <= high:
        raise ValueError
    return float(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return "".join(letter for letter in value[:_WORDS] if letter.isprintable())


def _one_of(value: Any, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ValueError
    return str(value)


def _refuse(constant: str) -> float:
    raise ValueError(constant)  # JSON has no NaN and no infinity
