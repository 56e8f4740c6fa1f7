"""Force fields as data.

A field is one row of numbers, the same for the grid and for the continuous task:

    F(p, v) = gain * inside(region, p) * (push + viscosity v + stiffness (p - origin))

On the grid, positions are squares, `v` is the move of one step, and `F`, rounded to whole squares, shifts the
cursor. In the continuous task everything is in SI units (metres, metres per second, newtons).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from reach_gym import checks

Pair = tuple[float, float]
Matrix = tuple[Pair, Pair]
Region = tuple[float | None, float | None, float | None, float | None]

ZERO: Matrix = ((0.0, 0.0), (0.0, 0.0))
EVERYWHERE: Region = (None, None, None, None)
FIELD_KEYS = ("preset", "gain", "region", "push", "viscosity", "stiffness", "origin")


@dataclass(frozen=True)
class ForceField:
    """One force field; see the formula at the top of this module.

    Every value is checked on construction.

    Attributes:
        gain: Factor on the whole field; 0 switches it off, -1 mirrors it.
        region: ``(x_min, y_min, x_max, y_max)``, bounds included; ``None`` leaves a side open.
        push: Constant part ``c`` as (x, y): squares on the grid, newtons in the continuous task.
        viscosity: Matrix ``B``, row by row. ``b * [[0, -1], [1, 0]]`` is a curl field, counter-clockwise for
            positive ``b``: the force stands 90 degrees to the left of the movement.
        stiffness: Matrix ``K``, row by row, on the displacement from `origin`.
        origin: Point (x, y) at which the stiffness exerts nothing.

    Raises:
        TypeError: A value has the wrong type.
        ValueError: A value is not finite, has the wrong shape, or the region is empty.
    """

    gain: float = 1.0
    region: Region = EVERYWHERE
    push: Pair = (0.0, 0.0)
    viscosity: Matrix = ZERO
    stiffness: Matrix = ZERO
    origin: Pair = (0.0, 0.0)

    def __post_init__(self) -> None:
        """Checks and normalises every value."""
        for name, value in (
            ("gain", checks.number("field.gain", self.gain)),
            ("region", _region(self.region)),
            ("push", _pair("push", self.push)),
            ("viscosity", _matrix("viscosity", self.viscosity)),
            ("stiffness", _matrix("stiffness", self.stiffness)),
            ("origin", _pair("origin", self.origin)),
        ):
            object.__setattr__(self, name, value)

    @property
    def is_null(self) -> bool:
        """Whether the field is zero everywhere."""
        return self.gain == 0 or (self.push == (0.0, 0.0) and self.viscosity == ZERO and self.stiffness == ZERO)

    def to_data(self) -> dict[str, Any]:
        """The field as plain data; `field_from_data` gives the same field back."""
        return asdict(self)


def _pair(name: str, value: Any) -> Pair:
    pair = checks.items(f"field.{name}", value, 2, "a pair of finite numbers")
    return (
        checks.number(f"field.{name}[0]", pair[0]),
        checks.number(f"field.{name}[1]", pair[1]),
    )


def _matrix(name: str, value: Any) -> Matrix:
    rows = checks.items(f"field.{name}", value, 2, "a 2 x 2 matrix, row by row")
    return _pair(f"{name}[0]", rows[0]), _pair(f"{name}[1]", rows[1])


def _region(value: Any) -> Region:
    what = "four bounds (x_min, y_min, x_max, y_max), each a number or None"
    bounds = checks.items("field.region", value, 4, what)
    x0, y0, x1, y1 = (None if bound is None else checks.number(f"field.region[{i}]", bound) for i, bound in enumerate(bounds))
    for axis, low, high in (("x", x0, x1), ("y", y0, y1)):
        if low is not None and high is not None and low > high:
            raise ValueError(f"`field.region` must have {axis}_min <= {axis}_max, got {checks.shown(value)}.")
    return x0, y0, x1, y1


def inside(region: Region, x: Any, y: Any) -> Any:
    """Whether the point (x, y) lies in `region`, bounds included; floats or arrays alike."""
    x0, y0, x1, y1 = (
        open_bound if bound is None else bound
        for bound, open_bound in zip(region, (-math.inf, -math.inf, math.inf, math.inf), strict=True)
    )
    return (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)


def force(field: ForceField, x: Any, y: Any, vx: Any, vy: Any) -> tuple[Any, Any]:
    """The force (x, y) of `field` at position (x, y) and velocity (vx, vy); floats or arrays alike."""
    (bxx, bxy), (byx, byy) = field.viscosity
    (kxx, kxy), (kyx, kyy) = field.stiffness
    dx, dy = x - field.origin[0], y - field.origin[1]
    scale = field.gain * inside(field.region, x, y)
    fx = scale * (field.push[0] + bxx * vx + bxy * vy + kxx * dx + kxy * dy)
    fy = scale * (field.push[1] + byx * vx + byy * vy + kyx * dx + kyy * dy)
    return fx, fy


NULL = ForceField(gain=0.0)

GRID_PRESETS: dict[str, ForceField] = {
    "null": NULL,
    # Sun & Plitt, tabular task: a wind over rows 2 to 6 pushes the cursor one square to the left.
    "wind": ForceField(push=(-1.0, 0.0), region=(None, 2.0, None, 6.0)),
    # The grid's reading of the curl field of motor-learning studies: one square to the left (ccw) or to the right
    # (cw) of the move, for a diagonal move the diagonal square.
    "curl_ccw": ForceField(viscosity=((0.0, -1.0), (1.0, 0.0))),
    "curl_cw": ForceField(viscosity=((0.0, 1.0), (-1.0, 0.0))),
}


def field_from_data(value: Any, presets: Mapping[str, ForceField] = GRID_PRESETS) -> ForceField:
    """Reads a field from what `gym.make` or a JSON file can hold.

    Args:
        value: ``None`` (no field), the name of a preset, a `ForceField`, or a dict with the attributes of `ForceField`
            and optionally ``"preset"``, whose numbers the other keys then replace.
        presets: The named fields.

    Returns:
        The field.

    Raises:
        TypeError: `value` is none of these, or one of its numbers has the wrong type.
        ValueError: An unknown preset or key, or a bad number.
    """
    if value is None:
        return NULL
    if isinstance(value, ForceField):
        return value
    if isinstance(value, str):
        return presets[checks.choice("field", value, presets)]
    if not isinstance(value, Mapping):
        raise TypeError(f"`field` must be None, the name of a preset, a dict or a ForceField, got {checks.shown(value)}.")
    numbers = dict(checks.keys("field", value, FIELD_KEYS))
    name = numbers.pop("preset", None)
    base = ForceField() if name is None else presets[checks.choice("field.preset", name, presets)]
    return replace(base, **numbers)


def describe(field: ForceField) -> str:
    """One line of plain text that says what `field` does."""
    if field.is_null:
        return "no field"
    parts = [
        f"{name} {getattr(field, name)}"
        for name, zero in (("push", (0.0, 0.0)), ("viscosity", ZERO), ("stiffness", ZERO))
        if getattr(field, name) != zero
    ]
    where = "everywhere" if field.region == EVERYWHERE else f"in {_describe_region(field.region)}"
    gain = "" if field.gain == 1 else f", gain {field.gain:g}"
    return f"{', '.join(parts)} {where}{gain}"


def _describe_region(region: Region) -> str:
    spans = []
    for axis, low, high in (("x", region[0], region[2]), ("y", region[1], region[3])):
        if low is None and high is None:
            continue
        below = "" if low is None else f"{low:g} <= "
        above = "" if high is None else f" <= {high:g}"
        spans.append(f"{below}{axis}{above}")
    return ", ".join(spans)
