"""Recordings as Minari datasets, for offline learning."""

from __future__ import annotations

import copy
import re
import shutil
import warnings
from typing import Any

import gymnasium as gym
import numpy as np

from reach_gym import checks
from reach_gym.errors import missing_extra
from reach_gym.recording.schema import Recording

_VERSIONED = re.compile(r".+-v[0-9]{1,9}", re.ASCII)
_ATTRIBUTES = ("trial", "onset", "go", "channel", "false_start", "too_fast", "too_slow", "success")


def check_dataset_id(dataset_id: str) -> None:
    """Refuses an id under which `to_minari` could not write.

    Raises:
        TypeError: `dataset_id` is no string.
        ValueError: It is malformed, or there is such a dataset.
        MissingExtraError: Minari or what it needs is not installed.
    """
    _minari()
    from minari.dataset.minari_dataset import parse_dataset_id

    if not isinstance(dataset_id, str):
        raise TypeError(f"`dataset_id` must be a string, got {checks.shown(dataset_id)}.")
    if not _VERSIONED.fullmatch(dataset_id):
        raise ValueError(f"`dataset_id` must end in a version, such as 'reach/curl-v0', got {checks.shown(dataset_id)}.")
    parse_dataset_id(dataset_id)
    if _place(dataset_id).exists():
        raise ValueError(f"`dataset_id` must be new, but there is a dataset {dataset_id!r}.")


def to_minari(
    recording: Recording,
    dataset_id: str,
    author: str | None = None,
    author_email: str | None = None,
    code_permalink: str | None = None,
    description: str | None = None,
) -> Any:
    """Writes a recording as a dataset that ``minari.load_dataset(dataset_id)`` finds, below ``MINARI_DATASETS_PATH``.

    One episode per trial, with the observations, actions, rewards and ends as they were, and the ``hand``, ``cursor`` and
    ``velocity`` of every state as infos. Actions are rounded to the float32 of the action space. What is said of a trial as a
    whole (block, trial, go cue, channel and so on) is the episode's metadata.

    Args:
        recording: Has observations, and at least one trial.
        dataset_id: ``"namespace/name-v0"``; the namespace can be left out.
        author: For Minari's metadata, as are the others.
        author_email: See Minari.
        code_permalink: See Minari.
        description: See Minari.

    Returns:
        The ``minari.MinariDataset``.

    Raises:
        TypeError: `dataset_id` is no string.
        ValueError: `dataset_id` is malformed or exists, or the recording lacks observations or trials or is of no environment.
        RecordingError: The recording lacks actions, rewards or how trials ended.
        MissingExtraError: Minari or h5py is not installed.
    """
    check_dataset_id(dataset_id)
    if recording.observation is None or not len(recording):
        raise ValueError("`recording` must hold observations, and at least one trial.")
    if recording.metadata["env_id"] is None:
        raise ValueError("`recording` must be of an environment: Minari's data set names the one that made it.")
    for name in ("action", "reward", "terminated", *_ATTRIBUTES):
        recording.known(name)
    minari = _minari()
    try:
        with warnings.catch_warnings():
            # What nobody told is not known; the other warnings are for the caller.
            warnings.filterwarnings("ignore", message="`(code_permalink|author|author_email|eval_env)` is set to None")
            dataset = minari.create_dataset_from_buffers(
                dataset_id,
                [_episode(recording, row) for row in range(len(recording))],
                env=_spec(recording.metadata),
                algorithm_name=str(recording.metadata.get("agent")),
                author=author,
                author_email=author_email,
                code_permalink=code_permalink,
                description=description or f"Trials of {recording.metadata['env_id']}, recorded by reach_gym.",
                data_format="hdf5",
            )
            dataset.storage.update_episode_metadata([_numbers(recording, row) for row in range(len(recording))])
    except BaseException:
        shutil.rmtree(_place(dataset_id), ignore_errors=True)  # nobody should find half a dataset
        raise
    return dataset


def _minari() -> Any:
    for package in ("minari", "h5py", "PIL"):  # Minari stores HDF5 with the help of the other two
        try:
            __import__(package)
        except ImportError:
            raise missing_extra(package, "data") from None
    import minari

    return minari


def _place(dataset_id: str) -> Any:
    from minari.storage.datasets_root_dir import get_dataset_path

    return get_dataset_path(dataset_id)


def _spec(metadata: dict[str, Any]) -> Any:
    """The task with the keywords of the recording, so that Minari can make its environment again."""
    spec = copy.deepcopy(gym.spec(metadata["env_id"]))
    kwargs = dict(metadata["env_kwargs"])
    spec.max_episode_steps = kwargs.pop("max_episode_steps", spec.max_episode_steps)
    spec.kwargs.update(kwargs)
    return spec


def _episode(recording: Recording, row: int) -> Any:
    from minari.data_collector.episode_buffer import EpisodeBuffer

    steps = int(recording.steps[row])
    last = np.arange(steps) == steps - 1
    seen: Any = recording.observation
    ended = bool(recording.known("terminated")[row])
    return EpisodeBuffer(
        observations={k: v[row, : steps + 1] for k, v in seen.items()} if isinstance(seen, dict) else seen[row, : steps + 1],
        actions=recording.known("action")[row, :steps].astype(np.float32),
        rewards=recording.known("reward")[row, :steps],
        terminations=last & ended,
        truncations=last & (not ended),
        infos={name: getattr(recording, name)[row, : steps + 1] for name in ("hand", "cursor", "velocity")},
    )


def _numbers(recording: Recording, row: int) -> dict[str, Any]:
    told = {name: getattr(recording, name)[row].item() for name in _ATTRIBUTES}
    return {**told, "block": recording.block_names[row], "start": recording.start[row], "target": recording.target[row]}
