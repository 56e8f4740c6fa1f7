"""What came of held-out trials: one record per trial, and their means."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from reach_gym.evaluation.statistics import Interval, mean_interval, share_interval
from reach_gym.grid.exact import UNREACHABLE
from reach_gym.recording.schema import Recording

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """One record per episode, as arrays of length n.

    Attributes:
        starts: int64 (n, 2), the start's square.
        targets: int64 (n, 2), the target's square.
        steps: int64, steps taken.
        ideal_steps: int64, the least number of steps possible (-1: the target cannot be reached).
        success: bool, whether the target was hit within the time limit.
        returns: float64, sum of rewards.
        block: int64, index of the schedule's block; 0 without a schedule.
        path: int32 (n, T + 1), the cursor's cells (y * size + x) from the start on; -1 after the end.
    """

    starts: npt.NDArray[np.int64]
    targets: npt.NDArray[np.int64]
    steps: npt.NDArray[np.int64]
    ideal_steps: npt.NDArray[np.int64]
    success: npt.NDArray[np.bool_]
    returns: npt.NDArray[np.float64]
    block: npt.NDArray[np.int64]
    path: npt.NDArray[np.int32]

    def summary(self) -> dict[str, float]:
        """Means over the episodes; ``optimal`` is the share that hit in the least number of steps.

        ``mean_excess_steps`` counts the steps beyond the ideal over all episodes whose target can be reached, failures included.
        """
        reachable = self.ideal_steps != UNREACHABLE
        excess = (self.steps - self.ideal_steps)[reachable]
        return {
            "episodes": float(len(self.steps)),
            "success": float(self.success.mean()),
            "mean_steps": float(self.steps.mean()),
            "mean_ideal_steps": float(self.ideal_steps[reachable].mean()) if excess.size else 0.0,
            "mean_excess_steps": float(excess.mean()) if excess.size else 0.0,
            "optimal": float((self.success & (self.steps == self.ideal_steps)).mean()),
            "mean_return": float(self.returns.mean()),
        }

    def intervals(self) -> dict[str, Interval]:
        """95 % intervals of the main means of `summary`, over the trials."""
        return {"success": share_interval(self.success), "mean_return": mean_interval(self.returns)}


@dataclass(frozen=True)
class CursorEvaluation:
    """One record per trial of a cursor reach, as arrays of length n in SI units.

    The measures are those of the cursor's path (`reach_gym.measures.trial_measures`), positive to the left of the direction
    from start to target; NaN where nothing moved after the go cue.

    Attributes:
        starts: float64 (n, 2), metres.
        targets: float64 (n, 2), metres.
        steps: int64, steps taken.
        success: bool, whether the cursor stayed on the target within the time limit.
        false_start: bool, whether it left the start before the go cue.
        too_fast: bool, whether the movement was shorter than the window of movement time, if the task has one.
        too_slow: bool, whether it was longer.
        returns: float64, sum of rewards.
        max_deviation: float64, m.
        deviation_at_peak_speed: float64, m.
        initial_angle_error: float64, rad.
        early_angle_error: float64, rad.
        path_length_ratio: float64.
        peak_speed: float64, m/s.
        movement_time: float64, s; from 5 % of the peak speed to 5 %, unlike that of the rules' window.
        reaction_time: float64, s.
        endpoint_error: float64, m.
        effort: float64, s: the squared action, of which 1 is the greatest force along an axis, summed over the trial's time.
        block: int64, index of the schedule's block.
    """

    starts: Floats
    targets: Floats
    steps: npt.NDArray[np.int64]
    success: npt.NDArray[np.bool_]
    false_start: npt.NDArray[np.bool_]
    too_fast: npt.NDArray[np.bool_]
    too_slow: npt.NDArray[np.bool_]
    returns: Floats
    max_deviation: Floats
    deviation_at_peak_speed: Floats
    initial_angle_error: Floats
    early_angle_error: Floats
    path_length_ratio: Floats
    peak_speed: Floats
    movement_time: Floats
    reaction_time: Floats
    endpoint_error: Floats
    effort: Floats
    block: npt.NDArray[np.int64]

    @classmethod
    def of(cls, recording: Recording) -> CursorEvaluation:
        """The evaluation of trials that are recorded already, an agent's or a person's.

        Raises:
            RecordingError: Actions, rewards or how trials ended were not recorded.
        """
        return cls(
            starts=recording.start,
            targets=recording.target,
            steps=recording.steps,
            success=recording.known("success"),
            false_start=recording.known("false_start"),
            too_fast=recording.known("too_fast"),
            too_slow=recording.known("too_slow"),
            returns=np.nansum(recording.known("reward"), axis=1),
            effort=np.nansum(recording.known("action") ** 2, axis=(1, 2)) * recording.metadata["dt"],
            block=recording.block,
            **recording.measures("cursor"),
        )

    def summary(self) -> dict[str, float]:
        """Means over the trials, in the units that the names say; deviations and angles by their size.

        ``moved`` is the share of trials with a movement after the go cue. Only these have measures, and without one they are NaN.
        """
        moved = np.isfinite(self.peak_speed)
        return {
            "episodes": float(len(self.steps)),
            "success": _mean(self.success),
            "false_starts": _mean(self.false_start),
            "too_fast": _mean(self.too_fast),
            "too_slow": _mean(self.too_slow),
            "moved": _mean(moved),
            "mean_steps": _mean(self.steps),
            "mean_return": _mean(self.returns),
            "max_deviation_mm": 1000 * _mean(np.abs(self.max_deviation)),
            "initial_angle_error_deg": float(np.degrees(_mean(np.abs(self.initial_angle_error)))),
            "early_angle_error_deg": float(np.degrees(_mean(np.abs(self.early_angle_error)))),
            "endpoint_error_mm": 1000 * _mean(self.endpoint_error),
            "path_length_ratio": _mean(self.path_length_ratio),
            "peak_speed_m_per_s": _mean(self.peak_speed),
            "reaction_time_s": _mean(self.reaction_time),
            "movement_time_s": _mean(self.movement_time),
            "effort_s": _mean(self.effort),
        }

    def intervals(self) -> dict[str, Interval]:
        """95 % intervals of the main means of `summary`, over the trials."""
        return {
            "success": share_interval(self.success),
            "false_starts": share_interval(self.false_start),
            "too_fast": share_interval(self.too_fast),
            "too_slow": share_interval(self.too_slow),
            "mean_return": mean_interval(self.returns),
            "effort_s": mean_interval(self.effort),
        }


def _mean(values: npt.NDArray[Any]) -> float:
    """The mean of the finite values; NaN, without a warning, where there are none."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def by_direction(evaluation: Any, sectors: int) -> dict[str, list[float]]:
    """What came of the trials in each direction from start to target.

    Args:
        evaluation: A `CursorEvaluation`, or what has its attributes.
        sectors: How many directions; the first is centred on the x axis, the others follow counter-clockwise.

    Returns:
        A list over the sectors each: ``trials``, their number; ``success``, the share of them; ``moved``, how many had a
        movement after the go cue; and of these the means ``max_deviation_mm``, by its size, and ``endpoint_error_mm``. NaN where
        there is nothing to average.
    """
    way = evaluation.targets - evaluation.starts
    sector = np.round(np.arctan2(way[:, 1], way[:, 0]) / (2 * np.pi / sectors)).astype(int) % sectors
    found: dict[str, list[float]] = {}
    for each in range(sectors):
        mine = sector == each
        moved = mine & np.isfinite(evaluation.peak_speed)
        numbers = {
            "trials": float(mine.sum()),
            "success": _mean(evaluation.success[mine]),
            "moved": float(moved.sum()),
            "max_deviation_mm": 1000 * _mean(np.abs(evaluation.max_deviation[moved])),
            "endpoint_error_mm": 1000 * _mean(evaluation.endpoint_error[moved]),
        }
        for name, value in numbers.items():
            found.setdefault(name, []).append(value)
    return found


_Result = TypeVar("_Result", Evaluation, CursorEvaluation)


def subset(evaluation: _Result, mask: npt.NDArray[np.bool_]) -> _Result:
    """The episodes that `mask`, bool (n,), chooses."""
    chosen: Any = {field.name: getattr(evaluation, field.name)[mask] for field in fields(evaluation)}
    return type(evaluation)(**chosen)
