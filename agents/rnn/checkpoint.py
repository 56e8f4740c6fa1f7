"""Checkpoints of recurrent networks: exact resume of a learner, and the network of a run directory at the end of any block."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from agents.rnn.config import RnnConfig, config_from_data
from agents.rnn.models import Network, outline
from agents.rnn.probe import MEASURES, TRIALS, Push
from agents.rnn.training import RECORDS, RnnLearner
from agents.rnn.trials import STEPS
from reach_gym.training.checkpoint import CheckpointError
from reach_gym.training.state import Parts, Run, Saved, Spec
from reach_gym.training.tensors import put_adam, put_weights, restore_adam, take_adam, take_weights

AGENT = "rnn"
_PUSH = dict.fromkeys(Push._fields, Spec("float32", (TRIALS, STEPS, 2)))


class Trained(NamedTuple):
    """What a run directory holds.

    Attributes:
        network: The weights as they are now.
        snapshots: The networks at the end of each block that is over.
        config: The settings.
        manifest: The checkpoint's manifest: ``env``, ``seed``, ``done``, ``probes`` and more.
        records: See `RnnLearner.records`, float64 (done,) each.
    """

    network: Network
    snapshots: list[Network]
    config: RnnConfig
    manifest: dict[str, Any]
    records: dict[str, npt.NDArray[np.float64]]

    def lists(self) -> dict[str, list[float]]:
        """The records as lists, as the learner has them."""
        return {name: values.tolist() for name, values in self.records.items()}


def save(learner: RnnLearner, directory: Path | str) -> None:
    """Writes a checkpoint from which `resume` continues bit for bit.

    Raises:
        CheckpointError: A number is NaN or infinite.
        OSError: The files cannot be written.
    """
    parts = Parts(_run(learner), learner.done)
    put_weights(parts, "now", dict(learner.network.named_parameters()))
    for index, snapshot in enumerate(learner.snapshots):
        put_weights(parts, f"block {index}", snapshot)
    put_adam(parts, learner.optimizer, learner.network)
    parts.put_history(learner.records)
    if learner.push is not None:
        parts.put("push", learner.push._asdict())
    parts.entries["probes"] = _plain(learner.probes)
    parts.save(directory)


def resume(learner: RnnLearner, directory: Path | str) -> None:
    """Continues from a checkpoint of a run with the same task, seed and settings.

    Raises:
        CheckpointError: It cannot be used; nothing was changed.
    """
    saved = Saved(directory, AGENT)
    saved.require_run(_run(learner))
    saved.require_room(learner.total, learner.unit)
    done, probes = saved.done, _probes(saved)
    ends = np.cumsum([0, *(block.trials for block in learner.schedule.blocks)])
    begun, over = int((ends[:-1] < done).sum()), int((ends[1:] <= done).sum())
    if (len(probes), _over(probes)) != (begun, over):
        raise CheckpointError("corrupt", f"the checkpoint's probes do not fit its {done} updates.")
    now, snapshots = take_weights(saved, "now", learner.network), _snapshots(saved, learner.network, over)
    records, push = saved.history(RECORDS, done), _push(saved)
    adam = take_adam(saved, learner.network, begun=done > 0)
    with torch.no_grad():
        for name, weight in learner.network.named_parameters():
            weight.copy_(now[name])
    restore_adam(learner.optimizer, learner.network, adam)
    learner.done, learner.snapshots = done, snapshots
    learner.updates, learner.records = list(range(1, done + 1)), records
    learner.probes, learner.push = probes, push


def load(directory: Path | str) -> Trained:
    """The networks of a run directory.

    Raises:
        CheckpointError: It holds no sound checkpoint of a recurrent network.
    """
    saved = Saved(directory, AGENT)
    try:
        config = config_from_data(saved.manifest.get("config"))
    except (TypeError, ValueError) as error:
        raise CheckpointError("incompatible", f"the settings are refused: {error}") from error
    blank, probes = outline(config), _probes(saved)
    states = [take_weights(saved, "now", blank), *_snapshots(saved, blank, _over(probes))]
    networks = [outline(config).to_empty(device="cpu") for _ in states]
    for each, state in zip(networks, states, strict=True):
        each.load_state_dict(state)
    records = {name: np.array(values) for name, values in saved.history(RECORDS, saved.done).items()}
    return Trained(networks[0], networks[1:], config, {**saved.manifest, "probes": probes}, records)


def _run(learner: RnnLearner) -> Run:
    return Run(AGENT, {"id": learner.env_id, "kwargs": learner.env_kwargs}, learner.config.to_data(), learner.seed)


def _snapshots(saved: Saved, network: Network, count: int) -> list[dict[str, Tensor]]:
    return [take_weights(saved, f"block {index}", network) for index in range(count)]


def _push(saved: Saved) -> Push | None:
    return Push(**saved.take("push", _PUSH)) if saved.part("push") else None


def _probes(saved: Saved) -> list[dict[str, Any]]:
    """The learner's probes; see `RnnLearner.probes`."""
    probes = saved.manifest.get("probes")
    if not isinstance(probes, list) or not all(map(_is_probe, probes)):
        raise CheckpointError("corrupt", "the manifest has no probes, or one that is none.")
    return [_measured(probe, lambda number: float("nan") if number is None else number) for probe in probes]


def _over(probes: list[dict[str, Any]]) -> int:
    """How many of the blocks that the probes are of are over."""
    return sum("after" in probe for probe in probes)


def _is_probe(value: Any) -> bool:
    """Whether a manifest's entry could be one of `RnnLearner.probes`."""
    if not isinstance(value, dict) or not {"name", "field", "gain", "trials", "before"} <= value.keys():
        return False
    numbers = [value["gain"], value["trials"]]
    for part in (value["before"], value.get("after", value["before"])):
        if not isinstance(part, dict) or part.keys() != set(MEASURES):
            return False
        numbers += [each for each in part.values() if each is not None]
    return isinstance(value["name"], str) and all(type(each) in (int, float) for each in numbers)


def _plain(probes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """NaN as ``None``, which JSON has."""
    return [_measured(probe, lambda number: None if number != number else number) for probe in probes]


def _measured(probe: dict[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    """A copy of `probe` with every measure changed."""
    parts = {name: probe[name] for name in ("before", "after") if name in probe}
    return {**probe, **{name: {key: change(number) for key, number in part.items()} for name, part in parts.items()}}
