"""Recipes: settings of Stable-Baselines3 and sb3-contrib with which the tasks of this package are learned.

They are in the form of the RL Zoo (``rl_zoo3``): its keys, and strings for what is no number; `reach_gym.acting.settings` has
them. Nothing here needs Stable-Baselines3 before `Recipe.make` is called.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reach_gym import checks
from reach_gym.acting.settings import SETTINGS
from reach_gym.plants.table import plant_class
from reach_gym.reach.presets import PRESETS, with_preset
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
    known = SETTINGS.get((family, observation), {}) if isinstance(observation, str) else {}
    if algo not in known:
        kinds = "; ".join(f"{each} reaches with {kind} take {', '.join(found)}" for (each, kind), found in SETTINGS.items())
        raise ValueError(f"`algo` {algo} has no settings for a {family} reach with the observation {observation!r}; {kinds}.")
    settings = {name: value for name, value in known[algo].items() if name != "env_kwargs"}
    # What a preset that has no recipe of its own says of a trial holds: its source has timed it.
    preset = {**task.kwargs, **given}.get("preset") if task.family == "cursor" and not family.startswith(_IN_LAB) else None
    timed = {} if preset is None else PRESETS[preset]
    learnable = {name: value for name, value in known[algo].get("env_kwargs", {}).items() if name not in timed}
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
    """The recipes of an algorithm for every task that has one, as it is registered; then those for another observation.

    Of another observation are those settings whose observation no registered task has, such as ``"goal"``; their `env_kwargs`
    name it. Of tasks that differ in nothing but their observation the first stands for all.

    Raises:
        ValueError: There is no such algorithm.
    """
    checks.choice("algo", algo, tuple(ALGORITHMS))
    registered = {env_id: _kind_of(task, {}) for env_id, task in TASKS.items()}
    found = [recipe(algo, env_id) for env_id, kind in registered.items() if algo in SETTINGS.get(kind, {})]
    for (family, observation), known in SETTINGS.items():
        if algo in known and (family, observation) not in registered.values():
            first: dict[str, str] = {}
            for env_id in (each for each, kind in registered.items() if kind[0] == family):
                first.setdefault(_all_but_observation(TASKS[env_id]), env_id)
            found += [recipe(algo, env_id, {"observation": observation}) for env_id in first.values()]
    return found


def _all_but_observation(task: Task) -> str:
    kwargs = {name: value for name, value in task.kwargs.items() if name != "observation"}
    return repr((task.max_episode_steps, sorted(kwargs.items())))


def zoo_text(algo: str) -> str:
    """The recipes of an algorithm as ``hyperparams/{algo}.yml`` of the RL Zoo.

    Raises:
        ValueError: There is no such algorithm.
    """
    lines = ["# Train with: python -m rl_zoo3.train --gym-packages reach_gym --conf-file THIS_FILE"]
    known: set[str] = set()
    for each in recipes(algo):
        entry = [f"{each.env_id}:"]
        if each.env_kwargs:
            words = " ".join(shlex.quote(f"{name}:{value!r}") for name, value in each.env_kwargs.items())
            entry.append(f"  # Needs --env-kwargs {words}")
        # What JSON writes YAML reads.
        entry += [f"  {name}: {json.dumps(value)}" for name, value in each.zoo().items()]
        if each.env_id in known:  # the Zoo takes one entry for each id
            entry = ["# Or, instead of the entry of this task above:", *(f"# {line}" for line in entry)]
        known.add(each.env_id)
        lines += ["", *entry]
    return "\n".join(lines) + "\n"
