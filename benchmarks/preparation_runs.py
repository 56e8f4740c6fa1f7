"""The trainings of `python -m benchmarks preparation`: a network that waits for its cue, then a curl field in one direction."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from benchmarks.networks import MyNetwork
from reach_gym import files
from reach_gym.differentiable import Rollout, TorchReach, cosine, jerk, position, train
from reach_gym.neural import early_force, halves_at, record_activity
from reach_gym.recording import adaptation
from reach_gym.sessions import Row, TrialTable

CURL = "reach_gym/CursorReachCurl-v0"  # 13 N s/m
UNITS, ROWS, PROBES = 96, 32, 240
DIRECTIONS, TRAINED, DISTANCE = 12, 90.0, 0.1
WINDOW = (-0.05, 0.05)  # s about the cue, as in Sun, O'Shea et al. 2022
EARLY = (0.1, 0.25)  # s after the cue: from the first command that it can bring about to about peak speed
# A hand that is seen 75 ms late and not exactly, so that no state of the window has seen the cue; and a wait of 0.4 to 0.9 s.
TASK: dict[str, Any] = {
    "dt": 0.025,
    "delay": 3,
    "sensory_noise": [0.0005, 0.005],
    "motor_noise": [0.02, 0.1],
    "target_onset": 0.1,
    "go_delay": [0.4, 0.9],
    "time_limit": 0.7,
    "hold": 0.7,  # so that every trial lasts until its time limit
    "false_start": "ignore",
    "targets": {"kind": "center-out", "count": DIRECTIONS, "distance": DISTANCE},
}
WAIT = 0.03  # m: a mean distance from the start of that much before the cue costs 1
_BASE = 3e-3  # learning rate of reaching; that of the blocks after it is the optimiser's
_WARM_UP = 20  # updates
OPTIMISERS: dict[str, tuple[Callable[..., torch.optim.Optimizer], float]] = {
    "Adam": (torch.optim.Adam, 1.5e-3),
    "SGD": (partial(torch.optim.SGD, momentum=0.9), 0.05),
}
GAINS = {"curl": 1.0, "none": 0.0}
STAGES = ("learned", "washed")
Arrays = dict[str, npt.NDArray[np.float64]]


def loss(path: Rollout, wait: float = WAIT) -> Tensor:
    """To wait at the start, to be at the target half a second after the cue, and smoothly.

    The wait has a weight of its own: where it counts little, networks set off before the cue, and what is called preparation is
    movement.
    """
    early = path.since_cue <= 0
    away = ((path.cursor[..., :2] - path.start).square().sum(-1) + 1e-8).sqrt() * early
    return position(path) + 0.02 * jerk(path) + away.sum() / (early.sum() * wait)


def session(updates: int, gain: float, seed: int) -> TrialTable:
    """Half of the trials go in the trained direction, with this `gain` of the field, the others elsewhere, without it."""
    rng = np.random.default_rng(seed)
    elsewhere = [(TRAINED + 360.0 / DIRECTIONS * k) % 360 for k in range(1, DIRECTIONS)]
    cycle = np.array([TRAINED] * len(elsewhere) + elsewhere)
    rows: list[Row] = []
    while len(rows) < updates + ROWS:
        for angle in rng.permutation(cycle).tolist():
            x, y = (DISTANCE * round(float(wave(np.radians(angle))), 12) for wave in (np.cos, np.sin))
            rows.append(Row(target=(x, y), gain=gain if angle == TRAINED else 0.0))
    return TrialTable(rows)


def learn(network: nn.Module, optimiser: str, gain: float, updates: int, seed: int) -> None:
    """One block."""
    make, rate = OPTIMISERS[optimiser]
    # Row i is i trials ahead: a batch holds as many consecutive trials of the session, and with them all directions.
    task = TorchReach(CURL, ROWS, first=np.arange(ROWS), **TASK, schedule=session(updates, gain, seed))
    train(network, task, loss, updates, rate=cosine(rate, updates, _WARM_UP), optimiser=make, seed=seed)


def probe(network: nn.Module, seed: int) -> Arrays:
    """What the network does in error clamps in all directions.

    Returns:
        ``states`` (2, directions, units), of two halves of the trials in the window; ``force`` (directions, 2), with which it
        sets off, as a share of the greatest; ``coefficient`` (directions,), how much of the field its force on the walls makes up
        for; ``error`` (directions,), at the end, m; ``ready``, the share of trials without a false start.
    """
    clamps = [{"name": "clamp", "trials": 1, "gain": 0.0, "clamp": 1.0}]
    activity = record_activity(network, CURL, PROBES, seed, {**TASK, "schedule": clamps})
    recording, place = activity.recording, np.unique(activity.direction, return_inverse=True)[1]
    found, error = adaptation(recording), recording.measures()["endpoint_error"]
    return {
        "states": halves_at(activity, WINDOW, seed=seed),
        "force": early_force(activity, EARLY),
        "coefficient": np.array([np.nanmean(found[place == k]) for k in range(DIRECTIONS)]),
        "error": np.array([np.nanmean(error[place == k]) for k in range(DIRECTIONS)]),
        "ready": np.array(1.0 - recording.known("false_start").mean()),
    }


def subject(seed: int, first: int, updates: int) -> Arrays:
    """All that is known of one network: ``before/...`` and ``optimiser/field/stage/...`` of what `probe` gives."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = MyNetwork(14, UNITS, 2)
    task = TorchReach(CURL, ROWS, **TASK, schedule=[{"name": "reach", "trials": 1, "gain": 0.0}])
    train(network, task, loss, first, rate=cosine(_BASE, first, _WARM_UP), seed=seed)
    found = _named("before", probe(network, seed))
    for name, learner, gain, number in _chains():
        twin = copy.deepcopy(network)
        for stage, field in zip(STAGES, (gain, 0.0), strict=True):
            number += 1
            # The same trials for all of a seed's chains: their only difference is the field or the optimiser.
            learn(twin, learner, field, updates, 1000 * (seed + 1) + number)
            found |= _named(f"{name}/{stage}", probe(twin, seed))
    return found


def _chains() -> Iterator[tuple[str, str, float, int]]:
    for learner in OPTIMISERS:
        for field, gain in GAINS.items():
            yield f"{learner}/{field}", learner, gain, 0


def _named(prefix: str, arrays: Mapping[str, Any]) -> Arrays:
    return {f"{prefix}/{name}": values for name, values in arrays.items()}


def subject_in(folder: Path, seed: int, first: int, updates: int) -> Arrays:
    """`subject`, read from the folder if it is there already."""
    path = folder / f"seed_{seed}_{first}_{updates}.npz"
    if not path.exists():
        data = io.BytesIO()
        np.savez_compressed(data, **subject(seed, first, updates))  # type: ignore[arg-type]
        files.write(path, data.getvalue())
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}
