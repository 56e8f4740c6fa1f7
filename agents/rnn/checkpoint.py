"""Checkpoints of recurrent networks: exact resume of a learner, and the network of a run directory at the end of any block."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from agents.common import checkpoint
from agents.common.checkpoint import Arrays, CheckpointError
from agents.rnn.config import RnnConfig, config_from_data
from agents.rnn.models import Network, outline
from agents.rnn.probe import MEASURES, TRIALS, Push
from agents.rnn.training import RECORDS, RnnLearner
from agents.rnn.trials import STEPS

AGENT = "rnn"
MOMENTS = ("exp_avg", "exp_avg_sq")  # Adam's


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
    arrays: Arrays = {f"now/{name}": weight.detach().numpy() for name, weight in learner.network.named_parameters()}
    for index, snapshot in enumerate(learner.snapshots):
        arrays |= {f"block {index}/{name}": weight.numpy() for name, weight in snapshot.items()}
    for name, weight in learner.network.named_parameters():
        state = learner.optimizer.state.get(weight)
        arrays |= {f"{moment}/{name}": state[moment].numpy() for moment in MOMENTS} if state else {}
    for name, values in learner.records.items():
        # Where nothing moved there is no deviation, and a checkpoint holds only finite numbers.
        array = np.array(values, np.float64)
        arrays |= {f"record/{name}": np.nan_to_num(array), f"known/{name}": np.isfinite(array)}
    if learner.push is not None:
        arrays |= {f"push/{name}": values for name, values in learner.push._asdict().items()}
    manifest = {
        "agent": AGENT,
        "env": {"id": learner.env_id, "kwargs": learner.env_kwargs},
        "config": learner.config.to_data(),
        "seed": learner.seed,
        "done": learner.done,
        "probes": _plain(learner.probes),
    }
    checkpoint.save(directory, arrays, manifest)


def resume(learner: RnnLearner, directory: Path | str) -> None:
    """Continues from a checkpoint of a run with the same task, seed and settings.

    Raises:
        CheckpointError: It cannot be used; nothing was changed.
    """
    arrays, manifest = _load(directory)
    checkpoint.require(manifest, "env", {"id": learner.env_id, "kwargs": learner.env_kwargs})
    checkpoint.require(manifest, "config", learner.config.to_data())
    checkpoint.require(manifest, "seed", learner.seed)
    now, snapshots = _tensors(arrays, "now", learner.network), _snapshots(arrays, learner.network)
    records, push, done = _records(arrays), _push(arrays), manifest["done"]
    ends = np.cumsum([0, *(block.trials for block in learner.schedule.blocks)])
    begun, over = int((ends[:-1] < done).sum()), int((ends[1:] <= done).sum())
    probes = manifest["probes"]
    counts = len(probes), len(snapshots), sum("after" in probe for probe in probes), len(records["loss"])
    if done > learner.total or counts != (begun, over, over, done):
        raise CheckpointError("corrupt", f"the checkpoint's {done} updates do not fit its records and blocks.")
    moments = [_tensors(arrays, moment, learner.network) for moment in MOMENTS] if done else []
    for name, weight in learner.network.named_parameters():
        with torch.no_grad():
            weight.copy_(now[name])
        if done:
            state = {moment: values[name] for moment, values in zip(MOMENTS, moments, strict=True)}
            learner.optimizer.state[weight] = {"step": torch.tensor(float(done)), **state}
    learner.done, learner.snapshots = done, snapshots
    learner.updates, learner.records = list(range(1, done + 1)), {name: values.tolist() for name, values in records.items()}
    learner.probes, learner.push = _with_nan(probes), push


def load(directory: Path | str) -> Trained:
    """The networks of a run directory.

    Raises:
        CheckpointError: It holds no sound checkpoint of a recurrent network.
    """
    arrays, manifest = _load(directory)
    config = config_from_data(manifest["config"])
    blank = outline(config)
    states = [_tensors(arrays, "now", blank), *_snapshots(arrays, blank)]
    networks = [outline(config).to_empty(device="cpu") for _ in states]
    for each, state in zip(networks, states, strict=True):
        each.load_state_dict(state)
    return Trained(networks[0], networks[1:], config, {**manifest, "probes": _with_nan(manifest["probes"])}, _records(arrays))


def _load(directory: Path | str) -> tuple[Arrays, dict[str, Any]]:
    arrays, manifest = checkpoint.load(directory)
    checkpoint.require(manifest, "agent", AGENT)
    try:
        config_from_data(manifest.get("config"))
    except (TypeError, ValueError) as error:
        raise CheckpointError("incompatible", f"the settings are refused: {error}") from error
    if type(manifest.get("done")) is not int or manifest["done"] < 0 or not isinstance(manifest.get("probes"), list):
        raise CheckpointError("corrupt", "the manifest lacks the number of updates or the probes.")
    if not all(_is_probe(each) for each in manifest["probes"]):
        raise CheckpointError("corrupt", "a probe of the manifest is none.")
    return arrays, manifest


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


def _tensors(arrays: Arrays, prefix: str, network: Network) -> dict[str, torch.Tensor]:
    """The arrays ``prefix/...`` as the weights of `network`."""
    found = {}
    for name, weight in network.named_parameters():
        array = arrays.get(f"{prefix}/{name}")
        if array is None or array.dtype != np.float32 or array.shape != tuple(weight.shape):
            raise CheckpointError("corrupt", f"the checkpoint has no `{prefix}/{name}` of float32 {tuple(weight.shape)}.")
        found[name] = torch.from_numpy(array.copy())
    return found


def _snapshots(arrays: Arrays, network: Network) -> list[dict[str, torch.Tensor]]:
    count = len({name.split("/")[0] for name in arrays if name.startswith("block ")})
    return [_tensors(arrays, f"block {index}", network) for index in range(count)]


def _records(arrays: Arrays) -> dict[str, npt.NDArray[np.float64]]:
    records = {}
    for name in RECORDS:
        values, known = arrays.get(f"record/{name}"), arrays.get(f"known/{name}")
        if (
            values is None
            or known is None
            or values.dtype != np.float64
            or known.dtype != np.bool_
            or values.shape != known.shape
        ):
            raise CheckpointError("corrupt", f"the checkpoint has no record `{name}`.")
        records[name] = np.where(known, values, np.nan)
    return records


def _push(arrays: Arrays) -> Push | None:
    parts = [arrays.get(f"push/{name}") for name in Push._fields]
    known = [part for part in parts if part is not None]
    for part in known:
        if part.dtype != np.float32 or part.shape != (TRIALS, STEPS, 2):
            raise CheckpointError("corrupt", f"`push` must be float32 {(TRIALS, STEPS, 2)}, got {part.dtype} {part.shape}.")
    return Push(*known) if len(known) == len(parts) else None


def _plain(probes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """NaN as ``None``, which JSON has."""
    return [{key: _each(value, lambda n: None if n != n else n) for key, value in probe.items()} for probe in probes]


def _with_nan(probes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{key: _each(value, lambda n: float("nan") if n is None else n) for key, value in probe.items()} for probe in probes]


def _each(value: Any, change: Any) -> Any:
    return {key: change(number) for key, number in value.items()} if isinstance(value, dict) else value
