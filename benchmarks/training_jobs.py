"""Many runs of training in one directory: each a line of its file, and only those that are missing are done."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from agents.common import runs
from benchmarks.dqn import RECORDS, read
from benchmarks.training_report import Record, name
from benchmarks.training_run import Job
from reach_gym import checks, files
from reach_gym.acting.recipes import ALGORITHMS
from reach_gym.benchmark.engines import make_engine
from reach_gym.cli import shell
from reach_gym.cli.tasks import full_id
from reach_gym.registration import TASKS


def do_missing(
    out: Path,
    kind: str,
    jobs: int,
    wanted: Callable[[], list[Job]],
    measure: Callable[[Job], Record],
    on_done: Callable[[Sequence[Record]], None],
    on_end: Callable[[Sequence[Record]], None] = lambda records: None,
) -> None:
    """Does the runs that the directory lacks.

    Args:
        out: The directory.
        kind: Of run directory.
        jobs: Runs at the same time.
        wanted: All runs; a `ValueError` in it is the request's fault.
        measure: Does one.
        on_done: Is told of all records after every run, the new one last.
        on_end: Is told of them in the end, if only some runs have failed.

    Raises:
        FailedError: A run failed; the others were done.
    """
    with ExitStack() as stack:
        with shell.request():
            every = wanted()
            engine = make_engine("local", checks.integer("jobs", jobs, 1))
            stack.enter_context(runs.claimed(out, kind, resume=runs.is_run(out, kind)))
        records = [each for each in read(out / RECORDS) if is_current(each)]
        done = {job_of(each) for each in records}
        missing = [job for job in every if job not in done]
        console, failed = shell.console(), 0
        for result in engine.run(measure, missing):
            if result.error:
                failed += 1
                console.print(f"failed: {name(missing[result.place]._asdict())}: {result.error}")
                continue
            records.append(result.value)
            files.write(out / RECORDS, "".join(json.dumps(each) + "\n" for each in records).encode())
            on_done(records)
        on_end(records)
        console.print(f"written to {out}")
    if failed:
        raise shell.FailedError(f"{failed} of {len(missing)} runs failed.")


def by_recipes(
    algos: Sequence[str], tasks: Sequence[str], seeds: Sequence[int], episodes: int, observation: str | None = None
) -> list[Job]:
    """Every algorithm on every task, with the steps of its recipe and one look in the end; seed by seed, to see of all soon.

    Raises:
        ValueError: There is no such algorithm or task, a seed is out of range, or a pair has no recipe.
    """
    for seed in seeds:
        checks.integer("seeds", seed, 0, 2**32 - 1)
    for algo in algos:
        checks.choice("algos", algo, tuple(ALGORITHMS))
    own = {task: TASKS[task].kwargs.get("observation", "vector") for task in map(full_id, tasks)}
    jobs = [
        Job(algo, task, 0, 1, 1, episodes, None if seen == observation else observation)
        for task, seen in own.items()
        for algo in algos
    ]
    for job in jobs:
        if not has_recipe(job):
            seen = "" if observation is None else f" with the observation {observation!r}"
            raise ValueError(f"`algos` must have a recipe for each of the tasks, got {job.algo} for {job.env_id}{seen}.")
    return [job._replace(seed=seed, budget=job.recipe().steps) for seed in seeds for job in jobs]


def has_recipe(job: Job) -> bool:
    """Whether the algorithm has settings for the task."""
    try:
        job.recipe()
    except ValueError:
        return False
    return True


def job_of(record: Record) -> Job:
    """What a record is about."""
    return Job(**{name: record[name] for name in Job._fields if name in record})


def is_current(record: Record) -> bool:
    """Whether a run was done by the settings that hold now."""
    job = job_of(record)
    return job.env_id in TASKS and has_recipe(job) and record["settings"] == job.settings()
