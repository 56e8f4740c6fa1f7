"""What of a field can be read from the memory, by a linear map that was fitted in other fields."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from agents.in_context.network import GatedNetworks
from agents.in_context.sessions import CURL, held_out_fields, probe_table, session
from agents.in_context.training import USUAL, Place
from reach_gym.acting.rollout import held_out

Floats = npt.NDArray[np.float64]
FITTED, TESTED, CURLS = 72, 24, 8  # fields
_RIDGE = 1.0  # of the regression


class Memory(NamedTuple):
    """How well a field is known after some trials in it.

    Attributes:
        trials: int64 (k,), how many.
        r2: float64 (replicates, k), share of the variance of the four numbers of new fields that is read.
        chance: float64 (replicates, k), the same with a map that was fitted to fields of other sessions.
        curl: float64 (replicates, k), the curl that is read of a curl, which is unlike all fields that were fitted; 1 is right.
    """

    trials: npt.NDArray[np.int64]
    r2: Floats
    chance: Floats
    curl: Floats


def read_memory(
    network: GatedNetworks, seed: int, trials: tuple[int, ...] = (1, 2, 4, 8, 16, 24), place: Place = USUAL
) -> Memory:
    """Reads the field from the state with which a trial has ended.

    Args:
        network: The weights.
        seed: Of fields and held-out trials.
        trials: After how many trials in the field.
        place: The task.
    """
    fields = np.array([*held_out_fields(seed, FITTED + TESTED, 0), *held_out_fields(seed, 0, CURLS)])
    rows = session({"field": max(trials)}, {"field": 1.0}, {"field": 0.0})
    first = np.tile(len(rows) * np.arange(len(fields)), network.replicates)
    task = place.rows(len(first), schedule=probe_table(rows, fields, None), first=first)
    task.reset(held_out(seed))
    state, found = None, []
    with torch.no_grad():
        for trial in range(1, len(rows) + 1):
            state = task.rollout(network, state).last_state
            if trial in trials:
                states = state[0].double().numpy().reshape(network.replicates, len(fields), -1)
                found.append([_read(each, fields, np.random.default_rng(seed)) for each in states])
            if trial < len(rows):
                task.next_trials()
    return Memory(np.array(sorted(trials)), *np.array(found).transpose(2, 1, 0))


def _read(states: Floats, fields: Floats, rng: np.random.Generator) -> tuple[float, float, float]:
    """R^2 in the tested fields, the same by chance, and the share of the curls' strength, of the states (fields, units)."""
    known, test, curls = slice(0, FITTED), slice(FITTED, FITTED + TESTED), slice(FITTED + TESTED, None)
    seen, wanted = np.column_stack([states, np.ones(len(states))]), fields.reshape(-1, 4)
    square = seen[known].T @ seen[known] + _RIDGE * np.eye(seen.shape[1])

    def told(targets: Floats) -> Floats:
        return np.asarray(seen @ np.linalg.solve(square, seen[known].T @ targets))

    def explained(read: Floats) -> float:
        left, whole = (read - wanted)[test], wanted[test] - wanted[known].mean(0)
        return 1.0 - float(np.square(left).sum() / np.square(whole).sum())

    read = told(wanted[known])
    turned = (read[curls, 2] - read[curls, 1]) * np.sign(wanted[curls, 2]) / (2.0 * CURL)
    return explained(read), explained(told(rng.permutation(wanted[known]))), float(turned.mean())
