"""Reaching under force fields: Gymnasium environments, ideal agents and fair evaluation for motor learning.

Importing the package registers its tasks (`reach_gym.registration.TASKS`) and loads nothing but NumPy and Gymnasium.
"""

from reach_gym import startup

with startup.importing():
    from reach_gym.registration import register_all

__version__ = "0.1.0"

register_all()
