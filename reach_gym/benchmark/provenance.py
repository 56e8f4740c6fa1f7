"""Where a result comes from: versions, the commit of the package, and a hash of the agent."""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

import reach_gym
from reach_gym.acting.protocol import BUILT_IN, parts_of

_LEARNED = ("checkpoint.json", "model.zip")  # the first names its arrays by a hash of what they hold


def versions(scipy: bool = False) -> dict[str, str]:
    """Those that a score depends on; SciPy's if a two-state model is fitted."""
    return {
        "python": platform.python_version(),
        "reach_gym": reach_gym.__version__,
        "gymnasium": gym.__version__,
        "numpy": np.__version__,
        **({"scipy": metadata.version("scipy")} if scipy else {}),
    }


@functools.lru_cache
def commit() -> str | None:
    """The commit of the checkout that the package runs from, with ``+`` and a hash of changes; ``None`` outside of one."""
    folder = Path(reach_gym.__file__).parent
    if not (folder.parent / ".git").exists():
        return None
    git = ["git", "-C", str(folder)]
    quiet: dict[str, Any] = {"capture_output": True, "env": {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}}
    try:
        head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, **quiet).stdout.decode().strip()
        changes = subprocess.run([*git, "diff", "HEAD"], check=True, **quiet).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{head}+{_hash(changes)}" if changes else head


def source(name: str, folder: str, wrappers: Sequence[str] = ()) -> str | None:
    """A hash of an agent: of its module's text, a model's file, or the files of a run directory; ``None`` if it has none.

    The modules of its wrappers count, too.

    What a module imports does not count.

    Args:
        name: What `reach_gym.acting.protocol.load_agent` takes, with paths that lead there from any directory.
        folder: Where modules are looked up first.
        wrappers: Names of wrappers, likewise.
    """
    files = [file for each in (name, *wrappers) for file in _files_of(each, folder)]
    return _hash(b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)) if files else None


def _files_of(name: str, folder: str) -> list[Path]:
    if name in BUILT_IN:
        return []
    places: list[Path | None] = [Path(name)]
    if not Path(name).exists():
        try:
            module, _, text = parts_of(name)
        except ValueError:
            return []
        places = [_file_of(module, folder), Path(text) if text else None]
    return [file for place in places if place is not None for file in _files_in(place)]


def _file_of(module: str, folder: str) -> Path | None:
    """Where Python would find a module, which is not imported for that."""
    top, *rest = module.split(".")
    try:
        spec = PathFinder.find_spec(top, [folder, *sys.path])
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    place = Path(spec.origin)
    return place if not rest else place.parent.joinpath(*rest[:-1], f"{rest[-1]}.py")


def _files_in(place: Path) -> list[Path]:
    """The file itself, or those of a run directory that hold what was learned."""
    return [each for each in (place, *(place / name for name in _LEARNED)) if each.is_file()]


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
