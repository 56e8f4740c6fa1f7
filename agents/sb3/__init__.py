"""The algorithms of Stable-Baselines3 on the tasks of this package."""
