"""The trained networks as agents: in a session they remember; nothing else about them changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from agents.in_context.network import GatedNetworks
from reach_gym.acting.modules import FromModule
from reach_gym.acting.protocol import Transition


class InContextAgent(FromModule):
    """Acts by networks whose weights stay as they are.

    In a session, where it is told what comes of its actions, its state goes on from trial to trial; in independent trials, of
    which nobody tells it, each begins with a fresh one. One agent is for one session of every row.
    """

    family = "cursor"
    observation = "vector"

    def __init__(self, network: GatedNetworks, forgets: bool = False) -> None:
        """Acts by `network`, whose replicates share the rows in order.

        Args:
            network: The weights.
            forgets: Whether every trial begins with a fresh state in a session, too: the control without memory.
        """
        super().__init__(network)
        self._forgets, self._in_session = forgets, False

    def reset(self, starts: npt.NDArray[np.bool_]) -> None:
        """Lets the rows, bool (n,), that begin a trial begin with a fresh state, unless they are in a session."""
        if self._forgets or not self._in_session:
            super().reset(starts)

    def observe(self, transition: Transition) -> Any:
        """Learns that this is a session; what a step did is in the next observation."""
        self._in_session = True
