"""The figure of networks that adapt with frozen weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from agents.in_context.probe import Course, Floats, known_mean, side_of
from reach_gym.figures import save, style
from reach_gym.recording import group_curve

_NAMES = {
    "memory": "memory",
    "reset": "state reset every trial",
    "robust": "trained with a field per trial",
    "shuffled": "field shuffled over trials",
}
_HIGHEST = 32  # mm, which leaves room for the legend
_SMOOTH = 5  # trials that are drawn as one


def draw(courses: Mapping[str, Course], clamped: Course, curls: slice, drawn: slice, path: Path) -> None:
    """Draws deviations beside the controls, compensation, after-effect and paths, as PNG and SVG beside each other."""
    figure = Figure(figsize=(12.5, 7.2), layout=style.layout())
    axes: Any = figure.subplots(2, 3)
    for axis, fields, title in zip(
        axes[0], (curls, drawn), ("A  curls, unlike the training's fields", "B  new draws"), strict=False
    ):
        _sizes(axis, {name: course.of(fields) for name, course in courses.items()}, title)
    axes[0, 0].legend(frameon=False, fontsize=8, loc="upper left")
    memory = courses["memory"].of(curls)
    _channels(axes[0, 2], memory, clamped)
    _session(axes[1, 0], memory)
    for axis, (title, name, trial) in zip(axes[1, 1:], _PATHS, strict=True):
        _paths(axis, memory, title, [(label, memory.block(block)) for label, block in name], trial)
    for axis in axes.flat:
        style.tidy(axis)
    for ending in ("png", "svg"):
        save(figure, path.with_suffix(f".{ending}"))


_PATHS = (
    ("E  paths in the field", [("first trial", "adaptation"), ("last trial", "adaptation")], (0, -1)),
    ("F  paths without the field", [("last of the baseline", "baseline"), ("first of the washout", "washout")], (-1, 0)),
)


def _band(axis: Any, trials: Any, values: Floats, place: int, label: str) -> None:
    """The mean of (networks, trials) with its 95 % interval over networks."""
    known = np.isfinite(values).all(axis=0)
    curve = group_curve(values[:, known], interval="t")
    how = style.look(place)
    axis.plot(trials[known], curve.mean, color=how.color, label=label, linewidth=1.6)
    axis.fill_between(trials[known], curve.low, curve.high, color=how.color, alpha=0.2, linewidth=0)


def _sizes(axis: Any, courses: Mapping[str, Course], title: str) -> None:
    for place, (name, course) in enumerate(courses.items()):
        field = course.block("adaptation")
        shown = slice(0, field.stop)
        size = 1000.0 * np.abs(course.deviation[..., shown])
        trials = np.arange(shown.stop) - field.start + 1
        _band(axis, trials, _smooth(known_mean(size, 1), field.start), place, _NAMES[name])
    axis.axvline(0.5, color=style.FAINT, linewidth=0.8, linestyle=":")
    axis.set(title=title, xlabel="trial in the field", ylabel="size of the largest deviation (mm)", ylim=(0, _HIGHEST))


def _smooth(values: Floats, onset: int) -> Floats:
    """Means over some trials, not across the onset of the field; its first trials are left as they are."""
    result = values.copy()
    for first in (*range(0, onset, _SMOOTH), *range(onset + _SMOOTH, values.shape[1], _SMOOTH)):
        part = values[:, first : first + _SMOOTH]
        result[:, first : first + _SMOOTH] = np.nan
        result[:, first + part.shape[1] // 2] = known_mean(part, 1)
    return result


def _channels(axis: Any, course: Course, clamped: Course) -> None:
    field, clamps = course.block("adaptation"), clamped.block("clamps")
    for place, label, slopes, first in (
        (0, "channels in the field", course.slope[..., : field.stop], 1 - field.start),
        (5, "clamps only, after 60 trials", clamped.slope[..., clamps], 1),
    ):
        _band(axis, first + np.arange(slopes.shape[-1]), known_mean(slopes, 1), place, label)
    axis.axhline(1.0, color=style.FAINT, linewidth=0.8, linestyle=":")
    axis.legend(frameon=False, fontsize=8)
    axis.set(title="C  force in channels (curls)", xlabel="trial", ylabel="share of the field's force")


def _session(axis: Any, course: Course) -> None:
    off = 1000.0 * course.deviation * side_of(course.fields)[:, None]
    field, washout, again = (course.block(name) for name in ("adaptation", "washout", "relearning"))
    trials = np.arange(off.shape[-1]) - field.start + 1
    _band(axis, trials, known_mean(off, 1), 0, "memory")
    for begin in (field, washout, again):
        axis.axvline(begin.start - field.start + 0.5, color=style.FAINT, linewidth=0.8, linestyle=":")
    axis.axhline(0.0, color=style.INK, linewidth=0.8)
    axis.set(title="D  the whole session (curls)", xlabel="trial", ylabel="largest deviation (mm)\nto the side of the push")


def _paths(axis: Any, course: Course, title: str, parts: list[tuple[str, slice]], places: tuple[int, int]) -> None:
    """Paths of the first network to targets that all lie on the right, mirrored so that every curl pushes upwards."""
    for place, ((label, block), which) in enumerate(zip(parts, places, strict=True)):
        trial = [k for k in range(block.start, block.stop) if not course.rows[k].channel][which]
        for number, (way, side) in enumerate(zip(course.paths[trial, 0], side_of(course.fields), strict=True)):
            along, left = _turned(way, course.targets[trial, 0, number])
            color = style.look(5 if place == 0 else 0).color
            axis.plot(1000 * along, 1000 * left * side, color=color, linewidth=0.9, alpha=0.8, label="" if number else label)
    axis.set(title=title, xlabel="along the way (mm)", ylabel="to the side of the push (mm)", ylim=(-30, 40))
    axis.legend(frameon=False, fontsize=8, loc="upper left")


def _turned(path: Floats, target: Floats) -> tuple[Floats, Floats]:
    """A path (steps, 2) from the start at 0, along the direction of the target and to the left of it."""
    ahead = target / np.linalg.norm(target)
    return path @ ahead, ahead[0] * path[:, 1] - ahead[1] * path[:, 0]
