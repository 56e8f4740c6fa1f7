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
from reach_gym.acting.recipes import recipe
from reach_gym.benchmark.engines import make_engine
from reach_gym.cli import shell
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


def has_recipe(algo: str, env_id: str) -> bool:
    """Whether an algorithm has settings for a task."""
    try:
        recipe(algo, env_id)
    except ValueError:
        return False
    return True


def job_of(record: Record) -> Job:
    """What a record is about."""
    return Job(*(record[name] for name in Job._fields))


def is_current(record: Record) -> bool:
    """Whether a run was done by the settings that hold now."""
    job = job_of(record)
    return job.env_id in TASKS and has_recipe(job.algo, job.env_id) and record["settings"] == job.settings()
