"""The settings of the deep Q-network, as data, and their presets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from reach_gym import checks
from reach_gym.acting.features import CHANNELS, HIDDEN

_MAX_LAYERS = 64


@dataclass(frozen=True)
class DQNConfig:
    """The settings of DQN; the defaults are what works best on the 16 x 16 grid.

    Attributes:
        steps: Steps to learn: of the vector environment, times its rows.
        num_envs: Rows of the training environment.
        buffer: Steps that the replay buffer holds. Sun & Plitt: 100,000.
        warmup: Steps before the first update.
        batch: Transitions per update. Sun & Plitt: 32.
        update_every: Steps of the vector environment between two rounds of updates.
        updates: Updates per round; with `update_every` the update-to-data ratio.
        learning_rate: Of Adam (Kingma & Ba 2015). Sun & Plitt: 0.001.
        anneal: Share of the run, at its end, during which the learning rate falls linearly to 0: the values come to rest.
        loss: ``"squared"`` (Sun & Plitt) or ``"huber"``, which bounds the pull of large errors. Here the rare hits are the large
            errors, so that it slows learning.
        clip: Greatest norm of the gradient; 0 for any. It bounds what one unlucky batch can do.
        gamma: Discount per step, 0 to 1. At 1 (Sun & Plitt) the return is minus the number of steps, which is to be least;
            values stay finite because episodes end.
        n_step: Steps of a transition. More carry a hit back faster, but learn the value of the explored way, not of the best.
        double: Choose the next action by the network, value it by the target network (van Hasselt et al. 2016): against
            overestimation.
        target_rate: Share by which the target network follows; it makes the regression's goal hold still (Mnih et al. 2015).
        target_every: Updates between two such steps. At 1 and `target_rate` 1 there is no target network (Sun & Plitt).
        hindsight: Share of transitions that get a target which was reached later on in their episode; see `agents.dqn.hindsight`.
            With any, every transition is judged by the radius that holds now.
        symmetries: Every transition is turned and reflected at random; only without a field.
        epsilon_start: Share of random actions at first, after every change of the radius anew.
        epsilon_end: Share of random actions at last.
        epsilon_steps: Steps from the one to the other.
        channels: Of the convolutional layers, for pixels. Sun & Plitt: 8 and 16.
        hidden: Widths of the fully connected layers. Sun & Plitt: 128 and 128.
        standardise: Bring the inputs to a mean square of about 1; a lit pixel alone among 256 would be a whisper. See
            `reach_gym.acting.features.Inputs`.
        init: ``"he"``, or ``"torch"`` for PyTorch's own, with which pixels fade from layer to layer. See
            `agents.dqn.networks.initialise`.
        initial_value: Value of every action at first. No true value exceeds 0, so at 0 whatever was never tried looks better than
            it is (optimism) and is tried.
        log_every: Steps between two records of the history.

    Raises:
        TypeError: A setting has the wrong type.
        ValueError: A setting is out of range.
    """

    steps: int = 300_000
    num_envs: int = 64
    buffer: int = 100_000
    warmup: int = 2_000
    batch: int = 128
    update_every: int = 1
    updates: int = 2
    learning_rate: float = 3e-3
    anneal: float = 0.5
    loss: Literal["squared", "huber"] = "squared"
    clip: float = 10.0
    gamma: float = 1.0
    n_step: int = 1
    double: bool = False
    target_rate: float = 0.1
    target_every: int = 1
    hindsight: float = 0.8
    symmetries: bool = False
    epsilon_start: float = 0.3
    epsilon_end: float = 0.3
    epsilon_steps: int = 10_000
    channels: tuple[int, ...] = CHANNELS
    hidden: tuple[int, ...] = HIDDEN
    standardise: bool = True
    init: Literal["he", "torch"] = "he"
    initial_value: float = 0.0
    log_every: int = 2_000

    def __post_init__(self) -> None:
        """Checks every setting."""
        for name, low, high in (
            ("steps", 1, None), ("num_envs", 1, 2**16), ("buffer", 1, 2**24), ("warmup", 1, None), ("batch", 1, 2**16),
            ("update_every", 1, None), ("updates", 1, None), ("n_step", 1, 1000), ("target_every", 1, None),
            ("epsilon_steps", 1, None), ("log_every", 1, None),
        ):  # fmt: skip
            checks.integer(name, getattr(self, name), low, high)
        for name, top in (
            ("learning_rate", 1.0), ("anneal", 1.0), ("clip", None), ("gamma", 1.0), ("target_rate", 1.0), ("hindsight", 1.0),
            ("epsilon_start", 1.0), ("epsilon_end", 1.0),
        ):  # fmt: skip
            checks.number(name, getattr(self, name), 0, top)
        for name in ("learning_rate", "target_rate"):
            if getattr(self, name) == 0:
                raise ValueError(f"`{name}` must be above 0, got 0.")
        checks.number("initial_value", self.initial_value)
        checks.choice("loss", self.loss, ("squared", "huber"))
        checks.choice("init", self.init, ("he", "torch"))
        for name in ("channels", "hidden"):
            object.__setattr__(self, name, tuple(getattr(self, name)))  # JSON has lists only
            if not 0 < len(getattr(self, name)) <= _MAX_LAYERS:
                raise ValueError(f"`{name}` must have 1 to {_MAX_LAYERS} layers, got {len(getattr(self, name))}.")
            for width in getattr(self, name):
                checks.integer(name, width, 1, 4096)
        if self.buffer < 2 * self.num_envs:  # of two steps of a row one is real; the other may only begin it anew
            raise ValueError(f"`buffer` must be at least twice `num_envs` = {self.num_envs}, got {self.buffer}.")


@dataclass(frozen=True)
class Preset:
    """Settings that belong together.

    Attributes:
        config: Of the learner.
        radius: Reward radius of the training environment, as it takes it; ``None`` for the task's own.
    """

    config: DQNConfig
    radius: float | dict[str, Any] | None = None


_PAPER = DQNConfig(
    steps=240_000,
    num_envs=1,
    batch=32,
    warmup=32,
    updates=1,
    learning_rate=1e-3,
    anneal=0.0,
    clip=0.0,
    target_rate=1.0,
    hindsight=0.0,
    # The paper does not say how fast it explores less; only that it begins anew with every radius.
    epsilon_start=0.9,
    epsilon_end=0.05,
    epsilon_steps=20_000,
    standardise=False,
    init="torch",
)

PRESETS = {
    "default": Preset(DQNConfig()),
    "paper": Preset(_PAPER, {"start": 8.0, "factor": 0.5, "floor": 1.0, "every": 2_000}),
}
"""``"default"`` is what works best here. ``"paper"`` are the settings of Sun & Plitt's text, with the radius of their code, which
ends at 1. Their code also drops out 30 % of the units, in acting as in learning; ours does not."""
