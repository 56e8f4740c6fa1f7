"""Learning curves of groups, of plain data and of sessions of many blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import same_color, to_rgb

from reach_gym import figures
from reach_gym.evaluation.statistics import mean_interval
from reach_gym.figures.learning_curves import CATCH_MARK
from reach_gym.figures.style import COLORS, FIELD, TARGET
from reach_gym.recording import Recording, catch_trials, deviations, record_whole_session

ENV_ID = "reach_gym/CursorReachCenterOut-v0"
BLOCKS: list[dict[str, Any]] = [
    {"name": "baseline", "trials": 6, "gain": 0.0},
    {"name": "field", "trials": 20, "catch": 0.2, "clamp": 0.2},
]


@pytest.fixture(scope="module")
def group() -> list[Recording]:
    kwargs = {"schedule": BLOCKS, "motor_noise": [0.5, 0.2]}
    return [record_whole_session("naive", ENV_ID, seed, kwargs) for seed in range(5)]


def curve(axes: Axes, color: str) -> np.ndarray[Any, Any]:
    lines = [line.get_xydata() for line in axes.lines if same_color(line.get_color(), color) and line.get_marker() == "o"]
    return np.concatenate(lines)


def bands(axes: Axes, x: float) -> list[tuple[float, float]]:
    """The lower and upper ends of the bands at the place `x`."""
    found = []
    for band in axes.collections:
        if isinstance(band, PolyCollection):
            for path in band.get_paths():
                ends = path.vertices[path.vertices[:, 0] == x][:, 1]
                found += [(ends.min(), ends.max())] if ends.size else []
    return found


# Plain data


def test_a_group_is_its_mean_with_the_interval_of_the_mean() -> None:
    values = np.random.default_rng(0).normal(size=(7, 30))
    values[:5, 3] = np.nan  # two are left
    values[:, 8] = np.nan
    (axes,) = figures.trial_curves({"group": values}).axes
    shown = curve(axes, COLORS[0])
    assert shown[:, 0].tolist() == [float(k + 1) for k in range(30) if k != 8]
    np.testing.assert_allclose(shown[:, 1], [np.nanmean(values[:, k]) for k in range(30) if k != 8])
    wanted = mean_interval(values[:, 20])
    np.testing.assert_allclose(bands(axes, 21.0), [(wanted.low, wanted.high)])
    assert bands(axes, 4.0) == [] == bands(axes, 9.0)  # of less than half of the group, and of nobody
    (pair,) = figures.trial_curves({"group": values[5:]}).axes
    assert bands(pair, 21.0) == []  # an interval of two values would hide everything


def test_points_are_means_of_so_many_trials_within_a_block() -> None:
    values = np.arange(10.0)
    (axes,) = figures.trial_curves({"one": values}, blocks=["a"] * 5 + ["b"] * 5, every=2).axes
    lines = [line.get_xydata() for line in axes.lines if line.get_linestyle() == "-" and same_color(line.get_color(), COLORS[0])]
    assert [line.tolist() for line in lines] == [[[1.5, 0.5], [3.5, 2.5], [5.0, 4.0]], [[6.5, 5.5], [8.5, 7.5], [10.0, 9.0]]]


def test_subjects_of_other_lengths_end_sooner() -> None:
    (axes,) = figures.trial_curves({"long": np.ones(9), "short": np.zeros(4)}).axes
    assert len(curve(axes, COLORS[0])) == 9 and len(curve(axes, COLORS[1])) == 4
    assert axes.get_xlim() == (0.5, 9.5)


def test_blocks_are_shaded_by_the_sign_of_the_gain() -> None:
    gain = np.repeat([0.0, 1.0, -1.0, 0.0], 5)
    (axes,) = figures.trial_curves({"one": np.ones(20)}, blocks=list("aaaaabbbbbcccccddddd"), gain=gain).axes
    colors = [patch.get_facecolor()[:3] for patch in axes.patches]
    assert colors[0] == colors[3] and colors[1] == to_rgb(FIELD) and colors[2] == to_rgb(TARGET)
    assert len([line for line in axes.lines if set(line.get_xdata()) in ({5.5}, {10.5}, {15.5})]) == 3


@pytest.mark.parametrize(
    ("values", "more", "told"),
    [
        ({}, {}, "`values` must hold at least one entry"),
        ({"a": "nothing"}, {}, r"`values\['a'\]` must be numbers"),
        ({"a": [[]]}, {}, r"`values\['a'\]` must be numbers"),
        ({"a": np.ones((2, 2, 2))}, {}, r"`values\['a'\]` must be numbers"),
        ({"a": [1.0, 2.0]}, {"blocks": ["x"]}, r"`blocks` must be of shape \(2,\)"),
        ({"a": [1.0, 2.0]}, {"gain": [1.0]}, r"`gain` must be of shape \(2,\)"),
        ({"a": [1.0, 2.0]}, {"every": 0}, "`every` must be an integer of at least 1"),
    ],
)
def test_data_that_make_no_curve_are_refused(values: Any, more: Any, told: str) -> None:
    with pytest.raises((TypeError, ValueError), match=told):
        figures.trial_curves(values, **more)


# Recordings


def test_a_group_of_recordings_is_drawn_as_its_mean(group: list[Recording]) -> None:
    upper, _ = figures.learning_curve({"naive": group}).axes
    off = 1000 * np.stack([np.where(catch_trials(each), np.nan, deviations(each)) for each in group])
    shown = curve(upper, COLORS[0])
    known = np.isfinite(off).any(axis=0)
    np.testing.assert_allclose(shown, np.stack([np.flatnonzero(known) + 1, np.nanmean(off[:, known], axis=0)], axis=1))
    whole = np.flatnonzero(np.isfinite(off).all(axis=0))[-1]
    wanted = mean_interval(off[:, whole])
    np.testing.assert_allclose(bands(upper, whole + 1.0), [(wanted.low, wanted.high)])
    labels = [text.get_text() for text in upper.figure.legends[0].get_texts()]
    assert labels[0] == "naive" and labels[-1].startswith("95 % interval")


def test_a_catch_trial_of_a_group_is_one_of_half_of_it(group: list[Recording]) -> None:
    upper, _ = figures.learning_curve({"naive": group}).axes
    (marks,) = [line for line in upper.lines if line.get_marker() == CATCH_MARK]
    common = np.stack([catch_trials(each) for each in group]).mean(axis=0) >= 0.5
    assert (marks.get_xdata() - 1).tolist() == np.flatnonzero(common).tolist()


def test_more_than_three_subjects_are_shown_by_cycles(group: list[Recording]) -> None:
    subjects = {f"subject {k}": each for k, each in enumerate(group)}
    few, many = (figures.learning_curve(dict(list(subjects.items())[:count])).axes[0] for count in (3, 5))
    assert len(curve(few, COLORS[0])) > 20 - 8
    # Faint dots for the trials, and a point for each eight of a block: 6 trials, and 8 + 8 + 4.
    lines = [line for line in many.lines if same_color(line.get_color(), COLORS[0]) and line.get_marker() == "o"]
    assert [len(line.get_xdata()) for line in lines] == [26, 1, 3]


@pytest.mark.parametrize(
    ("subjects", "error", "told"),
    [
        ({}, ValueError, "`subjects` must hold at least one entry"),
        ({"a": []}, ValueError, r"`subjects\['a'\]` must hold recordings"),
        ({"a": 3}, TypeError, r"`subjects\['a'\]` must be a Recording or a sequence"),
        ({"a": [1.0, 2.0]}, TypeError, r"`subjects\['a'\]` must be a Recording or a sequence"),
    ],
)
def test_other_than_recordings_are_refused(subjects: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        figures.learning_curve(subjects)


# Many blocks


def test_of_sixty_blocks_the_names_that_fit_are_shown() -> None:
    names = [f"block number {k}" for k in range(60) for _ in range(8)]
    figure = figures.trial_curves({"one": np.ones(480)}, blocks=names)
    (axes,) = figure.axes
    boxes = [text.get_window_extent() for text in axes.texts if text.get_visible()]
    assert 4 <= len(boxes) < 15 and len(axes.texts) == 60
    assert all(one.x1 < other.x0 for one, other in zip(boxes, boxes[1:], strict=False))
    places = [k for k, text in enumerate(axes.texts) if text.get_visible()]
    assert max(np.diff(places)) <= min(np.diff(places)) + 1  # evenly
    assert len(axes.patches) == 60


def test_the_names_of_long_blocks_come_first() -> None:
    names = ["calm"] * 60 + ["a very long name of a short block"] + ["adaptation"] * 9 + ["rest"] * 50
    (axes,) = figures.trial_curves({"one": np.ones(120)}, blocks=names).axes
    assert [text.get_text() for text in axes.texts if text.get_visible()] == ["calm", "adaptation", "rest"]


def test_names_are_no_formulas() -> None:
    figures.trial_curves({r"$\nothing$": np.ones(4)}).draw_without_rendering()
    figures.trial_curves({"one": np.ones(4)}, blocks=[r"$\nothing$"] * 4).draw_without_rendering()


def test_headlines_stand_only_where_somebody_asks() -> None:
    plain, told = (figures.trial_curves({"one": np.ones(4)}, title=title) for title in ("", "Learning"))
    assert plain.get_suptitle() == "" and told.get_suptitle() == "Learning"
    tops = [max(axes.get_position().y1 for axes in figure.axes) for figure in (plain, told)]
    assert tops[0] > tops[1] + 0.05  # and take room only there
