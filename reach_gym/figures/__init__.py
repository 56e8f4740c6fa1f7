"""Publication figures of sessions: learning curves, hand paths, after-effects, speeds, generalisation and forces in channels.

Every function takes recordings or plain arrays and returns a `matplotlib.figure.Figure`; `save` writes it as PNG, SVG or PDF. The
functions use Matplotlib's objects, never pyplot: no window, no global state. Colours are those of Okabe & Ito, which can be told
apart with colour blindness too, and every subject has a line style besides. A headline stands only where somebody asks for one.

Needs the extra ``plots``.
"""

from reach_gym.errors import missing_extra

try:
    import matplotlib as _matplotlib  # noqa: F401
except ImportError:
    raise missing_extra("matplotlib", "plots") from None

from reach_gym.figures.after_effects import after_effects
from reach_gym.figures.force_profiles import ForceProfiles, channel_parts, force_profiles, lateral_forces
from reach_gym.figures.generalisation import by_direction, generalisation
from reach_gym.figures.hand_paths import SIGN, Panel, Paths, hand_paths, panels
from reach_gym.figures.learning_curves import learning_curve, trial_curves
from reach_gym.figures.mobility import mobility
from reach_gym.figures.saving import save
from reach_gym.figures.speed_profiles import velocity_profiles
from reach_gym.figures.style import COLORS, Look, look

__all__ = [
    "COLORS",
    "SIGN",
    "ForceProfiles",
    "Look",
    "Panel",
    "Paths",
    "after_effects",
    "by_direction",
    "channel_parts",
    "force_profiles",
    "generalisation",
    "hand_paths",
    "lateral_forces",
    "learning_curve",
    "look",
    "mobility",
    "panels",
    "save",
    "trial_curves",
    "velocity_profiles",
]
