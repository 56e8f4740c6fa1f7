"""Fair evaluation: held-out trials, suites of tasks with a score, and the statistics of several seeds."""

from reach_gym.evaluation.held_out import CursorEvaluation, Evaluation, evaluate, subset

__all__ = ["CursorEvaluation", "Evaluation", "evaluate", "subset"]
