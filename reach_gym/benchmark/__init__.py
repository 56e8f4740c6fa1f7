"""Anybody's agent on the tasks of `reach_gym.suite`: processes, results, statistics and reports."""
