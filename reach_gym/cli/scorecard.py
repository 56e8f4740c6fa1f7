"""``reach-gym phenomena``: what an agent or a model does in the protocols of motor learning, beside what people do."""

from __future__ import annotations

import contextlib
import json
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import tyro
from rich.table import Table

from reach_gym import checks, files
from reach_gym.acting import rollout
from reach_gym.cli import shell
from reach_gym.cli.outputs import check_output
from reach_gym.phenomena import PHENOMENA, Phenomenon, Scorecard, scorecard
from reach_gym.phenomena.record import ABSENT, NOTHING, OPEN, SHOWN
from reach_gym.phenomena.scorecard import (
    ENVIRONMENT,
    MAX_SUBJECTS,
    NUMBERS,
    SKIPPED,
    SUBJECTS,
    check_seed,
    model_of,
    said,
    said_of_people,
)

_COLORS = {SHOWN: "green", ABSENT: "red", OPEN: "yellow", NOTHING: "dim"}
ENDINGS = ("png", "svg", "pdf")


@dataclass(kw_only=True)
class Phenomena(shell.Command):
    """Take agents and models through the protocols of motor learning, beside what people do.

    Attributes:
        agent: A model (one_state, two_state, many_slow, error_sensitivity, contextual), a controller (naive, adapted, ideal,
            minimum_jerk), or an agent as `reach-gym record` takes it; give it several times for several columns. Without any the
            phenomena are listed.
        only: Name of a phenomenon; several times for several, all unless told otherwise.
        subjects: Simulated subjects in each group, at least 12 for intervals that hold.
        seed: Of all draws.
        act: Let models move in the environment even where their numbers would do.
        numbers_only: Leave out the phenomena for which a model would have to move, which takes minutes.
        out: Directory for the scorecard as HTML, JSON, PNG, SVG and PDF (needs Matplotlib).
        overwrite: Replace files that are there.
        trust: Run the code that a .zip file holds; without it, only weights are loaded.
    """

    agent: Annotated[list[str], tyro.conf.UseAppendAction] = field(default_factory=list)
    only: Annotated[list[str], tyro.conf.UseAppendAction] = field(default_factory=list)
    subjects: int = SUBJECTS
    seed: int = 0
    act: bool = False
    numbers_only: bool = False
    out: Path | None = None
    overwrite: bool = False
    trust: bool = False

    def run(self) -> None:
        """Prints the scorecard, and writes it if asked to."""
        with shell.request():
            chosen = self._chosen()
            if not self.agent:
                _print_list(chosen)
                return
            checks.integer("subjects", self.subjects, 2, MAX_SUBJECTS)
            check_seed(self.seed, self.subjects)
            self._check_out()
            self._check_agents(chosen)
        card = self._card(chosen)
        _print(card)
        if self.out is not None:
            write(card, self.out, shlex.join(["reach-gym", *sys.argv[1:]]))
            print(f"\nscorecard in {self.out}")

    def _chosen(self) -> dict[str, Phenomenon]:
        for name in self.only:
            checks.choice("only", name, PHENOMENA)
        return {name: each for name, each in PHENOMENA.items() if not self.only or name in self.only}

    def _check_out(self) -> None:
        if self.out is not None:
            import reach_gym.figures  # noqa: F401  # Matplotlib is there, or it is said at once

            for ending in ("html", "json", *ENDINGS):
                check_output(self.out / f"scorecard.{ending}", self.overwrite)

    def _check_agents(self, chosen: dict[str, Phenomenon]) -> None:
        """Loads every agent once, so that a bad name is a bad request, before anything runs."""
        for name in self.agent:
            if model_of(name) is None:
                env_id = next(iter(chosen.values())).env_id
                env = rollout.make_rows(env_id, 1, None)
                with _no_leaving():
                    rollout.release(rollout.actor(name, env, self.trust))
                env.close()

    def _card(self, chosen: dict[str, Phenomenon]) -> Scorecard:
        def tell(phenomenon: str, agent: str) -> None:
            if sys.stderr.isatty():
                print(f"\r\x1b[2K{agent}: {phenomenon}", end="", file=sys.stderr, flush=True)

        with contextlib.ExitStack() as stack:
            if sys.stderr.isatty():
                stack.callback(print, "\r\x1b[2K", end="", file=sys.stderr, flush=True)
            stack.enter_context(_no_leaving())
            return scorecard(
                tuple(dict.fromkeys(self.agent)),
                chosen,
                self.subjects,
                self.seed,
                self.act,
                not self.numbers_only,
                self.trust,
                tell,
            )


@contextlib.contextmanager
def _no_leaving() -> Iterator[None]:
    """Where code of agents runs, which cannot end the command."""
    try:
        yield
    except SystemExit as leaving:
        raise shell.FailedError(f"an agent called sys.exit({checks.shown(leaving.code)}).") from leaving


def _print_list(chosen: dict[str, Phenomenon]) -> None:
    table = Table("name", "what", "people", box=None, pad_edge=False, header_style="bold")
    for name, each in chosen.items():
        table.add_row(name, each.title + (" (contested, not scored)" if each.contested else ""), each.human.effect)
    shell.console().print(table)


def _print(card: Scorecard) -> None:
    table = Table("phenomenon", "people", *card.agents, "unit", box=None, pad_edge=False, header_style="bold")
    for name, each in card.phenomena.items():
        cells = [card.cells[name, agent] for agent in card.agents]
        told = [f"[{_COLORS[cell.verdict]}]{said(cell)}{'' if cell.how == SKIPPED else f' {cell.verdict}'}[/]" for cell in cells]
        table.add_row(name + (" (contested)" if each.contested else ""), said_of_people(each), *told, each.unit)
    console = shell.console()
    console.print(table)
    console.print()
    for agent in card.agents:
        shown, every = card.shown(agent)
        console.print(f"{agent}: {shown} of {every} scored phenomena shown; {_ways(card, agent)}", markup=False)
    console.print(
        f"{card.subjects} subjects in each group, 95 % intervals over subjects; people: number if one was found", style="dim"
    )


def _ways(card: Scorecard, agent: str) -> str:
    counts = {how: sum(card.cells[name, agent].how == how for name in card.phenomena) for how in (NUMBERS, ENVIRONMENT)}
    return f"{counts[NUMBERS]} run as numbers, {counts[ENVIRONMENT]} in the environment"


def write(card: Scorecard, out: Path, command: str) -> None:
    """Writes a scorecard into a directory: HTML, JSON, and the figure as PNG, SVG and PDF."""
    from reach_gym.figures import save
    from reach_gym.phenomena.page import page
    from reach_gym.phenomena.picture import picture

    out.mkdir(parents=True, exist_ok=True)
    for ending in ENDINGS:
        save(picture(card), out / f"scorecard.{ending}")
    svg = (out / "scorecard.svg").read_text(encoding="utf-8")
    files.write(out / "scorecard.html", page(card, svg[svg.index("<svg") :], command).encode())
    files.write(out / "scorecard.json", (json.dumps(card.to_data(), indent=1) + "\n").encode())
