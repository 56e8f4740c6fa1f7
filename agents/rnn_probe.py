"""What a network does on trials that it does not learn from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym import rollout
from reach_gym.measures import find_movement, max_deviation
from reach_gym.reaching import Plants
from reach_gym.schedule import Block

from .rnn_config import RnnConfig
from .rnn_rollout import Path, Rollout
from .rnn_trials import TrialBatch, TrialSource

TRIALS = 256  # held out
_FASTEST_ONSET = 0.05  # of the peak speed

Floats = npt.NDArray[np.float64]


def probe_batch(env_id: str, env_kwargs: Mapping[str, Any], config: RnnConfig, block: Block, seed: int) -> TrialBatch:
    """Held-out trials under the field of `block` at its last gain, without catch and channel trials."""
    gain = block.gain if block.gain_end is None else block.gain_end
    kwargs = {**env_kwargs, "schedule": [{"name": block.name, "trials": 1, "gain": gain}]}
    if block.field is not None:
        kwargs["field"] = block.field
    source = TrialSource(env_id, kwargs, config, TRIALS, rollout.held_out(seed))
    batch = source.draw(0)
    source.close()
    return batch


def endpoint_errors(path: Path, plants: Plants) -> Floats:
    """Distance (n,) of each hand from its target at the end of the trial, in m."""
    return np.asarray(np.hypot(*(path.position[-1].double().numpy() - plants.target.T)))


def path_deviations(path: Path, plants: Plants) -> tuple[Floats, npt.NDArray[np.int64]]:
    """The signed maximum perpendicular deviation (n,) of each path in m, and the step (n,) of movement onset.

    NaN and -1 where nothing moved.
    """
    position, velocity = (each.double().numpy().transpose(2, 0, 1) for each in (path.position, path.velocity))
    movement = find_movement(velocity, plants.go, _FASTEST_ONSET)
    return max_deviation(position, plants.start, plants.target, movement), movement.onset


def displacements(path: Path, batch: TrialBatch) -> Floats:
    """How far each hand was from its desired path, on average from the go cue to the end: float64 (n, 2), m."""
    off = (path.position[1:] - batch.position).double().numpy()
    late = (np.arange(1, len(off) + 1)[:, None] > batch.plants.go)[:, None, :]
    return np.asarray((np.where(late, off, 0.0).sum(axis=0) / late.sum(axis=0)).T)


def along(displacement: Floats, push: Floats) -> float:
    """The mean part of displacements (n, 2) that points where each trial was pushed, (n, 2), when it met the field first."""
    length = np.hypot(*push.T)
    return float(((displacement * push).sum(axis=1)[length > 0] / length[length > 0]).mean()) if length.any() else float("nan")


def measure(roll: Rollout, batch: TrialBatch, push: Floats | None = None) -> dict[str, float]:
    """The numbers of a network on a batch, without dropout; NaN where nothing moved.

    Args:
        roll: The network at work.
        batch: The trials.
        push: The `displacements` of these trials when the field was new, if it was met.

    Returns:
        ``loss`` in the paper's units; ``endpoint_mm``, mean distance from the target at the end; ``deviation_mm``, mean signed
        perpendicular deviation, positive to the left, and ``deviation_size_mm``, its mean size; ``pushed_mm``, mean displacement
        in the direction of `push`, below 0 for an after-effect; ``onset_slope``, of movement onset on go time; ``moved``, the
        share of trials with a movement.
    """
    path = roll.forward(batch)
    deviation, onset = path_deviations(path, batch.plants)
    moved = onset >= 0
    go = batch.plants.go[moved]
    slope = float(np.polyfit(go, onset[moved], 1)[0]) if len(set(go.tolist())) > 1 else float("nan")
    return {
        "loss": roll.loss(),
        "endpoint_mm": 1000 * float(endpoint_errors(path, batch.plants).mean()),
        "deviation_mm": 1000 * float(deviation[moved].mean()) if moved.any() else float("nan"),
        "deviation_size_mm": 1000 * float(np.abs(deviation[moved]).mean()) if moved.any() else float("nan"),
        "pushed_mm": float("nan") if push is None else 1000 * along(displacements(path, batch), push),
        "onset_slope": slope,
        "moved": float(moved.mean()),
    }
