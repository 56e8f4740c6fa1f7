"""From agents and tasks to scored results: the jobs, their yardsticks, and the files that keep them."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from reach_gym import checks
from reach_gym.acting.protocol import BUILT_IN
from reach_gym.benchmark.engines import Engine
from reach_gym.benchmark.jobs import NOT_APPLICABLE, OK, Job, Outcome, is_current, lost, run_job
from reach_gym.benchmark.process import MEMORY
from reach_gym.evaluation.suite import SuiteTask

RECORDS, JOURNAL = "results.jsonl", "journal.jsonl"
YARDSTICKS = {"score": ("random", "ideal"), "adaptation": ("naive", "adapted")}  # for the scores 0 and 1

_DIGITS = 6  # of scores: what differs by rounding errors is a tie

Key = tuple[str, str, int]  # label, task, seed


@dataclass(frozen=True)
class Entry:
    """An agent that takes part.

    Attributes:
        label: What it is called in the results.
        agent: A name that `reach_gym.acting.protocol.load_agent` takes; ``{seed}`` stands for the number of the run, so that
            every seed may have a trained agent of its own.
    """

    label: str
    agent: str

    @classmethod
    def of(cls, text: str) -> Entry:
        """Reads ``"agent"`` or ``"label=agent"``. A path or a module's attribute may have an equals sign of its own.

        Raises:
            ValueError: A part is empty, or the label cannot be printed.
        """
        label, equals, agent = text.partition("=")
        if equals and (Path(text).exists() or re.search("[:/(]", label)):
            label, equals, agent = text, "", ""
        if not label or not label.isprintable() or (equals and not agent):
            raise ValueError(f"`agent` must be a name or 'label=name', got {checks.shown(text)}.")
        return cls(label, agent if equals else label)


@dataclass(frozen=True)
class Limits:
    """What every agent has and may have.

    Attributes:
        trust: Whether code in an agent's file may be run.
        path: Directory in which relative names and modules are looked up.
        seconds: Wall-clock time per task and seed; ``None`` for the task's.
        memory: Bytes.
        wrappers: Names of what stands between an agent and its environment (`reach_gym.acting.wrapping`). The package's own
            agents, by which the others are measured, act without.
    """

    trust: bool = False
    path: str = "."
    seconds: float | None = None
    memory: int = MEMORY
    wrappers: tuple[str, ...] = ()


@dataclass
class Results:
    """Scored records, and details for the report; both in the order of the agents, the tasks and the seeds.

    Attributes:
        records: Plain JSON; see `reach_gym.benchmark.jobs.run_job`, with ``yardsticks`` and ``score``.
        details: Plain JSON, by agent, task and seed.
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    details: dict[Key, dict[str, Any]] = field(default_factory=dict)

    def lines(self) -> str:
        """The records as JSON lines; the same benchmark gives the same bytes."""
        return "".join(json.dumps(record, allow_nan=False) + "\n" for record in self.records)


class Journal:
    """What has been done so far, in a file of a run directory: a run that is broken off can be resumed.

    It grows job by job and also holds how long each took, so that no two are alike; the results are made from it in order.
    """

    def __init__(self, folder: Path) -> None:
        """Continues the journal of `folder`, or begins one."""
        self._path = folder / JOURNAL

    def add(self, job: Job, outcome: Outcome) -> None:
        """Notes a job that is done."""
        line = json.dumps({"label": job.label, **asdict(outcome)}, allow_nan=False).encode() + b"\n"
        with self._path.open("a+b") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b"\n" else b"\n" + line  # it was broken off in the middle of a line
            file.write(line)

    def clear(self) -> None:
        """Forgets everything. An empty journal stays, by which the directory is known as ours."""
        self._path.write_bytes(b"")

    def known(self, jobs: Iterable[Job]) -> dict[Key, Outcome]:
        """What is known of `jobs`: done by the same code on the same trials, and no failure."""
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return {}
        wanted = {_key(job): job for job in jobs}
        found: dict[Key, Outcome] = {}
        for line in lines:
            try:
                told = json.loads(line)
                outcome = Outcome(told["record"], told["details"], told["seconds"])
                record = outcome.record
                key = str(told["label"]), str(record["task"]), int(record["seed"])
                if not isinstance(outcome.details, dict):
                    continue
                if key in wanted and is_current(wanted[key], record) and record["status"] in (OK, NOT_APPLICABLE):
                    found[key] = outcome
            except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
                continue  # the line at which it broke off, or one that was damaged
        return found


def _key(job: Job) -> Key:
    return job.label, job.task, job.seed


def jobs_of(entries: Sequence[Entry], tasks: Iterable[SuiteTask], seeds: Sequence[int], limits: Limits) -> list[Job]:
    """All jobs of a benchmark, those of the yardsticks first; none twice.

    Raises:
        ValueError: There is no agent, two have the same label, or one has that of a yardstick.
    """
    labels = [entry.label for entry in entries]
    if not labels:
        raise ValueError("`agent` must name at least one agent.")
    for entry in entries:
        if labels.count(entry.label) > 1:
            raise ValueError(f"`agent` must have another label than the others, got {entry.label!r} twice; write 'label=agent'.")
        if entry.label in BUILT_IN and entry.agent != entry.label:
            raise ValueError(f"`agent` must not be labelled {entry.label!r}, the name of one of the package's own.")
    found: dict[Key, Job] = {}
    for task in tasks:
        names = [*(Entry(name, name) for name in YARDSTICKS[task.track]), *entries]
        for entry in names:
            for seed in seeds:
                between = () if entry.agent in BUILT_IN else limits.wrappers
                who = entry.label, entry.agent, task.name, seed
                job = Job(*who, limits.trust, limits.path, limits.seconds, limits.memory, between)
                found.setdefault(_key(job), job)
    return sorted(found.values(), key=lambda job: job.label not in BUILT_IN)


def run(
    entries: Sequence[Entry],
    tasks: Sequence[SuiteTask],
    seeds: Sequence[int],
    engine: Engine,
    limits: Limits,
    on_done: Callable[[Job, Outcome], None] = lambda job, outcome: None,
    known: dict[Key, Outcome] | None = None,
) -> Results:
    """Runs a benchmark.

    Args:
        entries: Who takes part.
        tasks: On what.
        seeds: Of the held-out trials; run k of an agent is that with the k-th seed.
        engine: Where.
        limits: What an agent may have.
        on_done: Is told of every job that is done.
        known: Outcomes of an earlier run that need not be done again.

    Returns:
        The results of the entries, bit for bit the same in every run.

    Raises:
        ValueError: See `jobs_of`.
        RuntimeError: A yardstick could not be had.
    """
    outcomes: dict[Key, Outcome] = dict(known or {})
    pending = [job for job in jobs_of(entries, tasks, seeds, limits) if _key(job) not in outcomes]
    for done in engine.run(run_job, pending):
        job = pending[done.place]
        outcome = lost(job, done.error) if done.error else done.value
        outcomes[_key(job)] = outcome
        on_done(job, outcome)
    return scored(entries, tasks, seeds, outcomes)


def scored(entries: Sequence[Entry], tasks: Sequence[SuiteTask], seeds: Sequence[int], outcomes: dict[Key, Outcome]) -> Results:
    """The results of the entries whose `outcomes`, and those of the yardsticks, are there.

    Raises:
        RuntimeError: A yardstick failed.
    """
    results = Results()
    for entry in entries:
        for task in tasks:
            for seed in seeds:
                key = entry.label, task.name, seed
                marks = [outcomes.get((name, task.name, seed)) for name in YARDSTICKS[task.track]]
                if key in outcomes and all(marks):
                    outcome = outcomes[key]
                    results.records.append(_scored(outcome, marks, task))
                    results.details[key] = outcome.details
                    # The report shows what the agents are measured by.
                    for name, mark in zip(YARDSTICKS[task.track], marks, strict=True):
                        results.details.setdefault((name, task.name, seed), mark.details if mark is not None else {})
    return results


def _scored(outcome: Outcome, marks: Sequence[Any], task: SuiteTask) -> dict[str, Any]:
    """The record with its score: where its value lies on the way from the first yardstick, 0, to the second, 1."""
    for mark in marks:
        if mark.record["status"] != OK:
            raise RuntimeError(f"the yardstick {mark.record['agent']} failed on {task.name}: {mark.record['message']}")
    value, low, high = outcome.record["value"], *(mark.record["value"] for mark in marks)
    score = None if value is None or low is None or high is None or high == low else round((value - low) / (high - low), _DIGITS)
    named = dict(zip(YARDSTICKS[task.track], (low, high), strict=True))
    return {**outcome.record, "yardsticks": named, "score": score}


def complaint(records: Sequence[Mapping[str, Any]]) -> str:
    """What went wrong, in one line; empty if every agent did what suits it, and something suits every one."""
    parts = []
    for agent in dict.fromkeys(record["agent"] for record in records):
        mine = [record for record in records if record["agent"] == agent]
        failed = [record["status"] for record in mine if record["status"] not in (OK, NOT_APPLICABLE)]
        if failed:
            parts.append(f"{agent} failed in {len(failed)} of {len(mine)} runs ({', '.join(dict.fromkeys(failed))})")
        elif all(record["status"] == NOT_APPLICABLE for record in mine):
            parts.append(f"no task suits {agent} ({mine[0]['message'].rstrip('.')})")
    return "; ".join(parts)
