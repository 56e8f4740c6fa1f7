"""Stable-Baselines3 on the tasks of this package: its view of a native vector environment, and features of what is observed.

Needs ``stable-baselines3``, which the package does not; nothing else in it imports this module but
`reach_gym.acting.sb3_policies`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.vector import AutoresetMode

from reach_gym import checks
from reach_gym.acting.features import CHANNELS, HIDDEN, features
from reach_gym.errors import missing_extra
from reach_gym.reach.observations import VectorObservations

try:
    import torch
    from stable_baselines3.common.monitor import Monitor
    from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
    from stable_baselines3.common.vec_env import VecEnv
    from torch import Tensor
except ModuleNotFoundError as error:
    raise missing_extra("stable-baselines3", "sb3") from error

_OWN = VectorObservations.shape[0]  # numbers of one observation without a body
_SEEN_OF_GOALS = ("observation", "desired_goal")


class ReachFeatures(BaseFeaturesExtractor):
    """Sun & Plitt's network up to its last layer, for pixels of any size (NatureCNN needs 36 x 36) and for coordinates.

    Of the dict of the observation ``"goal"`` it sees ``observation`` and ``desired_goal``. Pass
    ``policy_kwargs={"features_extractor_class": ReachFeatures, "net_arch": [], "normalize_images": False}``: the inputs are
    standardised here.
    """

    def __init__(
        self,
        observation_space: spaces.Box | spaces.Dict,
        channels: Sequence[int] = CHANNELS,
        hidden: Sequence[int] = HIDDEN,
        standardise: bool = True,
    ) -> None:
        """Makes the layers; see `reach_gym.acting.features.features`.

        Raises:
            ValueError: The observations are neither pixels nor coordinates, nor a dict of coordinates.
        """
        super().__init__(observation_space, hidden[-1])
        seen = observation_space
        if isinstance(seen, spaces.Dict):
            parts = [seen.spaces.get(name) for name in _SEEN_OF_GOALS]
            boxes = [part for part in parts if isinstance(part, spaces.Box) and len(part.shape) == 1]
            if len(boxes) < len(parts):
                raise ValueError(f"`observation_space` must hold vectors {', '.join(map(repr, _SEEN_OF_GOALS))}, got {seen}.")
            seen = spaces.Box(np.concatenate([part.low for part in boxes]), np.concatenate([part.high for part in boxes]))
        self.layers = features(seen, channels, hidden, standardise)

    def forward(self, observations: Any) -> Tensor:
        """float32 (n, hidden[-1]) from observations (n, ...)."""
        if isinstance(observations, Mapping):
            observations = torch.cat([observations[name] for name in _SEEN_OF_GOALS], 1)
        result: Tensor = self.layers(observations)
        return result


class AimFeatures(BaseFeaturesExtractor):
    """A cursor reach as a feedback controller sees it: how far the hand is from where it should be now, with its past.

    It should be at the start until the go cue and on the target from then on. That is the only difference that the cue makes, so
    that a policy holds the start for as long as it must once it can hold a target; it sees no clock, nor the target too early.
    The present observation and each past one give the way to the present aim (2, in half sides of the workspace), the hyperbolic
    tangent of `gain` times it (2), twice the velocity (2) and what is felt of the body (`senses`); each past action (`actuators`)
    and the false start (1) follow.

    It is for the observations ``"vector"``, of which nothing is felt, and ``"body"``, with or without a ``history``.
    """

    def __init__(self, observation_space: spaces.Box, gain: float = 6.0, senses: int = 0, actuators: int = 2) -> None:
        """Prepares for observations float32 (14 + senses + (14 + senses + actuators) history,).

        Args:
            observation_space: Of one row.
            gain: How much larger what is near the aim is shown a second time: 6 tells places within 2 cm of 10 cm well apart.
            senses: How many things are felt of the body: with ``"body"`` as many as the plant has
                (`reach_gym.plants.plant.Plant.senses`).
            actuators: How many numbers an action has; they matter only with a ``history``.

        Raises:
            TypeError: A number is none.
            ValueError: The observations have another size, or a number is out of range.
        """
        own, actuators = _OWN + checks.integer("senses", senses, 0), checks.integer("actuators", actuators, 1)
        size = observation_space.shape[0] if len(observation_space.shape) == 1 else 0
        past, rest = divmod(size - own, own + actuators)
        if past < 0 or rest:
            shape = f"({own} + {own + actuators} history,)"
            raise ValueError(f"`observation_space` must be of vectors {shape}, got {observation_space.shape}.")
        super().__init__(observation_space, (6 + senses) * (past + 1) + actuators * past + 1)
        self._own, self._pair, self._past, self._gain = own, own + actuators, past, gain

    def forward(self, observations: Tensor) -> Tensor:
        """float32 (n, features_dim) from observations (n, ...)."""
        own = self._own
        now, past = observations[:, :own], observations[:, own:].reshape(len(observations), self._past, self._pair)
        target, cue, start = now[:, :2], now[:, 2:3], now[:, 12:14]
        moments = torch.cat([now[:, None], past[:, :, :own]], 1)
        way = (start + cue * (target - start))[:, None] - moments[:, :, 3:5]
        parts = way, torch.tanh(self._gain * way), 2.0 * moments[:, :, 5:7], moments[:, :, _OWN:], past[:, :, own:]
        return torch.cat([*(part.flatten(1) for part in parts), now[:, 10:11]], 1)


class GoalFeatures(AimFeatures):
    """`AimFeatures` of the observation ``"goal"``, whose desired goal is the target: what hindsight needs to learn a reach.

    Hindsight gives old steps new targets where the hand came to, so that it teaches to hold a place. No reward tells how to wait
    for the cue; that can only be taken from there.
    """

    def __init__(self, observation_space: spaces.Dict, gain: float = 6.0) -> None:
        """Prepares for the dict of `reach_gym.reach.observations.GoalObservations`; for `gain` see `AimFeatures`.

        Raises:
            ValueError: The observations have another size.
        """
        seen: Any = observation_space["observation"]
        goal: Any = observation_space["desired_goal"]
        size = seen.shape[0] + goal.shape[0]
        super().__init__(spaces.Box(-np.inf, np.inf, (size,), np.float32), gain)
        # Places are bounded alike, in half sides of the workspace here and in metres there.
        self._per_metre = float(seen.high[1] / goal.high[0])

    def forward(self, observations: Any) -> Tensor:
        """float32 (n, features_dim) from a dict of observations (n, ...)."""
        return super().forward(torch.cat([self._per_metre * observations["desired_goal"], observations["observation"]], 1))


class ReachVecEnv(VecEnv):
    """A native vector environment of this package as Stable-Baselines3 wants it, without one Python call per row.

    Infos hold what Stable-Baselines3 reads: where an episode ends ``terminal_observation``, ``TimeLimit.truncated``,
    ``is_success`` and, as after its ``Monitor``, ``episode`` with return ``r``, length ``l`` and time ``t``; nothing in the steps
    between, unless `infos` is set.
    """

    def __init__(self, envs: Any, infos: bool = False) -> None:
        """Adapts `envs`.

        Args:
            envs: A vector environment of this package that was made with ``autoreset_mode="SameStep"``.
            infos: Tell the whole info of every row at every step, at the price of speed; a ``HerReplayBuffer`` needs it, with
                ``copy_info_dict=True``, on a cursor reach, and on a grid reach whose radius changes.

        Raises:
            ValueError: `envs` resets itself otherwise.
        """
        base = envs.unwrapped
        if base.metadata.get("autoreset_mode") is not AutoresetMode.SAME_STEP:
            raise ValueError(
                "`envs` must be made with autoreset_mode='SameStep', as Stable-Baselines3 expects the observation of the next "
                f"episode as soon as one ends, got {base.metadata.get('autoreset_mode')}."
            )
        self.envs, self._infos, self._begin = base, infos, time.perf_counter()
        self._actions: npt.NDArray[Any] | None = None
        self._returns, self._lengths = np.zeros(base.num_envs), np.zeros(base.num_envs, np.int64)
        super().__init__(base.num_envs, base.single_observation_space, base.single_action_space)

    def reset(self) -> Any:
        """Begins an episode in every row, with the seeds and options that were set for it."""
        seeds = self._seeds if any(seed is not None for seed in self._seeds) else None
        options = self._options[0]
        if any(each != options for each in self._options):
            raise ValueError("the rows of a native vector environment share their options; those that were set differ.")
        observations, info = self.envs.reset(seed=seeds, options=options)
        self._reset_seeds()
        self._reset_options()
        self.reset_infos = [_row(info, row) for row in range(self.num_envs)]
        self._returns[:], self._lengths[:] = 0.0, 0
        return observations

    def step_async(self, actions: npt.NDArray[Any]) -> None:
        """Keeps the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> tuple[Any, npt.NDArray[np.float32], npt.NDArray[np.bool_], list[dict[str, Any]]]:
        """Observations, rewards float32, whether episodes ended, and infos."""
        observations, rewards, terminated, truncated, info = self.envs.step(self._actions)
        over = terminated | truncated
        self._returns += rewards
        self._lengths += 1
        infos = [_row(info, row) for row in range(self.num_envs)] if self._infos else [{} for _ in range(self.num_envs)]
        for row in np.flatnonzero(over).tolist():
            infos[row] = {
                **(_row(info["final_info"], row) if self._infos else {}),
                "terminal_observation": info["final_obs"][row],
                "TimeLimit.truncated": bool(truncated[row] and not terminated[row]),
                "is_success": bool(info["final_info"]["is_success"][row]),
                "episode": {
                    "r": float(self._returns[row]),
                    "l": int(self._lengths[row]),
                    "t": time.perf_counter() - self._begin,
                },
            }
        self._returns[over], self._lengths[over] = 0.0, 0
        return observations, rewards.astype(np.float32), over, infos

    def close(self) -> None:
        """Closes the environment."""
        self.envs.close()

    def get_images(self) -> Sequence[npt.NDArray[np.uint8] | None]:
        """One picture per row."""
        return self.envs.render() or [None] * self.num_envs

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The attribute of the vector environment, once per row of `indices`."""
        return [getattr(self.envs, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Refused: the rows have no attributes of their own.

        Raises:
            AttributeError: Always.
        """
        raise AttributeError(f"the rows of a native vector environment share all attributes; `{attr_name}` cannot be set.")

    def env_method(self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any) -> list[Any]:
        """Calls a method of the vector environment; its result, once per row of `indices`."""
        result = getattr(self.envs, method_name)(*method_args, **method_kwargs)
        return [result] * len(list(self._get_indices(indices)))

    def env_is_wrapped(self, wrapper_class: type[gym.Wrapper[Any, Any, Any, Any]], indices: Any = None) -> list[bool]:
        """Whether the rows do what a wrapper does: that of ``Monitor``, whose ``episode`` the infos hold."""
        return [issubclass(wrapper_class, Monitor)] * len(list(self._get_indices(indices)))


def _row(info: dict[str, Any], row: int) -> dict[str, Any]:
    return {name: values[row] for name, values in info.items() if not name.startswith(("_", "final_"))}
