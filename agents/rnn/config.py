"""The settings of the recurrent networks, as data, and the paper's among them.

"The paper" is Sun & Plitt, *Learning neural representations of complex motor behavior with recurrent neural networks*. One of its
units of length is 2 mm, one of its units of time is a step of 10 ms; it multiplies a difference per step by 10, and a second
difference by 100. Losses and errors are reported in these units, whatever the networks are fed with.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

from reach_gym import checks

Model = Literal["output_buffer", "standard"]
Cell = Literal["paper", "gru", "relu", "tanh"]
Desired = Literal["logistic", "minimum_jerk"]

UNIT = 0.002  # m, the paper's unit of length
VELOCITY_UNIT = 0.02  # m/s: a tenth of a unit per step of 10 ms
ACCELERATION_UNIT = 0.2  # m/s^2: a hundredth of a unit per step and step


@dataclass(frozen=True)
class Scaling:
    """What one unit of the networks' inputs and outputs is; above 0.

    Attributes:
        place: Metres, of the target and of a position.
        velocity: m/s.
        acceleration: m/s^2, of outputs and of the buffer.
        cue: Height of the go cue.
    """

    place: float
    velocity: float
    acceleration: float
    cue: float


SCALINGS: dict[str, Scaling] = {
    # About 1 for the largest values of a reach in the workspace of +-0.1 m: what initialisation and optimiser are made for.
    "unit": Scaling(place=0.1, velocity=0.5, acceleration=5.0, cue=1.0),
    # The paper's: targets up to 50, a cue of 10, accelerations up to 53.
    "paper": Scaling(place=UNIT, velocity=VELOCITY_UNIT, acceleration=ACCELERATION_UNIT, cue=10.0),
}


@dataclass(frozen=True)
class RnnConfig:
    """The settings of one network and of its training.

    Attributes:
        model: ``"standard"``: target and cue -> recurrent layer -> dropout -> ReLU layer -> position, velocity and acceleration.
            ``"output_buffer"``: target, cue and the last accelerations -> two ReLU layers with dropout -> recurrent layer ->
            dropout -> ReLU layer -> acceleration.
        cell: Of the recurrent layer: ``"gru"``, ``"relu"``, ``"tanh"``, or ``"paper"``: a GRU in the output-buffer model, a ReLU
            RNN in the standard one.
        units: Of every layer.
        buffer: How many of its last (perturbed) outputs the output-buffer model sees. The paper's text says 4, its code has 5.
        dropout: Share of units that are silenced while training; .3 in the paper. Nothing here overfits, every batch being new.
        scaling: A name of `SCALINGS`.
        initial: ``"orthogonal"``: recurrent weights orthogonal, the identity for a ReLU RNN; ``"torch"``: PyTorch's defaults, as
            in the paper.
        desired: Trajectory to learn: ``"logistic"`` (the paper's) or ``"minimum_jerk"`` (0.5 s, 0.1 s after the cue).
        batch: Trials per update.
        learning_rate: Adam's greatest in the first block.
        adaptation_rate: Adam's greatest in the later blocks.
        warm_up: Updates at the start of each block in which the rate rises to its greatest.
        floor: The rate falls along a cosine to this share of the greatest at the end of a block; 1 keeps it.
        clip: Greatest norm of the gradient, 0 for any.
        l2: Weight of the mean squared error, in the paper's units.
        l1: Weight of the mean absolute error, which keeps the gradient steep near zero. The text has both alike; the code of the
            output-buffer model weighs this one 0.01.

    Raises:
        TypeError: A setting has the wrong type.
        ValueError: A setting is out of range.
    """

    model: Model = "output_buffer"
    cell: Cell = "paper"
    units: int = 128
    buffer: int = 4
    dropout: float = 0.0
    scaling: Literal["unit", "paper"] = "unit"
    initial: Literal["orthogonal", "torch"] = "orthogonal"
    desired: Desired = "logistic"
    batch: int = 64
    learning_rate: float = 5e-3
    adaptation_rate: float = 5e-3
    warm_up: int = 100
    floor: float = 0.02
    clip: float = 1.0
    l2: float = 1.0
    l1: float = 1.0

    def __post_init__(self) -> None:
        """Checks every setting."""
        for name, allowed in (
            ("model", get_args(Model)),
            ("cell", get_args(Cell)),
            ("scaling", SCALINGS),
            ("initial", ("orthogonal", "torch")),
            ("desired", get_args(Desired)),
        ):
            checks.choice(name, getattr(self, name), allowed)
        for name, low, high in (("units", 1, 4096), ("buffer", 1, 100), ("batch", 1, 65_536), ("warm_up", 0, None)):
            checks.integer(name, getattr(self, name), low, high)
        for name, low, top in (
            ("dropout", 0, 0.9),
            ("learning_rate", 0, 1),
            ("adaptation_rate", 0, 1),
            ("floor", 0, 1),
            ("clip", 0, None),
            ("l2", 0, None),
            ("l1", 0, None),
        ):
            checks.number(name, getattr(self, name), low, top)
        if self.l1 + self.l2 == 0:
            raise ValueError("`l1` and `l2` must not both be 0.")

    @property
    def scale(self) -> Scaling:
        """What one unit of inputs and outputs is."""
        return SCALINGS[self.scaling]

    @property
    def kind_of_cell(self) -> str:
        """``"gru"``, ``"relu"`` or ``"tanh"``."""
        if self.cell != "paper":
            return self.cell
        return "relu" if self.model == "standard" else "gru"

    def to_data(self) -> dict[str, Any]:
        """The settings as plain data; `config_from_data` gives them back."""
        return asdict(self)


_PAPER = RnnConfig(
    scaling="paper",
    initial="torch",
    dropout=0.3,
    batch=32,
    learning_rate=3e-4,
    adaptation_rate=3e-4,
    warm_up=0,
    floor=1.0,
    clip=0.0,
)
PRESETS: dict[str, RnnConfig] = {
    "default": RnnConfig(),
    # For a curl field of 13 N s/m: the logistic's peak of 0.83 m/s over 10 cm would ask for more than the hand's 10 N against it.
    "curl": RnnConfig(desired="minimum_jerk"),
    # The paper's own: its units, PyTorch's initial weights, dropout .3, batches of 32 and a constant rate.
    "paper": _PAPER,
    # What the paper's code does otherwise than its text says: five outputs in the buffer, an L1 term that weighs next to nothing.
    "paper_code": replace(_PAPER, buffer=5, l1=0.01),
}
# The fields that belong to presets. The code's gate by acceleration is open in all steps of its trained network: a push along x
# everywhere.
FIELDS: dict[str, Any] = {"curl": "curl_ccw", "paper_code": {"push": [-1.0, 0.0]}}


def config_from_data(value: Any) -> RnnConfig:
    """Reads settings from what a manifest or JSON file can hold; missing ones have their defaults.

    Raises:
        TypeError: `value` is no dict, or a setting has the wrong type.
        ValueError: An unknown key, or a setting out of range.
    """
    return RnnConfig(**checks.keys("config", value, [field.name for field in fields(RnnConfig)]))
