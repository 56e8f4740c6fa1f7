"""Models of motor learning: simulated, acting in the environments, and fitted to the trials of agents and people.

Everything is in units of the perturbation: 0 is none, 1 the whole of it. SciPy does the optimisation of fits (extra "bench").
"""

from reach_gym.models.bootstrapping import Intervals, bootstrap
from reach_gym.models.comparing import Compared, CrossValidation, GroupFit, compare, cross_validate, fit_group
from reach_gym.models.contexts import Contextual
from reach_gym.models.error_sensitivity import ErrorSensitivity
from reach_gym.models.fitting import Fit, fit
from reach_gym.models.linear import JOINER_SMITH_2008, Linear, ManySlow, OneState, TwoState
from reach_gym.models.model import Model
from reach_gym.models.trial_data import TrialData, data_of, mean_of

MODELS: dict[str, type[Model]] = {
    "one_state": OneState,
    "two_state": TwoState,
    "many_slow": ManySlow,
    "error_sensitivity": ErrorSensitivity,
    "contextual": Contextual,
}

__all__ = [
    "JOINER_SMITH_2008",
    "MODELS",
    "Compared",
    "Contextual",
    "CrossValidation",
    "ErrorSensitivity",
    "Fit",
    "GroupFit",
    "Intervals",
    "Linear",
    "ManySlow",
    "Model",
    "OneState",
    "TrialData",
    "TwoState",
    "bootstrap",
    "compare",
    "cross_validate",
    "data_of",
    "fit",
    "fit_group",
    "mean_of",
]
