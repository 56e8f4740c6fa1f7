"""How data sets lay out trials in NWB files: tables, one per data set, and the map by which anybody describes another one.

Columns and units are those that the data sets' own descriptions state (DANDI 000688, 000128, 000129, 000127 and 000070).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reach_gym import checks
from reach_gym.recording.laboratory import METRES

BEHAVIOR = "processing/behavior"
TRIALS = "intervals/trials"


class Target(NamedTuple):
    """Where a table says that targets are.

    Attributes:
        kind: ``"point"``: a column (n, 2). ``"xy"``: two columns (n,). ``"points"``: a ragged column of all targets shown, and
            the column with the index of the one to be reached. ``"corners"``: a column (n, 4), two opposite corners x, y, x, y.
            ``"degrees"`` or ``"radians"``: a column with its direction, counter-clockwise from the x axis. ``"unknown"``.
        columns: Their names.
    """

    kind: str
    columns: tuple[str, ...] = ()


_UNKNOWN = Target("unknown")
_KINDS = {"point": 1, "xy": 2, "points": 2, "corners": 1, "degrees": 1, "radians": 1, "unknown": 0}


@dataclass(frozen=True)
class FileLayout:
    """Where in a file things are.

    Attributes:
        name: Of the data set.
        hand: Path of the time series of the hand's position, or of the cursor's where the file has no other.
        cursor: Path of that of the cursor.
        velocity: Path of that of the hand's velocity; without it, central differences.
        unit: Of positions and targets, as the data set's description says, where its files need not.
        start: Column: when a trial begins.
        stop: Column: when it ends.
        go: Column: the go cue. A column (n, k) holds the cues of k reaches, each of which is a trial. ``""``: every target of
            `shown` begins a trial.
        onset: Column: when the target appears; ``""`` for the go cue.
        target: Where targets are.
        middle: Whether all reaches start at one place, as center-out reaches do: the median of where the cursor was at the go
            cues, which becomes the origin of the recording. Otherwise each starts where the cursor was.
        shown: Path of a time series of the target's position, where there is no table of reaches.
        success: A column and the values in it that mean success.
        block: Column: the name or number of each trial's block.
        gain: Column: the gain of each trial's perturbation.
        discard: Columns and the values in them for which trials are left out.
    """

    name: str
    hand: str
    cursor: str = ""
    velocity: str = ""
    unit: str = ""
    start: str = "start_time"
    stop: str = "stop_time"
    go: str = "go_cue_time"
    onset: str = "target_on_time"
    target: Target = _UNKNOWN
    middle: bool = True
    shown: str = ""
    success: tuple[str, tuple[Any, ...]] | None = None
    block: str = ""
    gain: str = ""
    discard: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns without which the file is not of this layout."""
        named = (self.start, self.stop, self.go, self.onset, self.block, self.gain, *self.target.columns)
        return tuple(name for name in named if name)

    @property
    def paths(self) -> tuple[str, ...]:
        """The time series without which the file is not of this layout."""
        return tuple(path for path in (self.hand, self.cursor, self.velocity, self.shown) if path)


_REWARD = ("result", ("R",))

LAYOUTS: dict[str, tuple[FileLayout, ...]] = {
    # Perich, Miller, Azabou & Dyer: four monkeys, center-out and random targets.
    "000688": (
        FileLayout(
            "000688, center-out",
            hand=f"{BEHAVIOR}/Position/cursor_pos",
            velocity=f"{BEHAVIOR}/Velocity/cursor_vel",
            unit="cm",
            target=Target("corners", ("target_corners",)),
            success=_REWARD,
        ),
        FileLayout(
            "000688, random targets",
            hand=f"{BEHAVIOR}/Position/cursor_pos",
            velocity=f"{BEHAVIOR}/Velocity/cursor_vel",
            unit="cm",
            go="go_cue_time_array",
            onset="",
            middle=False,
            success=_REWARD,
        ),
    ),
    # Churchland & Kaufman; Neural Latents Benchmark, DANDI 000128 (and 000138 to 000140, which are smaller).
    "mc_maze": (
        FileLayout(
            "mc_maze",
            hand=f"{BEHAVIOR}/hand_pos",
            cursor=f"{BEHAVIOR}/cursor_pos",
            velocity=f"{BEHAVIOR}/hand_vel",
            unit="mm",
            target=Target("points", ("target_pos", "active_target")),
            success=("success", (1,)),
        ),
    ),
    # O'Doherty & Sabes; Neural Latents Benchmark, DANDI 000129. Its rows are segments of 600 ms, not reaches.
    "mc_rtt": (
        FileLayout(
            "mc_rtt",
            hand=f"{BEHAVIOR}/finger_pos",
            cursor=f"{BEHAVIOR}/cursor_pos",
            velocity=f"{BEHAVIOR}/finger_vel",
            unit="mm",
            go="",
            onset="",
            middle=False,
            shown=f"{BEHAVIOR}/target_pos",
        ),
    ),
    # Chowdhury & Miller; Neural Latents Benchmark, DANDI 000127.
    "area2_bump": (
        FileLayout(
            "area2_bump",
            hand=f"{BEHAVIOR}/hand_pos",
            velocity=f"{BEHAVIOR}/hand_vel",
            unit="cm",
            target=Target("degrees", ("target_dir",)),
            success=_REWARD,
        ),
    ),
    # Churchland & Shenoy: the mazes of Nature 487:51.
    "000070": (
        FileLayout(
            "000070",
            hand=f"{BEHAVIOR}/Position/Hand",
            cursor=f"{BEHAVIOR}/Position/Cursor",
            unit="mm",
            onset="target_presentation_time",
            target=Target("point", ("hit_target_position",)),
            success=("task_success", (1,)),
            discard={"discard_trial": (1,)},
        ),
    ),
}
"""By the name under which `reach_gym.recording.read_nwb` takes them; a data set may have several."""

_MAP = ("hand", "cursor", "velocity", "unit", "middle", "trials")
_TRIALS = ("start", "stop", "go", "onset", "block", "gain", "target", "success", "discard")


def layout_from_data(data: Mapping[str, Any]) -> FileLayout:
    """Reads the map of a file that none of `LAYOUTS` describes.

    Args:
        data: ``"hand"``, the path of a time series in the file, such as ``"processing/behavior/hand"``; if there are any,
            ``"cursor"`` and ``"velocity"``; ``"unit"`` of positions (``"m"``, ``"cm"``, ``"mm"``), if the file does not say;
            ``"middle"``, whether all reaches start at one place; and ``"trials"``, a dict of columns: ``"go"`` must be there,
            ``"start"``, ``"stop"``, ``"onset"``, ``"block"`` (names or numbers) and ``"gain"`` (of the perturbation) may be;
            ``"target"`` is a dict of one entry, a kind of `Target` and its column or columns, such as
            ``{"xy": ["target_x", "target_y"]}``; ``"success"`` is a dict of a column and the values that mean success, such as
            ``{"result": ["R"]}``, and ``"discard"`` one of columns and the values for which a trial is left out.

    Raises:
        TypeError: A value has the wrong type.
        ValueError: A key is unknown or missing, or a value not allowed.
    """
    checks.keys("layout", data, _MAP)
    trials = checks.keys("layout.trials", data.get("trials", {}), _TRIALS)
    for name, where, value in (("layout.hand", data, "hand"), ("layout.trials.go", trials, "go")):
        if value not in where:
            raise ValueError(f"`{name}` must be named, got nothing.")
    given: dict[str, Any] = {key: _text(f"layout.{key}", data[key]) for key in ("hand", "cursor", "velocity") if key in data}
    if "unit" in data:
        given["unit"] = checks.choice("layout.unit", data["unit"], tuple(METRES))
    given |= {
        key: _text(f"layout.trials.{key}", trials[key]) for key in ("start", "stop", "go", "block", "gain") if key in trials
    }
    given["onset"] = _text("layout.trials.onset", trials["onset"]) if "onset" in trials else ""
    if "target" in trials:
        kind, columns = _entry("layout.trials.target", trials["target"])
        checks.choice("layout.trials.target", kind, tuple(_KINDS))
        checks.items("layout.trials.target", columns, _KINDS[kind], f"{_KINDS[kind]} columns for {kind!r}")
        given["target"] = Target(kind, tuple(_text("layout.trials.target", each) for each in columns))
    if "success" in trials:
        given["success"] = _entry("layout.trials.success", trials["success"])
    if "discard" in trials:
        checks.keys("layout.trials.discard", trials["discard"], tuple(trials["discard"]))
        given["discard"] = {key: tuple(_listed(value)) for key, value in trials["discard"].items()}
    if not isinstance(data.get("middle", False), bool):
        raise TypeError(f"`layout.middle` must be True or False, got {checks.shown(data['middle'])}.")
    return FileLayout(name="map", middle=data.get("middle", False), **given)


def _entry(name: str, value: Any) -> tuple[str, tuple[Any, ...]]:
    """The only entry of a dict: its key, and its value as a tuple."""
    if not isinstance(value, Mapping) or len(value) != 1:
        raise TypeError(f"`{name}` must be a dict of one entry, got {checks.shown(value)}.")
    ((key, part),) = value.items()
    return _text(name, key), tuple(_listed(part))


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"`{name}` must be a text, got {checks.shown(value)}.")
    return value
