"""The field's measures of a reach, computed for whole batches of trials at once, each with its source.

Positions in metres, velocities in m/s, forces in N, times in s, angles in rad. Positive is to the left of the direction from
start to target. A trial that lacks what a measure needs gives NaN, never a warning.
"""

from reach_gym.measures.adaptation import adaptation_coefficient, after_effect, learning_index, viscous_force
from reach_gym.measures.angles import angle_in_window
from reach_gym.measures.baseline import baseline_corrected, directions
from reach_gym.measures.channels import Compensation, compensation, pooled_compensation
from reach_gym.measures.corrections import correction, correction_course
from reach_gym.measures.generalisation import Generalisation, Width, fit_width, generalisation
from reach_gym.measures.interference import anterograde_slowing
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
from reach_gym.measures.learning import Exponential, early_late, fit_exponential, retention
from reach_gym.measures.movement import Movement, find_movement, speed
from reach_gym.measures.recovery import Evoked, Recovery, evoked_recovery, spontaneous_recovery
from reach_gym.measures.savings import Savings, learning_rates, paired_change, savings
from reach_gym.measures.sensitivity import Triplets, error_sensitivity, sensitivity_by_size

__all__ = [
    "Compensation",
    "Evoked",
    "Exponential",
    "Generalisation",
    "Movement",
    "Recovery",
    "Savings",
    "Triplets",
    "Width",
    "adaptation_coefficient",
    "after_effect",
    "angle_in_window",
    "anterograde_slowing",
    "baseline_corrected",
    "compensation",
    "correction",
    "correction_course",
    "deviation",
    "deviation_at_peak_speed",
    "directions",
    "early_angle_error",
    "early_late",
    "endpoint_error",
    "error_sensitivity",
    "evoked_recovery",
    "find_movement",
    "fit_exponential",
    "fit_width",
    "generalisation",
    "initial_angle_error",
    "learning_index",
    "learning_rates",
    "max_deviation",
    "movement_time",
    "paired_change",
    "path_length_ratio",
    "peak_speed",
    "pooled_compensation",
    "reaction_time",
    "retention",
    "savings",
    "sensitivity_by_size",
    "speed",
    "spontaneous_recovery",
    "trial_measures",
    "viscous_force",
]
