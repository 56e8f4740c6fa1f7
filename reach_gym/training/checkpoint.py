"""The two files of a checkpoint: arrays in safetensors, and everything else in one JSON manifest, never pickle.

The manifest is the checkpoint: it names the arrays file, which is named after its own hash. A new arrays file therefore never
replaces the one in use, and the rename of the manifest commits both at once. A crash at any moment leaves either the old pair or
the new one. The manifest ends with the hash of all that stands before it, and there is only one way to write it: not one bit of
either file can change unseen. What a learner puts into the two files is the affair of `reach_gym.training.state`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, NoReturn

import numpy as np
import numpy.typing as npt
import safetensors.numpy

from reach_gym import checks, files

Arrays = dict[str, npt.NDArray[Any]]
Kind = Literal["corrupt", "incompatible", "unsafe"]

MANIFEST = "checkpoint.json"
FORMAT, VERSION = "reach_gym checkpoint", 2
MAX_MANIFEST_BYTES = 2**20  # settings and states; whatever is long belongs into the arrays
MAX_ARRAYS_BYTES = 2**30  # far beyond any learner here, and still bearable for a laptop
_SEAL = "sha256"  # the manifest's last entry
_ARRAYS_NAME = re.compile(r"arrays-[0-9a-f]{64}\.safetensors")
_TEMPORARIES = (".arrays-", ".checkpoint-")  # how those of a writer that was killed begin


class CheckpointError(ValueError):
    """A checkpoint that cannot be used.

    Attributes:
        kind: ``"corrupt"`` (missing, damaged or not finite), ``"incompatible"`` (sound, but of another
            format, agent, environment or setting; the message shows both values) or ``"unsafe"`` (points
            outside its directory).
    """

    def __init__(self, kind: Kind, message: str) -> None:
        """Keeps the `kind` and the `message`."""
        super().__init__(kind, message)
        self.kind: Kind = kind

    def __str__(self) -> str:
        """The message."""
        return str(self.args[1])


def save(directory: Path | str, arrays: Mapping[str, npt.NDArray[Any]], manifest: Mapping[str, Any]) -> None:
    """Writes a checkpoint in place of the one that `directory` may hold.

    Args:
        directory: Where; made if it is missing. One process at a time may write there (`agents.common.runs.claimed`).
        arrays: Arrays of numbers or bools, by name.
        manifest: Plain data; the keys ``format``, ``version``, ``arrays`` and ``sha256`` are added here.

    Raises:
        CheckpointError: A number is NaN or infinite, the data are no JSON, or too large; nothing was changed.
        OSError: The files cannot be written.
    """
    directory = Path(directory)
    _require_finite(arrays, "refused to save")
    data = safetensors.numpy.save({name: np.asarray(array, order="C") for name, array in arrays.items()})
    digest = hashlib.sha256(data).hexdigest()
    name = f"arrays-{digest}.safetensors"
    entry = {"file": name, "bytes": len(data), "sha256": digest}
    whole = {"format": FORMAT, "version": VERSION, **manifest, "arrays": entry}
    try:
        text = sealed(whole)
    except (TypeError, ValueError, RecursionError) as error:
        raise CheckpointError("corrupt", f"refused to save: the manifest is not plain JSON ({error}).") from error
    for what, size, most in (
        ("manifest", len(text), MAX_MANIFEST_BYTES),
        ("arrays", len(data), MAX_ARRAYS_BYTES),
    ):
        if size > most:
            raise CheckpointError("corrupt", f"refused to save: {what} of {size} bytes, at most {most} are allowed.")
    directory.mkdir(parents=True, exist_ok=True)
    files.write(directory / name, data)
    files.write(directory / MANIFEST, text)
    stale = [path for path in directory.glob("arrays-*.safetensors") if path.name != name]
    for path in stale + [path for path in files.leftovers(directory) if path.name.startswith(_TEMPORARIES)]:
        with contextlib.suppress(PermissionError):  # Windows: somebody reads it; the next checkpoint removes it
            path.unlink()


def sealed(manifest: Mapping[str, Any]) -> bytes:
    """The bytes of a manifest: its JSON, ended by the SHA-256 of the same in canonical form (keys in order, no white space).

    Raises:
        TypeError: It is no plain data.
        ValueError: A number is NaN or infinite.
    """
    data = plain(manifest)
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return json.dumps({**data, _SEAL: digest}, indent=1).encode()


def plain(data: Any) -> Any:
    """What a manifest gives back of `data`: lists for tuples, and keys that are strings.

    Raises:
        TypeError: It is no plain data.
        ValueError: A number is NaN or infinite.
    """
    return json.loads(json.dumps(data, allow_nan=False))


def load(directory: Path | str) -> tuple[Arrays, dict[str, Any]]:
    """Reads the checkpoint in `directory`; no code is run from it.

    Returns:
        The arrays by name, and the manifest.

    Raises:
        CheckpointError: See its kinds; no other exception escapes.
    """
    directory = Path(directory)
    manifest = load_manifest(directory)
    name, size, digest = _arrays_entry(manifest)
    data = _read(directory / name, size)
    if len(data) != size:
        raise CheckpointError("corrupt", f"{name} has {len(data)} bytes where the manifest says {size}.")
    if hashlib.sha256(data).hexdigest() != digest:
        raise CheckpointError("corrupt", f"{name} does not have the SHA-256 that the manifest states.")
    try:
        arrays: Arrays = safetensors.numpy.load(data)
    except Exception as error:  # a foreign parser on foreign bytes: whatever it raises means the same
        raise CheckpointError("corrupt", f"{name} is no safetensors file ({error}).") from error
    _require_finite(arrays, f"{name} is refused")
    return arrays, manifest


def load_manifest(directory: Path | str) -> dict[str, Any]:
    """Reads only the manifest of the checkpoint in `directory`.

    Raises:
        CheckpointError: It is missing, damaged or of another format.
    """
    manifest = _read_manifest(Path(directory) / MANIFEST)
    _require_format(manifest)
    return manifest


def _require_format(manifest: Mapping[str, Any]) -> None:
    require(manifest, "format", FORMAT)
    require(manifest, "version", VERSION)


def require(manifest: Mapping[str, Any], key: str, expected: Any) -> None:
    """Refuses a manifest whose entry `key` is not the one `expected`.

    Raises:
        CheckpointError: ``"incompatible"``, with both values; of two dicts only with what differs.
    """
    found = manifest.get(key)
    if type(found) is type(expected) and found == expected:
        return
    if isinstance(found, dict) and isinstance(expected, dict):
        same = {name for name in found if name in expected and found[name] == expected[name]}
        found, expected = ({name: value for name, value in each.items() if name not in same} for each in (found, expected))
    told = f"the checkpoint has {key} {checks.shown(found)}, but {checks.shown(expected)} is asked for."
    raise CheckpointError("incompatible", told)


def _require_finite(arrays: Mapping[str, npt.NDArray[Any]], refused: str) -> None:
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise CheckpointError("corrupt", f"{refused}: `{name}` has the type {array.dtype}, not numbers.")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise CheckpointError("corrupt", f"{refused}: `{name}` holds NaN or infinity.")


def _read(path: Path, most: int) -> bytes:
    """The bytes of a regular file that is at most `most` bytes long; a link is not followed."""
    # A link could lead anywhere; a FIFO would block for ever on open, hence the non-blocking open before the
    # look.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        if path.is_symlink():
            raise CheckpointError("unsafe", f"{path.name} is a symbolic link.")
        with os.fdopen(os.open(path, flags), "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise CheckpointError("corrupt", f"{path.name} is no regular file.")
            if facts.st_size > most:
                raise CheckpointError("corrupt", f"{path.name} has {facts.st_size} bytes, more than {most}.")
            return file.read(most)
    except (OSError, ValueError, MemoryError) as error:  # ValueError: a null character in the path
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError("corrupt", f"cannot read {path.name} in {path.parent} ({error}).") from error


def _read_manifest(path: Path) -> dict[str, Any]:
    data = _read(path, MAX_MANIFEST_BYTES)
    try:
        # Beside NaN and Infinity, JSON has numbers like 1e999, which Python reads as infinity.
        manifest = json.loads(data.decode(), parse_constant=_not_a_number, parse_float=_finite)
        if not isinstance(manifest, dict):
            raise CheckpointError("corrupt", f"{path.name} holds no JSON object.")
        if manifest.pop(_SEAL, None) is None:
            _require_format(manifest)  # former versions had none
        # Also refuses other ways to write the same data, such as 1E5 for 1e5, which are a bit apart.
        whole = sealed(manifest) == data
    except CheckpointError:
        raise
    except (ValueError, RecursionError) as error:
        raise CheckpointError("corrupt", f"{path.name} is no plain JSON ({error}).") from error
    if not whole:
        raise CheckpointError("corrupt", f"{path.name} does not have the SHA-256 that it states.")
    return manifest


def _not_a_number(text: str) -> NoReturn:
    raise ValueError(f"the number {text} is not allowed")


def _finite(text: str) -> float:
    value = float(text)
    return value if np.isfinite(value) else _not_a_number(text)


def _arrays_entry(manifest: Mapping[str, Any]) -> tuple[str, int, str]:
    entry = manifest.get("arrays")
    if not isinstance(entry, dict) or not {"file", "bytes", "sha256"} <= entry.keys():
        raise CheckpointError("corrupt", f"{MANIFEST} does not say which file holds the arrays.")
    name, size, digest = entry["file"], entry["bytes"], entry["sha256"]
    if not isinstance(name, str) or not _ARRAYS_NAME.fullmatch(name):
        raise CheckpointError("unsafe", f"{MANIFEST} names the arrays file {name!r}, which is no name of ours.")
    if type(size) is not int or not 0 <= size <= MAX_ARRAYS_BYTES or not isinstance(digest, str):
        raise CheckpointError("corrupt", f"{MANIFEST} states an impossible size or hash for {name}.")
    return name, size, digest
