"""Schedules as data: what changes from trial to trial in a session, such as baseline, adaptation and washout.

A schedule is a list of blocks. Each block says how strong the perturbation (a force field, a visuomotor rotation) is in its
trials, and which trials are catch trials or run in a force channel. It is given to an environment and is the same for all of
its rows.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from reach_gym import checks
from reach_gym.fields import ForceField

MAX_TRIALS = 100_000  # of a whole session; every trial has an entry in a table
MAX_GAIN = 10.0


@dataclass(frozen=True)
class Wave:
    """``amplitude * sin(2 pi t / period + phase)``.

    Attributes:
        amplitude: At most `MAX_GAIN` in size.
        period: In trials for `Block.wave`, in seconds for `Block.within`; above 0.
        phase: In radians, at the first trial of the block or at the start of the trial.

    Raises:
        TypeError: A value has the wrong type.
        ValueError: A value is out of range.
    """

    amplitude: float
    period: float
    phase: float = 0.0

    def __post_init__(self) -> None:
        """Checks and normalises every value."""
        object.__setattr__(self, "amplitude", checks.number("wave.amplitude", self.amplitude, -MAX_GAIN, MAX_GAIN))
        object.__setattr__(self, "period", checks.number("wave.period", self.period, 0, 1e6))
        object.__setattr__(self, "phase", checks.number("wave.phase", self.phase))
        if self.period == 0:
            raise ValueError("`wave.period` must be above 0, got 0.")

    def at(self, t: float) -> float:
        """The value at time `t`, in the unit of `period`."""
        # Rounded, because the sine's last bit differs from machine to machine.
        return round(self.amplitude * math.sin(2 * math.pi * t / self.period + self.phase), 12)


@dataclass(frozen=True)
class Block:
    """Trials of one kind, one after the other.

    Attributes:
        name: ``"baseline"``, ``"adaptation"``, ``"washout"``, or any other.
        trials: How many, at least 1.
        gain: Factor on the perturbation in the first trial: 0 none, 1 the environment's own, -1 its mirror image.
        gain_end: Factor in the last trial, with a linear ramp between; ``None`` for no ramp.
        spread: The gain of each trial is drawn uniformly from this far below to this far above the gain.
        wave: Added to the gain from trial to trial.
        within: The gain is multiplied with 1 plus this wave of the time within the trial, whose period must be a whole number of
            time steps, at least two. Only force fields of the continuous task have it; a rotation keeps the trial's gain.
        catch: Share of catch trials, in which the perturbation is off without notice (Shadmehr & Mussa-Ivaldi 1994).
        clamp: Share of trials in a force channel (error clamp, Scheidt et al. 2000) instead of the perturbation. Only the
            continuous task has them; on the grid they are catch trials.
        field: A field that replaces the environment's in this block, written as for the environment, which checks it.

    Raises:
        TypeError: A value has the wrong type.
        ValueError: A value is out of range; the message names it.
    """

    name: str
    trials: int
    gain: float = 1.0
    gain_end: float | None = None
    spread: float = 0.0
    wave: Wave | None = None
    within: Wave | None = None
    catch: float = 0.0
    clamp: float = 0.0
    field: str | dict[str, Any] | ForceField | None = None

    def __post_init__(self) -> None:
        """Checks and normalises every value."""
        if not isinstance(self.name, str):
            raise TypeError(f"`block.name` must be a string, got {checks.shown(self.name)}.")
        if not self.name:
            raise ValueError("`block.name` must not be empty.")
        object.__setattr__(self, "trials", checks.integer("block.trials", self.trials, 1, MAX_TRIALS))
        for name, low, high in (
            ("gain", -MAX_GAIN, MAX_GAIN),
            ("gain_end", -MAX_GAIN, MAX_GAIN),
            ("spread", 0, MAX_GAIN),
            ("catch", 0, 1),
            ("clamp", 0, 1),
        ):
            value = getattr(self, name)
            if name != "gain_end" or value is not None:
                object.__setattr__(self, name, checks.number(f"block.{name}", value, low, high))
        if self.catch + self.clamp > 1:
            raise ValueError(f"`block.catch` and `block.clamp` must be at most 1 together, got {self.catch} and {self.clamp}.")
        for name in ("wave", "within"):
            object.__setattr__(self, name, wave_from_data(f"block.{name}", getattr(self, name)))

    def gains(self) -> list[float]:
        """The gain of each trial of the block, without `spread`."""
        last = self.gain if self.gain_end is None else self.gain_end
        steps = max(1, self.trials - 1)
        ramp = [self.gain + (last - self.gain) * i / steps for i in range(self.trials)]
        return ramp if self.wave is None else [gain + self.wave.at(i) for i, gain in enumerate(ramp)]


def wave_from_data(name: str, value: Any) -> Wave | None:
    """Reads a wave from a `Wave`, a dict of its attributes, or ``None``.

    Raises:
        TypeError: `value` is none of these.
        ValueError: A key is unknown or missing, or a value out of range.
    """
    if value is None or isinstance(value, Wave):
        return value
    data = checks.keys(name, value, [field.name for field in fields(Wave)])
    if not {"amplitude", "period"} <= set(data):
        raise ValueError(f"`{name}` must have the keys 'amplitude' and 'period', got {checks.shown(value)}.")
    return Wave(**data)


@dataclass(frozen=True)
class Schedule:
    """A session: blocks, one after the other. After the last block, that block repeats without end.

    Attributes:
        blocks: At least one.

    Raises:
        TypeError: `blocks` is no list or tuple of blocks.
        ValueError: There is no block, or more than `MAX_TRIALS` trials.
    """

    blocks: tuple[Block, ...]

    def __post_init__(self) -> None:
        """Reads blocks that are given as dicts."""
        if not isinstance(self.blocks, list | tuple):
            raise TypeError(f"`schedule` must be a name, a list of blocks or a Schedule, got {checks.shown(self.blocks)}.")
        object.__setattr__(self, "blocks", tuple(map(_block, self.blocks)))
        if not self.blocks:
            raise ValueError("`schedule` must have at least one block.")
        if self.trials > MAX_TRIALS:
            raise ValueError(f"`schedule` must have at most {MAX_TRIALS} trials, got {self.trials}.")

    @property
    def trials(self) -> int:
        """Trials of all blocks: the length of the session."""
        return sum(block.trials for block in self.blocks)

    def place_of(self, trial: int) -> int:
        """The trial of the session that trial number `trial` repeats: itself up to the end."""
        return place_in_session(trial, self.trials, self.trials - self.blocks[-1].trials)  # type: ignore[no-any-return]

    def block_of(self, trial: int) -> Block:
        """The block to which trial number `trial` belongs, from 0."""
        place = self.place_of(trial)
        for block in self.blocks:
            if place < block.trials:
                return block
            place -= block.trials
        return self.blocks[-1]

    def to_data(self) -> list[dict[str, Any]]:
        """The schedule as plain data; `schedule_from_data` gives the same schedule back."""
        return [asdict(block) for block in self.blocks]


def place_in_session(trial: Any, trials: Any, last: Any) -> Any:
    """The place in a session of `trials` trials of trial number `trial`; integers, arrays and Numba alike.

    Args:
        trial: From 0, without end.
        trials: Trials of the session.
        last: First trial of the last block, which repeats.
    """
    beyond = 1 * (trial >= trials)
    return trial - beyond * (trial - last - (trial - last) % (trials - last))


def _block(value: Any) -> Block:
    if isinstance(value, Block):
        return value
    data = checks.keys("schedule", value, [field.name for field in fields(Block)])
    if not {"name", "trials"} <= set(data):
        raise ValueError(f"Every block of `schedule` must have the keys 'name' and 'trials', got {checks.shown(value)}.")
    return Block(**data)


# Lengths as in laboratory sessions; a tenth of the trials run in a channel, where the subject's own force can be read.
_BASELINE, _WASHOUT = Block("baseline", 40, gain=0.0, clamp=0.1), Block("washout", 80, gain=0.0, clamp=0.1)
_ADAPTATION = Block("adaptation", 160, catch=0.1, clamp=0.1)

SCHEDULES: dict[str, Schedule] = {
    # The field comes and goes at once, with catch trials (Shadmehr & Mussa-Ivaldi 1994).
    "abrupt": Schedule((_BASELINE, _ADAPTATION, _WASHOUT)),
    # It grows from trial to trial (after Kagerer, Contreras-Vidal & Stelmach 1997, who turned the cursor in steps).
    "gradual": Schedule((_BASELINE, Block("ramp", 120, 0.0, 1.0, clamp=0.1), Block("adaptation", 40, clamp=0.1), _WASHOUT)),
    # After it all trials are error clamps, in which what was learned decays (Scheidt et al., J Neurophysiol 84:853, 2000).
    "clamp": Schedule((_BASELINE, _ADAPTATION, Block("error clamp", 80, gain=0.0, clamp=1.0))),
    # Two adaptations: is the second one faster? (Coltman, Cashaback & Gribble, J Neurophysiol 121:1575, 2019).
    "savings": Schedule((_BASELINE, _ADAPTATION, _WASHOUT, Block("readaptation", 160, catch=0.1, clamp=0.1), _WASHOUT)),
    # The gain differs from trial to trial (Sun & Plitt's wish for non-static perturbations): at random, then as a slow wave.
    "non_static": Schedule(
        (_BASELINE, Block("random", 160, gain=0.5, spread=1.0), Block("wave", 160, gain=0.0, wave=Wave(1.0, 40.0)), _WASHOUT)
    ),
    # The gain changes while the hand moves.
    "within_trial": Schedule((_BASELINE, Block("within trial", 160, within=Wave(1.0, 0.4)), _WASHOUT)),
}

# Every trial alike: what an environment without a schedule does.
STEADY = Schedule((Block("trials", 1),))


def schedule_from_data(value: Any) -> Schedule:
    """Reads a schedule from what `gym.make` or a JSON file can hold.

    Args:
        value: ``None`` (every trial alike), a name of `SCHEDULES`, a `Schedule`, or a list of blocks, each a `Block` or a dict
            with its attributes.

    Raises:
        TypeError: `value` is none of these, or a number has the wrong type.
        ValueError: An unknown name or key, or a bad number.
    """
    if value is None:
        return STEADY
    if isinstance(value, Schedule):
        return value
    if isinstance(value, str):
        return SCHEDULES[checks.choice("schedule", value, SCHEDULES)]
    return Schedule(value)


COMPONENT_WISE = (place_in_session,)
