"""Figures of sessions: what they show are the trials' own numbers, and a subject that fails breaks none of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import same_color, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from matplotlib.text import Text

from reach_gym import figures
from reach_gym.figures.hand_paths import CALM, FELT, SURPRISED, Panel, Paths, hand_paths, millimetres, panels
from reach_gym.figures.learning_curves import CATCH_MARK, CHANNEL_MARK
from reach_gym.figures.speed_profiles import aligned_speed
from reach_gym.figures.style import FIELD, look
from reach_gym.planning.minimum_jerk import minimum_jerk
from reach_gym.recording import Recording, adaptation, catch_trials, deviations, record, record_whole_session
from reach_gym.recording.conditions import CATCH, conditions

ENV_ID = "reach_gym/CursorReachCenterOut-v0"
ROOT = Path(__file__).resolve().parents[2]
NOISE: dict[str, Any] = {"motor_noise": [0.5, 0.2]}


@pytest.fixture(scope="module")
def sessions() -> dict[str, Recording]:
    return {name: record_whole_session(name, ENV_ID, 1, NOISE) for name in ("naive", "adapted", "ideal")}


@pytest.fixture(scope="module")
def naive(sessions: dict[str, Recording]) -> Recording:
    return sessions["naive"]


def drawn(figure: Figure) -> float:
    """Lays a figure out and draws it, both without a warning; the contrast of the picture."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return float(np.asarray(canvas.buffer_rgba())[..., :3].std())


def session_of(blocks: list[dict[str, Any]], agent: str = "naive") -> Recording:
    return record_whole_session(agent, ENV_ID, 0, {"schedule": blocks})


# Hand paths


def paths_in(axes: Axes, color: str) -> list[np.ndarray[Any, Any]]:
    return [line.get_xydata() for line in axes.lines if same_color(line.get_color(), color) and len(line.get_xdata()) > 30]


def test_hand_paths_are_those_of_the_last_trials_in_centimetres(sessions: dict[str, Recording]) -> None:
    figure = hand_paths({name: panels(each, 12) for name, each in sessions.items()})
    titles = ["baseline", "adaptation, early", "adaptation, late", CATCH, "washout, early"]
    colors = [CALM, FELT, FELT, SURPRISED, SURPRISED]
    assert [axes.get_title(loc="left") for axes in figure.axes] == titles * 3
    for k, axes in enumerate(figure.axes):
        recording = list(sessions.values())[k // 5]
        condition = conditions(recording, 12)[k % 5]
        trials = np.flatnonzero(condition.mask)[-12:]
        ways = paths_in(axes, colors[k % 5])
        assert len(ways) == len(trials)
        for way, trial in zip(ways, trials, strict=True):
            steps = recording.steps[trial]
            np.testing.assert_allclose(way[: steps + 1], 100 * recording.hand[trial, : steps + 1], atol=1e-12)
            assert np.isnan(way[steps + 1 :]).all()
        assert axes.get_aspect() == 1.0
        assert millimetres(np.nanmean(deviations(recording)[trials])) in axes.texts[0].get_text()
    assert {axes.texts[1].get_text() for axes in figure.axes[::5]} == set(sessions)
    assert figure.axes[0].get_ylabel() == "y (cm)" and figure.axes[-1].get_xlabel() == "x (cm)"


def test_targets_are_circles_of_their_size(naive: Recording) -> None:
    (panel,) = [each for each in panels(naive, 100) if each.title == "adaptation, early"]
    axes = hand_paths({"": [panel]}).axes[0]
    discs = [patch for patch in axes.patches if isinstance(patch, Circle)]
    assert sorted(tuple(np.round(disc.center, 6) + 0.0) for disc in discs) == sorted(
        {tuple(np.round(100 * target, 6) + 0.0) for target in panel.recording.target}
    )
    assert len(discs) == 8
    assert {round(disc.radius, 9) for disc in discs} == {1.0}
    (low, high), reach = axes.get_xlim(), max(abs(disc.center[0]) + disc.radius for disc in discs)
    assert low <= -reach and reach <= high


def test_a_row_without_a_condition_leaves_its_place_empty(naive: Recording) -> None:
    some = panels(naive, 4)
    figure = hand_paths({"all": some, "two": some[:2]})
    assert [axes.axison for axes in figure.axes] == [True] * 7 + [False] * 3
    with pytest.raises(ValueError, match="`rows` must hold"):
        hand_paths({"nobody": []})


@pytest.mark.parametrize(
    ("metres", "text"), [(0.0245, "+24.5 mm"), (-0.027, "−27.0 mm"), (-1e-9, "+0.0 mm"), (float("nan"), "no movement")]
)
def test_deviations_are_written_for_people(metres: float, text: str) -> None:
    assert millimetres(metres) == text


@pytest.fixture(scope="module")
def turned() -> Recording:
    kwargs = {**NOISE, "field": "null", "rotation": 30.0, "schedule": "abrupt"}
    return record_whole_session("naive", ENV_ID, 0, kwargs)


@pytest.mark.parametrize("of", ["cursor", "hand"])
def test_the_path_drawn_under_a_rotation_is_the_one_that_is_measured(of: str, turned: Recording) -> None:
    (panel,) = [each for each in panels(turned, 8) if each.title == "adaptation, late"]
    (axes,) = hand_paths({"": [panel]}, of=of).axes
    trials = panel.recording
    assert isinstance(trials, Recording)
    for way, path in zip(paths_in(axes, FELT), 100 * getattr(trials, of), strict=True):
        np.testing.assert_array_equal(way, path)
    size = trials.measures(of)["max_deviation"].mean()
    assert axes.texts[0].get_text() == f"{of}:  {millimetres(size)}"
    other = trials.measures("hand" if of == "cursor" else "cursor")["max_deviation"].mean()
    assert abs(size - other) > 0.02


def test_paths_may_be_plain_arrays() -> None:
    way = np.array([[[0.0, 0.0], [0.05, 0.012], [0.1, 0.0], [np.nan, np.nan]], [[0.0, 0.0], [0.05, 0.002], [0.07, -0.004], [0.1, 0.0]]])
    (axes,) = hand_paths({"": [Panel("mine", Paths(way, (0, 0), (0.1, 0)))]}).axes
    assert axes.texts[0].get_text() == millimetres((0.012 - 0.004) / 2)
    assert [patch.center for patch in axes.patches if isinstance(patch, Circle)] == [(10.0, 0.0)]
    lines = [line for line in axes.lines if line.get_marker() != "o"]
    np.testing.assert_allclose(np.stack([line.get_xydata() for line in lines]), 100 * way)
    with pytest.raises(ValueError, match=r"`path` must be of shape"):
        hand_paths({"": [Panel("mine", Paths(way[0], (0, 0), (0.1, 0)))]})
    with pytest.raises(ValueError, match=r"`of` must be one of"):
        hand_paths({"": [Panel("mine", Paths(way, (0, 0), (0.1, 0)))]}, of="foot")


# Looks


def test_28_subjects_have_looks_of_their_own_and_8_of_them_markers() -> None:
    looks = [look(place) for place in range(28)]
    assert len({(each.color, each.dashes) for each in looks}) == 28
    assert len({each.marker for each in looks[:8]}) == 8
    assert len({each.dashes for each in looks[:4]}) == 4  # told apart in grey, too


@pytest.mark.parametrize("name", ["learning_curve", "after_effects"])
def test_marks_do_not_grow_with_the_rank(name: str, naive: Recording) -> None:
    figure = MAKERS[name]({f"subject {k}": naive for k in range(8)})
    for kind in ("o", CATCH_MARK, CHANNEL_MARK, "."):
        sizes = {line.get_markersize() for axes in figure.axes for line in axes.lines if line.get_marker() == kind and len(line.get_xdata()) > 1}
        assert len(sizes) <= 2, kind  # dots of trials, and points of a mean


# Learning curve


def test_learning_curve_shows_every_trial_once(sessions: dict[str, Recording]) -> None:
    figure = figures.learning_curve(sessions)
    upper, lower = figure.axes
    for recording, color in zip(sessions.values(), figures.COLORS, strict=False):
        off, caught = 1000 * deviations(recording), catch_trials(recording)
        mine = [line for line in upper.lines if same_color(line.get_color(), color)]
        plain = [line for line in mine if line.get_marker() == "o"]
        (catches,) = [line for line in mine if line.get_marker() == CATCH_MARK]
        assert len(plain) == 3  # the line is broken between blocks
        shown = np.concatenate([line.get_xydata() for line in plain])
        wanted = np.flatnonzero(~caught & ~recording.channel)
        np.testing.assert_allclose(shown, np.stack([wanted + 1, off[wanted]], axis=1))
        np.testing.assert_allclose(catches.get_xydata(), np.stack([np.flatnonzero(caught) + 1, off[caught]], axis=1))
        squares = [line.get_xydata() for line in lower.lines if line.get_marker() == CHANNEL_MARK and same_color(line.get_color(), color)]
        channel = np.flatnonzero(recording.channel)
        np.testing.assert_allclose(np.concatenate(squares), np.stack([channel + 1, adaptation(recording)[channel]], axis=1))
    styles = {str(line._unscaled_dash_pattern) for line in upper.lines if line.get_marker() == "o"}
    assert len(styles) == 3  # equal curves stay visible under each other
    assert len({line.get_linewidth() for line in upper.lines if line.get_marker() == "o"}) == 1


def test_learning_curve_shades_and_names_the_blocks(sessions: dict[str, Recording]) -> None:
    figure = figures.learning_curve(sessions)
    for axes in figure.axes:
        spans = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
        assert [(span.get_x(), span.get_x() + span.get_width()) for span in spans] == [(0.5, 40.5), (40.5, 200.5), (200.5, 280.5)]
        assert [same_color(span.get_facecolor()[:3], to_rgb(FIELD)) for span in spans] == [False, True, False]
    assert [text.get_text() for text in figure.axes[0].texts] == ["baseline", "adaptation", "washout"]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["naive", "adapted", "ideal", "catch trial", "channel trial"]


def test_learning_curve_without_catch_and_channel_trials() -> None:
    plain = session_of([{"name": "baseline", "trials": 2, "gain": 0.0}, {"name": "field", "trials": 3}])
    figure = figures.learning_curve({"somebody": plain})
    assert len(figure.axes) == 1
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["somebody"]


# After-effects


def test_after_effects_show_trials_means_and_spreads(sessions: dict[str, Recording]) -> None:
    figure = figures.after_effects(sessions, 10)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_xticklabels()] == [
        "baseline", "adaptation,\nearly", "adaptation,\nlate", CATCH, "washout,\nearly",
    ]  # fmt: skip
    for k, (recording, color) in enumerate(zip(sessions.values(), figures.COLORS, strict=False)):
        off = 1000 * deviations(recording)
        bars = [bar for bar in axes.containers if same_color(bar.lines[0].get_color(), color)]
        dots = [line for line in axes.lines if line.get_marker() == "." and same_color(line.get_color(), color)]
        for x, (condition, bar, dot) in enumerate(zip(conditions(recording, 10), bars, dots, strict=True)):
            values = off[condition.mask]
            np.testing.assert_allclose(dot.get_ydata(), values)
            (place,), (height,) = (np.asarray(data, float) for data in bar.lines[0].get_data())
            assert height == pytest.approx(values.mean())
            low, high = (float(cap.get_ydata()[0]) for cap in bar.lines[1])
            np.testing.assert_allclose([low, high], [values.mean() - values.std(), values.mean() + values.std()])
            assert place == pytest.approx(x + 0.84 / 3 * (k - 1))
            assert np.abs(dot.get_xdata() - place).max() < 0.42 / 3  # nobody else's place
    spans = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    assert [span.get_x() for span in spans] == [0.5, 1.5]


# Speed


def test_speeds_are_aligned_to_the_cue(naive: Recording) -> None:
    time, speeds = aligned_speed(naive)
    assert time[0] == pytest.approx(-0.05) and time[-1] == pytest.approx(0.65)
    for trial in (0, 100):
        for k in (0, 5, 30, len(time) - 1):
            state = naive.go[trial] + round(time[k] / 0.01)
            expected = np.hypot(*naive.velocity[trial, state]) if state < naive.velocity.shape[1] else np.nan
            np.testing.assert_equal(speeds[trial, k], expected)


def test_velocity_profiles_are_means_beside_minimum_jerk(sessions: dict[str, Recording]) -> None:
    figure = figures.velocity_profiles(sessions, 10)
    assert [axes.get_title(loc="left") for axes in figure.axes] == [each.name for each in conditions(sessions["ideal"], 10)]
    for axes, condition in zip(figure.axes, conditions(sessions["naive"], 10), strict=True):
        *curves, reference = axes.lines
        assert len(curves) == len(axes.collections) == 3
        chosen = sessions["naive"].subset(condition.mask)
        time, speeds = aligned_speed(chosen)
        peak = int(np.abs(time - 0.25).argmin())
        (place,) = np.flatnonzero(curves[0].get_xdata() == time[peak])
        assert curves[0].get_ydata()[place] == pytest.approx(speeds[:, peak].mean())
        band = axes.collections[0].get_paths()[0].vertices
        edges = band[np.isclose(band[:, 0], time[peak])][:, 1]
        assert edges.max() - edges.min() == pytest.approx(2 * speeds[:, peak].std())
        assert (np.isfinite(speeds[:, np.isin(time, curves[0].get_xdata())]).sum(axis=0) >= len(chosen) / 2).all()
        ideal = minimum_jerk(reference.get_xdata(), np.zeros(2), np.array([0.1, 0.0])).velocity[:, 0]
        np.testing.assert_allclose(reference.get_ydata(), ideal, atol=1e-9)
        assert reference.get_linestyle() == "--"
        assert not same_color(reference.get_color(), curves[0].get_color())


# Those who fail


def still(observations: Any) -> Any:
    return np.zeros((len(observations), 2), np.float32)


MAKERS: dict[str, Callable[[dict[str, Recording]], Figure]] = {
    "hand_paths": lambda subjects: hand_paths({name: panels(each) for name, each in subjects.items()}),
    "learning_curve": figures.learning_curve,
    "after_effects": figures.after_effects,
    "velocity_profiles": figures.velocity_profiles,
}
BLOCKS = [
    {"name": "baseline", "trials": 2, "gain": 0.0},
    {"name": "field", "trials": 8, "catch": 0.3, "clamp": 0.3},
    {"name": "washout", "trials": 2, "gain": 0.0},
]


@pytest.fixture(scope="module")
def failing() -> dict[str, Recording]:
    agents: dict[str, Any] = {"random": "random", "still": still}
    found = {name: record(agent, ENV_ID, env_kwargs={"schedule": BLOCKS}, session=True) for name, agent in agents.items()}
    assert found["random"].false_start.any()
    assert np.isnan(deviations(found["still"])).all()
    return found


@pytest.mark.parametrize("name", MAKERS)
def test_failing_subjects_are_drawn_without_a_warning(name: str, failing: dict[str, Recording]) -> None:
    assert drawn(MAKERS[name](failing)) > 5
    assert drawn(MAKERS[name]({"still": failing["still"]})) > 5


@pytest.mark.parametrize("name", [name for name in MAKERS if name != "hand_paths"])
def test_a_session_in_channels_alone_is_drawn(name: str) -> None:
    clamped = session_of([{"name": "clamp", "trials": 3, "clamp": 1.0}], "adapted")
    assert drawn(MAKERS[name]({"clamped": clamped})) > 5


@pytest.mark.parametrize("name", MAKERS)
def test_one_trial_and_more_subjects_than_colours(name: str) -> None:
    one = session_of([{"name": "field", "trials": 1}])
    assert drawn(MAKERS[name]({f"subject {k}": one for k in range(8 if name != "hand_paths" else 2)})) > 5


def words(figure: Figure) -> list[Text]:
    """What can be read in a figure; Matplotlib keeps more labels of ticks than it shows."""
    found = [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]
    for axes in (each for each in figure.axes if each.axison):
        found += [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = axis.get_view_interval()
            found += [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    return [text for text in found if text.get_text() and text.get_visible()]


@pytest.mark.parametrize("name", MAKERS)
def test_no_words_lie_on_each_other(name: str, sessions: dict[str, Recording]) -> None:
    figure = MAKERS[name](sessions)
    drawn(figure)
    boxes = [(text.get_text(), text.get_window_extent()) for text in words(figure)]
    assert len(boxes) > 15
    for i, (first, one) in enumerate(boxes):
        assert figure.bbox.x0 <= one.x0 and one.x1 <= figure.bbox.x1 and figure.bbox.y0 <= one.y0 and one.y1 <= figure.bbox.y1, first
        for second, other in boxes[i + 1 :]:
            assert not one.overlaps(other), (first, second)


def test_pyplot_is_never_loaded() -> None:
    code = "import sys, reach_gym.figures; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
