"""The learning curve of Q-learning: the numbers in it are the learner's."""

from __future__ import annotations

from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

from agents.q_learning.figures import Curve, learning_curve, smooth
from reach_gym import figures


def test_smooth_is_the_running_mean() -> None:
    values = np.random.default_rng(0).normal(size=500).tolist()
    expected = [np.mean(values[max(0, k - max(30, k // 10)) : k]) for k in range(1, 501)]
    np.testing.assert_allclose(smooth(values, 30), expected, atol=1e-12)
    assert smooth([]).shape == (0,)


def test_learning_curve_shows_smoothed_steps_and_the_ideal() -> None:
    steps = list(range(300, 0, -1))
    figure = learning_curve([Curve("calm", steps, 4.5), Curve("windy", steps[:150], 5.0)], 0.3)
    (axes,) = figure.axes
    curve, ideal, shorter, _ = axes.lines
    np.testing.assert_array_equal(curve.get_ydata(), smooth(steps))
    np.testing.assert_array_equal(curve.get_xdata(), np.arange(1, 301))
    assert list(ideal.get_ydata()) == [4.5, 4.5]
    assert ideal.get_linestyle() == "--"
    assert len(shorter.get_xdata()) == 150
    assert axes.get_yscale() == "log"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["calm", "windy"]
    assert {"ideal 4.50", "ideal 5.00"} <= {text.get_text() for text in axes.texts}
    assert axes.get_ylim()[0] < 4.5


@pytest.mark.parametrize("steps", [[7], [3, 2]])
def test_learning_curve_of_hardly_any_episodes(steps: list[int], tmp_path: Path) -> None:
    figures.save(learning_curve([Curve("short", steps, 4.0)], 0.0), tmp_path / "short.png")
    assert matplotlib.image.imread(tmp_path / "short.png").std() > 0.05
