"""Reads the zip file of a Stable-Baselines3 model, settings and weights, and takes no more memory than they need.

Such a file may come from anywhere. Its parts are limited, the archive inside it is written anew before PyTorch sees it, and only
tensors come out that are as large as what they are stored in: a file of some kilobytes cannot take gigabytes.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from reach_gym import checks
from reach_gym.errors import missing_extra

try:
    from stable_baselines3.common.save_util import json_to_data
except ModuleNotFoundError as error:
    raise missing_extra("stable-baselines3", "sb3") from error

_SAFE = "2.10"  # older releases run code of a file in spite of `weights_only` (CVE-2025-32434, CVE-2026-24747)
MAX_SETTINGS = 2**23  # bytes of JSON
MAX_WEIGHTS = 2**27  # bytes, unpacked
_TRUSTED = 2**30  # bytes of either part, where code may run anyway
_MAX_NAMES = 2**20  # bytes of the pickled names and shapes; a million empty lists take 56 times as much
_MAX_MEMBERS, _MEMBER = 10_000, b"PK\x01\x02"  # and how each of them begins in the list of contents
_MAX_SHARING = 4  # how often all weights may be named: policies name a network again for each of their parts that use it


def read_model(path: Path | str, trust: bool) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """The settings and the weights of a saved model.

    Args:
        path: What ``model.save`` wrote.
        trust: Whether to unpickle the settings, which runs code of the file.

    Returns:
        What Stable-Baselines3 keeps of the model, by name; and what should be the policy's ``state_dict`` (`require_numbers`).

    Raises:
        ValueError: It is no such file, one of its parts is damaged or too large, or PyTorch is too old for files of strangers.
        OSError: The file cannot be read.
    """
    if not trust and torch.__version__ < _SAFE:  # compares versions, not texts
        raise ValueError(f"PyTorch must be at least {_SAFE} to load a model without trust, got {torch.__version__}.")
    most = (_TRUSTED, _TRUSTED) if trust else (MAX_SETTINGS, MAX_WEIGHTS)
    try:
        with zipfile.ZipFile(path) as archive:
            text = _part(archive, "data", most[0]).decode()
            packed = _rewritten(archive, "policy.pth", most[1])
        data = json_to_data(text) if trust else json.loads(text)
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"{path} is no model that Stable-Baselines3 saved ({checks.shown(error)}).") from error
    except Exception as error:  # foreign parsers on foreign bytes: whatever they raise means the same
        if isinstance(error, OSError | ValueError):
            raise
        raise ValueError(f"{path} holds no settings that can be read ({checks.shown(error)}).") from error
    try:
        parameters = torch.load(packed, map_location="cpu", weights_only=True)
    except Exception as error:
        raise _unreadable(error) from error
    if not isinstance(data, dict) or not isinstance(parameters, dict):
        raise ValueError(f"{path} is no model that Stable-Baselines3 saved.")
    return data, parameters


def require_numbers(parameters: Mapping[Any, Any]) -> None:
    """Refuses what is no finite numbers by name, and tensors that claim more numbers than they are stored in.

    Raises:
        ValueError: The message names one.
    """
    stored, named = sum(stores(parameters.values()).values()), 0
    if stored > _TRUSTED:
        raise ValueError(f"the model's weights have more than {_TRUSTED} bytes.")
    for name, values in parameters.items():
        sound = isinstance(name, str) and _is_stored(values)
        if sound:
            named += values.numel() * values.element_size()
            if named > _MAX_SHARING * stored:
                raise ValueError(f"the model's file names the same weights more than {_MAX_SHARING} times.")
        if not sound or not torch.isfinite(values).all():
            raise ValueError(f"the model's weights must be finite numbers by name, got others in {checks.shown(name)}.")


def stores(tensors: Iterable[Any]) -> dict[int, int]:
    """The bytes of the memory blocks that hold some tensors; several may share one."""
    kept = [tensor.untyped_storage() for tensor in tensors if _is_stored(tensor)]
    return {block.data_ptr(): block.nbytes() for block in kept}


def _is_stored(values: Any) -> bool:
    """Whether these are plain numbers one after the other in memory."""
    plain = isinstance(values, torch.Tensor) and values.layout is torch.strided and values.device.type == "cpu"
    if not plain or values.is_quantized or not values.is_contiguous():
        return False
    return bool(values.numel() * values.element_size() <= values.untyped_storage().nbytes())


def _part(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    if archive.getinfo(name).file_size > most:
        raise ValueError(f"`{name}` in the model's file has more than {most} bytes.")
    return archive.read(name)


def _rewritten(archive: zipfile.ZipFile, name: str, most: int) -> io.BytesIO:
    """The archive inside an archive, unpacked and of limited size, whatever it may say of itself to another reader."""
    part, clean = _part(archive, name, most), io.BytesIO()
    if part.count(_MEMBER) > _MAX_MEMBERS:
        raise ValueError(f"`{name}` in the model's file has more than {_MAX_MEMBERS} parts.")
    try:
        with zipfile.ZipFile(io.BytesIO(part)) as packed, zipfile.ZipFile(clean, "w") as plain:
            members = packed.infolist()
            for kind, limit in ((members, most), ([each for each in members if "/data/" not in each.filename], _MAX_NAMES)):
                if sum(each.file_size for each in kind) > limit:
                    raise ValueError(f"`{name}` in the model's file has more than {limit} bytes.")
            for member in members:
                plain.writestr(member.filename, packed.read(member))
    except ValueError:
        raise
    except Exception as error:
        raise _unreadable(error) from error
    clean.seek(0)
    return clean


def _unreadable(error: Exception) -> ValueError:
    return ValueError(f"the model's file holds no weights that can be read ({checks.shown(error)}).")
