"""NWB files of laboratories as recordings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from reach_gym import checks
from reach_gym.recording.hdf5_tree import Tree, open_tree, reading
from reach_gym.recording.laboratory import METRES
from reach_gym.recording.metadata import RecordingError
from reach_gym.recording.nwb_layouts import LAYOUTS, TRIALS, FileLayout, layout_from_data
from reach_gym.recording.nwb_own import is_own, read_own
from reach_gym.recording.nwb_reader import REACHES, Reader
from reach_gym.recording.reading import Reading

OWN = "reach_gym"


def read_nwb(
    path: str | os.PathLike[str],
    layout: str | Mapping[str, Any] = "auto",
    dt: float = 0.01,
    window: tuple[float, float] | None = None,
    unit: str | None = None,
    distance: float | None = None,
    reached: bool = False,
) -> Reading:
    """Reads trials and spikes of an NWB file. It is read by h5py alone: nothing is followed out of it, and no code runs from it.

    Every trial is sampled anew, every `dt` seconds from its go cue on and back, linearly between the file's samples; a trial in
    which samples are missing is dropped. Nothing is guessed: what was dropped, converted or derived is in the report.

    Args:
        path: The file.
        layout: ``"000688"``, ``"mc_maze"``, ``"mc_rtt"``, ``"area2_bump"``, ``"000070"``; ``"reach_gym"`` for what
            `reach_gym.recording.write_nwb` wrote; a map of one's own (`reach_gym.recording.nwb_layouts.layout_from_data`); or
            ``"auto"`` for the first of these that the file fits.
        dt: Seconds from state to state.
        window: The part of each trial that is read, s before (negative) and after its go cue; without it, all of it.
        unit: ``"m"``, ``"cm"`` or ``"mm"``, of positions and targets, where the file or its layout says something else.
        distance: Metres from start to target, for files that say no more of a target than its direction (``"area2_bump"``).
        reached: For files that do not say where targets were (random targets of ``"000688"``): takes the place where each reach
            ended for its target. Endpoint errors then mean nothing.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: An argument is out of range.
        RecordingError: There is no such file, it is not of this layout, it does not say what is needed, or no trial is left; no
            other exception escapes.
        MissingExtraError: h5py is not installed.
    """
    step = checks.number("dt", dt, 1e-4, 1.0)
    span = None if window is None else _window(window)
    if unit is not None:
        checks.choice("unit", unit, tuple(METRES))
    far = None if distance is None else checks.number("distance", distance, *REACHES)
    known = _layouts(layout)
    with reading(path, "an NWB file") as place, open_tree(place) as tree:
        if known is None or (layout == "auto" and is_own(tree)):
            return read_own(tree)
        return Reader(tree, _fitting(tree, known), step, span, unit, far, bool(reached)).read()


def _window(window: Any) -> tuple[float, float]:
    low, high = (
        checks.number("window", each) for each in checks.items("window", window, 2, "a time before and one after the cue")
    )
    if not low <= 0 < high:
        raise ValueError(f"`window` must begin at the go cue or before and end after it, got {checks.shown(window)}.")
    return low, high


def _layouts(layout: Any) -> tuple[FileLayout, ...] | None:
    """The layouts that a file may have; ``None`` for files of this package alone."""
    if isinstance(layout, Mapping):
        return (layout_from_data(layout),)
    name = checks.choice("layout", layout, ("auto", OWN, *LAYOUTS))
    return None if name == OWN else LAYOUTS.get(name, tuple(each for every in LAYOUTS.values() for each in every))


def _fitting(tree: Tree, layouts: tuple[FileLayout, ...]) -> FileLayout:
    """The first layout of which the file has all columns and time series.

    Raises:
        RecordingError: There is none.
    """
    lacking: dict[str, list[str]] = {}
    for layout in layouts:
        wanted = [f"{TRIALS}/{name}" for name in layout.columns] + [f"{path}/data" for path in layout.paths]
        missing = [path for path in wanted if tree.find(path) is None]
        if not missing:
            return layout
        lacking[layout.name] = missing
    if not tree.names("processing/behavior"):
        raise RecordingError("it holds no behaviour (`processing/behavior`), as test splits of a benchmark: no reach is in it.")
    name, missing = min(lacking.items(), key=lambda each: len(each[1]))
    raise RecordingError(
        f"it is of no layout that was asked for. {name} lacks {', '.join(missing)}; the table has the columns "
        f"{', '.join(tree.names(TRIALS)) or 'of none'}. Describe it with a map."
    )
