"""Activity of populations of units: recording it while an agent reaches, and measures of it.

`record_activity` notes what the units of any recurrent agent or network do in trials; `psth` and `states_at` make arrays of it,
(directions, times, units) and (directions, units). All measures take plain arrays, whether of a network or of an animal.

Needs the extra ``neural``.
"""

from reach_gym.errors import missing_extra

try:
    import scipy as _scipy  # noqa: F401
    import sklearn as _sklearn  # noqa: F401
except ImportError as error:
    raise missing_extra("scikit-learn" if error.name == "sklearn" else "scipy", "neural") from None

from reach_gym.neural.activity import Activity, load_activity
from reach_gym.neural.arrays import TinyDenominatorWarning
from reach_gym.neural.means import MOVEMENT, PREPARATION, Psth, States, early_force, halves_at, psth, states_at
from reach_gym.neural.nwb import load_activity_nwb, save_activity_nwb
from reach_gym.neural.recorded import record_activity
from reach_gym.neural.shift import UniformShift, share_in, shift_left, uniform_shift
from reach_gym.neural.spaces import Trajectories, force_space, procrustes_distance, subspace_angle, trajectories
from reach_gym.neural.spikes import activity_of
from reach_gym.neural.tuning import Tuning, tuning

__all__ = [
    "MOVEMENT",
    "PREPARATION",
    "Activity",
    "Psth",
    "States",
    "TinyDenominatorWarning",
    "Trajectories",
    "Tuning",
    "UniformShift",
    "activity_of",
    "early_force",
    "force_space",
    "halves_at",
    "load_activity",
    "load_activity_nwb",
    "procrustes_distance",
    "psth",
    "record_activity",
    "save_activity_nwb",
    "share_in",
    "shift_left",
    "states_at",
    "subspace_angle",
    "trajectories",
    "tuning",
    "uniform_shift",
]
