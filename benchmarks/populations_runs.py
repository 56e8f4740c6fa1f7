"""The trainings of `python -m benchmarks populations`: reach, a curl field, its washout, and as long without a field."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks import preparation_runs as preparation
from benchmarks.networks import MyNetwork
from reach_gym import files
from reach_gym.differentiable import Rollout, TorchReach, cosine, deviation, endpoint, train
from reach_gym.neural import Activity, load_activity, record_activity

CURL, ROWS, UNITS = preparation.CURL, 32, 96
# That of `preparation` with shorter waits, at a time step that arms allow: what is seen is 80 ms old.
TASK: dict[str, Any] = {**preparation.TASK, "dt": 0.02, "delay": 4, "go_delay": [0.3, 0.5], "time_limit": 0.65, "hold": 0.65}
_STILL = 0.05  # m/s: a mean speed of that much before the cue can be seen costs 1
_BENT = 0.3  # weight of deviations
# Target, cue, the cursor's place, and whether the target is there. A velocity or a clock that a network is told would be found
# among its units.
SEEN = (0, 1, 2, 3, 4, 11)


@dataclass(frozen=True)
class Plan:
    """What differs between plants.

    Attributes:
        rate: Of learning to reach.
        wait: As of `preparation.loss`, m.
        keywords: Of the task.
    """

    rate: float = 1e-2
    wait: float = preparation.WAIT
    keywords: Mapping[str, Any] = field(default_factory=dict)


# The other plants' constant noise, 2 % of the greatest action, would move a hand that six muscles hold by 12 mm until the cue.
_MUSCLES = Plan(rate=2e-2, wait=0.01, keywords={"motor_noise": [0.005, 0.1]})
PLANTS = {"point_mass": Plan(), "two_link_arm": Plan(), "muscle_arm": _MUSCLES}
PROBES = 240  # trials in error clamps, in which every stage is recorded
RATE = 3e-3  # of learning in the blocks after reaching
_WARM_UP, _LAST = 20, 20  # updates
_REST = 0.05  # share of the range of an action that no muscle goes below in the beginning
STAGES = ("untrained", "trained", "learned", "washed", "control", "control_washed")
# Each block: the stage it begins from, the one it ends with, its gain of the field, and its number. The control goes through the
# same trials as the blocks that it is compared with.
_BLOCKS = (
    ("trained", "learned", 1.0, 1),
    ("learned", "washed", 0.0, 2),
    ("trained", "control", 0.0, 1),
    ("control", "control_washed", 0.0, 2),
)


class Reacher(MyNetwork):
    """A GRU that sees places and the cue, and a layer of actions within their bounds."""

    low: Tensor
    span: Tensor

    def __init__(self, low: tuple[float, ...], high: tuple[float, ...]) -> None:
        """Makes the layers, with random weights; in the beginning the actions are about 0."""
        super().__init__(len(SEEN), UNITS, len(low))
        self.register_buffer("low", torch.tensor(low))
        self.register_buffer("span", torch.tensor(high) - self.low)
        rest = (-self.low / self.span).clamp(min=_REST)
        with torch.no_grad():
            self.out.bias.copy_(torch.logit(rest))

    def forward(self, observation: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Actions (rows, actions) and the new state."""
        state = self.cell(observation[:, SEEN], state)
        return self.low + self.span * torch.sigmoid(self.out(state)), state


def loss(path: Rollout, wait: float) -> Tensor:
    """That of `preparation`, and two more.

    To be still until the cue is seen: a network that creeps does not prepare, it moves. And to go straight: where only the end
    counts, networks learn to set off to one side in the field, and push against a channel's wall with twice the field's force.
    """
    early = path.since_cue < TASK["delay"]
    speed = (path.hand[..., 2:].square().sum(-1) + 1e-8).sqrt() * early
    still: Tensor = speed.sum() / (early.sum() * _STILL)
    return preparation.loss(path, wait) + still + _BENT * deviation(path)


def task_of(plant: str, block: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords of the task in which all trials are like those of the `block`."""
    return {**TASK, **PLANTS[plant].keywords, "plant": plant, "schedule": [{"name": "block", "trials": 1, **block}]}


def _learn(network: nn.Module, plant: str, gain: float, updates: int, rate: float, seed: int) -> float:
    """One block; the error at the end in its last updates, mm, in trials that were new then."""
    task, own = TorchReach(CURL, ROWS, **task_of(plant, {"gain": gain})), cosine(rate, updates, min(_WARM_UP, updates))
    curves = train(
        network, task, partial(loss, wait=PLANTS[plant].wait), updates, rate=own, seed=seed, measures={"endpoint": endpoint}
    )
    return float(np.mean(curves["endpoint"][-_LAST:]))


def probe(network: nn.Module, plant: str, seed: int) -> Activity:
    """What the units do in error clamps, the same trials at all stages: the hand's path does not differ between them."""
    return record_activity(network, CURL, PROBES, seed, task_of(plant, {"gain": 0.0, "clamp": 1.0}))


def network_of(plant: str, seed: int, first: int, updates: int) -> tuple[dict[str, Activity], dict[str, float]]:
    """The activity at every stage, and the error at the end of the blocks that led to it, mm."""
    made = TorchReach(CURL, 1, plant=plant).task.plant
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        networks: dict[str, nn.Module] = {"untrained": Reacher(made.low, made.high)}
    networks["trained"] = copy.deepcopy(networks["untrained"])
    errors = {"trained": _learn(networks["trained"], plant, 0.0, first, PLANTS[plant].rate, seed)}
    for origin, stage, gain, number in _BLOCKS:
        networks[stage] = copy.deepcopy(networks[origin])
        errors[stage] = _learn(networks[stage], plant, gain, updates, RATE, 1000 * (seed + 1) + number)
    return {stage: probe(networks[stage], plant, seed) for stage in STAGES}, errors


def folder_of(runs: Path, plant: str, seed: int, first: int, updates: int) -> Path:
    """Where a network's activity is kept."""
    return runs / f"{plant}_seed{seed}_{first}_{updates}"


def activities_in(folder: Path, plant: str, seed: int, first: int, updates: int) -> tuple[dict[str, Activity], dict[str, float]]:
    """`network_of`, read from the folder if it is there already; the errors are written last."""
    last = folder / "errors.json"
    if not last.exists():
        folder.mkdir(parents=True, exist_ok=True)
        activities, errors = network_of(plant, seed, first, updates)
        for stage, activity in activities.items():
            activity.save(folder / f"{stage}.npz")
        files.write(last, json.dumps(errors).encode())
    return {stage: load_activity(folder / f"{stage}.npz") for stage in STAGES}, json.loads(last.read_text(encoding="utf-8"))
