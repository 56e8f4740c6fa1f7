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
from reach_gym.neural.alignment import alignment, alignment_against_chance
from reach_gym.neural.arrays import TinyDenominatorWarning
from reach_gym.neural.compare import canonical_correlations, dissimilarities, held_out_shape, representational_similarity
from reach_gym.neural.condition_invariant import demixed, invariant_share, reaction_times
from reach_gym.neural.decoding import decode
from reach_gym.neural.dimensionality import participation_ratio, shared_dimensions
from reach_gym.neural.learning import learning_change
from reach_gym.neural.matching import matched_trials, matched_units
from reach_gym.neural.maximum_entropy import maximum_entropy
from reach_gym.neural.means import MOVEMENT, PREPARATION, Psth, States, early_force, halves_at, psth, states_at
from reach_gym.neural.nulls import Against, against, beside
from reach_gym.neural.nwb import load_activity_nwb, save_activity_nwb
from reach_gym.neural.potent import null_potent, null_potent_against_chance, output_spaces
from reach_gym.neural.preparing import condition_dependent, soft_normalized, softening
from reach_gym.neural.recorded import record_activity
from reach_gym.neural.rotations import held_out_rotations, rotations
from reach_gym.neural.shift import UniformShift, share_in, shift_left, uniform_shift
from reach_gym.neural.spaces import Trajectories, force_space, procrustes_distance, subspace_angle, trajectories
from reach_gym.neural.spikes import activity_of
from reach_gym.neural.surrogates import matched_covariance, matched_tuning, shuffled_conditions, shuffled_trials
from reach_gym.neural.tangling import tangling
from reach_gym.neural.tuning import Tuning, tuning

__all__ = [
    "MOVEMENT",
    "PREPARATION",
    "Activity",
    "Against",
    "Psth",
    "States",
    "TinyDenominatorWarning",
    "Trajectories",
    "Tuning",
    "UniformShift",
    "activity_of",
    "against",
    "alignment",
    "alignment_against_chance",
    "beside",
    "canonical_correlations",
    "condition_dependent",
    "decode",
    "demixed",
    "dissimilarities",
    "early_force",
    "force_space",
    "halves_at",
    "held_out_rotations",
    "held_out_shape",
    "invariant_share",
    "learning_change",
    "load_activity",
    "load_activity_nwb",
    "matched_covariance",
    "matched_trials",
    "matched_tuning",
    "matched_units",
    "maximum_entropy",
    "null_potent",
    "null_potent_against_chance",
    "output_spaces",
    "participation_ratio",
    "procrustes_distance",
    "psth",
    "reaction_times",
    "record_activity",
    "representational_similarity",
    "rotations",
    "save_activity_nwb",
    "share_in",
    "shared_dimensions",
    "shift_left",
    "shuffled_conditions",
    "shuffled_trials",
    "soft_normalized",
    "softening",
    "states_at",
    "subspace_angle",
    "tangling",
    "trajectories",
    "tuning",
    "uniform_shift",
]
