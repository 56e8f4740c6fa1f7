"""Fair evaluation: held-out trials, suites of tasks with a score, and the statistics of several seeds."""

from reach_gym.evaluation.held_out import evaluate
from reach_gym.evaluation.outcomes import CursorEvaluation, Evaluation, by_direction, subset

__all__ = ["CursorEvaluation", "Evaluation", "by_direction", "evaluate", "subset"]
