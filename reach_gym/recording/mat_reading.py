"""Arrays of structs in MATLAB files of versions 5 and 7.3, as rows of plain values: numbers, texts, and nothing that runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.recording.files import opened
from reach_gym.recording.hdf5_tree import MAX_ROWS, Tree, is_hdf5, open_tree
from reach_gym.recording.layout import Array
from reach_gym.recording.mat5 import read_variables
from reach_gym.recording.metadata import RecordingError

Row = dict[str, Array | str]


def read_structs(path: Path, name: str | None) -> list[Row]:
    """The structs of a variable, one dict each: numbers as arrays of two axes, texts as ``str``; whatever else is left out.

    Args:
        path: The file.
        name: Of the variable; without it the file must have one alone.

    Raises:
        RecordingError: There is no such variable, or it is no array of structs.
        MissingExtraError: The file is of version 7.3, and h5py is not installed.
    """
    with opened(path) as stream:
        if not is_hdf5(stream):
            return _of_version_5(read_variables(stream), name)
    with open_tree(path) as tree:
        return _of_tree(tree, name)


def _only(names: list[str], name: str | None) -> str:
    """The name of the variable that is meant."""
    plain = [each for each in names if not each.startswith(("__", "#"))]
    if name is None and len(plain) != 1:
        raise RecordingError(f"it has the variables {checks.shown(plain)}: name one with `name`.")
    if name is not None and name not in plain:
        raise RecordingError(f"it has no variable {checks.shown(name)}, but {checks.shown(plain)}.")
    return plain[0] if name is None else name


def _of_version_5(variables: dict[str, Any], name: str | None) -> list[Row]:
    chosen = _only(list(variables), name)
    found = variables[chosen]
    # PyalData saves a cell for each trial, with a struct in it.
    cells = isinstance(found, list) and any(isinstance(each, list) for each in found)
    structs = [each[0] for each in found if isinstance(each, list) and len(each) == 1] if cells else found
    if not isinstance(structs, list) or not structs or len(structs) != len(found):
        raise RecordingError(f"the variable {chosen!r} is no array of structs.")
    if not all(isinstance(each, dict) for each in structs):
        raise RecordingError(f"the variable {chosen!r} is no array of structs.")
    return [_plain(each) for each in structs]


def _plain(struct: dict[str, Any]) -> Row:
    """The numbers and texts of a struct."""
    plain = {field: value for field, value in struct.items() if isinstance(value, str) or getattr(value, "ndim", 0) == 2}
    return dict(plain)


def _of_tree(tree: Tree, name: str | None) -> list[Row]:
    chosen = _only(tree.names("/"), name)
    fields = tree.names(chosen)
    if not fields:
        raise RecordingError(f"the variable {chosen!r} is no array of structs.")
    columns: dict[str, list[Any]] = {}
    for field in fields:
        node = tree.find(f"{chosen}/{field}")
        path = f"{chosen}/{field}"
        several = tree.references(node, path)
        columns[field] = [node] if several is None else several
    lengths = {field: len(values) for field, values in columns.items()}
    rows = max(lengths.values())
    if set(lengths.values()) != {rows} or rows > MAX_ROWS:
        raise RecordingError(f"the fields of {chosen!r} must all have one entry for each trial, got {checks.shown(lengths)}.")
    return [_row(tree, {field: values[k] for field, values in columns.items()}) for k in range(rows)]


def _row(tree: Tree, nodes: dict[str, Any]) -> Row:
    row: Row = {}
    for field, node in nodes.items():
        if not hasattr(node, "dtype") or node.dtype.kind not in "iufb":
            continue
        if tree.attribute(node, "MATLAB_empty"):
            row[field] = "" if tree.attribute(node, "MATLAB_class") == "char" else np.zeros((0, 0))
            continue
        values = tree.numbers(node, field)
        if tree.attribute(node, "MATLAB_class") == "char":
            row[field] = "".join(map(chr, values.ravel().tolist()))
        elif values.ndim == 2:
            row[field] = values.T  # HDF5 has MATLAB's columns as rows
    return row
