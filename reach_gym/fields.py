"""Force fields as data.

A field is one row of numbers, the same for the grid and for the continuous task:

    F(p, v) = gain * inside(region, p) * (push + viscosity v + stiffness (p - origin))

On the grid, positions are squares, `v` is the move of one step, and `F`, rounded to whole squares, shifts the
cursor. In the continuous task everything is in SI units (metres, metres per second, newtons).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from reach_gym import checks

Pair = tuple[float, float]
Matrix = tuple[Pair, Pair]
Region = tuple[float | None, float | None, float | None, float | None]

ZERO: Matrix = ((0.0, 0.0), (0.0, 0.0))
EVERYWHERE: Region = (None, None, None, None)
_FARTHEST, _NEAREST = 1000.0, 1e-6  # metres; between them a channel's numbers stay finite
FIELD_KEYS = ("preset", "gain", "region", "push", "viscosity", "stiffness", "origin")


class FieldNumbers(NamedTuple):
    """All of a field but its gain, as the numbers that `force_of` takes.

    Attributes:
        x_min: The region, bounds included; open sides are infinite.
        y_min: Region.
        x_max: Region.
        y_max: Region.
        push_x: Constant part.
        push_y: Constant part.
        b_xx: Viscosity, row by row.
        b_xy: Viscosity.
        b_yx: Viscosity.
        b_yy: Viscosity.
        k_xx: Stiffness, row by row.
        k_xy: Stiffness.
        k_yx: Stiffness.
        k_yy: Stiffness.
        origin_x: Where the stiffness exerts nothing.
        origin_y: Where the stiffness exerts nothing.
    """

    x_min: Any
    y_min: Any
    x_max: Any
    y_max: Any
    push_x: Any
    push_y: Any
    b_xx: Any
    b_xy: Any
    b_yx: Any
    b_yy: Any
    k_xx: Any
    k_xy: Any
    k_yx: Any
    k_yy: Any
    origin_x: Any
    origin_y: Any


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
        origin: Point (x, y) at which the force of the stiffness is zero.

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
    def numbers(self) -> FieldNumbers:
        """All but the gain as the numbers that `force_of` takes."""
        low_x, low_y, high_x, high_y = (
            open_side if bound is None else bound
            for bound, open_side in zip(self.region, (-math.inf, -math.inf, math.inf, math.inf), strict=True)
        )
        (bxx, bxy), (byx, byy) = self.viscosity
        (kxx, kxy), (kyx, kyy) = self.stiffness
        return FieldNumbers(low_x, low_y, high_x, high_y, *self.push, bxx, bxy, byx, byy, kxx, kxy, kyx, kyy, *self.origin)

    @property
    def is_null(self) -> bool:
        """Whether the field is zero everywhere."""
        return self.gain == 0 or (self.push == (0.0, 0.0) and self.viscosity == ZERO and self.stiffness == ZERO)

    def to_data(self) -> dict[str, Any]:
        """The field as plain data; `field_from_data` gives the same field back."""
        return asdict(self)


def from_numbers(gain: float, numbers: Sequence[float]) -> ForceField:
    """The field with this `gain` and these 16 `numbers`, the inverse of `ForceField.numbers`."""
    x0, y0, x1, y1 = (None if math.isinf(bound) else bound for bound in numbers[:4])
    cx, cy, bxx, bxy, byx, byy, kxx, kxy, kyx, kyy, ox, oy = numbers[4:]
    return ForceField(gain, (x0, y0, x1, y1), (cx, cy), ((bxx, bxy), (byx, byy)), ((kxx, kxy), (kyx, kyy)), (ox, oy))


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
    return is_inside(x, y, *ForceField(region=region).numbers[:4])


def is_inside(x: Any, y: Any, x_min: Any, y_min: Any, x_max: Any, y_max: Any) -> Any:
    """Whether the point (x, y) lies between the bounds, these included; component-wise."""
    return (x >= x_min) & (x <= x_max) & (y >= y_min) & (y <= y_max)


def force(field: ForceField, x: Any, y: Any, vx: Any, vy: Any) -> tuple[Any, Any]:
    """The force (x, y) of `field` at position (x, y) and velocity (vx, vy); floats, arrays or tensors alike."""
    return force_of(field.gain, x, y, vx, vy, *field.numbers)


def force_of(
    scale: Any, x: Any, y: Any, vx: Any, vy: Any,
    x_min: Any, y_min: Any, x_max: Any, y_max: Any,
    push_x: Any, push_y: Any,
    b_xx: Any, b_xy: Any, b_yx: Any, b_yy: Any,
    k_xx: Any, k_xy: Any, k_yx: Any, k_yy: Any,
    origin_x: Any, origin_y: Any,
) -> tuple[Any, Any]:  # fmt: skip
    """The formula at the top of this module, component-wise: floats, arrays and tensors alike.

    Args:
        scale: Factor on the whole field.
        x: Position.
        y: Position.
        vx: Velocity.
        vy: Velocity.
        x_min: This and the 15 that follow: see `FieldNumbers`.
        y_min: Region.
        x_max: Region.
        y_max: Region.
        push_x: Constant part.
        push_y: Constant part.
        b_xx: Viscosity.
        b_xy: Viscosity.
        b_yx: Viscosity.
        b_yy: Viscosity.
        k_xx: Stiffness.
        k_xy: Stiffness.
        k_yx: Stiffness.
        k_yy: Stiffness.
        origin_x: Where the force of the stiffness is zero.
        origin_y: Where the force of the stiffness is zero.

    Returns:
        The force (x, y).
    """
    here = is_inside(x, y, x_min, y_min, x_max, y_max)
    dx, dy = x - origin_x, y - origin_y
    # The truth value comes last: a number times a tensor of truth values would fall back to single precision.
    # The zero that is added takes the sign from a force of zero, so that no field and a field of zero are the same bits.
    fx = scale * (push_x + b_xx * vx + b_xy * vy + k_xx * dx + k_xy * dy) * here + 0.0
    fy = scale * (push_y + b_yx * vx + b_yy * vy + k_yx * dx + k_yy * dy) * here + 0.0
    return fx, fy


def parts_of(
    scale: Any, x: Any, y: Any,
    x_min: Any, y_min: Any, x_max: Any, y_max: Any,
    push_x: Any, push_y: Any,
    b_xx: Any, b_xy: Any, b_yx: Any, b_yy: Any,
    k_xx: Any, k_xy: Any, k_yx: Any, k_yy: Any,
    origin_x: Any, origin_y: Any,
) -> tuple[Any, Any, Any, Any, Any, Any]:  # fmt: skip
    """The force at (x, y) as ``f + G v``, component-wise: what an integrator needs that takes the velocity's part implicitly.

    Args:
        scale: Factor on the whole field.
        x: Position.
        y: Position.
        x_min: This and the 15 that follow: see `FieldNumbers`.
        y_min: Region.
        x_max: Region.
        y_max: Region.
        push_x: Constant part.
        push_y: Constant part.
        b_xx: Viscosity.
        b_xy: Viscosity.
        b_yx: Viscosity.
        b_yy: Viscosity.
        k_xx: Stiffness.
        k_xy: Stiffness.
        k_yx: Stiffness.
        k_yy: Stiffness.
        origin_x: Origin.
        origin_y: Origin.

    Returns:
        f (x, y), the force on a hand at rest, and G, row by row.
    """
    dx, dy = x - origin_x, y - origin_y
    # As `is_inside`, without a call, because plain Python comes here in every step of a field. In the precision of the place: a
    # number times a tensor of truth values would fall back to single precision.
    here = (1.0 + 0.0 * dx) * ((x >= x_min) & (x <= x_max) & (y >= y_min) & (y <= y_max))
    return (
        scale * (push_x + k_xx * dx + k_xy * dy) * here + 0.0,
        scale * (push_y + k_yx * dx + k_yy * dy) * here + 0.0,
        scale * b_xx * here + 0.0,
        scale * b_xy * here + 0.0,
        scale * b_yx * here + 0.0,
        scale * b_yy * here + 0.0,
    )


def field_around(
    scale: Any, x: Any, y: Any,
    x_min: Any, y_min: Any, x_max: Any, y_max: Any,
    push_x: Any, push_y: Any,
    b_xx: Any, b_xy: Any, b_yx: Any, b_yy: Any,
    k_xx: Any, k_xy: Any, k_yx: Any, k_yy: Any,
    origin_x: Any, origin_y: Any,
) -> tuple[Any, ...]:  # fmt: skip
    """The field as it is at (x, y), ``F(p, v) = f + B v + K p`` all around, component-wise; the arguments as of `parts_of`.

    Whether the region acts is decided at (x, y). What an integrator of several stages needs, which must not meet an edge within a
    step.

    Returns:
        f (x, y), the force on a hand at rest at the origin of the coordinates; B and K, row by row.
    """
    here = (scale + 0.0 * x) * is_inside(x, y, x_min, y_min, x_max, y_max)
    kxx, kxy, kyx, kyy = here * k_xx, here * k_xy, here * k_yx, here * k_yy
    return (
        *(here * push_x - (kxx * origin_x + kxy * origin_y) + 0.0, here * push_y - (kyx * origin_x + kyy * origin_y) + 0.0),
        *(here * b_xx, here * b_xy, here * b_yx, here * b_yy, kxx, kxy, kyx, kyy),
    )


def channel_of(start_x: Any, start_y: Any, target_x: Any, target_y: Any, stiffness: Any, damping: Any) -> tuple[Any, ...]:
    """The 16 numbers of a force channel (error clamp) along the line from start to target, component-wise.

    Args:
        start_x: Start in metres.
        start_y: Start in metres.
        target_x: Target in metres, not the start.
        target_y: Target in metres.
        stiffness: Of the walls, N/m.
        damping: Across the channel, N s/m.

    Returns:
        Numbers for `force_of`; along the line the channel exerts no force.
    """
    dx, dy = target_x - start_x, target_y - start_y
    length = dx * dx + dy * dy
    xx, xy, yy = -(dy * dy) / length, dx * dy / length, -(dx * dx) / length
    none = 0.0 * dx
    wide = none + math.inf
    return (
        -wide, -wide, wide, wide,
        none, none,
        damping * xx, damping * xy, damping * xy, damping * yy,
        stiffness * xx, stiffness * xy, stiffness * xy, stiffness * yy,
        none + start_x, none + start_y,
    )  # fmt: skip


def channel(start: Pair, target: Pair, stiffness: float = 6000.0, damping: float = 100.0) -> ForceField:
    """A force channel (error clamp): stiff walls that leave only the line from `start` to `target` free.

    Args:
        start: (x, y) in metres.
        target: (x, y) in metres.
        stiffness: Of the walls, N/m. Studies use 4,000 to 6,000 (Scheidt et al. 2000; Smith, Ghazizadeh & Shadmehr 2006).
        damping: Across the channel, N s/m; studies use 30 to 250.

    Raises:
        TypeError: A value has the wrong type.
        ValueError: A value is out of range, or start and target are less than a micrometre apart.
    """
    places = []
    for name, value in (("start", start), ("target", target)):
        pair = checks.items(name, value, 2, "a pair (x, y) of numbers in metres")
        places += [checks.number(f"{name}[{axis}]", pair[axis], -_FARTHEST, _FARTHEST) for axis in range(2)]
    if max(abs(places[0] - places[2]), abs(places[1] - places[3])) < _NEAREST:
        raise ValueError(f"`target` must lie at least {_NEAREST:g} m from the start, got {checks.shown(target)}.")
    walls = checks.number("stiffness", stiffness, 0), checks.number("damping", damping, 0)
    numbers = channel_of(places[0], places[1], places[2], places[3], *walls)
    return ForceField(
        viscosity=((numbers[6], numbers[7]), (numbers[8], numbers[9])),
        stiffness=((numbers[10], numbers[11]), (numbers[12], numbers[13])),
        origin=(places[0], places[1]),
    )


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


# In SI units, for the continuous task.
CURSOR_PRESETS: dict[str, ForceField] = {
    "null": NULL,
    # Sun & Plitt, sequence models: -5 of their units on either axis, that is -1 N for 1 kg, in x from -25 to 25 and
    # y from 0 to 50 units of 2 mm. By place, as their text and figure say.
    "push": ForceField(push=(-1.0, -1.0), region=(-0.05, 0.0, 0.05, 0.1)),
    # The curl field of most later studies (13 N s/m): counter-clockwise pushes to the left of the movement.
    "curl_ccw": ForceField(viscosity=((0.0, -13.0), (13.0, 0.0))),
    "curl_cw": ForceField(viscosity=((0.0, 13.0), (-13.0, 0.0))),
    # Shadmehr & Mussa-Ivaldi 1994; symmetric, hence no curl. It speeds the hand up in one direction: with an undamped hand of
    # 1 kg that is unstable, arms have a damping of their own (try `damping=10`).
    "viscous": ForceField(viscosity=((-10.1, -11.2), (-11.2, 11.1))),
    # Two fields that speed the hand up in some directions (Tong, Wolpert & Flanagan 2002 and others use them).
    "curl_assist": ForceField(viscosity=((11.0, 11.0), (-11.0, 11.0))),
    "saddle": ForceField(viscosity=((11.0, 11.0), (11.0, -11.0))),
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


COMPONENT_WISE = (is_inside, parts_of, field_around, channel_of)
