"""Reference agents: planners that know the grid, and textbook controllers of the hand.

On the grid the ideal agent takes a shortest path. In the continuous task it is a finite-horizon feedback controller that knows
the field and takes as long as people do, half a second for 10 cm; other agents may be sooner. The naive one expects no field, the
adapted one that of the block.
"""

from reach_gym.grid.exact import UNREACHABLE, hits, steps_to_go
from reach_gym.planning.agents import AdaptedAgent, IdealAgent, NaiveAgent, RandomAgent
from reach_gym.planning.grid_planner import GridPlanner, KnowsItsGrid
from reach_gym.planning.minimum_jerk import MinimumJerkAgent, Profile, logistic, minimum_jerk
from reach_gym.planning.optimal import OptimalFeedback
from reach_gym.planning.watch import KnowsItsTrials

__all__ = [
    "UNREACHABLE",
    "AdaptedAgent",
    "GridPlanner",
    "IdealAgent",
    "KnowsItsGrid",
    "KnowsItsTrials",
    "MinimumJerkAgent",
    "NaiveAgent",
    "OptimalFeedback",
    "Profile",
    "RandomAgent",
    "hits",
    "logistic",
    "minimum_jerk",
    "steps_to_go",
]
