"""Checkpoints of recurrent networks: the network of a run directory at the end of any block, and resume after any block.

Within a block, `reach_gym.differentiable.train` keeps a checkpoint of its own, in a folder per block.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from torch import Tensor

from agents.rnn.config import RnnConfig, config_from_data
from agents.rnn.models import Body, PaperNetwork, body_of, make_network, outline
from agents.rnn.probe import PROBED, TRIALS, Push
from agents.rnn.sessions import STEPS
from agents.rnn.training import RECORDS, RnnLearner
from reach_gym.acting.modules import FromModule
from reach_gym.errors import NotApplicableError
from reach_gym.training.checkpoint import CheckpointError
from reach_gym.training.state import Parts, Run, Saved, Spec
from reach_gym.training.tensors import put_weights, take_weights

AGENT = "rnn"
_BODY = "body"
_PUSH = dict.fromkeys(Push._fields, Spec("float32", (TRIALS, STEPS, 2)))


class Trained(NamedTuple):
    """What a run directory holds.

    Attributes:
        networks: The networks: untrained, and at the end of each block that is over.
        config: The settings.
        manifest: The checkpoint's manifest: ``env``, ``seed``, ``done``, ``probes`` and more.
        records: See `RnnLearner.records`, float64 (done,) each.
    """

    networks: list[PaperNetwork]
    config: RnnConfig
    manifest: dict[str, Any]
    records: dict[str, npt.NDArray[np.float64]]

    @property
    def snapshots(self) -> list[PaperNetwork]:
        """The networks at the end of each block that is over."""
        return self.networks[1:]

    def lists(self) -> dict[str, list[float]]:
        """The records as lists, as the learner has them."""
        return {name: values.tolist() for name, values in self.records.items()}


def save(learner: RnnLearner, directory: Path | str) -> None:
    """Writes a checkpoint of the blocks that are over.

    Raises:
        CheckpointError: A number is NaN or infinite.
        OSError: The files cannot be written.
    """
    parts = Parts(_run(learner), learner.done)
    for index, snapshot in enumerate(learner.snapshots):
        put_weights(parts, f"block {index}", snapshot)
    parts.put_history(learner.records)
    if learner.push is not None:
        parts.put("push", learner.push._asdict())
    parts.entries |= {"probes": _plain(learner.probes), _BODY: learner.body._asdict()}
    parts.save(directory)


def resume(learner: RnnLearner, directory: Path | str) -> None:
    """Continues from a checkpoint of a run with the same task, seed and settings.

    Raises:
        CheckpointError: It cannot be used; nothing was changed.
    """
    saved = Saved(directory, AGENT)
    saved.require_run(_run(learner))
    done, probes = saved.done, _probes(saved)
    ends = [0, *np.cumsum([block.trials for block in learner.schedule.blocks]).tolist()]
    if len(probes) >= len(ends) or ends[len(probes)] != done:
        raise CheckpointError("corrupt", f"the checkpoint's {len(probes)} probes do not fit its {done} updates.")
    snapshots, records, push = _snapshots(saved, learner.network, len(probes)), saved.history(RECORDS, done), _push(saved)
    if snapshots:
        learner.network.load_state_dict(snapshots[-1])
    learner.snapshots, learner.records, learner.probes, learner.push = snapshots, records, probes, push


def load(directory: Path | str, body: Body | None = None) -> Trained:
    """The networks of a run directory.

    Args:
        directory: A run of ``python -m agents rnn``.
        body: What they move; by default what they have learned with.

    Raises:
        CheckpointError: It holds no sound checkpoint of a recurrent network.
    """
    saved = Saved(directory, AGENT)
    config, own, seed = _config(saved), _own_body(saved), saved.count("seed")
    probes, body = _probes(saved), body or own
    weights = _snapshots(saved, outline(config, body), len(probes))
    networks = [make_network(config, body, seed) for _ in range(len(weights) + 1)]
    for network, state in zip(networks[1:], weights, strict=True):
        network.load_state_dict(state)
    for network in networks:
        network.eval()
    records = {name: np.array(values) for name, values in saved.history(RECORDS, saved.done).items()}
    return Trained(networks, config, {**saved.manifest, "probes": probes}, records)


def load_agent(directory: Path | str, env: Any, block: int | None = None) -> FromModule:
    """The agent of a run directory. Like a controller it knows the hand's mass and the time step, and no field.

    Args:
        directory: A run of ``python -m agents rnn``.
        env: Where it acts, a vector environment.
        block: As it was at the end of that block of its training, from 0; by default the last that is over.

    Raises:
        CheckpointError: The directory holds no sound checkpoint of a recurrent network.
        NotApplicableError: `env` is no task that such a network knows; see `agents.rnn.models.body_of`.
        ValueError: That block is not over yet.
    """
    task = getattr(env.unwrapped, "task", None)
    if task is None:
        raise NotApplicableError("these networks move the hand of a cursor reach.")
    networks = load(directory, body_of(task)).networks
    if block is not None and not 0 <= block < len(networks) - 1:
        raise ValueError(f"`block` must be from 0 to {len(networks) - 2}, the blocks that are over, got {block}.")
    return FromModule(networks[-1 if block is None else block + 1])


def _run(learner: RnnLearner) -> Run:
    return Run(AGENT, {"id": learner.env_id, "kwargs": learner.env_kwargs}, learner.config.to_data(), learner.seed)


def _config(saved: Saved) -> RnnConfig:
    try:
        return config_from_data(saved.manifest.get("config"))
    except (TypeError, ValueError) as error:
        raise CheckpointError("incompatible", f"the settings are refused: {error}") from error


def _own_body(saved: Saved) -> Body:
    told = saved.manifest.get(_BODY)
    if not isinstance(told, dict) or told.keys() != set(Body._fields):
        raise CheckpointError("incompatible", "the checkpoint is of an earlier version of these networks, which kept no body.")
    if not all(type(value) in (int, float) and value >= 0 for value in told.values()) or 0 in (told["mass"], told["dt"]):
        raise CheckpointError("corrupt", f"`{_BODY}` must have numbers of at least 0, a mass and a time step, got {told}.")
    return Body(**told)


def _snapshots(saved: Saved, network: PaperNetwork, count: int) -> list[dict[str, Tensor]]:
    return [take_weights(saved, f"block {index}", network) for index in range(count)]


def _push(saved: Saved) -> Push | None:
    return Push(**saved.take("push", _PUSH)) if saved.part("push") else None


def _probes(saved: Saved) -> list[dict[str, Any]]:
    """The learner's probes; see `RnnLearner.probes`."""
    probes = saved.manifest.get("probes")
    if not isinstance(probes, list) or not all(map(_is_probe, probes)):
        raise CheckpointError("corrupt", "the manifest has no probes, or one that is none.")
    return [_measured(probe, lambda number: float("nan") if number is None else number) for probe in probes]


def _is_probe(value: Any) -> bool:
    """Whether a manifest's entry could be one of `RnnLearner.probes`."""
    if not isinstance(value, dict) or value.keys() != {"name", "field", "gain", "trials", "before", "after"}:
        return False
    numbers = [value["gain"], value["trials"]]
    for part in (value["before"], value["after"]):
        if not isinstance(part, dict) or part.keys() != set(PROBED):
            return False
        numbers += [each for each in part.values() if each is not None]
    return isinstance(value["name"], str) and all(type(each) in (int, float) for each in numbers)


def _plain(probes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """NaN as ``None``, which JSON has."""
    return [_measured(probe, lambda number: None if number != number else number) for probe in probes]


def _measured(probe: dict[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    """A copy of `probe` with every measure changed."""
    return {**probe, **{name: {key: change(number) for key, number in probe[name].items()} for name in ("before", "after")}}
