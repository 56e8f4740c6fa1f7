"""``python -m benchmarks in_context``: networks that adapt with frozen weights, beside three controls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from agents.in_context.agents import InContextAgent
from agents.in_context.config import InContextConfig
from agents.in_context.memory import Memory, read_memory
from agents.in_context.network import GatedNetworks
from agents.in_context.probe import Course, Floats, curl_figures, figures_of, go_through, known_mean, savings_of
from agents.in_context.sessions import CLAMPED, CURL, TASK, held_out_fields
from agents.in_context.training import learn
from benchmarks.in_context_figure import draw
from benchmarks.training_report import table
from reach_gym import checks, files
from reach_gym.cli import shell
from reach_gym.evaluation.statistics import mean_interval
from reach_gym.phenomena import PHENOMENA, scorecard

DRAWN, CURLS = slice(0, 16), slice(16, 32)  # of the held-out fields
CONDITIONS = ("memory", "reset", "robust", "shuffled")
TRIED = (
    "learning_curve", "after_effect", "savings", "savings_after_counter", "anterograde_interference", "spontaneous_recovery",
    "evoked_recovery", "clamp_decay", "clamps_keep_longer",
)  # fmt: skip
SUBJECTS = 4  # of each network
_TOLD = """Means over {count} networks, with 95 % intervals over networks (Student's t). Each network goes through a session of
20 trials without a field, 100 with it, 30 without and 30 with it again, once for each of 32 fields: 16 curls of {curl:g} N s/m,
half of each sign, and 16 new draws. Deviations are the largest of a trial, to either side."""
_SCORED = """Protocols of `reach_gym.phenomena` in the networks' own task, with a curl; {subjects} subjects of each network,
intervals over networks:"""


@dataclass(frozen=True)
class Found:
    """What the networks did with frozen weights.

    Attributes:
        courses: Through the session of `agents.in_context.sessions.ADAPTATION`, by the name of the condition.
        clamped: With memory, through that of `CLAMPED`.
        memory: What can be read of the field from what is remembered.
    """

    courses: dict[str, Course]
    clamped: Course
    memory: Memory


@dataclass(kw_only=True)
class InContext(shell.Command):
    """Networks that learn over sessions how to adapt, and adapt with frozen weights.

    Attributes:
        seeds: How many networks of each kind, from seed 0 on; they are trained side by side.
        updates: Over sessions; as in the results unless told otherwise.
        robust: The same of the control with a field per trial.
        runs: Directory in which trainings are kept, and gone on with.
        scored: Whether they also go through the protocols of phenomena, which takes some minutes.
        out: Where in_context.md, .png and .svg are written.
    """

    seeds: int = 5
    updates: int = InContextConfig.updates
    robust: int = InContextConfig.updates
    runs: Path = Path("runs/in_context")
    scored: bool = True
    out: Path = Path("benchmarks/results")

    def run(self) -> None:
        """Trains, tests, prints and writes."""
        with shell.request():
            seeds = checks.integer("seeds", self.seeds, 2, 100)
            configs = {"memory": InContextConfig(updates=self.updates)}
            configs["robust"] = InContextConfig(updates=self.robust, redrawn=True)
        torch.set_num_threads(1)
        networks = {name: trained(config, seeds, self.runs / name) for name, config in configs.items()}
        found = tested(networks["memory"], networks["robust"])
        text = report(found, phenomena(networks["memory"]) if self.scored else [])
        print(text)
        self.out.mkdir(parents=True, exist_ok=True)
        files.write(self.out / "in_context.md", text.encode())
        draw(found.courses, found.clamped, CURLS, DRAWN, self.out / "in_context")


def trained(config: InContextConfig, seeds: int, directory: Path) -> GatedNetworks:
    """As many networks side by side, from where their training in `directory` stands."""
    network = GatedNetworks(config.units, range(seeds), products=config.products)
    learn(network, config, 0, directory=directory)
    return network


def tested(memory: GatedNetworks, robust: GatedNetworks) -> Found:
    """Both kinds of networks with frozen weights in fields that none has met."""
    fields = held_out_fields(0)
    courses = {
        "memory": go_through(memory, fields, 0),
        "reset": go_through(memory, fields, 0, forgets=True),
        "robust": go_through(robust, fields, 0),
        "shuffled": go_through(memory, fields, 0, shuffled=True),
    }
    return Found(courses, go_through(memory, fields[CURLS], 0, CLAMPED), read_memory(memory, 0))


def phenomena(network: GatedNetworks) -> list[tuple[str, str, str]]:
    """Rows of a table: protocols of phenomena in the networks' own task, with intervals over networks."""

    class Subject(InContextAgent):
        """Some subjects of every network, made anew for every session."""

        def __init__(self, env: Any) -> None:
            super().__init__(network)

    field = {"viscosity": [[0.0, -CURL], [CURL, 0.0]]}
    tried = {name: replace(PHENOMENA[name], env_kwargs={**TASK, "field": field}) for name in TRIED}
    card = scorecard({"memory": Subject}, tried, SUBJECTS * network.replicates)
    rows = []
    for name, each in tried.items():
        values = card.cells[name, "memory"].values.reshape(network.replicates, -1)
        if not np.isfinite(values).all():
            rows.append((name, "no value", ""))
            continue
        found = mean_interval(values.mean(axis=1))
        rows.append((name, _said(found, "{:.2f}"), each.verdict(found.low, found.high)))
    return rows


def _said(found: Any, form: str) -> str:
    return f"{form} ({form} to {form})".format(found.value, found.low, found.high)


def _over_networks(values: Floats, form: str = "{:.1f}") -> str:
    return _said(mean_interval(values), form)


def report(found: Found, scored: list[tuple[str, str, str]]) -> str:
    """The tables in Markdown."""
    count = len(found.courses["memory"].deviation)
    lines = ["# Adaptation in context", "", _TOLD.format(count=count, curl=CURL), ""]
    for title, fields in (("Curls, unlike any field of the training", CURLS), ("New draws of the training's fields", DRAWN)):
        numbers = {name: figures_of(found.courses[name].of(fields)) for name in CONDITIONS}
        rows = [
            [name, *(_over_networks(each[key]) for key in ("baseline", "first", "last", "left"))]
            for name, each in numbers.items()
        ]
        heads = ("largest deviation, mm", "baseline", "first trial of the field", "its last 20", "left, % of the first")
        lines += [f"{title}:", "", *table(heads, rows), ""]
    lines += [*table(("in curls, with memory", ""), _more(found)), "", *_read(found.memory), ""]
    if scored:
        lines += [_SCORED.format(subjects=SUBJECTS), "", *table(("phenomenon", "effect", "verdict"), scored), ""]
    return "\n".join(lines)


def _read(memory: Memory) -> list[str]:
    heads = ("read from the state after so many trials", *map(str, memory.trials))
    parts = {"R² in new draws": memory.r2, "by chance": memory.chance, "curl read of a curl, of 1": memory.curl}
    return table(heads, [[name, *(f"{value:.2f}" for value in values.mean(0))] for name, values in parts.items()])


def _more(found: Found) -> list[list[str]]:
    course = found.courses["memory"].of(CURLS)
    curls, saved = curl_figures(course), savings_of(course)
    clamps = found.clamped.slope[..., found.clamped.block("clamps")]
    early, late = (known_mean(clamps[..., part], (1, 2)) for part in (slice(0, 5), slice(-20, None)))
    return [
        ["error in the first trial of the field, mm", _over_networks(curls["error"])],
        ["after-effect in the first trial of the washout, mm", _over_networks(curls["after-effect"])],
        ["in the second, mm", _over_networks(curls["second"])],
        ["compensated in channels, second half of the field", _over_networks(curls["compensated"], "{:.2f}")],
        ["compensated in channels of the baseline", _over_networks(curls["compensated before"], "{:.2f}")],
        ["compensated in clamps 1 to 5 after the field", _over_networks(early, "{:.2f}")],
        ["compensated in clamps 31 to 50", _over_networks(late, "{:.2f}")],
        ["savings: how much smaller the deviation in trials 2 to 6 is the second time, mm", _over_networks(saved)],
    ]
