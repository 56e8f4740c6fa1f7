"""Registers component-wise functions with Numba, so that compiled loops call the same source as plain Python does.

Imported on demand, where Numba is installed. Never ``fastmath``: every result equals the NumPy back end's bit for bit.
"""

from __future__ import annotations

from typing import Any

from numba.extending import register_jitable

_registered: set[Any] = set()


def register(*holders: Any) -> None:
    """Makes functions callable from compiled code: those that each of the modules or plants lists in its ``COMPONENT_WISE``."""
    for holder in holders:
        for function in holder.COMPONENT_WISE:
            if function not in _registered:
                _registered.add(function)
                register_jitable(function)
