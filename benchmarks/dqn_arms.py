"""What the ablation of DQN compares, as data: every arm is the default with one thing changed, unless its name says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from agents.dqn.config import PRESETS, DQNConfig

PIXELS, VECTOR = "reach_gym/GridReachPixels-v0", "reach_gym/GridReach-v0"
# Sun & Plitt halve the radius every 2,000 episodes of one environment; here every row does when it hits nine times in ten.
SHRINKING: dict[str, Any] = {"start": 8.0, "factor": 0.5, "success_rate": 0.9, "window": 10}
NO_HINDSIGHT: dict[str, Any] = {"hindsight": 0.0}


@dataclass(frozen=True)
class Arm:
    """One way to learn.

    Attributes:
        changes: Settings that differ from the default ones.
        radius: Of the training environment; ``None`` for the exact hit from the beginning.
        env_id: The task.
        preset: Which settings are changed.
    """

    changes: Mapping[str, Any] = field(default_factory=dict)
    radius: Mapping[str, Any] | None = None
    env_id: str = PIXELS
    preset: str = "default"

    def config(self, steps: int) -> DQNConfig:
        """The settings of a run of so many `steps`."""
        return replace(PRESETS[self.preset].config, **{**self.changes, "steps": steps})


ARMS: dict[str, Arm] = {
    "default": Arm(),
    "shrinking radius too": Arm(radius=SHRINKING),
    "no hindsight": Arm(NO_HINDSIGHT),
    "shrinking radius, no hindsight": Arm(NO_HINDSIGHT, SHRINKING),
    "no target network": Arm({"target_rate": 1.0}),
    "hard target network, every 200": Arm({"target_rate": 1.0, "target_every": 200}),
    "double Q": Arm({"double": True}),
    "3-step targets": Arm({"n_step": 3}),
    "Huber loss": Arm({"loss": "huber"}),
    "inputs 0 to 1": Arm({"standardise": False}),
    "PyTorch's initialisation": Arm({"init": "torch"}),
    "pessimistic start, -15": Arm({"initial_value": -15.0}),
    "symmetries": Arm({"symmetries": True}),
    "half the updates": Arm({"updates": 1}),
    "batches of 256, half the updates": Arm({"updates": 1, "batch": 256}),
    "coordinates": Arm(env_id=VECTOR),
    "coordinates, no hindsight": Arm(NO_HINDSIGHT, env_id=VECTOR),
    "coordinates, shrinking radius, no hindsight": Arm(NO_HINDSIGHT, SHRINKING, VECTOR),
}
PAPER = {"paper": Arm(radius=PRESETS["paper"].radius, preset="paper")}  # type: ignore[arg-type]
"""The paper's settings; they need more steps than the arms of the ablation get, and a quarter of an hour."""

ALL = {**ARMS, **PAPER}

RADIUS_STUDY = (
    "default", "shrinking radius too", "no hindsight", "shrinking radius, no hindsight", "coordinates",
    "coordinates, no hindsight", "coordinates, shrinking radius, no hindsight",
)  # fmt: skip
"""The arms that show what the shrinking radius and the pixels give."""
