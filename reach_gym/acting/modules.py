"""Modules of PyTorch as agents, such as those that train by `reach_gym.differentiable`.

Needs ``torch``; imported only where a module is given.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from reach_gym.acting.adapters import Starts, is_stateful


class FromModule:
    """An agent made of a module: ``module(observation) -> action``, or with ``initial(rows)`` one that has a state.

    The latter is asked as ``module(observation, state) -> action, state``. A state is a tensor or a tuple of tensors, the rows
    first; rows that begin a trial get the initial one. A module whose state holds more than what its units do has
    ``activity(state) -> Tensor (rows, units)``.
    """

    def __init__(self, module: Any) -> None:
        """Asks `module`, without gradients."""
        self._module, self._stateful = module, is_stateful(module)
        parameters = list(module.parameters()) if isinstance(module, nn.Module) else []
        self._like = parameters[0] if parameters else torch.zeros(0)
        self._state: Any = None
        self._starts: Starts | None = None

    def reset(self, starts: Starts) -> None:
        """Notes the rows, bool (n,), that begin an episode."""
        self._starts = starts if self._starts is None else self._starts | starts

    def act(self, observations: Any) -> npt.NDArray[Any]:
        """Actions for observations (n, ...): float32 (n, actuators), or integers (n,) where the module chooses among some."""
        seen = torch.as_tensor(np.asarray(observations))
        seen = seen.to(self._like) if seen.is_floating_point() else seen.to(self._like.device)
        with torch.no_grad():
            if self._stateful:
                self._begin(len(seen))
                action, self._state = self._module(seen, self._state)
            else:
                action = self._module(seen)
        return np.asarray((action.float() if action.is_floating_point() else action).cpu().numpy())

    def _begin(self, rows: int) -> None:
        """Gives the initial state to the rows that begin."""
        if self._state is None or len(_parts(self._state)[0]) != rows:
            self._state = self._module.initial(rows)
        elif self._starts is not None and self._starts.any():
            fresh, begins = _parts(self._module.initial(rows)), torch.from_numpy(self._starts).to(self._like.device)
            mixed = tuple(
                torch.where(begins.view(-1, *(1,) * (old.dim() - 1)), new, old)
                for new, old in zip(fresh, _parts(self._state), strict=True)
            )
            self._state = mixed if isinstance(self._state, tuple) else mixed[0]
        self._starts = None

    @property
    def states(self) -> npt.NDArray[np.float64]:
        """What the units did at the last `act`, (n, units); see `activity_of`.

        Raises:
            AttributeError: The module has no state, or has not acted yet.
        """
        if self._state is None:
            raise AttributeError(f"the module has {'not acted yet' if self._stateful else 'no state'}.")
        return activity_of(self._module, self._state).double().cpu().numpy()


def activity_of(module: Any, state: Any) -> Tensor:
    """What the units of a module do in a state of it, (n, units): what its ``activity`` says, or all parts side by side."""
    told = getattr(module, "activity", None)
    if told is not None:
        activity: Tensor = told(state)
        return activity
    return torch.cat([part.flatten(1) for part in _parts(state)], dim=1)


def _parts(state: Any) -> tuple[Tensor, ...]:
    return state if isinstance(state, tuple) else (state,)
