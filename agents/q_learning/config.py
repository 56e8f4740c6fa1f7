"""The settings of Q-learning, as data."""

from __future__ import annotations

from dataclasses import dataclass

from reach_gym import checks


@dataclass(frozen=True)
class QLearningConfig:
    """The settings of Q-learning; the defaults are the paper's.

    Attributes:
        episodes: Episodes to learn. The paper's greedy policy is optimal after 1,500 to 5,500 of them.
        alpha: Learning rate, above 0 and at most 1. Nothing has to be averaged in a deterministic world, so a
            large one is right; 0.5 rather than 1 forgives single steps whose successor is still badly known.
        epsilon: Share of random actions, 0 to 1. It stays fixed: the update learns the greedy policy whatever
            is explored, and nothing is gained by ceasing to explore before the evaluation, which is greedy.
        gamma: Discount per step, 0 to 1. At 1 the return is minus the number of steps, which is what is to be
            least; a discount would add nothing, as episodes end.
        initial: The table begins with random numbers from 0 to this, excluded. No true value exceeds 0, so
            what was never tried looks better than it is (optimism), and greedy actions alone explore
            systematically; the randomness breaks ties without a preferred direction.

    Raises:
        TypeError: A setting has the wrong type.
        ValueError: A setting is out of range.
    """

    episodes: int = 10_000
    alpha: float = 0.5
    epsilon: float = 0.3
    gamma: float = 1.0
    initial: float = 1.0

    def __post_init__(self) -> None:
        """Checks every setting."""
        checks.integer("episodes", self.episodes, 1)
        if checks.number("alpha", self.alpha, 0, 1) == 0:
            raise ValueError("`alpha` must be above 0, got 0.")
        checks.number("epsilon", self.epsilon, 0, 1)
        checks.number("gamma", self.gamma, 0, 1)
        checks.number("initial", self.initial, 0)
