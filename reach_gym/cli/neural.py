"""``reach-gym neural``: measures of populations with their nulls, beside what is known of neurons."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.table import Table

from reach_gym import checks, files
from reach_gym.cli import shell
from reach_gym.cli.outputs import check_output

if TYPE_CHECKING:
    from reach_gym.findings import Report, Stages
    from reach_gym.neural import Activity

_FILES = ("neural.html", "neural.json", "neural.svg", "neural.pdf", "planes.svg", "planes.pdf")


@dataclass(kw_only=True)
class Neural(shell.Command):
    """Measure what populations of units do while they reach, with nulls and beside what is known of neurons.

    Attributes:
        activity: A file that `reach_gym.neural.Activity.save` wrote, or one of a laboratory (NWB, TrialData); give it several
            times for networks of several seeds. Without any the findings are listed.
        learned: The same population after it learned; with several activities one file for each, in their order. With it, what
            learning changed is measured, beside trials that changed places.
        washed: The same after the washout, likewise.
        control: The same population after as long without what was learned, likewise: what changed there is drift.
        recording: Another file, of an animal or a control network, that is measured beside them and compared with them.
        only: Name of a finding or change; several times for several, all unless told otherwise.
        draws: Of each null; with 100 the least p is 0.01.
        seed: Of the units and trials that are drawn, so that all populations have equally many, and of the nulls.
        units: How many units of each population; as many as the smallest has unless told otherwise.
        before: Length of the preparation before the go cue, s.
        after: End of the movement's window after the hand sets off, s.
        sets_off: When the hand is taken to set off, s after the go cue; by the speed of each trial unless told otherwise. An
            untrained network needs it.
        threshold: Share of a trial's peak speed at which the hand has set off; more for a hand that is never quite still.
        until: How long after the go cue states before and after learning are compared with the output, s.
        dt: Time step with which the NWB file of a laboratory is read, s.
        distance: From start to target, m, for files of laboratories that do not say it.
        out: Directory for the report as HTML and JSON and its figures as SVG and PDF (needs Matplotlib).
        overwrite: Replace files that are there.
    """

    activity: Annotated[list[Path], tyro.conf.UseAppendAction] = field(default_factory=list)
    learned: Annotated[list[Path], tyro.conf.UseAppendAction] = field(default_factory=list)
    washed: Annotated[list[Path], tyro.conf.UseAppendAction] = field(default_factory=list)
    control: Annotated[list[Path], tyro.conf.UseAppendAction] = field(default_factory=list)
    recording: Path | None = None
    only: Annotated[list[str], tyro.conf.UseAppendAction] = field(default_factory=list)
    draws: int = 100
    seed: int = 0
    units: int | None = None
    before: float = 0.1
    after: float = 0.3
    sets_off: float | None = None
    threshold: float = 0.05
    until: float = 0.5
    dt: float = 0.01
    distance: float | None = None
    out: Path | None = None
    overwrite: bool = False

    def run(self) -> None:
        """Prints the numbers, and writes the report if asked to."""
        with shell.request():
            from reach_gym.findings import Windows, activity_in, gather, report
            from reach_gym.findings.measuring import common

            self._check_learning()
            if not self.activity:
                _print_list()
                return
            checks.integer("draws", self.draws, 1)
            self._check_out()
            paths = _named([*self.activity, *([] if self.recording is None else [self.recording])])
            read = {name: activity_in(path, self.dt, distance=self.distance) for name, path in paths.items()}
            loaded = {name: activity for name, (activity, _) in read.items()}
            courses = gather(loaded, self.units, self.seed, Windows(self.before, self.after, self.sets_off, self.threshold))
            recorded = None if self.recording is None else courses[-1]
            if recorded is not None:
                for course in courses[:-1]:
                    common(course, recorded)  # they fit, or it is said before anything is measured
            learning = self._stages(loaded, courses[0].movement.shape[2])
        print("".join(f"{name}, {told}\n\n" for name, (_, told) in read.items() if told), end="")
        group = courses[: len(self.activity)]
        found = report(group, recorded, self.only, self.draws, self.seed, _tell, learning)
        _print(found)
        if self.out is not None:
            write(found, self.out, shlex.join(["reach-gym", *sys.argv[1:]]))
            print(f"\nreport in {self.out}")

    def _check_learning(self) -> None:
        from reach_gym.findings import CHANGES
        from reach_gym.findings.report import PUBLISHED

        for name in self.only:
            if checks.choice("only", name, PUBLISHED) in CHANGES and not self.learned:
                raise ValueError(f"`learned` must be given for {name!r}.")
        for stage in ("learned", "washed", "control"):
            count = len(getattr(self, stage))
            if count not in (0, len(self.activity)):
                raise ValueError(f"`{stage}` must be given for every `activity`, {len(self.activity)} times, got {count}.")
            if count and not self.learned:
                raise ValueError(f"`learned` must be given with `{stage}`.")

    def _stages(self, before: dict[str, Activity], units: int) -> list[Stages]:
        """The populations before and after they learned."""
        from reach_gym.findings import activity_in, stages_of

        found = []
        for place, name in enumerate(list(before)[: len(self.learned)]):
            paths = {stage: getattr(self, stage) for stage in ("learned", "washed", "control")}
            later = {stage: activity_in(each[place], self.dt, distance=self.distance)[0] for stage, each in paths.items() if each}
            window = (-self.before, -before[name].dt)
            found.append(stages_of(name, before[name], **later, units=units, seed=self.seed, window=window, until=self.until))
        return found

    def _check_out(self) -> None:
        if self.out is not None:
            import reach_gym.figures  # noqa: F401  # Matplotlib is there, or it is said at once

            for name in _FILES:
                check_output(self.out / name, self.overwrite)


def _named(paths: list[Path]) -> dict[str, Path]:
    """The files by name: its own, or the whole path where two are called alike."""
    stems = [path.stem for path in paths]
    names = [stem if stems.count(stem) == 1 else str(path) for stem, path in zip(stems, paths, strict=True)]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"`activity` must name every file once, got {checks.shown(name)} twice.")
    return dict(zip(names, paths, strict=True))


def _tell(finding: str, name: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\x1b[2K{name}: {finding}", end="", file=sys.stderr, flush=True)


def _print_list() -> None:
    from reach_gym.findings.report import PUBLISHED

    table = Table("name", "what", "animals", box=None, pad_edge=False, header_style="bold")
    for name, each in PUBLISHED.items():
        table.add_row(name, each.title, each.animals)
    shell.console().print(table)


def _print(report: Report) -> None:
    from reach_gym.findings.page import published, said, said_chance

    if sys.stderr.isatty():
        print("\r\x1b[2K", end="", file=sys.stderr, flush=True)
    console = shell.console()
    both = said, said_chance
    heads = ["finding", "animals", "populations", "chance", *(["recording", "its chance"] if report.recorded else [])]
    rows = []
    for name, summary in report.found.items():
        own = [] if report.recorded is None else [tell(report.found_recorded[name]) for tell in both]
        rows.append([name, published(name), *(tell(summary) for tell in both), *own])
    rows += [[f"{name} with it", "", *(tell(summary) for tell in both)] for name, summary in report.compared.items()]
    if rows:
        console.print(_table(heads, rows))
    control = report.changed_control
    heads = ["change", "populations", "chance", *(["control", "its chance", "difference"] if control else [])]
    rows = []
    for name, summary in report.changed.items():
        own = [*(tell(control[name]) for tell in both), said(summary.less(control[name]))] if control else []
        rows.append([name, *(tell(summary) for tell in both), *own])
    if rows:
        console.print(_table(heads, rows))
    console.print(
        f"{len(report.courses)} populations of {report.units} units; 95 % intervals over populations; chance: median, 95 %, and "
        f"how many are beyond it (p < 0.05), {report.draws} draws",
        style="dim",
    )


def _table(heads: list[str], rows: list[list[str]]) -> Table:
    table = Table(*heads, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(cell.replace("<br>", ", ") for cell in row))
    return table


def write(report: Report, out: Path, command: str) -> None:
    """Writes a report into a directory: HTML, JSON, and the figures as SVG and PDF."""
    from reach_gym.figures import save
    from reach_gym.findings.page import page
    from reach_gym.findings.picture import picture, planes

    out.mkdir(parents=True, exist_ok=True)
    drawings = []
    for name, draw in (("neural", picture), ("planes", planes)):
        for ending in ("pdf", "svg"):
            save(draw(report), out / f"{name}.{ending}")
        svg = (out / f"{name}.svg").read_text(encoding="utf-8")
        drawings.append(svg[svg.index("<svg") :])
    files.write(out / "neural.html", page(report, (drawings[0], drawings[1]), command).encode())
    files.write(out / "neural.json", (json.dumps(report.to_data(), indent=1) + "\n").encode())
