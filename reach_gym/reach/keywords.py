"""The keywords of the continuous reach: each with its default, unit, meaning and check, once for all of its environments."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from reach_gym import checks
from reach_gym.fields import CURSOR_PRESETS, ForceField, Pair, field_from_data
from reach_gym.keywords import Keywords, Read, choice_of, integer_from, keyword, number_from, positive
from reach_gym.plants.plant import Plant
from reach_gym.plants.point_mass import PointMass
from reach_gym.plants.table import plant_class, plant_from_data
from reach_gym.reach.observations import OBSERVATIONS, Observations, observations_of
from reach_gym.reach.rules import REWARDS
from reach_gym.reach.session import (
    Distinct,
    check_forces,
    check_reach,
    check_table,
    distinct,
    expected_fields,
    require_apart,
    require_one_apart,
)
from reach_gym.reach.targets import MAX_STEPS, delays_from_data, point, steps, targets_from_data
from reach_gym.sessions.rows import EVENTS
from reach_gym.sessions.schedule import Schedule
from reach_gym.sessions.table import TrialTable, table_from_data, table_of

MAX_DELAY = 1000  # steps
MAX_HISTORY = 100  # steps
# Numbers of a field may not be larger, so that no force overflows inside the arena.
MAX_FIELD = 1e6
_MAX_SPREAD = 100.0  # of what is felt, in its units
_WITH_PAST = ("vector", "body")  # the observations that `history` may follow
_NOISE_STEP = 0.01  # s, for which the standard deviations of noise are given
WALL_STIFFNESS, WALL_DAMPING = 6000.0, 100.0  # N/m and N s/m; see `reach_gym.fields.channel`


def reach_field(name: str, value: Any) -> ForceField:
    """Reads a field of the continuous task.

    Raises:
        TypeError: `value` is no field.
        ValueError: An unknown preset or key, or a number of more than a million.
    """
    field = field_from_data(value, CURSOR_PRESETS)
    for number in (field.gain, *(n for n in field.numbers if abs(n) != float("inf"))):
        checks.number(f"{name} (every number)", number, -MAX_FIELD, MAX_FIELD)
    return field


def _per_step(dt: float) -> float:
    # White noise has the same power per time if its variance in a step goes with one over the step's length.
    return math.sqrt(_NOISE_STEP / dt)


def _spreads(high: float) -> Any:
    def read(name: str, value: Any) -> Pair:
        pair = checks.items(name, value, 2, "a pair of standard deviations")
        return checks.number(f"{name}[0]", pair[0], 0, high), checks.number(f"{name}[1]", pair[1], 0, high)

    return read


@dataclass(frozen=True, kw_only=True)
class Reach(Keywords):
    """A reach of a hand to a target, in SI units; every keyword can be written as plain JSON."""

    family: ClassVar[str] = "cursor"

    field: Read[ForceField, str | dict[str, Any] | ForceField | None] = keyword(
        None,
        "The force field: a name of `reach_gym.fields.CURSOR_PRESETS`, a dict of numbers, or None for no field.",
        read=reach_field,
    )
    schedule: Read[Schedule | TrialTable, str | list[Any] | dict[str, Any] | Schedule | TrialTable | None] = keyword(
        None,
        "What changes from trial to trial: a `reach_gym.sessions.TrialTable`, its data or its file, a name of "
        "`reach_gym.sessions.schedule.SCHEDULES`, a list of blocks, or None: every trial alike. Each row of a vector environment "
        "goes through a session of its own.",
        read=lambda name, value: table_from_data(value),
    )
    targets: str | dict[str, Any] | list[Pair] = keyword(
        "uniform", 'Where targets are: "uniform", "center-out", or as `reach_gym.reach.targets.targets_from_data` reads them.'
    )
    start: Pair | None = keyword((0.0, 0.0), "The place (x, y) at which every trial starts; None draws it.", "m")
    reward: str = keyword(
        "shaped",
        "How a step is rewarded. " + "; ".join(f'"{name}": {reward.meaning}' for name, reward in REWARDS.items()) + ".",
        read=choice_of(*REWARDS),
    )
    observation: str = keyword(
        "vector",
        "What is observed. " + "; ".join(f'"{name}": {kind.meaning}' for name, kind in OBSERVATIONS.items()) + ".",
        read=choice_of(*OBSERVATIONS),
    )
    rotation: float = keyword(
        0.0, "Visuomotor rotation of the cursor around the start, counter-clockwise, times the trial's gain.", "degrees",
        number_from(-180, 180),
    )  # fmt: skip
    radius: float = keyword(0.01, "Greatest distance of the cursor from the target for success.", "m")
    speed_limit: float = keyword(0.1, "Greatest speed on the target for success.", "m/s", positive(1e6))
    hold: float = keyword(0.05, "How long the cursor must stay on the target, at least one step.", "s")
    hold_radius: float = keyword(0.01, "Around the start, within which the cursor waits for the go cue.", "m")
    false_start: str = keyword(
        "fail",
        'What leaving the start too early does: with "fail" the trial goes on, but cannot succeed; "abort" ends it at once, as '
        'laboratories do; "ignore" only marks it.',
        read=choice_of("fail", "abort", "ignore"),
    )
    movement_time: Pair | None = keyword(
        None,
        "Window (shortest, longest) of the movement time for success: from leaving the start, `hold_radius` away, to the arrival "
        "on the target with which the hold begins. A hold outside of it ends the trial without success. None for any time.",
        "s",
    )
    time_limit: float = keyword(1.0, "From the go cue until the trial is truncated; the hold must fit in.", "s")
    target_onset: float = keyword(0.2, "From the trial's start until the target appears (Sun & Plitt: 0.2).", "s")
    go_delay: float | Pair | dict[str, float] = keyword(
        (0.0, 0.09),
        "From the target's onset to the go cue (Sun & Plitt: 0 to 0.09): a number, a pair (shortest, longest), or a dict; see "
        "`reach_gym.reach.targets.delays_from_data`.",
        "s",
    )
    cue: str = keyword(
        "latched",
        'How the go cue is shown: "latched" stays on until the trial ends; "pulse" lasts for `go_pulse` (Sun & Plitt).',
        read=choice_of("latched", "pulse"),
    )
    go_pulse: float = keyword(0.05, "How long the go cue lasts as a pulse (Sun & Plitt: 0.05).", "s")
    delay: int = keyword(
        0,
        "How old what is sensed is: cursor, go cue, the rules' signals, and the target where it is part of what is sensed.",
        "time steps",
        integer_from(0, MAX_DELAY),
    )
    history: int = keyword(
        0,
        'How many past observations, each with the action that followed it, come after the present one; only with "vector" and '
        '"body". '
        "With at least `delay` of them, where there is no noise, a learner without memory can know where the hand is.",
        "time steps",
        integer_from(0, MAX_HISTORY),
    )
    sensory_noise: Pair = keyword(
        (0.0, 0.0),
        "Standard deviations of the sensed position (m) and velocity (m/s) in time steps of 10 ms; noise is per time, so that it "
        "counts as much whatever the time step.",
        read=_spreads(10.0),
    )
    felt_delay: int = keyword(
        0,
        'How old what is felt of the body is; only with the observation "body". What is seen has the other `delay`.',
        "time steps",
        integer_from(0, MAX_DELAY),
    )
    felt_noise: float = keyword(
        0.0,
        "Standard deviation of each thing that is felt of the body, in its unit (`reach_gym.plants.plant.Plant.senses`), in time "
        'steps of 10 ms; only with the observation "body".',
        read=number_from(0, _MAX_SPREAD),
    )
    motor_noise: Pair = keyword(
        (0.0, 0.0),
        "Standard deviations of the command in time steps of 10 ms: additive (in the unit of the command, as N or N m), and as a "
        "share of it (signal-dependent). Noise is per time, so that the hand comes to rest as scattered whatever the time step.",
        read=_spreads(1e6),
    )
    plant: Read[Plant, str | dict[str, Any] | Plant] = keyword(
        PointMass.kind,
        "What the agent moves: a name of `reach_gym.plants.table.PLANTS`, or a dict of its keywords with its name as "
        '"kind". These keywords may also be given beside the others.',
        read=plant_from_data,
    )
    dt: float = keyword(0.01, "Time step.", "s", positive(1.0))
    workspace: float = keyword(0.1, "Half the side of the square in which start and target lie.", "m", positive(1.0))

    def check(self) -> None:
        """Reads what depends on time step, workspace and start, and refuses what does not fit."""
        size = positive(self.workspace)
        if self.start is not None:
            self.settle(start=point("start", self.start, self.workspace))
        if not isinstance(self.targets, str | Mapping):
            self.settle(targets=self.points)
        if isinstance(self.go_delay, list):
            self.settle(go_delay=tuple(self.go_delay))
        _ = self.points
        self.settle(radius=size("radius", self.radius))
        _ = self.hold_steps
        self.settle(hold_radius=size("hold_radius", self.hold_radius))
        if isinstance(self.movement_time, list):
            self.settle(movement_time=tuple(self.movement_time))
        _ = self.onset, self.delays, self.pulse_steps, self.session_fields, self.params, self.window, self.last
        self._check_observation()
        self._check_timing()
        for target in self.points:
            require_apart(self.start, target, self)
        if not self.points:
            require_one_apart(self.start, self)
        check_reach(self)
        check_forces(self)
        check_table(self)

    def _check_observation(self) -> None:
        if self.feels and not self.plant.senses:
            raise ValueError(f"`observation` must not be {self.observation!r} with {self.plant.title}, which has no senses.")
        # All that does not fit at once, so that nobody has to find one after the other.
        wrong = []
        if self.history and self.observation not in _WITH_PAST:
            wrong.append(f"`history` must be 0, as only {' and '.join(map(repr, _WITH_PAST))} have a past, got {self.history}")
        for name in () if self.feels else ("felt_delay", "felt_noise"):
            if getattr(self, name):
                kinds = " and ".join(repr(name) for name, kind in OBSERVATIONS.items() if kind.feels)
                wrong.append(f"`{name}` must be 0, as only {kinds} feels, got {getattr(self, name):g}")
        if self.observation == "goal" and not REWARDS[self.reward].of_step_only:
            steps = " or ".join(repr(name) for name, reward in REWARDS.items() if reward.of_step_only)
            wrong.append(f"`reward` must be {steps}, which one step alone tells for any goal, got {self.reward!r}")
        if self.observation == "goal" and self.abort:
            wrong.append("`false_start` must not be 'abort', which no step alone tells, got 'abort'")
        if wrong:
            raise ValueError(f"With the observation {self.observation!r} {'; '.join(wrong)}.")

    def _check_timing(self) -> None:
        """Refuses trials that nobody can succeed in, as there is no time."""
        if self.time_limit <= 0:
            raise ValueError(f"`time_limit` must be above 0, got {self.time_limit:g}.")
        if self.hold_steps > self.last:
            raise ValueError(
                f"`hold` must be at most `time_limit`, {self.last * self.dt:g} s, got {self.hold_steps * self.dt:g} s."
            )
        # Who may leave before the cue can be under way for longer than the time from the cue to the arrival.
        if self.strict and self.window[0] + self.hold_steps > self.last:
            raise ValueError(
                f"`movement_time[0]` and `hold` must together be at most `time_limit`, {self.last * self.dt:g} s, "
                f"got {self.window[0] * self.dt:g} s and {self.hold_steps * self.dt:g} s."
            )

    @cached_property
    def points(self) -> tuple[Pair, ...]:
        """The targets to choose from, m; none for uniform ones."""
        return targets_from_data(self.targets, self.start, self.workspace)

    @cached_property
    def hold_steps(self) -> int:
        """Steps to stay on the target."""
        return max(1, steps("hold", self.hold, self.dt))

    @cached_property
    def onset(self) -> int:
        """Steps until the target appears."""
        return steps("target_onset", self.target_onset, self.dt)

    @cached_property
    def delays(self) -> tuple[int, ...]:
        """Steps from the target's onset to the go cue, each equally likely."""
        return delays_from_data(self.go_delay, self.dt)

    @cached_property
    def pulse_steps(self) -> int:
        """Steps that the go cue lasts where it is a pulse."""
        return steps("go_pulse", self.go_pulse, self.dt, least=1)

    @cached_property
    def pulse(self) -> int:
        """Steps that the go cue lasts."""
        return self.pulse_steps if self.cue == "pulse" else MAX_STEPS

    @cached_property
    def window(self) -> tuple[int, int]:
        """The least and the greatest movement time for success, in steps."""
        if self.movement_time is None:
            return 0, MAX_STEPS
        pair = checks.items("movement_time", self.movement_time, 2, "None or a pair (shortest, longest) in seconds")
        shortest, longest = steps("movement_time[0]", pair[0], self.dt), steps("movement_time[1]", pair[1], self.dt)
        if shortest > longest:
            raise ValueError(f"`movement_time` must have shortest <= longest, got {checks.shown(self.movement_time)}.")
        return shortest, longest

    @cached_property
    def last(self) -> int:
        """Steps from the go cue to the time limit."""
        return steps("time_limit", self.time_limit, self.dt, least=1)

    @property
    def latest_cue(self) -> int:
        """The step of the latest go cue."""
        return self.onset + max(self.delays)

    @property
    def longest(self) -> int:
        """Steps of the longest trial."""
        return self.latest_cue + self.last

    @cached_property
    def sensed_spread(self) -> Pair:
        """Standard deviations of the sensed position and velocity in one time step."""
        return self.sensory_noise[0] * _per_step(self.dt), self.sensory_noise[1] * _per_step(self.dt)

    @cached_property
    def felt_spread(self) -> float:
        """Standard deviation of what is felt of the body in one time step."""
        return self.felt_noise * _per_step(self.dt)

    @cached_property
    def command_spread(self) -> Pair:
        """Standard deviations of the command in one time step: additive, and as a share of it."""
        return self.motor_noise[0] * _per_step(self.dt), self.motor_noise[1] * _per_step(self.dt)

    @property
    def feels(self) -> bool:
        """Whether what the body feels is observed."""
        return OBSERVATIONS[self.observation].feels

    @property
    def senses(self) -> tuple[str, ...]:
        """What is felt of the body and observed, as the plant names it."""
        return self.plant.senses if self.feels else ()

    @property
    def moments(self) -> int:
        """How many moments must be remembered for the senses: the present one, and one for each step of the longest delay."""
        return max(self.delay, self.felt_delay) + 1

    @property
    def strict(self) -> bool:
        """Whether a false start rules success out."""
        return self.false_start != "ignore"

    @property
    def abort(self) -> bool:
        """Whether a false start ends the trial."""
        return self.false_start == "abort"

    @property
    def apart(self) -> float:
        """The least distance from start to target, m: their discs do not overlap."""
        return self.radius + self.hold_radius

    @property
    def arena(self) -> float:
        """Half the side of the square that the hand cannot leave, m."""
        return self.plant.arena(self.workspace)

    @cached_property
    def params(self) -> Any:
        """The plant's parameters."""
        return self.plant.params(self.dt, self.arena)

    @property
    def walls(self) -> Pair:
        """Stiffness (N/m) and damping (N s/m) of the force channel; less where the plant or the time step asks for it."""
        stiffness, damping = self.plant.stiffest(self.dt)
        return min(WALL_STIFFNESS, stiffness), max(0.0, min(WALL_DAMPING, damping))

    @cached_property
    def table(self) -> TrialTable:
        """The trials of the session."""
        return table_of(self.schedule)

    @cached_property
    def session_fields(self) -> Distinct:
        """The fields of the session."""
        known: dict[str, ForceField] = {}

        def read(value: Any) -> ForceField:
            if value is None:
                return self.field
            key = repr(value)
            if key not in known:
                known[key] = reach_field("block.field", value)
            return known[key]

        return distinct([self.field, *map(read, expected_fields(self.table))])

    @cached_property
    def session_waves(self) -> Distinct:
        """The waves within the trials of the session; the first one is none."""
        return distinct([None, *self.table.within.tolist()])

    @cached_property
    def turns_cursor(self) -> bool:
        """Whether the cursor is anywhere else than the hand in some trial."""
        return self.rotation != 0 or self.is_eventful or bool(np.nan_to_num(self.table.rotation).any())

    @cached_property
    def is_eventful(self) -> bool:
        """Whether some trial has an event, a target that is a bar, or a cursor that is not fully seen."""
        table = self.table
        happens = any(event is not None for name in EVENTS for event in getattr(table, name))
        return happens or bool(table.bar.any()) or bool((table.feedback != "full").any())

    def observations(self) -> Observations:
        """A fresh observation maker."""
        return observations_of(self.observation, self.workspace, self.arena, self.dt, len(self.plant.senses))


def plant_keywords(plant: Any = PointMass.kind) -> list[str]:
    """The keywords of a plant that may stand beside the task's own: those whose names the task has not taken itself."""
    own = {field.name for field in fields(Reach)}
    return [field.name for field in fields(plant_class(plant)) if field.name not in own]


def plant_meant(given: Mapping[str, Any], base: Reach | None = None) -> Any:
    """The plant among the keywords that were `given` beside a `base`."""
    return given.get("plant", base.plant if isinstance(base, Reach) else PointMass.kind)


def with_plant(given: Mapping[str, Any], base: Reach | None = None) -> dict[str, Any]:
    """The keywords that were `given` beside a `base`, with those of the plant gathered in ``"plant"``.

    Raises:
        TypeError: ``"plant"`` is no plant.
        ValueError: An unknown kind of plant, or one of its keywords stands in both places.
    """
    plant = plant_meant(given, base)
    beside = {name: given[name] for name in plant_keywords(plant) if name in given}
    if not beside:
        return dict(given)
    inside = plant.to_data() if isinstance(plant, Plant) else {"kind": plant} if isinstance(plant, str) else dict(plant)
    for name in beside:
        if name in inside and isinstance(given.get("plant"), Mapping):
            raise ValueError(f"`{name}` must stand in `plant` or beside it, not both, got {checks.shown(plant)}.")
    return {**{name: value for name, value in given.items() if name not in beside}, "plant": {**inside, **beside}}
