"""Rows in memory: every quantity is one line of a block, and a record names the lines.

A block is an array (lines, rows), so that a compiled loop reads and writes neighbouring numbers. A record is a ``NamedTuple``
whose fields are the lines in order; the functions here turn it into line numbers, views, and readers and writers of one row,
so that no line number is written anywhere. Inside a Numba kernel they cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int32]
Info = dict[str, Any]  # arrays by name, each with a mask of the rows that it holds for

_Record = TypeVar("_Record", bound=tuple[Any, ...])


def lines(record: type[_Record], first: int = 0) -> _Record:
    """The number of the line of each field, as a `record`; the fields begin at the line `first` of their block."""
    fields: tuple[str, ...] = record._fields  # type: ignore[attr-defined]
    return record(*range(first, first + len(fields)))


def views(record: type[_Record], block: npt.NDArray[Any], first: int = 0) -> _Record:
    """The lines of a `block` as views, by name; also those of one row, as numbers, of a one-dimensional block."""
    fields: tuple[str, ...] = record._fields  # type: ignore[attr-defined]
    return record(*block[first : first + len(fields)])


def reader(record: type[Any], first: int = 0) -> Callable[[Any, Any], Any]:
    """``at(block, i)``: row i of a block as a `record`; for plain Python, NumPy and Numba."""
    cells = ", ".join(f"block[{first + k}, i]" for k in range(len(record._fields)))
    return _made(f"def at(block, i):\n    return Record({cells})\n", "at", record)


def tuple_reader(count: int, first: int = 0) -> Callable[[Any, Any], Any]:
    """``at(block, i)``: as `reader`, but a plain tuple of `count` numbers, which Numba can spread over a call's arguments."""
    cells = ", ".join(f"block[{first + k}, i]" for k in range(count))
    return _made(f"def at(block, i):\n    return ({cells},)\n", "at", tuple)


def list_reader(record: type[Any], first: int = 0) -> Callable[[Any], Any]:
    """``of(values)``: the numbers from `first` on of a one-dimensional array as a `record`; for plain Python and Numba."""
    cells = ", ".join(f"values[{first + k}]" for k in range(len(record._fields)))
    return _made(f"def of(values):\n    return Record({cells})\n", "of", record)


def numbers_reader(count: int, first: int = 0) -> Callable[[Any], Any]:
    """``of(values)``: as `list_reader`, but a plain tuple of `count` numbers."""
    return _made(f"def of(values):\n    return ({', '.join(f'values[{first + k}]' for k in range(count))},)\n", "of", tuple)


def writer(record: type[Any], first: int = 0) -> Callable[[Any, Any, Any], None]:
    """``put(block, i, values)``: writes a `record` into row i of a block; for plain Python, NumPy and Numba."""
    fields = range(len(record._fields))
    left = ", ".join(f"block[{first + k}, i]" for k in fields)
    right = ", ".join(f"values[{k}]" for k in fields)
    return _made(f"def put(block, i, values):\n    {left}, = {right},\n", "put", record)


def chooser(record: type[Any]) -> Callable[[Any, Any, Any, Any], Any]:
    """``choose(where, condition, one, other)``: field by field that of `one` where the condition holds, else of `other`."""
    cells = ", ".join(f"where(condition, one[{k}], other[{k}])" for k in range(len(record._fields)))
    return _made(f"def choose(where, condition, one, other):\n    return Record({cells})\n", "choose", record)


def info_of(record: type[Any]) -> Callable[..., dict[str, Any]]:
    """``info(*values)``: a dict of the fields of a `record`, as fast as if it were written out."""
    names: tuple[str, ...] = record._fields
    entries = ", ".join(f"{name!r}: {name}" for name in names)
    return _made(f"def info({', '.join(names)}):\n    return {{{entries}}}\n", "info", record)


def batch_info_of(record: type[Any]) -> Callable[..., dict[str, Any]]:
    """``info(*arrays, mask)``: as `info_of`, and beside each array Gymnasium's `mask` of the rows that it holds for."""
    names: tuple[str, ...] = record._fields
    entries = ", ".join(f"{name!r}: {name}, '_{name}': mask" for name in names)
    return _made(f"def info({', '.join(names)}, mask):\n    return {{{entries}}}\n", "info", record)


def _made(source: str, name: str, record: type[Any]) -> Callable[..., Any]:
    space: dict[str, Any] = {"Record": record}
    exec(source, space)  # made of the record's own length and nothing else
    made: Callable[..., Any] = space[name]
    made.__doc__ = f"Generated from the fields of `{record.__name__}`."
    return made
