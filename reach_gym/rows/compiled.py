"""Registers component-wise functions with Numba, so that compiled loops call the same source as plain Python does.

Imported on demand, where Numba is installed. Never ``fastmath``: every result equals the NumPy back end's bit for bit.
"""

from __future__ import annotations

import functools
from types import ModuleType

from numba.extending import register_jitable


@functools.cache
def register(*modules: ModuleType) -> None:
    """Makes the functions that each of `modules` lists in its ``COMPONENT_WISE`` callable from compiled code."""
    for module in modules:
        _register_once(module)


@functools.cache
def _register_once(module: ModuleType) -> None:
    for function in module.COMPONENT_WISE:
        register_jitable(function)
