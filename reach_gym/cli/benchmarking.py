"""``reach-gym benchmark``: how good anybody's agents are on the tasks of `reach_gym.evaluation.suite`."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from reach_gym import checks
from reach_gym.acting import wrapping
from reach_gym.acting.protocol import BUILT_IN, parts_of
from reach_gym.benchmark import results
from reach_gym.benchmark.engines import make_engine
from reach_gym.benchmark.jobs import Job, Outcome
from reach_gym.benchmark.probe import require_wrappers
from reach_gym.benchmark.report import PAGE, can_draw, remove_all, write_all
from reach_gym.benchmark.results import JOURNAL, Entry, Journal, Limits, Results
from reach_gym.benchmark.summary import summarise
from reach_gym.benchmark.tables import terminal
from reach_gym.cli import shell
from reach_gym.cli.outputs import check_folder
from reach_gym.errors import missing_extra
from reach_gym.evaluation import suite
from reach_gym.evaluation.suite import SuiteTask

_MIB = 2**20
_USUAL = "quick"


@dataclass(kw_only=True)
class Benchmark(shell.Command):
    """Score agents on held-out trials, each between the random agent (0) and the ideal one (1).

    Every agent runs in a process of its own, with limits. That keeps a broken agent from spoiling the results; it is no sandbox:
    run only code that you would run otherwise.

    Attributes:
        agent: module:attribute (a function, a class or an agent), ideal, adapted, naive, minimum_jerk, random, two_state and
            other models, a run directory or a model's file; label=agent gives it a name without : / and (; {seed} stands for
            the number of the run. Give it more than once to compare agents.
        suite: quick (unless told otherwise), grid, lab, arms, haste, full, adaptation, or the name of a single task; give it
            several times for more.
        family: Only tasks of the grid or of the cursor.
        seeds: Of the held-out trials; without them those of the suite.
        out: A directory for the results as JSON lines, a table for a README and, if Matplotlib is installed, a report.
        overwrite: Replace the results that are there.
        resume: Do what is not there yet, or was done by another agent or version; the report is about the agents, tasks and
            seeds of this call.
        wrapper: module:function, called with the vector environment as an agent sees it, returns a wrapped one; give it several
            times for several, the last one next to the agent. The built-in agents act without.
        trust: Unpickle what a model's file holds, which runs its code; most models of Stable-Baselines3 do without.
        time_limit: Seconds that an agent may take per task and seed; without it the task's.
        memory: MiB that an agent may take.
        engine: local, on processes of this machine, or ray, on a Ray cluster.
        workers: How many processes; without it one per core.
        ray_address: Of the Ray cluster; without it the one that this machine belongs to, or a new one.
        json: Print the results as JSON lines instead of tables.
        progress: Show a progress bar if stderr is a terminal.
    """

    agent: Annotated[list[str], tyro.conf.UseAppendAction]
    suite: Annotated[list[str], tyro.conf.UseAppendAction] = field(default_factory=list)
    family: Literal["grid", "cursor", "all"] = "all"
    seeds: list[int] | None = None
    out: Path | None = None
    overwrite: bool = False
    resume: bool = False
    wrapper: Annotated[list[str], tyro.conf.UseAppendAction] = field(default_factory=list)
    trust: bool = False
    time_limit: float | None = None
    memory: int = 4096
    engine: Literal["local", "ray"] = "local"
    workers: int | None = None
    ray_address: str | None = None
    json: bool = False
    progress: bool = True

    @classmethod
    def default(cls, arguments: list[str]) -> None:
        """Refuses seeds that are given twice: of two lists only the second would count.

        Raises:
            ValueError: They are.
        """
        if [argument.partition("=")[0] for argument in arguments].count("--seeds") > 1:
            raise ValueError("`--seeds` must be given once, with all its values one after the other.")

    def run(self) -> None:
        """Runs the benchmark and tells its results.

        Raises:
            FailedError: An agent failed, or nothing suits it.
        """
        with shell.request():
            tasks, seeds = self._work()
            entries, limits = self._entries(seeds), self._limits()
            jobs = results.jobs_of(entries, tasks, seeds, limits)
            self._check_out()
            require_wrappers(limits.wrappers, limits.path)
            engine = make_engine(self.engine, self.workers, self.ray_address)
            journal = self._journal()
            known = journal.known(jobs) if journal is not None and self.resume else {}
        with self._bar(len(jobs) - len(known)) as advance:

            def on_done(job: Job, outcome: Outcome) -> None:
                if journal is not None:
                    journal.add(job, outcome)
                advance()

            found = results.run(entries, tasks, seeds, engine, limits, on_done, known)
        summary, complaint = summarise(found.records), results.complaint(found.records)
        written = [] if self.out is None else write_all(found, summary, self.out)
        try:
            self._tell(found, summary, written)
        except BrokenPipeError:  # the reader has seen enough, but the exit code is for somebody else
            if not complaint:
                raise
        if complaint:
            raise shell.FailedError(complaint)

    def check(self) -> None:
        """Refuses what `run` would refuse; the agents need not be there yet.

        Raises:
            ValueError: An argument is out of range.
        """
        self._work()
        self._limits()
        self._check_out()

    def _entries(self, seeds: Sequence[int]) -> list[Entry]:
        entries = [Entry.of(text) for text in self.agent]
        for entry in entries:
            for name in dict.fromkeys(entry.agent.replace("{seed}", str(seed)) for seed in seeds):
                # Whether a module has the attribute is for the agent's own process to find out.
                if name not in BUILT_IN and not Path(name).is_dir() and not (name.endswith(".zip") and Path(name).is_file()):
                    parts_of(name)
        return entries

    def _work(self) -> tuple[list[SuiteTask], tuple[int, ...]]:
        tasks, usual = suite.chosen(self.suite or [_USUAL])
        tasks = [task for task in tasks if self.family in ("all", task.family)]
        if not tasks:
            raise ValueError(f"`--family` must leave a task; {', '.join(self.suite or [_USUAL])} has none of {self.family!r}.")
        if any(task.track == "adaptation" for task in tasks) and importlib.util.find_spec("scipy") is None:
            raise missing_extra("scipy", "bench")
        if self.seeds is None:
            return tasks, usual
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"`seeds` must be different numbers, got {self.seeds}.")
        return tasks, tuple(checks.integer("seeds", seed, 0, checks.MAX_SEED) for seed in self.seeds)

    def _limits(self) -> Limits:
        seconds = None if self.time_limit is None else checks.number("time-limit", self.time_limit, 0.1)
        memory = checks.integer("memory", self.memory, 64, _MIB) * _MIB
        return Limits(self.trust, str(Path.cwd()), seconds, memory, tuple(wrapping.check_names(self.wrapper)))

    def _check_out(self) -> None:
        if self.out is None:
            if self.resume or self.overwrite:
                raise ValueError("`--resume` and `--overwrite` need `--out`.")
            return
        if self.resume and self.overwrite:
            raise ValueError("`--resume` and `--overwrite` exclude each other.")
        check_folder(self.out, JOURNAL, self.resume or self.overwrite)

    def _journal(self) -> Journal | None:
        if self.out is None:
            return None
        self.out.mkdir(parents=True, exist_ok=True)
        journal = Journal(self.out)
        if not self.resume:
            remove_all(self.out)
            journal.clear()
        return journal

    def _tell(self, found: Results, summary: dict[str, Any], written: Sequence[Path]) -> None:
        if self.json:
            print(found.lines(), end="")
        else:
            shell.console().print(terminal(summary))
        for path in written:
            print(f"wrote {path}", file=sys.stderr if self.json else sys.stdout)
        if written and not can_draw():
            print(f"no {PAGE}: {missing_extra('matplotlib', 'bench')}", file=sys.stderr)
        sys.stdout.flush()  # so that a reader that has gone is noticed here

    @contextlib.contextmanager
    def _bar(self, total: int) -> Iterator[Callable[[], None]]:
        console = Console(stderr=True)
        if not (self.progress and console.is_terminal):  # below version 14.3 Rich ends even a hidden bar with an empty line
            yield lambda: None
            return
        columns = TextColumn("benchmark"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        with Progress(*columns, console=console) as progress:
            bar = progress.add_task("", total=total)
            yield lambda: progress.advance(bar)
