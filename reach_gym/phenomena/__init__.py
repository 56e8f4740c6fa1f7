"""Phenomena of motor learning and control: protocols, measures, and what people do beside what an agent or a model does."""

from collections.abc import Mapping

from reach_gym.phenomena.behaviour import Behaviour
from reach_gym.phenomena.field_records import FIELD_PHENOMENA
from reach_gym.phenomena.movement_records import MOVEMENT_PHENOMENA
from reach_gym.phenomena.record import Human, Phenomenon
from reach_gym.phenomena.recorded import observe, of_recordings
from reach_gym.phenomena.rotation_records import ROTATION_PHENOMENA
from reach_gym.phenomena.scorecard import Cell, Scorecard, scorecard
from reach_gym.phenomena.simulated import simulate

PHENOMENA: Mapping[str, Phenomenon] = {each.name: each for each in (*FIELD_PHENOMENA, *ROTATION_PHENOMENA, *MOVEMENT_PHENOMENA)}

__all__ = [
    "PHENOMENA",
    "Behaviour",
    "Cell",
    "Human",
    "Phenomenon",
    "Scorecard",
    "observe",
    "of_recordings",
    "scorecard",
    "simulate",
]
