"""The scorecard: agents and models taken through the protocols of phenomena, beside what people do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from reach_gym import checks
from reach_gym.evaluation.statistics import mean_interval
from reach_gym.models import MODELS, Model
from reach_gym.models.acting import ModelAgent
from reach_gym.phenomena.behaviour import Behaviour, Floats
from reach_gym.phenomena.record import NOTHING, SHOWN, Phenomenon
from reach_gym.phenomena.recorded import observe
from reach_gym.phenomena.simulated import forgets_in_rests, simulate
from reach_gym.sessions import SESSIONS

SUBJECTS = 12  # of each group
NUMBERS, ENVIRONMENT, SKIPPED = "numbers", "environment", "not run"
_APART = 1000  # seeds of groups in different sessions: independent subjects
MAX_SUBJECTS = 1000

Teller = Callable[[str, str], None]


@dataclass(frozen=True)
class Cell:
    """What one agent does in one phenomenon.

    Attributes:
        values: float64 (subjects,), NaN where a subject has no value.
        value: Their mean.
        low: Lower end of its 95 % interval over subjects (Student's t).
        high: Upper end.
        verdict: ``"shown"``, ``"absent"``, ``"open"`` or ``"no value"``; see `Phenomenon.verdict`.
        how: ``"numbers"`` for a model without an environment, ``"environment"`` where somebody moved, ``"not run"`` where
            somebody would have had to.
    """

    values: Floats
    value: float
    low: float
    high: float
    verdict: str
    how: str


@dataclass(frozen=True)
class Scorecard:
    """Agents beside people.

    Attributes:
        phenomena: By name, in order.
        agents: Names, in order.
        cells: By the names of phenomenon and agent.
        subjects: Of each group.
        seed: Of the first.
    """

    phenomena: Mapping[str, Phenomenon]
    agents: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]
    subjects: int
    seed: int

    def shown(self, agent: str) -> tuple[int, int]:
        """How many of the scored phenomena an agent shows, and how many are scored: neither contested ones nor those not run."""
        scored = [self.cells[name, agent] for name, each in self.phenomena.items() if not each.contested]
        run = [cell for cell in scored if cell.how != SKIPPED]
        return sum(cell.verdict == SHOWN for cell in run), len(run)

    def to_data(self) -> dict[str, Any]:
        """Everything as plain data; NaN becomes ``None``."""
        rows = []
        for (name, agent), cell in self.cells.items():
            numbers = {key: _plain(getattr(cell, key)) for key in ("value", "low", "high")}
            values = [_plain(value) for value in cell.values.tolist()]
            rows.append(
                {"phenomenon": name, "agent": agent, **numbers, "verdict": cell.verdict, "how": cell.how, "values": values}
            )
        return {"subjects": self.subjects, "seed": self.seed, "agents": list(self.agents), "cells": rows}


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def scorecard(
    agents: Mapping[str, Any] | Sequence[str],
    phenomena: Mapping[str, Phenomenon],
    subjects: int = SUBJECTS,
    seed: int = 0,
    act: bool = False,
    moving: bool = True,
    trust: bool = False,
    tell: Teller = lambda phenomenon, agent: None,
) -> Scorecard:
    """Takes agents through the protocols of phenomena.

    A model goes through a session as numbers where the measure needs no more than what it has learned, which takes a second or
    two; for phenomena of movement, and all other agents, somebody moves in the environment.

    Args:
        agents: What stands behind each name: a name of `reach_gym.models.MODELS`, a model, or an agent as
            `reach_gym.recording.record_group` takes it; or names alone.
        phenomena: Which.
        subjects: Of each group; one per condition.
        seed: The same seed gives the same scorecard.
        act: Whether models move in the environment for every phenomenon.
        moving: Whether models move for phenomena of movement; ``False`` leaves these out, which are those of the controller that
            a model acts through and take minutes.
        trust: See `reach_gym.acting.load_agent`.
        tell: Called with the names of phenomenon and agent before their turn.

    Raises:
        TypeError: An argument has the wrong type.
        ValueError: There is no agent or no phenomenon, or `subjects` is out of range.
    """
    count = checks.integer("subjects", subjects, 2, MAX_SUBJECTS)
    check_seed(seed, count)
    named = dict(agents) if isinstance(agents, Mapping) else {name: name for name in agents}
    for name, given in (("agents", named), ("phenomena", phenomena)):
        if not given:
            raise ValueError(f"`{name}` must name at least one, got none.")
    cells = {}
    for agent, what in named.items():
        done: dict[Any, Behaviour] = {}
        for name, phenomenon in phenomena.items():
            tell(name, agent)
            if model_of(what) is not None and phenomenon.needs == "movement" and not moving:
                cells[name, agent] = _not_run(count)
            else:
                cells[name, agent] = _cell(what, phenomenon, count, seed, act, trust, done)
    ordered = {(name, agent): cells[name, agent] for name in phenomena for agent in named}
    return Scorecard(dict(phenomena), tuple(named), ordered, count, seed)


def check_seed(seed: Any, subjects: int) -> None:
    """Refuses a `seed` that leaves no seeds for all sessions of so many subjects.

    Raises:
        TypeError: It is no integer.
        ValueError: It is out of range.
    """
    checks.integer("seed", seed, 0, checks.MAX_SEED - _APART * len(SESSIONS) - subjects)


def beside(cards: Sequence[Scorecard]) -> Scorecard:
    """Several scorecards as one, agent beside agent; phenomena, number of subjects and seed are those of the first.

    What another one of them has not run is not run there.
    """
    first = cards[0]
    agents = tuple(agent for card in cards for agent in card.agents)
    pairs = [(name, agent, card) for name in first.phenomena for card in cards for agent in card.agents]
    cells = {(name, agent): card.cells.get((name, agent), _not_run(card.subjects)) for name, agent, card in pairs}
    return Scorecard(first.phenomena, agents, cells, first.subjects, first.seed)


def _not_run(subjects: int) -> Cell:
    nothing = float("nan")
    return Cell(np.full(subjects, nothing), nothing, nothing, nothing, NOTHING, SKIPPED)


def model_of(what: Any) -> Model | None:
    """The model that an agent is, by its name or itself; ``None`` for other agents."""
    return MODELS[what]() if isinstance(what, str) and what in MODELS else what if isinstance(what, Model) else None


def _cell(
    what: Any, phenomenon: Phenomenon, subjects: int, seed: int, act: bool, trust: bool, done: dict[Any, Behaviour]
) -> Cell:
    model = model_of(what)
    numbers = model is not None and phenomenon.needs == "state" and not act
    group = {}
    for condition, session in phenomenon.sessions.items():
        key = session, numbers, phenomenon.env_id, str(phenomenon.kwargs)
        if key not in done:
            first = seed + _APART * list(SESSIONS).index(session)
            found = _behaviour(what, model if numbers else None, phenomenon, session, subjects, first, trust)
            # Recordings take much room, and are needed once.
            done[key] = found if phenomenon.needs == "movement" else Behaviour(found.table, found.output, found.error)
        group[condition] = done[key]
    values = phenomenon.measure(group)
    if phenomenon.rests and model is not None and not forgets_in_rests(model):
        values = np.full(subjects, np.nan)
    if phenomenon.needs == "movement":
        done.clear()
    known = values[np.isfinite(values)]
    value, low, high = mean_interval(known) if len(known) > len(values) / 2 else (float("nan"),) * 3
    return Cell(values, value, low, high, phenomenon.verdict(low, high), NUMBERS if numbers else ENVIRONMENT)


def _behaviour(
    what: Any, model: Model | None, phenomenon: Phenomenon, session: str, subjects: int, seed: int, trust: bool
) -> Behaviour:
    if model is not None:
        return simulate(model, SESSIONS[session], subjects, seed, phenomenon.turn)
    actor = what
    if isinstance(what, Model):

        def actor(env: Any) -> ModelAgent:
            return ModelAgent(env, what, seed)

    return observe(actor, phenomenon.env_id, SESSIONS[session], subjects, seed, phenomenon.kwargs, trust)


def said(cell: Cell) -> str:
    """A cell in a few words: the value and its interval."""
    if cell.how == SKIPPED:
        return SKIPPED
    return "-" if cell.verdict == NOTHING else f"{_short(cell.value)} ({_short(cell.low)} to {_short(cell.high)})"


def said_of_people(phenomenon: Phenomenon) -> str:
    """What people do, in a few words: the number where there is one, else its sign."""
    human = phenomenon.human
    if human.value is None:
        return "above 0"
    if human.low is None or human.high is None:
        return _short(human.value)
    return f"{_short(human.low)} to {_short(human.high)} ({human.spread})"


def _short(value: float) -> str:
    return f"{value + 0.0:.2f}".replace("-0.00", "0.00")
