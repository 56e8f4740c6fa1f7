"""Settings of Stable-Baselines3 and sb3-contrib with which the tasks of this package are learned, as data.

The data are in the form of the RL Zoo (``rl_zoo3``): its keys, and strings for what is no number. Nothing here needs
Stable-Baselines3 before `Recipe.make` is called.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reach_gym import checks
from reach_gym.plants.muscle_arm import MuscleArm
from reach_gym.plants.table import plant_class
from reach_gym.reach.presets import with_preset
from reach_gym.registration import TASKS, Task

ALGORITHMS: dict[str, str] = {
    "dqn": "stable_baselines3.DQN",
    "qrdqn": "sb3_contrib.QRDQN",
    "ppo": "stable_baselines3.PPO",
    "a2c": "stable_baselines3.A2C",
    "recurrent_ppo": "sb3_contrib.RecurrentPPO",
    "ddpg": "stable_baselines3.DDPG",
    "td3": "stable_baselines3.TD3",
    "sac": "stable_baselines3.SAC",
    "tqc": "sb3_contrib.TQC",
}
"""Where each algorithm is found, by the name that the RL Zoo gives it."""

# Sun & Plitt's network; it ends in its two layers of 128 units, so that the policy adds none.
_FEATURES: dict[str, Any] = {
    "features_extractor_class": "reach_gym.acting.sb3.ReachFeatures",
    "net_arch": [],
    "normalize_images": False,
}
# Without hindsight nothing is learned on the 16 x 16 grid unless the target is easy to hit at first. Episodes of each row.
_SHRINKING: dict[str, Any] = {"radius": {"start": 8.0, "factor": 0.5, "success_rate": 0.9, "window": 20}}
_VALUES: dict[str, Any] = {
    "n_timesteps": 300_000, "n_envs": 64, "policy": "MlpPolicy", "learning_rate": 1e-3, "buffer_size": 100_000,
    "learning_starts": 2_000, "batch_size": 128, "train_freq": 1, "gradient_steps": 2, "target_update_interval": 6_400,
    "exploration_fraction": 0.1, "exploration_final_eps": 0.1, "gamma": 0.99, "max_grad_norm": 10.0,
    "policy_kwargs": _FEATURES, "env_kwargs": _SHRINKING,
}  # fmt: skip
_ROLLOUTS: dict[str, Any] = {
    "n_timesteps": 1_000_000, "n_envs": 64, "policy": "MlpPolicy", "n_steps": 32, "gamma": 0.97, "gae_lambda": 0.95,
    "ent_coef": 0.01, "learning_rate": 7e-4, "policy_kwargs": _FEATURES, "env_kwargs": _SHRINKING,
}  # fmt: skip

GRID: dict[str, dict[str, Any]] = {
    "dqn": _VALUES,
    "qrdqn": {**_VALUES, "max_grad_norm": None},
    "ppo": {**_ROLLOUTS, "batch_size": 256, "n_epochs": 4},
    "a2c": {**_ROLLOUTS, "n_steps": 8},
}
"""By algorithm, for grid reaches with pixels or coordinates."""

# Where the go cue is sure to come at last, learners leave a little before it, and each such gamble that fails is a false start.
# Cues that may come later in training than in the task leave nothing to gamble on in the task.
_LATER_CUES: dict[str, Any] = {"go_delay": [0.0, 0.15]}
# Returns over three steps carry the reward of a success back in half as many updates.
_OFF_POLICY: dict[str, Any] = {
    "n_timesteps": 32_000, "n_envs": 16, "policy": "MlpPolicy", "learning_rate": 1e-3, "buffer_size": 100_000,
    "learning_starts": 1_600, "batch_size": 256, "train_freq": 1, "gradient_steps": 4, "gamma": 0.95, "n_steps": 3,
    "policy_kwargs": {"net_arch": [128, 128]}, "env_kwargs": _LATER_CUES,
}  # fmt: skip
# These learners gamble several steps ahead: all that was missing to success after cues of up to 0.15 s were false starts.
_GAMBLERS: dict[str, Any] = {**_OFF_POLICY, "env_kwargs": {"go_delay": [0.0, 0.2]}}
# With less noise, corners stay unreached in some seeds; much more makes every trial a false start.
_NOISY: dict[str, Any] = {**_GAMBLERS, "n_timesteps": 96_000, "noise_type": "normal", "noise_std": 0.3}
_HANDS: dict[str, Any] = {
    "n_timesteps": 499_712, "n_envs": 64, "policy": "MlpPolicy", "learning_rate": "lin_1.5e-3", "n_steps": 64, "batch_size": 512,
    "n_epochs": 10, "gamma": 0.95, "gae_lambda": 0.95, "policy_kwargs": {"log_std_init": -1.5, "net_arch": [64, 64]},
    "env_kwargs": _LATER_CUES,
}  # fmt: skip

CURSOR: dict[str, dict[str, Any]] = {
    "sac": {**_GAMBLERS, "n_timesteps": 48_000},
    "td3": _NOISY,
    "ddpg": _NOISY,
    # Fewer quantiles than its authors' 25 halve the time of an update.
    "tqc": {
        **_GAMBLERS,
        "n_timesteps": 64_000,
        "top_quantiles_to_drop_per_net": 1,
        "policy_kwargs": {"net_arch": [128, 128], "n_quantiles": 10},
    },
    "ppo": _HANDS,
    # A recurrent layer goes step by step through a batch, however large it is: few and large ones.
    "recurrent_ppo": {
        **_HANDS,
        "policy": "MlpLstmPolicy",
        "n_timesteps": 500_000,
        "learning_rate": 1e-3,
        "n_steps": 100,
        "batch_size": 3_200,
        "policy_kwargs": {"log_std_init": -1.5, "net_arch": [64], "lstm_hidden_size": 64},
    },
}
"""By algorithm, for cursor reaches with vector observations, with or without a field."""

# A bone is light: an action of 1 moves the hand of an arm several times as hard as that of the point mass, so that less noise
# explores as far. It leaves the start no less easily, and holding it is learned from cues that come later still.
ARM: dict[str, dict[str, Any]] = {
    "ppo": {
        **_HANDS,
        "policy_kwargs": {"log_std_init": -2.0, "net_arch": [64, 64]},
        "env_kwargs": {"go_delay": [0.0, 0.3]},
    },
}
"""By algorithm, for cursor reaches of the two-link arm with vector observations, with or without a field."""

# Trials without the laboratory's obstacles. In its own, noise that explores ends nearly every trial before the cue; where such
# trials go on, punished, what moves the hand is unlearned faster than what holds it still is learned. Here the cue comes soon and
# nothing is lost before it: `AimFeatures` carry the hold of the target over to the wait at the start, however long it is. The
# dense reward falls all the way, where the shaped one is flat beyond 15 cm.
_OPEN: dict[str, Any] = {
    "false_start": "ignore", "target_onset": 0.0, "go_delay": [0.05, 0.2], "movement_time": None, "reward": "dense",
}  # fmt: skip

LAB: dict[str, dict[str, Any]] = {
    "ppo": {
        "n_timesteps": 1_536_000, "n_envs": 64, "policy": "MlpPolicy", "learning_rate": "lin_1e-3", "n_steps": 100,
        "batch_size": 640, "n_epochs": 10, "gamma": 0.97, "gae_lambda": 0.95,
        # Gradients are clipped all together: those of the value, which is large, must not drown those of the policy.
        "vf_coef": 0.02,
        "policy_kwargs": {
            "features_extractor_class": "reach_gym.acting.sb3.AimFeatures", "log_std_init": -1.8, "net_arch": [128, 128],
        },
        "env_kwargs": _OPEN,
    },
}  # fmt: skip
"""By algorithm, for cursor reaches with vector observations under the preset ``"lab"``."""

# Six muscles are so strong for these bones that noise of 0.08 in their excitations carries a resting hand 2 cm away within 0.1 s:
# whoever explores has a false start, long before the cue. With `AimFeatures` the hold of the target teaches the wait, and nothing
# tells when the cue will come: the task needs no easier trials. A step of 256 rows costs about as much as one of 64.
MUSCLES: dict[str, dict[str, Any]] = {
    "ppo": {
        **LAB["ppo"],
        "n_timesteps": 614_400,
        "n_envs": 256,
        "n_steps": 25,
        "n_epochs": 6,
        "env_kwargs": {},
        "policy_kwargs": {
            **LAB["ppo"]["policy_kwargs"],
            "features_extractor_kwargs": {"senses": len(MuscleArm.senses), "actuators": len(MuscleArm.low)},
        },
    },
}
"""By algorithm, for cursor reaches of the arm with muscles that feels its body, with or without a field."""

# By what is reached, or the plant that reaches and its preset, and the keyword `observation`.
_RECIPES: dict[tuple[str, str], dict[str, dict[str, Any]]] = {
    ("grid", "vector"): GRID,
    ("grid", "pixels"): GRID,
    ("cursor", "vector"): CURSOR,
    ("lab cursor", "vector"): LAB,
    ("two-link arm", "vector"): ARM,
    ("muscle arm", "body"): MUSCLES,
}
_IN_LAB = "lab "
_BODIES = {"two_link_arm": "two-link arm", "muscle_arm": "muscle arm"}  # by kind of plant; of the others it is a cursor


@dataclass(frozen=True)
class Recipe:
    """How to train one algorithm on one task.

    Attributes:
        algo: One of `ALGORITHMS`.
        env_id: The task.
        settings: In the form of the RL Zoo: ``n_timesteps``, ``n_envs``, ``policy``, ``noise_type`` and ``noise_std``, and
            keywords of the algorithm; ``"lin_1e-3"`` falls linearly from 0.001 to 0. Classes are named by module and name.
        env_kwargs: Of the training environment: the task's, and what makes it learnable where the task does not say otherwise.
    """

    algo: str
    env_id: str
    settings: Mapping[str, Any]
    env_kwargs: Mapping[str, Any]

    @property
    def steps(self) -> int:
        """Steps to learn."""
        return int(self.settings["n_timesteps"])

    @property
    def num_envs(self) -> int:
        """Rows of the training environment."""
        return int(self.settings["n_envs"])

    def make(self, seed: int = 0, num_envs: int | None = None, **changes: Any) -> Any:
        """A new model of Stable-Baselines3 with an environment of its own; ``model.learn(recipe.steps)`` trains it.

        Args:
            seed: Of everything that is drawn.
            num_envs: Rows of the environment; ``None`` for the recipe's.
            **changes: Keywords of the algorithm that come before those of the recipe.

        Raises:
            TypeError: A keyword has the wrong type.
            ValueError: An argument is out of range.
            MissingExtraError: Stable-Baselines3 is not installed.
        """
        from reach_gym.acting.sb3_models import make

        return make(self, seed, num_envs, changes)

    def zoo(self) -> dict[str, Any]:
        """The entry of `env_id` in ``hyperparams/{algo}.yml`` of the RL Zoo; classes and their keywords are code in strings.

        The Zoo takes keywords of environments from its command line only; see `zoo_text`.
        """
        coded = ("policy_kwargs", "replay_buffer_class", "replay_buffer_kwargs")
        return {name: _code(name, value) if name in coded else value for name, value in self.settings.items()}


def _code(name: str, value: Any) -> str:
    """A setting as a Python expression that needs no import."""
    if isinstance(value, Mapping):
        return f"dict({', '.join(f'{inner}={_code(inner, each)}' for inner, each in value.items())})"
    if name.endswith("_class"):
        module, _, attribute = value.rpartition(".")
        return f"__import__({module!r}, fromlist=[{attribute!r}]).{attribute}"
    return repr(value)


def recipe(algo: str, env_id: str, env_kwargs: Mapping[str, Any] | None = None) -> Recipe:
    """The settings of an algorithm for a task.

    Args:
        algo: One of `ALGORITHMS`.
        env_id: A task of this package, with its namespace.
        env_kwargs: Keywords of the task; they come before those of the recipe.

    Raises:
        TypeError: The plant is none.
        ValueError: There is no such task or plant, or no recipe for it.
    """
    task, given = TASKS[checks.choice("env_id", env_id, tuple(TASKS))], dict(env_kwargs or {})
    family, observation = _kind_of(task, given)
    known = _RECIPES.get((family, observation), {}) if isinstance(observation, str) else {}
    if algo not in known:
        kinds = "; ".join(f"{each} reaches with {kind} take {', '.join(found)}" for (each, kind), found in _RECIPES.items())
        raise ValueError(f"`algo` {algo} has no settings for a {family} reach with the observation {observation!r}; {kinds}.")
    settings = {name: value for name, value in known[algo].items() if name != "env_kwargs"}
    # A preset that has no recipe of its own keeps the trials that its source has timed.
    keeps = task.family == "cursor" and "preset" in {**task.kwargs, **given} and not family.startswith(_IN_LAB)
    learnable = {} if keeps else known[algo].get("env_kwargs", {})
    return Recipe(algo, env_id, settings, {**learnable, **given})


def _kind_of(task: Task, given: Mapping[str, Any]) -> tuple[str, Any]:
    """What is reached, or what reaches, and how it is observed."""
    own, family = {**task.kwargs, **given}, task.family
    if family == "cursor":
        lab = str(own.get("preset", "")).startswith("lab")
        own = with_preset(own)
        family = _BODIES.get(plant_class(own["plant"]).kind, family) if "plant" in own else family
        family = _IN_LAB + family if lab else family
    return family, own.get("observation", "vector")


def recipes(algo: str) -> list[Recipe]:
    """The recipes of an algorithm for every task that has one.

    Raises:
        ValueError: There is no such algorithm.
    """
    checks.choice("algo", algo, tuple(ALGORITHMS))
    found = []
    for env_id, task in TASKS.items():
        if algo in _RECIPES.get(_kind_of(task, {}), {}):
            found.append(recipe(algo, env_id))
    return found


def zoo_text(algo: str) -> str:
    """The recipes of an algorithm as ``hyperparams/{algo}.yml`` of the RL Zoo.

    Raises:
        ValueError: There is no such algorithm.
    """
    lines = ["# Train with: python -m rl_zoo3.train --gym-packages reach_gym --conf-file THIS_FILE"]
    for each in recipes(algo):
        lines += ["", f"{each.env_id}:"]
        if each.env_kwargs:
            words = " ".join(shlex.quote(f"{name}:{value!r}") for name, value in each.env_kwargs.items())
            lines.append(f"  # Needs --env-kwargs {words}")
        # What JSON writes YAML reads.
        lines += [f"  {name}: {json.dumps(value)}" for name, value in each.zoo().items()]
    return "\n".join(lines) + "\n"
