"""One piece of work of a benchmark: one agent, one task, one seed. A pure function from plain data to plain data."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from reach_gym.acting import rollout
from reach_gym.acting.protocol import BUILT_IN
from reach_gym.benchmark import wire
from reach_gym.benchmark.process import MEMORY, PACKAGES, AgentFailure, AgentProcess, printable
from reach_gym.benchmark.provenance import commit, source, versions
from reach_gym.benchmark.remote import remote_agent
from reach_gym.benchmark.sessions import session_facts
from reach_gym.benchmark.system import on_one_core
from reach_gym.errors import InvalidActionError, NotApplicableError
from reach_gym.evaluation import CursorEvaluation, Evaluation, by_direction, evaluate, subset, suite
from reach_gym.evaluation.suite import SuiteTask
from reach_gym.grid.keywords import GridReach
from reach_gym.recording import Recording, record
from reach_gym.recording.sessions import record_session
from reach_gym.registration import TASKS

OK, NOT_APPLICABLE = "ok", "not_applicable"
_PATHS = 12  # trials whose paths are kept for the report
_MICRON = 6  # decimals of a metre


@dataclass(frozen=True)
class Job:
    """Who does what.

    Attributes:
        label: What the agent is called.
        agent: A name that `reach_gym.acting.protocol.load_agent` takes.
        task: Name of a task of `reach_gym.evaluation.suite.TASKS`.
        seed: Of the held-out trials, and of what the agent draws.
        trust: Whether code in the agent's file may be run.
        path: Directory in which relative names are looked up.
        seconds: Wall-clock limit; ``None`` for the task's.
        memory: Limit in bytes.
        wrappers: Names that `reach_gym.acting.wrapping.load` takes, between the agent and its environment.
    """

    label: str
    agent: str
    task: str
    seed: int
    trust: bool = False
    path: str = "."
    seconds: float | None = None
    memory: int = MEMORY
    wrappers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What came of a job.

    Attributes:
        record: The result, plain JSON; the same job gives the same record.
        details: Paths and courses for the report, plain JSON, as reproducible.
        seconds: How long it took; not reproducible, and therefore kept apart.
    """

    record: dict[str, Any]
    details: dict[str, Any]
    seconds: float


def run_job(job: Job) -> Outcome:
    """Does one job. The package's own agents act here; every other agent acts in a process of its own.

    Whatever an agent does becomes a status of the record.
    """
    task, begin = suite.TASKS[job.task], time.monotonic()
    facts: dict[str, Any] = {"status": OK, "message": ""}
    found: dict[str, Any] = {}
    details: dict[str, Any] = {}
    try:
        with _agent_of(job, task, found) as (agent, kwargs):
            found["observation"] = kwargs["observation"]
            told, details = measure(agent, replace(task, kwargs=kwargs), job.seed)
            facts.update(told)
    except AgentFailure as failure:
        facts, details = {"status": failure.status, "message": failure.message}, {}
    except InvalidActionError as error:
        facts = {"status": "invalid_action", "message": printable(" ".join(str(error).split()))}
    except NotApplicableError as error:
        facts = {"status": NOT_APPLICABLE, "message": " ".join(str(error).split())}
    return Outcome(_record(job, task, facts, found), details, time.monotonic() - begin)


@contextmanager
def _agent_of(job: Job, task: SuiteTask, found: dict[str, Any]) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The agent of a job and the keywords of the environment that suits it; what is learned of it goes into `found`."""
    kinds = task.kinds
    if job.agent in BUILT_IN:
        yield job.agent, {**task.kwargs, "observation": kinds[0]}
        return
    told = {
        **{"agent": resolved(job), "trust": job.trust, "path": str(Path(job.path).absolute()), "seed": job.seed},
        **{"env_id": task.env_id, "kwargs": task.kwargs, "observations": kinds},
        "rows": 1 if task.is_session else min(task.episodes, rollout.BATCH),
        "session": task.is_session,
        "wrappers": _wrappers(job),
    }
    with on_one_core():
        process = AgentProcess(told, task.seconds if job.seconds is None else job.seconds, job.memory)
        try:
            found["versions"] = _versions_of(process)
            yield remote_agent(process, task.family), {**task.kwargs, "observation": _kind_of(process, kinds)}
            process.ask(wire.END)  # who learns may have failed at the last step
        finally:
            process.close()


def _kind_of(process: AgentProcess, kinds: tuple[str, ...]) -> str:
    kind = process.told.get("observation")
    if kind not in kinds:
        raise AgentFailure("crashed", "it sent nonsense")
    return str(kind)


def _versions_of(process: AgentProcess) -> dict[str, str]:
    """What the agent's process says of the packages that it has loaded, as far as it makes sense."""
    told = process.told.get("versions")
    known = {name: told.get(name) for name in PACKAGES} if isinstance(told, dict) else {}
    return {name: printable(version)[:40] for name, version in known.items() if isinstance(version, str)}


def resolved(job: Job) -> str:
    """The agent's name for its process: ``{seed}`` is filled in, and a path leads there from any directory."""
    return _absolute(job.agent.replace("{seed}", str(job.seed)), job.path)


def _wrappers(job: Job) -> list[str]:
    """The names of a job's wrappers for the agent's process."""
    return [_absolute(name, job.path) for name in job.wrappers]


def _absolute(name: str, folder: str) -> str:
    before, called, text = name.partition("(")
    path = Path(folder, text[:-1] if called else name)
    if not path.exists():
        return name
    return f"{before}({path.absolute()})" if called else str(path.absolute())


def measure(agent: Any, task: SuiteTask, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """What an agent does on a task.

    Returns:
        ``measures``, the means of `reach_gym.evaluation.held_out`, their ``intervals``, and ``directions``, what came of the
        trials by direction where the task asks for it; and details for the report.
    """
    if task.family == "grid":
        evaluation: Evaluation | CursorEvaluation = evaluate(
            agent, task.env_id, task.episodes, seed, task.kwargs, session=task.is_session
        )
        return _told(evaluation, task), {"paths": _grid_paths(_counted(evaluation, task), task)}
    # What `evaluate` returns is made of this recording, too; but here the paths are of interest.
    if task.is_session:
        recording = record_session(agent, task.env_id, task.episodes, seed, task.kwargs)
    else:
        recording = record(agent, task.env_id, task.episodes, seed, task.kwargs, observe=False)
    told = _told(CursorEvaluation.of(recording), task)
    if task.track == "adaptation":
        numbers, courses = session_facts(recording)
        return {**told, "measures": {**told["measures"], **_plain(numbers)}}, courses
    return told, {"paths": _paths(recording, task)}


def _told(evaluation: Any, task: SuiteTask) -> dict[str, Any]:
    """The means of the trials that count, the ends of their 95 % intervals over these trials, and what came by direction."""
    counted = _counted(evaluation, task)
    directions = by_direction(counted, task.sectors) if task.sectors else {}
    return {
        "measures": _plain(counted.summary()),
        "intervals": {name: _known([each.low, each.high]) for name, each in counted.intervals().items()},
        "directions": {name: _known(values) for name, values in directions.items()},
    }


def _counted(evaluation: Any, task: SuiteTask) -> Any:
    """The trials that count."""
    if task.block is None:
        return evaluation
    names = [block["name"] for block in task.kwargs["schedule"]]
    return subset(evaluation, evaluation.block == names.index(task.block))


def _plain(numbers: dict[str, float]) -> dict[str, float | None]:
    """JSON has no NaN, which stands where an average has nothing to average."""
    return dict(zip(numbers, _known(numbers.values()), strict=True))


def _known(values: Iterable[float]) -> list[float | None]:
    return [float(value) if math.isfinite(value) else None for value in values]


def _grid_paths(evaluation: Evaluation, task: SuiteTask) -> list[dict[str, Any]]:
    """The cursor's paths of some trials, in squares."""
    size = int({**TASKS[task.env_id].kwargs, **task.kwargs}.get("size", GridReach.size))
    kept = zip(evaluation.targets[:_PATHS], evaluation.path[:_PATHS], strict=True)
    cells = ((target, line[line >= 0]) for target, line in kept)
    return [
        {"size": size, "target": target.tolist(), "path": np.stack([line % size, line // size], axis=1).tolist()}
        for target, line in cells
    ]


def _paths(recording: Recording, task: SuiteTask) -> list[dict[str, Any]]:
    """The cursor's paths of some trials, from the go cue on."""
    names = [block["name"] for block in recording.metadata["schedule"]]
    rows = range(len(recording)) if task.block is None else np.flatnonzero(recording.block == names.index(task.block)).tolist()
    return [
        {
            "target": recording.target[row].round(_MICRON).tolist(),
            "path": recording.cursor[row, recording.go[row] : recording.steps[row] + 1].round(_MICRON).tolist(),
        }
        for row in list(rows)[:_PATHS]
    ]


def _record(job: Job, task: SuiteTask, facts: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    kwargs = {**task.kwargs, **({"observation": found["observation"]} if "observation" in found else {})}
    measures, intervals, directions = (facts.pop(name, None) for name in ("measures", "intervals", "directions"))
    return {
        **{"agent": job.label, "name": job.agent, "task": job.task, "seed": job.seed, **facts},
        "env": {"id": task.env_id, "kwargs": kwargs, "episodes": task.episodes, "session": task.is_session, "block": task.block},
        "trials": _fingerprint(job.task, job.seed),
        "measure": task.measure,
        "value": None if measures is None else measures[task.measure],
        "measures": measures,
        "intervals": intervals,
        **({"directions": directions} if directions else {}),
        "wrappers": list(job.wrappers),
        "source": source(resolved(job), job.path, _wrappers(job)),
        "versions": {**found.get("versions", {}), **versions(scipy=task.track == "adaptation")},
        "commit": commit(),
    }


@functools.lru_cache
def _fingerprint(task: str, seed: int) -> str:
    return suite.fingerprint(suite.TASKS[task], seed)


def is_current(job: Job, record: dict[str, Any]) -> bool:
    """Whether `record` is what the same code would say of `job` today."""
    task = suite.TASKS[job.task]
    now = _record(job, task, {}, {})
    then = {name: record["versions"].get(name) for name in now["versions"]}
    same = all(record[name] == now[name] for name in ("name", "wrappers", "source", "trials", "commit"))
    return same and then == now["versions"] and record["env"]["episodes"] == task.episodes


def lost(job: Job, reason: str) -> Outcome:
    """The outcome of a job that nobody could do."""
    return Outcome(_record(job, suite.TASKS[job.task], {"status": "crashed", "message": reason}, {}), {}, 0.0)
