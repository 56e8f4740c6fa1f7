"""Anybody's agent on the tasks of `reach_gym.evaluation.suite`: processes, results, statistics and reports."""
