"""The ways on the grid: what is drawn is what the agent did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle
from matplotlib.quiver import Quiver

import reach_gym  # noqa: F401  (registers the tasks)
from agents.analysis.grid_paths import Panel, greedy_scenes, trajectories
from agents.q_learning.tabular import TabularAgent
from reach_gym import figures
from reach_gym.figures.style import FIELD
from reach_gym.grid.world import MOVES, Action

CALM, WIND = "reach_gym/GridReachTabular-v0", "reach_gym/GridReachTabularWind-v0"
ROOT = Path(__file__).resolve().parents[3]


def always(action: Action, cells: int = 100) -> TabularAgent:
    return TabularAgent(np.tile(np.arange(8) == action, (cells, 1)).astype(float))


def test_ways_feel_the_wind() -> None:
    # Northwards from the lower right corner: wind in rows 2 to 6 pushes to the left, one square a step.
    ways = {scene.start: scene.trail for scene in greedy_scenes(always(Action.NORTH), WIND, {})}
    assert ways[9, 0][:10] == ((9, 0), (9, 1), (9, 2), (8, 3), (7, 4), (6, 5), (5, 6), (4, 7), (4, 8), (4, 9))
    calm = {scene.start: scene.trail for scene in greedy_scenes(always(Action.NORTH), CALM, {})}
    assert calm[9, 0][:10] == tuple((9, y) for y in range(10))
    assert sorted(ways) == [(0, 0), (0, 4), (0, 9), (4, 0), (4, 9), (9, 0), (9, 4), (9, 9)]


def test_ways_start_outside_the_radius_and_share_one_target() -> None:
    kwargs: dict[str, Any] = {"target": [0, 0], "radius": 5.0}
    starts = [scene.start for scene in greedy_scenes(always(Action.WEST), CALM, kwargs)]
    assert sorted(starts) == [(0, 9), (4, 9), (9, 0), (9, 4), (9, 9)]
    free = greedy_scenes(always(Action.WEST, 10_000), CALM, {"target": None})
    assert len({scene.target for scene in free}) == 1


def test_trajectories_show_the_ways_and_the_wind() -> None:
    agent = always(Action.NORTH_EAST)
    scenes = [greedy_scenes(agent, env_id, {}) for env_id in (CALM, WIND)]
    figure = trajectories([Panel("calm", scenes[0]), Panel("windy", scenes[1])])
    calm, windy = figure.axes
    for axes, panel in ((calm, scenes[0]), (windy, scenes[1])):
        ways = [line for line in axes.lines if line.get_linewidth() == 2.2]
        assert len(ways) == len(panel)
        for line, scene in zip(ways, panel, strict=True):
            drawn = np.stack([line.get_xdata(), line.get_ydata()], axis=1)
            assert tuple(drawn[0]) == scene.start
            assert (np.rint(drawn) == scene.trail).all()  # lanes stay inside the squares
            assert np.ptp(drawn[1:] - scene.trail[1:], axis=0).max() < 1e-9  # one lane per way
    assert not [each for each in calm.collections if isinstance(each, Quiver)]
    (arrows,) = (each for each in windy.collections if isinstance(each, Quiver))
    assert len(arrows.U) == 50
    assert (np.asarray(arrows.U) < 0).all()
    assert (np.asarray(arrows.V) == 0).all()
    (shade,) = (
        patch
        for patch in windy.patches
        if isinstance(patch, Rectangle) and patch.get_facecolor()[:3] == to_rgb(FIELD)
    )
    assert (shade.get_xy(), shade.get_width(), shade.get_height()) == ((-0.5, 1.5), 10, 5)


def test_no_move_runs_along_the_lanes() -> None:
    # Otherwise two ways in one direction would lie on one line.
    figure = trajectories([Panel("", greedy_scenes(always(Action.NORTH), CALM, {}))])
    offsets = [line.get_xydata()[1] % 1 for line in figure.axes[0].lines if line.get_linewidth() == 2.2]
    across = (offsets[1] - offsets[0] + 0.5) % 1 - 0.5
    for dx, dy in (*MOVES, (-2, 1), (-2, -1)):
        assert abs(across[0] * dy - across[1] * dx) > 0.02


def test_saved_png_is_the_figure(tmp_path: Path) -> None:
    panel = Panel("windy", greedy_scenes(always(Action.NORTH), WIND, {}))
    figures.save(trajectories([panel]), tmp_path / "one.png")
    figures.save(trajectories([panel, panel]), tmp_path / "two.png")
    one, two = (matplotlib.image.imread(tmp_path / name) for name in ("one.png", "two.png"))
    assert one.std() > 0.05
    assert two.shape[1] > 1.8 * one.shape[1]
    figures.save(trajectories([panel]), tmp_path / "again.png")
    assert (tmp_path / "again.png").read_bytes() == (tmp_path / "one.png").read_bytes()
