"""Registers component-wise functions with Numba, so that compiled loops call the same source as plain Python does.

Imported on demand, where Numba is installed. Never ``fastmath``: every result equals the NumPy back end's bit for bit.
"""

from __future__ import annotations

import functools
import hashlib
import itertools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba.core.bytecode import FunctionIdentity
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.extending import overload, register_jitable

from reach_gym.plants.bounds import confine
from reach_gym.plants.exponentials import at_least, either

# The rooms and modules out of which kernels are made.
_SOURCES = ("fields.py", "checks.py", "grid", "plants", "reach", "rows", "sessions")

_registered: set[Any] = set()

# Numba tells functions of one name apart by a number that every process counts up from 1, in kept machine code, too. Loops
# of two plants that two processes made would have the same name there, and a third process that loads both would call one for the
# other. So every process counts from a place of its own.
FunctionIdentity._unique_ids = itertools.count(int.from_bytes(os.urandom(6), "big"))


def _either(first: Any, one: Any, other: Any) -> Any:
    return one if first else other


def _at_least(value: Any, low: Any) -> Any:
    return value + (low - value if value < low else 0.0)


def _confine(position: Any, velocity: Any, limit: Any) -> tuple[Any, Any]:
    above, below = position > limit, position < -limit
    at = limit if above else (-limit if below else position)
    return at + 0.0, (0.0 if above | below else velocity) + 0.0


# A mask that is multiplied takes five instructions where a choice takes one, and muscles choose all the time. The same numbers,
# but for the sign of a zero.
_CHOICES: dict[Callable[..., Any], Callable[..., Any]] = {confine: _confine, either: _either, at_least: _at_least}


def register(*holders: Any) -> None:
    """Makes functions callable from compiled code: those that each of the modules or plants lists in its ``COMPONENT_WISE``."""
    for holder in holders:
        for function in holder.COMPONENT_WISE:
            if function not in _registered:
                _registered.add(function)
                _compile(function)


def _compile(function: Callable[..., Any]) -> None:
    # Part of the loop that calls it, however long, and without a check for division by zero, as in NumPy: only so are several
    # rows computed at once.
    options: Any = {"forceinline": True, "error_model": "numpy"}
    if function in _CHOICES:
        overload(function, jit_options=options, strict=False)(lambda *arguments: _CHOICES[function])
    else:
        register_jitable(**options)(function)


@functools.cache
def _made_of() -> str:
    """A hash of the code that kernels are made of."""
    root, digest = Path(__file__).parents[1], hashlib.sha256()
    for name in _SOURCES:
        for path in sorted((root / name).rglob("*.py")) or [root / name]:
            digest.update(path.read_bytes())
    return digest.hexdigest()


class _Kept(FunctionCache):
    """Finds a compiled function again by its name, as long as the code that it is made of stays.

    Numba's own key holds the functions that a kernel calls with an identity that every process draws anew.
    """

    def __init__(self, function: Any, name: str) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        self._kernel = name
        self._cache_file = _Files(self._cache_path, self._impl.filename_base)  # type: ignore[assignment]

    def _index_key(self, sig: Any, codegen: Any) -> Any:
        return sig, codegen.magic_tuple(), self._kernel


class _Files:
    """Files of their own for every key.

    Numba numbers the files of all keys of a function in one index, and two processes that compile for different keys at the same
    time can give both the same number: a third would then get the code of the one for the other.
    """

    def __init__(self, folder: str, base: str) -> None:
        self._folder, self._base = folder, base

    def _of(self, key: Any) -> Any:
        # What was made of other code is overwritten.
        name = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
        return IndexDataCacheFile(self._folder, f"{self._base}-{name}", _made_of())  # type: ignore[no-untyped-call]

    def load(self, key: Any) -> Any:
        return self._of(key).load(key)

    def save(self, key: Any, data: Any) -> None:
        self._of(key).save(key, data)


def kept(kernel: Any, *name: Any) -> Any:
    """The same `kernel`, which is compiled once for all processes: its machine code is kept where Numba keeps its own.

    Args:
        kernel: What ``numba.njit`` returned.
        name: Everything that it depends on besides the code of the package.
    """
    try:
        kernel._cache = _Kept(kernel.py_func, repr(name))
    except RuntimeError:  # there is no directory that can be written to
        return kernel
    return kernel
