"""What `python -m benchmarks preparation` measures of every network, its table and its figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.linear_model import LinearRegression

from benchmarks.preparation_runs import DIRECTIONS, OPTIMISERS, STAGES, TRAINED, UNITS, WINDOW, Arrays
from reach_gym.evaluation.statistics import mean_interval
from reach_gym.figures.style import COLORS, DPI, INK, headline, layout, tidy
from reach_gym.neural import force_space, share_in, shift_left, uniform_shift

HERE = int(TRAINED * DIRECTIONS / 360)  # place of the trained direction
ELSEWHERE = [k for k in range(DIRECTIONS) if k != HERE]
FAR = [k for k in range(DIRECTIONS) if min((k - HERE) % DIRECTIONS, (HERE - k) % DIRECTIONS) * 360 / DIRECTIONS >= 135]
Found = dict[str, float]
Floats = npt.NDArray[np.float64]
FIELDS = ("curl", "none")
LATERAL = 0  # the axis across the trained direction


_ABOUT = """{count} networks, a GRU of {units} units each: {first} updates of reaching, {updates} with the field in one of {all}
directions, {updates} of washout. States from {low} to {high} ms about the cue, of two halves of the trials. Mean over the
networks with its 95 % interval after Student. The control goes through the same trials without the field."""


class Asked(NamedTuple):
    """A row of the table.

    Attributes:
        name: Of the measure.
        curl: Key of the value in the chain with the field.
        none: Key of the control's.
        chance: What nothing would give.
    """

    name: str
    curl: str
    none: str
    chance: str = ""


ROWS = (
    Asked("trials without a false start, at the least", "curl/ready", "none/ready"),
    Asked("error at the end elsewhere, learned (mm)", "curl/learned/error", "none/learned/error"),
    Asked("channel coefficient in the trained direction, learned", "curl/learned/coefficient", "none/learned/coefficient", "0"),
    Asked("the same, 135\N{DEGREE SIGN} away and more", "curl/learned/far", "none/learned/far", "0"),
    Asked("the same in the trained direction, washed out", "curl/washed/coefficient", "none/washed/coefficient", "0"),
    Asked("size of the shift (1: spread of directions)", "curl/size", "none/size", "0"),
    Asked("size with the field less that without", "more", "", "0"),
    Asked("uniformity of the change elsewhere", "curl/uniformity", "none/uniformity", f"{1 / len(ELSEWHERE):.2f}"),
    Asked("cosine of the trained direction's change with it", "curl/together", "none/together", "0"),
    Asked("share of the shift in the force plane", "curl/in_plane", "none/in_plane", f"{2 / UNITS:.2f}"),
    Asked("the same of the directions' spread before", "spread_in_plane", ""),
    Asked("shift left after the washout", "curl/left", "none/left", "0"),
    Asked("how far the control goes along the field's shift, learned", "", "along/learned", "0"),
    Asked("the same, washed out", "", "along/washed", "0"),
    Asked("cosine of the field's and the control's shift", "cosine", "", f"\N{PLUS-MINUS SIGN}{UNITS**-0.5:.2f}"),
    Asked(
        "change of lateral force in the trained direction, exerted (share of the greatest)",
        "curl/learned/exerted",
        "none/learned/exerted",
        "0",
    ),
    Asked("the same, read from the plane of preparation", "curl/learned/read", "none/learned/read", "0"),
    Asked("turn of the state in the plane, learned (deg)", "curl/learned/turn", "none/learned/turn", "0"),
    Asked("the same, washed out (deg)", "curl/washed/turn", "none/washed/turn", "0"),
)


_PANELS = (
    ("size of the shift\n(1: spread of directions)", "size", 0.0),
    ("uniformity of the change\nelsewhere", "uniformity", 1 / len(ELSEWHERE)),
    ("shift left after\nthe washout", "left", 0.0),
)


def found(subject: Arrays) -> Found:
    """All measures of one network, by ``optimiser/...``."""
    result: Found = {}
    plane = force_space(_mean(subject, "before"), subject["before/force"])
    before = subject["before/states"][:, ELSEWHERE]
    for optimiser in OPTIMISERS:
        shifts = {}
        for field in FIELDS:
            chain = f"{optimiser}/{field}"
            learned, washed = (subject[f"{chain}/{stage}/states"][:, ELSEWHERE] for stage in STAGES)
            shift = shifts[field] = uniform_shift(before, learned)
            own = (_mean(subject, f"{chain}/learned") - _mean(subject, "before"))[HERE]
            result |= {
                f"{chain}/size": shift.size,
                f"{chain}/uniformity": shift.uniformity,
                f"{chain}/together": _cosine(own, shift.vector),
                f"{chain}/in_plane": share_in(shift.vector, plane),
                f"{chain}/left": shift_left(before, learned, washed),
            }
            stages = "before", *(f"{chain}/{stage}" for stage in STAGES)
            result[f"{chain}/ready"] = min(float(subject[f"{stage}/ready"]) for stage in stages)
            for stage in STAGES:
                result |= _of_stage(subject, plane, f"{chain}/{stage}")
        result[f"{optimiser}/spread_in_plane"] = _spread_in(_mean(subject, "before"), plane)
        result[f"{optimiser}/more"] = shifts["curl"].size - shifts["none"].size
        result[f"{optimiser}/cosine"] = _cosine(shifts["curl"].vector, shifts["none"].vector)
        for stage in STAGES:
            ahead, there = (subject[f"{optimiser}/{each}/states"][:, ELSEWHERE] for each in ("curl/learned", f"none/{stage}"))
            result[f"{optimiser}/along/{stage}"] = shift_left(before, ahead, there)
    return result


def _mean(subject: Arrays, stage: str) -> Floats:
    return np.asarray(subject[f"{stage}/states"].mean(axis=0))


def _spread_in(states: Floats, plane: Floats) -> float:
    away = states - states.mean(axis=0)
    return float(((away @ plane) ** 2).sum() / (away**2).sum())


def _cosine(one: Floats, other: Floats) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def _of_stage(subject: Arrays, plane: Floats, stage: str) -> Found:
    """Behaviour, and what the plane of the force says of the trained direction.

    The force is read from the plane as it follows from the directions' states before. What moves all directions alike is taken
    off: it prepares no force. Turns are positive to the right of the reach, as the force turns that makes up for the field.
    """
    before, now = (_mean(subject, each) @ plane for each in ("before", stage))
    force = subject["before/force"]
    shift = (now - before)[ELSEWHERE].mean(axis=0)
    was, read = LinearRegression().fit(before, force).predict([before[HERE], now[HERE] - shift])
    coefficient = subject[f"{stage}/coefficient"]
    return {
        f"{stage}/error": 1000 * float(subject[f"{stage}/error"][ELSEWHERE].mean()),
        f"{stage}/coefficient": float(coefficient[HERE]),
        f"{stage}/far": float(coefficient[FAR].mean()),
        f"{stage}/turn": float(np.degrees(np.angle(complex(*was) / complex(*read)))),
        f"{stage}/read": float((read - was)[LATERAL]),
        f"{stage}/exerted": float((subject[f"{stage}/force"] - force)[HERE, LATERAL]),
    }


def markdown(networks: Sequence[Found], first: int, updates: int) -> str:
    """The table over all networks."""
    low, high = (f"{1000 * moment:+.0f}" for moment in WINDOW)
    optimisers = list(OPTIMISERS)
    lines = [
        _ABOUT.format(count=len(networks), units=UNITS, first=first, updates=updates, all=DIRECTIONS, low=low, high=high),
        "",
        "| | " + " | ".join(f"{name}, {field}" for name in optimisers for field in ("field", "control")) + " | chance |",
        "|---" * (2 * len(optimisers) + 2) + "|",
    ]
    for row in ROWS:
        cells = [_cell(networks, f"{name}/{key}" if key else "") for name in optimisers for key in (row.curl, row.none)]
        lines.append(f"| {row.name} | {' | '.join(cells)} | {row.chance} |")
    return "\n".join([*lines, ""])


def _cell(networks: Sequence[Found], key: str) -> str:
    if not key:
        return ""
    value, low, high = mean_interval([each[key] for each in networks])
    digits = 0 if "turn" in key else 2
    mean, least, most = (f"{round(each, digits) + 0.0:.{digits}f}" for each in (value, low, high))  # without a sign before 0
    return f"{mean} [{least}, {most}]".replace("-", "\N{MINUS SIGN}")


def picture(networks: Sequence[Found]) -> Figure:
    """The shift beside the control's, and the turn in the plane of the force, network by network."""
    figure = Figure(figsize=(11.5, 3.5), dpi=DPI, layout=layout())
    *pairs, turns = figure.subplots(1, len(_PANELS) + 1).tolist()
    for axes, (name, key, chance) in zip(pairs, _PANELS, strict=True):
        ways = [[f"{optimiser}/{field}/{key}" for field in FIELDS] for optimiser in OPTIMISERS]
        _lines(axes, networks, ways, ("field", "control"))
        axes.axhline(chance, color=INK, linewidth=0.8, linestyle=(0, (3, 2)))
        axes.set_ylabel(name, color=INK, fontsize=9.5)
    ways = [[f"{optimiser}/curl/{stage}/turn" for stage in STAGES] for optimiser in OPTIMISERS]
    _lines(turns, networks, ways, ("field", "washout"))
    turns.axhline(0.0, color=INK, linewidth=0.8, linestyle=(0, (3, 2)))
    turns.set_ylabel("turn of the trained direction's\nstate in the plane of the force (deg)", color=INK, fontsize=9.5)
    note = "one line per network; dashed: chance, or none; the control goes through the same trials without a field"
    headline(figure, "A uniform shift of preparation, with and without a field to learn", note)
    return figure


def _lines(axes: Axes, networks: Sequence[Found], ways: Sequence[Sequence[str]], ticks: Sequence[str]) -> None:
    """A line per network through the values of these keys, optimiser beside optimiser."""
    tidy(axes)
    places = np.arange(len(ticks))[None] + (len(ticks) + 0.1) * np.arange(len(ways))[:, None]
    for color, optimiser, keys, x in zip(COLORS, OPTIMISERS, ways, places, strict=False):
        for network in networks:
            axes.plot(x, [network[key] for key in keys], color=color, marker="o", markersize=3.5, linewidth=1, alpha=0.7)
        axes.text(x.mean(), 1.02, optimiser, transform=axes.get_xaxis_transform(), ha="center", color=color)
    axes.set_xticks(places.ravel(), [*ticks] * len(ways), fontsize=8)
    axes.margins(x=0.12)
