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
    from reach_gym.findings import Report

_FILES = ("neural.html", "neural.json", "neural.svg", "neural.pdf", "planes.svg", "planes.pdf")


@dataclass(kw_only=True)
class Neural(shell.Command):
    """Measure what populations of units do while they reach, with nulls and beside what is known of neurons.

    Attributes:
        activity: A file that `reach_gym.neural.Activity.save` wrote, or one of a laboratory (NWB, TrialData); give it several
            times for networks of several seeds. Without any the findings are listed.
        recording: Another file, of an animal or a control network, that is measured beside them and compared with them.
        only: Name of a finding; several times for several, all unless told otherwise.
        draws: Of each null; with 100 the least p is 0.01.
        seed: Of the units and trials that are drawn, so that all populations have equally many, and of the nulls.
        units: How many units of each population; as many as the smallest has unless told otherwise.
        before: Length of the preparation before the go cue, s.
        after: End of the movement's window after the hand sets off, s.
        sets_off: When the hand is taken to set off, s after the go cue; by the speed of each trial unless told otherwise. An
            untrained network needs it.
        dt: Time step with which the NWB file of a laboratory is read, s.
        distance: From start to target, m, for files of laboratories that do not say it.
        out: Directory for the report as HTML and JSON and its figures as SVG and PDF (needs Matplotlib).
        overwrite: Replace files that are there.
    """

    activity: Annotated[list[Path], tyro.conf.UseAppendAction] = field(default_factory=list)
    recording: Path | None = None
    only: Annotated[list[str], tyro.conf.UseAppendAction] = field(default_factory=list)
    draws: int = 100
    seed: int = 0
    units: int | None = None
    before: float = 0.1
    after: float = 0.3
    sets_off: float | None = None
    dt: float = 0.01
    distance: float | None = None
    out: Path | None = None
    overwrite: bool = False

    def run(self) -> None:
        """Prints the numbers, and writes the report if asked to."""
        with shell.request():
            from reach_gym.findings import FINDINGS, Windows, gather, report
            from reach_gym.findings.files import activity_in
            from reach_gym.findings.measuring import common

            for name in self.only:
                checks.choice("only", name, FINDINGS)
            if not self.activity:
                _print_list()
                return
            checks.integer("draws", self.draws, 1)
            self._check_out()
            paths = _named([*self.activity, *([] if self.recording is None else [self.recording])])
            read = {name: activity_in(path, self.dt, distance=self.distance) for name, path in paths.items()}
            loaded = {name: activity for name, (activity, _) in read.items()}
            courses = gather(loaded, self.units, self.seed, Windows(self.before, self.after, self.sets_off))
            recorded = None if self.recording is None else courses[-1]
            if recorded is not None:
                for course in courses[:-1]:
                    common(course, recorded)  # they fit, or it is said before anything is measured
        print("".join(f"{name}, {told}\n\n" for name, (_, told) in read.items() if told), end="")
        group = courses[: len(self.activity)]
        found = report(group, recorded, self.only, self.draws, self.seed, _tell)
        _print(found)
        if self.out is not None:
            write(found, self.out, shlex.join(["reach-gym", *sys.argv[1:]]))
            print(f"\nreport in {self.out}")

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
    from reach_gym.findings import FINDINGS

    table = Table("name", "what", "animals", box=None, pad_edge=False, header_style="bold")
    for name, each in FINDINGS.items():
        table.add_row(name, each.title, each.animals)
    shell.console().print(table)


def _print(report: Report) -> None:
    from reach_gym.findings.page import published, said, said_chance

    heads = ["finding", "animals", "populations", "chance", *(["recording", "its chance"] if report.recorded else [])]
    table = Table(*heads, box=None, pad_edge=False, header_style="bold")
    for name, summary in report.found.items():
        own = [] if report.recorded is None else [f(report.found_recorded[name]) for f in (said, said_chance)]
        cells = [published(name), said(summary), said_chance(summary), *own]
        table.add_row(name, *(cell.replace("<br>", ", ") for cell in cells))
    for name, summary in report.compared.items():
        table.add_row(f"{name} with it", "", *(cell.replace("<br>", ", ") for cell in (said(summary), said_chance(summary))))
    if sys.stderr.isatty():
        print("\r\x1b[2K", end="", file=sys.stderr, flush=True)
    console = shell.console()
    console.print(table)
    console.print(
        f"{len(report.courses)} populations of {report.units} units; 95 % intervals over populations; chance: median, 95 %, and "
        f"how many are beyond it (p < 0.05), {report.draws} draws",
        style="dim",
    )


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
