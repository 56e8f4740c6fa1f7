"""What a network does on trials that it does not learn from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from agents.rnn.config import RnnConfig
from agents.rnn.rollout import Path, Rollout
from agents.rnn.trials import STEPS, TrialBatch, TrialSource
from reach_gym.acting import rollout
from reach_gym.measures import find_movement, max_deviation
from reach_gym.reach.facts import TrialFacts
from reach_gym.sessions.schedule import Block

TRIALS = 256  # held out
MEASURES = ("loss", "endpoint_mm", "deviation_mm", "deviation_size_mm", "pushed_mm", "onset_slope", "moved")
_ONSET = 0.05  # of the peak speed
_FIRST_ONSET = 0.1  # the logistic reach begins a little before its cue, at 3.5 % of its peak speed

Floats = npt.NDArray[np.float64]


def last_gain(block: Block) -> float:
    """The gain with which a block ends."""
    return block.gain if block.gain_end is None else block.gain_end


def trial_of(block: Block, gain: float) -> dict[str, Any]:
    """Keywords of an environment all of whose trials have the field of `block` with this `gain`."""
    own = {} if block.field is None else {"field": block.field}
    return {"schedule": [{"name": block.name, "trials": 1, "gain": gain}], **own}


def probe_batch(env_id: str, env_kwargs: Mapping[str, Any], config: RnnConfig, block: Block, seed: int) -> TrialBatch:
    """Held-out trials under the field of `block` at its last gain, without catch and channel trials."""
    kwargs = {**env_kwargs, **trial_of(block, last_gain(block))}
    source = TrialSource(env_id, kwargs, config, TRIALS, rollout.held_out(seed))
    batch = source.draw(0)
    source.close()
    return batch


def endpoint_errors(path: Path, facts: TrialFacts) -> Floats:
    """Distance (n,) of each hand from its target at the end of the trial, in m."""
    return np.asarray(np.hypot(*(path.position[-1].double().numpy() - facts.target.T)))


def path_deviations(path: Path, facts: TrialFacts) -> Floats:
    """The signed maximum perpendicular deviation (n,) of each path in m, NaN where nothing moved."""
    position, velocity = (each.double().numpy().transpose(2, 0, 1) for each in (path.position, path.velocity))
    return max_deviation(position, facts.start, facts.target, find_movement(velocity, facts.go, _ONSET))


def onsets(path: Path, facts: TrialFacts) -> npt.NDArray[np.int64]:
    """The step (n,) at which each hand leaves, -1 where nothing moves; looked for from the target's onset on.

    One who does not wait for the cue is then found out; from the cue on, whoever moves already would seem to obey it.
    """
    velocity = path.velocity.double().numpy().transpose(2, 0, 1)
    return find_movement(velocity, np.full(len(facts.go), facts.onset), _FIRST_ONSET).onset


class Push(NamedTuple):
    """What a field did to the held-out trials when it was new.

    Attributes:
        without: How far each hand was from its desired path without the field, float32 (n, T, 2), m; 0 before the cue.
        added: What the field added to that.
    """

    without: npt.NDArray[np.float32]
    added: npt.NDArray[np.float32]


def push_of(roll: Rollout, batch: TrialBatch) -> Push:
    """What the field of a batch does to the hands of a network."""
    free = batch._replace(facts=batch.facts._replace(scale=0.0 * batch.facts.scale))
    without, felt = (_displacements(roll.forward(each), each) for each in (free, batch))
    return Push(without.astype(np.float32), (felt - without).astype(np.float32))


def _displacements(path: Path, batch: TrialBatch) -> Floats:
    off = (path.position[1:] - batch.position).double().numpy().transpose(2, 0, 1)
    return np.ascontiguousarray(np.where(_late(batch)[:, :, None], off, 0.0))


def _late(batch: TrialBatch) -> npt.NDArray[np.bool_]:
    """The steps that end after the cue began, (n, T)."""
    return np.asarray(np.arange(1, STEPS + 1) > batch.facts.go[:, None])


def pushed(path: Path, batch: TrialBatch, push: Push) -> float:
    """How far hands are off, in m, along the course on which the new field pushed each of them; below 0 on its mirror image.

    The root mean square over time for hands that take that very course: the product of both courses over the size of the
    field's. A mean over time would cancel itself where a field turns the hand round.
    """
    course = push.added.astype(np.float64)
    now = _displacements(path, batch) - push.without
    size = np.sqrt((course**2).sum(axis=(1, 2)) * _late(batch).sum(axis=1))
    met = size > 0
    return float(((now * course).sum(axis=(1, 2))[met] / size[met]).mean()) if met.any() else float("nan")


def measure(roll: Rollout, batch: TrialBatch, push: Push | None = None) -> dict[str, float]:
    """The numbers of a network on a batch, without dropout; NaN where nothing moved.

    Args:
        roll: The network at work.
        batch: The trials.
        push: What the field did to these trials when it was new, if it was met.

    Returns:
        ``loss`` in the paper's units; ``endpoint_mm``, mean distance from the target at the end; ``deviation_mm``, mean signed
        perpendicular deviation, positive to the left, and ``deviation_size_mm``, its mean size; ``pushed_mm``, see `pushed`,
        below 0 for an after-effect; ``onset_slope``, of movement onset on go time; ``moved``, the share of trials that have one.
    """
    path = roll.forward(batch)
    deviation, onset = path_deviations(path, batch.facts), onsets(path, batch.facts)
    moved = np.isfinite(deviation) & (onset >= 0)
    go = batch.facts.go[moved]
    slope = float(np.polyfit(go, onset[moved], 1)[0]) if len(set(go.tolist())) > 1 else float("nan")
    return {
        "loss": roll.loss(),
        "endpoint_mm": 1000 * float(endpoint_errors(path, batch.facts).mean()),
        "deviation_mm": 1000 * float(deviation[moved].mean()) if moved.any() else float("nan"),
        "deviation_size_mm": 1000 * float(np.abs(deviation[moved]).mean()) if moved.any() else float("nan"),
        "pushed_mm": float("nan") if push is None else 1000 * pushed(path, batch, push),
        "onset_slope": slope,
        "moved": float(moved.mean()),
    }
