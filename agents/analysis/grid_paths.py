"""The ways that an agent takes on the grid: let it act from the edges, and draw them (Sun & Plitt, Figure 4 left)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from matplotlib.ticker import MultipleLocator

from reach_gym import fields
from reach_gym.acting.protocol import Agent
from reach_gym.figures.style import COLORS, DPI, FAINT, FIELD, INK, RULE, TARGET, layout
from reach_gym.rendering import GridScene
from reach_gym.rendering.field_marks import region_squares

_ARROWS: dict[str, Any] = {
    "pivot": "mid",
    "angles": "xy",
    "scale_units": "xy",
    "scale": 1,
    "zorder": 1,
    "width": 0.0045,
    "headwidth": 4.5,
    "headlength": 5,
    "headaxislength": 4.5,
}
# What only vector environments take.
_OF_ROWS = ("backend", "threads", "autoreset_mode")


@dataclass(frozen=True)
class Panel:
    """The ways of one agent in one task.

    Attributes:
        title: Headline.
        scenes: The last scene of one episode per start; all on the same grid with the same target.
    """

    title: str
    scenes: Sequence[GridScene]


def greedy_scenes(agent: Agent, env_id: str, env_kwargs: dict[str, Any], seed: int = 0) -> list[GridScene]:
    """Lets `agent` act from the corners and the middles of the edges, in the environment with its field.

    Args:
        agent: Who acts.
        env_id: A grid reach.
        env_kwargs: Its keywords.
        seed: Decides the target, where the task draws it.

    Returns:
        The last scene of each episode; its trail is the way taken.
    """
    kwargs = {name: each for name, each in env_kwargs.items() if name not in _OF_ROWS}
    env: gym.Env[Any, Any] = gym.make(env_id, **{**kwargs, "render_mode": "rgb_array"})  # so that the ways are kept
    env.reset(seed=seed)
    first: GridScene = env.unwrapped.scene()  # type: ignore[attr-defined]
    # Where the target is drawn anew in every trial, one target has to serve the whole panel.
    drawn = env.spec is not None and env.spec.kwargs.get("target") is None
    options: dict[str, Any] = {"target": first.target} if drawn else {}
    scenes = []
    for start in _starts(first):
        observation, _ = env.reset(options={**options, "start": start})
        done = False
        while not done:
            observation, _, terminated, truncated, _ = env.step(int(agent.act(np.array([observation]))[0]))
            done = terminated or truncated
        scenes.append(env.unwrapped.scene())  # type: ignore[attr-defined]
    env.close()
    return scenes


def _starts(scene: GridScene) -> list[tuple[int, int]]:
    last = scene.size - 1
    places = sorted({0, last // 2, last})
    edge = [(x, y) for y in places for x in places if x in (0, last) or y in (0, last)]
    return [start for start in edge if math.dist(start, scene.target) > scene.radius]


def trajectories(panels: Sequence[Panel]) -> Figure:
    """The ways of trained agents, one panel per task side by side.

    Args:
        panels: At least one; each with at least one scene.
    """
    figure = Figure(figsize=(0.6 + 5.2 * len(panels), 6.1), dpi=DPI, layout=layout())
    for axes, panel in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        _board(axes, panel.scenes[0])
        for k, scene in enumerate(panel.scenes):
            _way(axes, scene, COLORS[k % len(COLORS)], k - (len(panel.scenes) - 1) / 2, len(panel.scenes))
        steps, ideal = (np.mean([getattr(scene, name) for scene in panel.scenes]) for name in ("step", "ideal_steps"))
        axes.text(0, 1.07, panel.title, transform=axes.transAxes, color=INK, fontsize=14, fontweight="bold")
        note = f"{len(panel.scenes)} starts: {steps:.2f} steps on average, ideal {ideal:.2f}"
        axes.text(0, 1.02, note, transform=axes.transAxes, color=FAINT, fontsize=10)
    return figure


def _board(axes: Axes, scene: GridScene) -> None:
    last = scene.size - 1
    axes.set(xlim=(-0.5, last + 0.5), ylim=(-0.5, last + 0.5), aspect="equal", xlabel="x", ylabel="y")
    spacing = max(1, scene.size // 10)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MultipleLocator(spacing))
        axis.set_tick_params(length=0, labelcolor=FAINT)
    for i in range(last):
        axes.axhline(i + 0.5, color=RULE, linewidth=0.8, zorder=0)
        axes.axvline(i + 0.5, color=RULE, linewidth=0.8, zorder=0)
    for spine in axes.spines.values():
        spine.set_color("#b2bac5")
    _field(axes, scene)
    x, y = scene.target
    axes.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, color=TARGET, alpha=0.25, linewidth=0, zorder=1))
    if scene.radius > 0:
        axes.add_patch(Circle((x, y), scene.radius, fill=False, edgecolor=TARGET, linewidth=1.4, zorder=1))
    for radius, color in ((0.36, TARGET), (0.25, "white"), (0.14, TARGET)):
        axes.add_patch(Circle((x, y), radius, color=color, linewidth=0, zorder=6))


def _field(axes: Axes, scene: GridScene) -> None:
    """Shades where the field acts, with an arrow per square for its push."""
    region = region_squares(scene.size, scene.field)
    if region is None:
        return
    x0, y0, x1, y1 = region
    axes.add_patch(Rectangle((x0 - 0.5, y0 - 0.5), x1 - x0 + 1, y1 - y0 + 1, color=FIELD, alpha=0.13, linewidth=0, zorder=0))
    x, y = (grid.ravel().astype(float) for grid in np.meshgrid(np.arange(x0, x1 + 1), np.arange(y0, y1 + 1)))
    fx, fy = (np.broadcast_to(part, x.shape) for part in fields.force(scene.field, x, y, 0.0 * x, 0.0 * y))
    top = float(np.hypot(fx, fy).max())
    if top > 0:
        axes.quiver(
            *(x, y, 0.5 * fx / top, 0.5 * fy / top),
            color=FIELD,
            alpha=0.38,
            **_ARROWS,
        )


def _way(axes: Axes, scene: GridScene, color: str, lane: float, lanes: int) -> None:
    """One way; ways keep to lanes of their own inside the squares, so that none hides another."""
    # No move runs in this direction, so lanes stay apart on every way.
    shift = 0.48 * lane / max(lanes - 1, 1) * np.array([0.38, 0.92])
    x, y = (np.array(scene.trail, float) + shift).T
    x[0], y[0] = scene.trail[0]
    axes.plot(x, y, "-", color=color, linewidth=2.2, solid_joinstyle="round", zorder=4)
    axes.plot(x[1:-1], y[1:-1], "o", color=color, markersize=4, zorder=4)
    axes.plot(x[:1], y[:1], "o", color="white", markeredgecolor=color, markeredgewidth=2.4, markersize=10, zorder=5)
