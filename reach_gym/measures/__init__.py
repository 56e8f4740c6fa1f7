"""The field's measures of a reach, computed for whole batches of trials at once, each with its source.

Positions in metres, velocities in m/s, forces in N, times in s, angles in rad. Positive is to the left of the direction from
start to target. A trial that lacks what a measure needs gives NaN, never a warning.
"""

from reach_gym.measures.adaptation import adaptation_coefficient, after_effect, viscous_force
from reach_gym.measures.kinematics import (
    deviation,
    deviation_at_peak_speed,
    early_angle_error,
    endpoint_error,
    initial_angle_error,
    max_deviation,
    movement_time,
    path_length_ratio,
    peak_speed,
    reaction_time,
    trial_measures,
)
from reach_gym.measures.movement import Movement, find_movement, speed

__all__ = [
    "Movement",
    "adaptation_coefficient",
    "after_effect",
    "deviation",
    "deviation_at_peak_speed",
    "early_angle_error",
    "endpoint_error",
    "find_movement",
    "initial_angle_error",
    "max_deviation",
    "movement_time",
    "path_length_ratio",
    "peak_speed",
    "reaction_time",
    "speed",
    "trial_measures",
    "viscous_force",
]
