"""Cursor, rules, reward and observation of a step: one component-wise function, made of the environment's own ones.

Cursor, reward and observation come out of it with a gradient, what is judged and counted without one.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from reach_gym.differentiable.adjoint import choice, noted_root
from reach_gym.differentiable.judging import JUDGED, SHARED, TRIAL, Judged, Kind, Shared, TrialNow, shared_of, trial_of
from reach_gym.differentiable.written import Arranged, Written
from reach_gym.plants.bounds import confine
from reach_gym.reach.events import happening, sensed_with, set_off, way_with
from reach_gym.reach.facts import turned
from reach_gym.reach.observations import FELT_LIMIT, NUMBERS, OBSERVATIONS
from reach_gym.reach.rows import Cursor
from reach_gym.reach.rules import REWARDS, Verdict, is_late, judge, rest_of, shown, signals

_INGREDIENTS = 16  # numbers of which an image is made


def sizes_of(kind: Kind) -> tuple[list[int], list[int]]:
    """How many numbers the inputs of `ruling` have, of which five have gradients, and the outputs, of which two have."""
    senses, width = kind.senses, OBSERVATIONS[kind.observation].shape
    moving = [4, 1, senses, 4 * kind.late, senses * kind.felt_late]
    still = [len(JUDGED), 1, TRIAL, 4 * kind.noisy, senses * kind.felt_noisy, SHARED]
    placed, seen = 4 + 4 * kind.eventful + 1, width[0] + senses if len(width) == 1 else _INGREDIENTS
    return [*moving, *still], [placed, seen, len(JUDGED)]


@functools.lru_cache(maxsize=32)
def written_rules(kind: Kind) -> Written:
    """`ruling` and its derivative."""
    (*inputs, shared), (placed, seen, judged) = sizes_of(kind)
    given, into = (
        [*map(Arranged, inputs), Arranged(shared, "shared")],
        [Arranged(placed), Arranged(seen, "rows"), Arranged(judged)],
    )
    return Written(ruling(kind, choice, noted_root), given, 5, into, 2)


def ruling(kind: Kind, where: Any, root: Any) -> Callable[..., list[Any]]:
    """A component-wise function, of numbers as `sizes_of` says: what follows from where the hand is after a step.

    It takes the hand, the effort, what is felt of the body, and, where senses are late, what was sensed of cursor and body then;
    of `reach_gym.differentiable.blocks.Given` all from `before` to `shared`. It returns the cursor, what is sensed of it where
    that may be something else, and the reward; the observation, or the ingredients of an image; `Judged`.
    """
    sizes, _ = sizes_of(kind)
    ends = np.cumsum(sizes).tolist()
    place, squared_of = _cursor_with(kind, where, root)
    observe, reward_of = _observing(kind, where), REWARDS[kind.reward].of

    def rules(*numbers: Any) -> list[Any]:
        parts = [numbers[end - size : end] for size, end in zip(sizes, ends, strict=True)]
        hand, (effort,), body, late, felt, before, held, row, *noise, shared_numbers = parts
        old, now, shared = Judged(*before), trial_of(row), shared_of(shared_numbers)
        step, since = old.step + 1.0, (old.jumped, old.shifted, old.pushed)
        if kind.eventful:
            since, now = _set_off(old, now, step, hand)
        cursor, sensed = place(now, since[1], step, hand)
        x, y = cursor[:2]
        squared, limits = squared_of(x, y, now.trial), shared.limits
        place_and_speed = x, y, hand[2], hand[3], now.trial.start_x, now.trial.start_y
        verdict = Verdict(*judge(step, now.go, *place_and_speed, squared, old.false_start != 0, old.held, old.left, limits))
        over = (step >= shared.wholes.limit) | is_late(step, now.go, limits.last)
        judged = Judged(
            *(step, verdict.held, verdict.left, verdict.false_start, verdict.ended, over),
            *((old.done != 0) | verdict.ended | over, (old.succeeded != 0) | (verdict.success & (old.done == 0))),
            *(now.trial.target_x, now.trial.target_y, *since),
        )
        sx, sy = x - now.trial.start_x, y - now.trial.start_y
        reward = reward_of(
            *(
                verdict.on_target,
                verdict.success,
                root(squared),
                root(sx * sx + sy * sy),
                effort,
                1.0 * (step >= now.go),
                verdict.spoilt,
            ),
            rest_of(step, now.go, limits.last, verdict.false_start, limits.abort),
        )
        told = late or sensed, felt or body, held[0] if kind.late else verdict.held
        seen = observe(told, noise, now, judged, (x, y), shared)
        return [*cursor, *(sensed if kind.eventful else ()), reward, *seen, *judged]

    return rules


def _set_off(old: Judged, now: TrialNow, step: Any, hand: Any) -> tuple[tuple[Any, ...], TrialNow]:
    """When events were set off, and the trial with its target where it has jumped to."""
    since, trial = (old.jumped, old.shifted, old.pushed), now.trial
    since = tuple(
        # What is no event lasts for 0 steps.
        set_off(then, event.duration, event.trigger, event.at, step, now.go, hand, trial)
        for then, event in zip(since, (now.jump, now.shift, now.pulse), strict=True)
    )
    x, y = happening(now.jump, since[0], step)
    return since, now._replace(trial=trial._replace(target_x=trial.home_x + x, target_y=trial.home_y + y))


def _cursor_with(kind: Kind, where: Any, root: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Where the cursor is, with what is sensed of it, and its squared distance from the target."""
    _, squared_distance, cursor_at = way_with(where, root)
    sensed_of = sensed_with(where)

    def plain(now: TrialNow, shifted: Any, step: Any, hand: Any) -> tuple[Cursor, Cursor]:
        cursor = turned(now.trial, *hand)
        return cursor, cursor

    def placed(now: TrialNow, shifted: Any, step: Any, hand: Any) -> tuple[Cursor, Cursor]:
        cursor = Cursor(*cursor_at(now.trial, now.feedback, *happening(now.shift, shifted, step), hand))
        return cursor, Cursor(*sensed_of(now.trial, now.feedback, hand, cursor))

    def squared(x: Any, y: Any, trial: Any) -> Any:
        dx, dy = x - trial.target_x, y - trial.target_y
        return dx * dx + dy * dy

    return (placed, squared_distance) if kind.eventful else (plain, squared)


def _observing(kind: Kind, where: Any) -> Callable[..., list[Any]]:
    """What is observed; of an image what `reach_gym.reach.observations.Observations.batch` makes it of."""
    of = OBSERVATIONS[kind.observation]
    fill = None if len(of.shape) > 1 else of.writer(NUMBERS._replace(where=where))
    late_goal = int(of.late_goal)

    def observe(told: Any, noise: Any, now: TrialNow, judged: Judged, at: Any, shared: Shared) -> list[Any]:
        (sensed, felt, held), (settings, wholes, *_), trial = told, shared, now.trial
        if kind.noisy:
            spread = (settings.position_noise,) * 2 + (settings.velocity_noise,) * 2
            bound = (shared.place_limit,) * 2 + (shared.speed_limit,) * 2
            sensed = [confine(sensed[k] + spread[k] * noise[0][k], 0.0, bound[k])[0] for k in range(4)]
        if kind.felt_noisy:
            felt = [value + settings.felt_noise * own for value, own in zip(felt, noise[1], strict=True)]
        felt = [confine(value, 0.0, FELT_LIMIT)[0] for value in felt]
        step, delay, target, start = judged.step, wholes.delay, (trial.target_x, trial.target_y), (trial.start_x, trial.start_y)
        if kind.eventful:  # a jump of the target is seen as late as the target
            x, y = happening(now.jump, judged.jumped, step - delay * late_goal)
            target = trial.home_x + x, trial.home_y + y
        visible, cue = shown(step, delay, late_goal, wholes.onset, now.go, wholes.pulse)
        signs = signals(step - delay, wholes.onset, now.go, judged.left, held, wholes.hold_steps, settings.dt)
        if fill is None:
            return [*target, visible, cue, *start, *sensed, *at, *signs]
        row: dict[tuple[int, int], Any] = {}  # as the kind fills it
        fill(row, 0, target, start, cue, visible, sensed, at, signs, shared.per_metre, shared.per_speed)
        return [*(row[0, k] for k in range(len(row))), *felt]

    return observe
