"""What a network does on trials that it does not learn from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from agents.rnn.config import RnnConfig
from agents.rnn.models import PaperNetwork
from agents.rnn.objective import MEASURES, desired, objective, path_deviations, whole
from reach_gym.acting.rollout import held_out
from reach_gym.differentiable import Rollout, TorchReach
from reach_gym.measures import find_movement
from reach_gym.sessions.schedule import Block

TRIALS = 256  # held out
PROBED = ("loss", *MEASURES, "pushed_mm", "onset_slope", "moved")
_FIRST_ONSET = 0.1  # of the peak speed; the logistic reach begins a little before its cue, at 3.5 % of it

Floats = npt.NDArray[np.float64]


def last_gain(block: Block) -> float:
    """The gain with which a block ends."""
    return block.gain if block.gain_end is None else block.gain_end


def trial_of(block: Block, gain: float) -> dict[str, Any]:
    """Keywords of an environment all of whose trials have the field of `block` with this `gain`."""
    own = {} if block.field is None else {"field": block.field}
    return {"schedule": [{"name": block.name, "trials": 1, "gain": gain}], **own}


class Probe:
    """Held-out trials under one field, the same for every network."""

    def __init__(self, env_id: str, env_kwargs: Mapping[str, Any], config: RnnConfig, seed: int) -> None:
        """Prepares `TRIALS` trials of a task; keywords as for a training."""
        self._task = TorchReach(env_id, TRIALS, **env_kwargs)
        self._config, self._seed = config, held_out(seed)

    def rollout(self, network: PaperNetwork) -> Rollout:
        """What `network` does, without dropout."""
        network.eval()
        self._task.reset(self._seed)
        with torch.no_grad():
            return self._task.rollout(network)

    def measure(self, network: PaperNetwork, push: Push | None = None) -> dict[str, float]:
        """The numbers of a network; NaN where nothing moved.

        Args:
            network: The network.
            push: What the field did to these trials when it was new, if it was met.

        Returns:
            ``loss`` in the paper's units; ``endpoint_mm``, mean distance from the target at the end; ``deviation_mm``, mean
            signed perpendicular deviation, positive to the left, and ``deviation_size_mm``, its mean size; ``pushed_mm``, see
            `pushed`, below 0 for an after-effect; ``onset_slope``, of movement onset on go time; ``moved``, the share of trials
            that have one.
        """
        path = self.rollout(network)
        onset, go = onsets(path), path.go.numpy()
        moved = np.isfinite(path_deviations(path)) & (onset >= 0)
        known = len(set(go[moved].tolist())) > 1
        return {
            "loss": float(objective(self._config)(path)),
            **{name: float(each(path)) for name, each in MEASURES.items()},
            "pushed_mm": float("nan") if push is None else 1000.0 * pushed(path, self._config, push),
            "onset_slope": float(np.polyfit(go[moved], onset[moved], 1)[0]) if known else float("nan"),
            "moved": float(moved.mean()),
        }


def onsets(path: Rollout) -> npt.NDArray[np.int64]:
    """The step (n,) at which each hand leaves, -1 where nothing moves; looked for from the target's onset on.

    One who does not wait for the cue is then found out; from the cue on, whoever moves already would seem to obey it.
    """
    _, velocity = whole(path)
    visible = path.observations[:, :, 11] > 0.5
    appeared = visible.float().argmax(dim=0).numpy()
    return find_movement(velocity, appeared, _FIRST_ONSET).onset


class Push(NamedTuple):
    """What a field did to the held-out trials when it was new.

    Attributes:
        without: How far each hand was from its desired path without the field, float32 (n, T, 2), m; 0 before the cue.
        added: What the field added to that.
    """

    without: npt.NDArray[np.float32]
    added: npt.NDArray[np.float32]


def push_of(free: Rollout, felt: Rollout, config: RnnConfig) -> Push:
    """What a field does to the hands of a network: the same trials without it and in it."""
    without, within = (_displacements(each, config) for each in (free, felt))
    return Push(without.astype(np.float32), (within - without).astype(np.float32))


def _displacements(path: Rollout, config: RnnConfig) -> Floats:
    places, _ = whole(path)
    off = places[:, 1:] - desired(path, config.desired).position.transpose(1, 0, 2)
    return np.where(_late(path)[:, :, None], off, 0.0)


def _late(path: Rollout) -> npt.NDArray[np.bool_]:
    """The steps that end after the cue began, (n, T)."""
    return np.asarray((path.since_cue > 0).numpy().T)


def pushed(path: Rollout, config: RnnConfig, push: Push) -> float:
    """How far hands are off, in m, along the course on which the new field pushed each of them; below 0 on its mirror image.

    The root mean square over time for hands that take that very course: the product of both courses over the size of the
    field's. A mean over time would cancel itself where a field turns the hand round.
    """
    course = push.added.astype(np.float64)
    now = _displacements(path, config) - push.without
    size = np.sqrt((course**2).sum(axis=(1, 2)) * _late(path).sum(axis=1))
    met = size > 0
    return float(((now * course).sum(axis=(1, 2))[met] / size[met]).mean()) if met.any() else float("nan")
