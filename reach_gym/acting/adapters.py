"""Functions and models with a ``predict`` as agents (`reach_gym.acting.protocol.Agent`)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.errors import missing_extra

Starts = npt.NDArray[np.bool_]
SPACES = ("observation_space", "action_space")


def count_rows(observations: Any) -> int:
    """How many rows a batch of observations has; a dict or tuple of arrays has as many as each of its parts."""
    while isinstance(observations, Mapping | tuple):
        observations = next(iter(observations.values() if isinstance(observations, Mapping) else observations))
    return len(observations)


class FromCallable:
    """An agent made of a function."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        """Asks `function`, from a batch of observations to a batch of actions."""
        self._function = function

    def reset(self, starts: Starts) -> None:
        """Nothing to forget."""

    def act(self, observations: Any) -> Any:
        """What the function returns."""
        return self._function(observations)


class FromPredict:
    """An agent made of a model like Stable-Baselines3's; it has the model's ``observation_space`` and ``action_space``."""

    def __init__(self, model: Any, deterministic: bool) -> None:
        """Asks `model`; see `from_predict`."""
        self._model, self._deterministic = model, deterministic
        self.observation_space, self.action_space = (getattr(model, name, None) for name in SPACES)
        self._state: Any = None
        self._starts: Starts | None = None

    def reset(self, starts: Starts) -> None:
        """Tells the model with its next observations which rows begin; a recurrent state is kept for the others."""
        self._starts = starts if self._starts is None else self._starts | starts

    @property
    def states(self) -> npt.NDArray[np.float64]:
        """The recurrent state (n, units) after the last `act`: all its parts and layers side by side.

        Raises:
            AttributeError: The model has none.
        """
        if self._state is None:
            raise AttributeError("the model has no recurrent state.")
        parts = [np.asarray(part, np.float64) for part in (self._state if isinstance(self._state, tuple) else (self._state,))]
        # Stable-Baselines3 has the layers first: (layers, n, units).
        layers = [[part.reshape(len(part), -1)] if part.ndim < 3 else [*part] for part in parts]
        return np.concatenate([layer for part in layers for layer in part], axis=1)

    def act(self, observations: Any) -> Any:
        """What the model predicts."""
        starts = np.zeros(count_rows(observations), np.bool_) if self._starts is None else self._starts
        actions, self._state = self._model.predict(
            observations,
            state=self._state,
            episode_start=starts,
            deterministic=self._deterministic,
        )
        self._starts = None
        return actions


def from_callable(function: Callable[[Any], Any]) -> FromCallable:
    """Makes an agent of a function from a batch of observations to a batch of actions.

    Raises:
        TypeError: `function` cannot be called.
    """
    if not callable(function):
        raise TypeError(f"`function` must be callable, got {checks.shown(function)}.")
    return FromCallable(function)


def from_predict(model: Any, deterministic: bool = True) -> FromPredict:
    """Makes an agent of a model with a ``predict`` like Stable-Baselines3's; a recurrent state is kept between steps.

    Args:
        model: Has ``predict(observations, state, episode_start, deterministic) -> (actions, state)``.
        deterministic: Passed on to `model`.

    Raises:
        TypeError: `model` has no ``predict``.
    """
    if not callable(getattr(model, "predict", None)):
        raise TypeError(f"`model` must have a method `predict`, got {checks.shown(model)}.")
    return FromPredict(model, deterministic)


def from_module(module: Any) -> Any:
    """Makes an agent of a module of PyTorch, as `reach_gym.differentiable` trains them; it gets tensors.

    Args:
        module: With a method ``initial(rows) -> state`` it is called as ``module(observation, state) -> action, state``; without,
            as ``module(observation) -> action``.

    Returns:
        A `reach_gym.acting.modules.FromModule`.

    Raises:
        TypeError: `module` is no ``torch.nn.Module``, and cannot be called or has no `initial`.
        gymnasium.error.DependencyNotInstalled: PyTorch is missing.
    """
    if not takes_tensors(module):
        raise TypeError(f"`module` must be a torch.nn.Module, or callable with a method `initial`, got {checks.shown(module)}.")
    try:
        from reach_gym.acting.modules import FromModule
    except ModuleNotFoundError as error:
        raise missing_extra("torch", "torch") from error
    return FromModule(module)


def is_stateful(value: Any) -> bool:
    """Whether `value` is a module with a state: all that tells is its method `initial`."""
    return callable(value) and callable(getattr(value, "initial", None))


def takes_tensors(value: Any) -> bool:
    """Whether `value` is what `from_module` takes. Other functions get arrays of NumPy."""
    torch = sys.modules.get("torch")  # who has a module of it has loaded it
    return is_stateful(value) or (torch is not None and isinstance(value, torch.nn.Module))
