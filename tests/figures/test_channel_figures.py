"""Forces in channels, and generalisation over directions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.projections.polar import PolarAxes

from reach_gym import figures
from reach_gym.figures import ForceProfiles, by_direction, channel_parts, force_profiles, generalisation, lateral_forces
from reach_gym.measures import find_movement
from reach_gym.recording import Recording, adaptation, record_whole_session

ENV_ID = "reach_gym/CursorReachCenterOut-v0"
BLOCKS: list[dict[str, Any]] = [
    {"name": "baseline", "trials": 6, "gain": 0.0, "clamp": 0.3},
    {"name": "field", "trials": 60, "clamp": 0.4},
    {"name": "field", "trials": 6, "clamp": 1.0},
]


@pytest.fixture(scope="module")
def adapted() -> Recording:
    return record_whole_session("adapted", ENV_ID, 2, {"schedule": BLOCKS})


# Forces


def test_who_expects_the_field_pushes_what_cancels_it(adapted: Recording) -> None:
    time, force, ideal = lateral_forces(adapted.subset(np.array(adapted.block_names) == "field"))
    peak = int(np.argmin(np.abs(time)))
    speeds = np.hypot(*adapted.velocity[10].T)
    assert np.nanmax(speeds) * 13 == pytest.approx(-np.nanmean(ideal[:, peak]), rel=0.05)  # a curl pushes to the left: push right
    known = np.isfinite(force) & np.isfinite(ideal)
    assert np.sum((force * ideal)[known]) / np.sum((ideal * ideal)[known]) == pytest.approx(1.0, abs=0.1)


def test_forces_are_those_of_the_recording_at_the_peak_of_the_speed(adapted: Recording) -> None:
    time, force, _ = lateral_forces(adapted)
    trials = np.flatnonzero(adapted.channel)
    assert len(force) == len(trials)
    moves = find_movement(adapted.velocity[trials], adapted.go[trials])
    for row, (trial, at) in enumerate(zip(trials, moves.peak, strict=True)):
        way = (adapted.target - adapted.start)[trial]
        left = np.array([-way[1], way[0]]) / np.hypot(*way)
        assert force[row, np.argmin(np.abs(time))] == pytest.approx(-adapted.force[trial, at] @ left)


def test_another_field_is_another_ideal(adapted: Recording) -> None:
    own, other = lateral_forces(adapted), lateral_forces(adapted, "curl_cw")
    np.testing.assert_allclose(own.ideal, -other.ideal, atol=1e-12)
    np.testing.assert_array_equal(own.force, other.force)


def test_channel_parts_are_the_ends_of_the_blocks(adapted: Recording) -> None:
    parts = channel_parts(adapted, 6)
    assert [name for name in parts if name.startswith("field")] == ["field, early", "field, late", "field"]
    assert all(each.channel.all() for each in parts.values())
    inside = np.flatnonzero(adapted.channel & (adapted.block == 1))
    assert parts["field, early"].trial.tolist() == inside[:6].tolist()
    assert parts["field, late"].trial.tolist() == inside[-6:].tolist()
    assert len(channel_parts(adapted.subset(~adapted.channel))) == 0
    twice = channel_parts(adapted, 100)
    assert list(twice)[-2:] == ["field", "field (2)"]


def test_profiles_are_means_with_standard_deviations() -> None:
    time = np.linspace(-0.2, 0.2, 5)
    force = np.array([[1.0, 2.0, 3.0, np.nan, np.nan], [3.0, 2.0, 1.0, 5.0, np.nan], [5.0, 2.0, -1.0, np.nan, np.nan]])
    figure = force_profiles({"mine": ForceProfiles(time, force, np.ones((3, 5)))})
    axes = figure.axes[0]
    zero, hand, ideal = axes.lines
    np.testing.assert_allclose(hand.get_xydata(), [[-0.2, 3.0], [-0.1, 2.0], [0.0, 1.0]])  # while half of the trials go on
    np.testing.assert_allclose(ideal.get_ydata(), 1.0)
    ends = axes.collections[0].get_paths()[0].vertices
    assert np.ptp(ends[ends[:, 0] == -0.2][:, 1]) == pytest.approx(2 * force[:, 0].std())
    figure.draw_without_rendering()


def test_parts_without_a_movement_are_empty() -> None:
    def still(observations: Any) -> Any:
        return np.zeros((len(observations), 2), np.float32)

    from reach_gym.recording import record

    quiet = record(still, ENV_ID, 2, env_kwargs={"schedule": [{"name": "clamp", "trials": 1, "clamp": 1.0}]})
    force_profiles({"quiet": quiet}).draw_without_rendering()


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({}, "`parts` must hold at least one entry"),
        ({"a": ForceProfiles([0.0, 1.0], np.ones((2, 3)), np.ones((2, 3)))}, r"`parts\['a'\]` must be arrays of shapes"),
        ({"a": ForceProfiles([0.0, np.nan], np.ones((2, 2)), np.ones((2, 2)))}, r"`parts\['a'\]\.time` must hold finite"),
    ],
)
def test_profiles_that_do_not_fit_are_refused(parts: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        force_profiles(parts)


# Generalisation


def test_means_by_direction_are_those_of_the_trials(adapted: Recording) -> None:
    directions, values = by_direction([adapted, adapted])
    assert set(directions) <= {0.0, 45.0, 90.0, 135.0, 180.0, 225.0, 270.0, 315.0} and values.shape == (2, len(directions))
    way = adapted.target - adapted.start
    angle = np.degrees(np.arctan2(way[:, 1], way[:, 0])) % 360
    for at, value in zip(directions, values[0], strict=True):
        assert value == pytest.approx(np.nanmean(adaptation(adapted)[np.isclose(angle, at)]))
    _, own = by_direction([adapted], [np.arange(len(adapted), dtype=float)])
    assert own.shape == (1, 8)


@pytest.mark.parametrize("polar", [False, True])
def test_generalisation_shows_means_with_standard_errors(polar: bool) -> None:
    directions = np.arange(-135.0, 181.0, 45.0)
    values = np.random.default_rng(1).normal(size=(6, 8))
    values[:4, 2] = np.nan
    figure = generalisation({"one": values, "two": values[0]}, directions, trained=[0.0], polar=polar)
    axes = figure.axes[0]
    assert isinstance(axes, PolarAxes) is polar
    points = next(line.get_xydata() for line in axes.lines if line.get_marker() == "o")
    np.testing.assert_allclose(points, np.stack([np.radians(directions) if polar else directions, np.nanmean(values, axis=0)], axis=1))
    (bars,) = axes.containers[0].lines[2]
    sizes = [np.ptp(bar[:, 1]) / 2 for bar in bars.get_segments()]
    assert sizes[0] == pytest.approx(values[:, 0].std(ddof=1) / np.sqrt(6))
    assert sizes[2] == pytest.approx(values[4:, 2].std(ddof=1) / np.sqrt(2))
    curve = axes.lines[0].get_xdata() if not polar else next(line.get_xdata() for line in axes.lines if len(line.get_xdata()) == 9)
    assert len(curve) == (9 if polar else 8)  # on a circle the curve is closed
    figure.draw_without_rendering()


@pytest.mark.parametrize(
    ("groups", "directions", "told"),
    [
        ({}, [0.0, 1.0], "`groups` must hold at least one entry"),
        ({"a": [1.0]}, [0.0, 1.0], r"`groups\['a'\]` must be of shape \(subjects, 2\)"),
        ({"a": [1.0, 2.0]}, [1.0, 0.0], "`directions` must be increasing"),
        ({"a": [1.0, 2.0]}, [0.0, np.nan], "`directions` must be increasing"),
    ],
)
def test_groups_that_do_not_fit_are_refused(groups: Any, directions: Any, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        generalisation(groups, directions)


def test_directions_need_numbers(adapted: Recording) -> None:
    with pytest.raises(ValueError, match="`recordings` must hold at least one recording"):
        by_direction([])
    with pytest.raises(ValueError, match="`recordings` must hold at least one trial with a number"):
        by_direction([adapted.subset(~adapted.channel)])
    with pytest.raises(ValueError, match="`values` must be of shapes"):
        by_direction([adapted], [np.ones(3)])
    assert figures.by_direction is by_direction
