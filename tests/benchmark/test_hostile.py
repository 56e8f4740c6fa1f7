"""A stranger's agent cannot spoil a benchmark: it gets a status, and the scores of the others stay the same bit for bit."""

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from reach_gym.benchmark import jobs, referees
from reach_gym.benchmark.engines import LocalEngine
from reach_gym.benchmark.jobs import Job, run_job
from reach_gym.benchmark.report import html
from reach_gym.benchmark.results import Entry, Limits, Results, complaint, run
from reach_gym.benchmark.summary import summarise
from reach_gym.benchmark.tables import markdown
from reach_gym.evaluation import evaluate, suite

STRANGERS = Path(__file__).parent / "strangers"
HOSTILE = {
    "raises": ("error", r"KeyError: 'no idea' \(hostile.py:\d+\)"),
    "hangs": ("timeout", "longer than 5 s"),
    "ignores_interrupts": ("timeout", "longer than 5 s"),
    "strings": ("invalid_action", "must return numbers"),
    "nothing": ("invalid_action", "must return numbers, got None"),
    "not_a_number": ("invalid_action", "integers from 0 to 7"),
    "wrong_shape": ("invalid_action", "integers from 0 to 7"),
    "out_of_range": ("invalid_action", "integers from 0 to 7"),
    "huge": ("invalid_action", "one action per row"),
    "evil": ("error", "ZeroDivisionError"),
    "prints": ("output", "more than 16 MiB"),
    "exits_at_once": ("crashed", "exit code 0"),
    "exits": ("crashed", r"sys.exit\(0\)"),
    "edits": ("error", "read-only"),
    "allocates": ("memory", "MemoryError|memory"),
    "kills_itself": ("crashed", "SIGKILL"),
    "kills_its_referee": ("crashed", "lost 3 times"),
    "breaks_memory": ("crashed", "SIGSEGV"),
    "talks_nonsense": ("crashed", "it sent"),
    "says_ok": ("crashed", "a status that there is not"),
    "Introduces": ("crashed", "it sent"),
    "leaves_a_twin": ("crashed", "exit code 0"),
    "hangs_with_a_twin_elsewhere": ("timeout", "longer than 5 s"),
    "paints": ("error", "ValueError: . .\\[31mred.\\[0m. "),
    "addresses": ("error", r"<object object at 0x\.\.\.> in \. \(hostile.py"),
    "Peeps": ("not_applicable", "must be a grid reach"),
    "is_not_there": ("error", "AttributeError"),
}
HARMLESS = ("closes_its_output", "Tampers")
TASK = suite.TASKS["grid-null"]


def entries(names):
    return [Entry(name, f"hostile:{name}") for name in names]


def benchmark(agents, seconds=5.0):
    return run(agents, [TASK], (0,), LocalEngine(2), Limits(path=str(STRANGERS), seconds=seconds, memory=2**29)).records


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    twin = tmp_path_factory.mktemp("twins") / "child"
    note, folder = tmp_path_factory.mktemp("hostile") / "child", tmp_path_factory.mktemp("folders")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOSTILE_CHILD", str(note))
        patch.setenv("HOSTILE_TWIN", str(twin))
        patch.setattr(tempfile, "tempdir", str(folder))
        agents = [Entry("import", "hostile_import:east"), *entries([*HOSTILE, *HARMLESS, "east"])]
        found = {record["agent"]: record for record in benchmark(agents)}
    return found, [int(each.read_text()) for each in (note, twin)], list(folder.iterdir())


@pytest.fixture(scope="module")
def alone():
    (record,) = benchmark(entries(["east"]), 60.0)
    return record


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_agent_gets_a_status(name, records):
    record = records[0][name]
    status, message = HOSTILE[name]
    assert record["status"] == status and re.search(message, record["message"]), record
    assert record["score"] is None and record["value"] is None
    assert record["message"].isprintable()


def test_who_stops_its_referee_is_lost_and_the_others_are_done(monkeypatch):
    monkeypatch.setattr(referees, "_SILENCE", 4.0)
    monkeypatch.setattr(referees, "ATTEMPTS", 1)  # of which `kills_its_referee` needs all
    stopped, honest = benchmark(entries(["stops_its_referee", "east"]))
    assert (stopped["status"], honest["status"]) == ("crashed", "ok") and "lost 3 times" in stopped["message"]


@pytest.mark.parametrize("name", HARMLESS)
def test_what_it_does_to_itself_changes_nothing(name, records, alone):
    assert {**records[0][name], "agent": "east", "name": "hostile:east"} == alone


def test_the_others_stay_the_same_bit_for_bit(records, alone):
    assert records[0]["east"] == alone and alone["status"] == "ok" and alone["score"] < 0


def test_who_forks_and_hangs_is_ended_with_its_children(records):
    found, children, _ = records
    assert found["import"]["status"] == found["hangs_with_a_twin_elsewhere"]["status"] == "timeout"
    deadline = time.monotonic() + 5
    while any(map(_runs, children)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_runs, children))


def _runs(process):
    return Path(f"/proc/{process}").exists() and "State:\tZ" not in Path(f"/proc/{process}/status").read_text()


def test_what_it_says_of_itself_is_believed_only_where_it_makes_sense(records):
    versions = records[0]["Introduces"]["versions"]
    assert versions["numpy"] == np.__version__ and versions["jax"].endswith("[31m") and versions["jax"].isprintable()
    assert "torch" not in versions and "x" not in versions
    learner = Job("it", "hostile:Introduces", "cursor-adaptation-both", 0, path=str(STRANGERS))
    told = jobs._record(learner, suite.TASKS["cursor-adaptation-both"], {}, {"versions": {"scipy": "0", "jax": "1"}})["versions"]
    assert told["scipy"] != "0" and told["jax"] == "1"
    json.dumps(list(records[0].values()), allow_nan=False).encode()
    summary = summarise(list(records[0].values()))
    assert markdown(summary) and html(Results(list(records[0].values())), summary)


@pytest.mark.parametrize("place", ["early", "last"])
def test_who_fails_while_learning_fails_the_same_way_every_time(place, monkeypatch):
    task = suite.TASKS["grid-washout"]

    class Counts:
        steps = 0

        def reset(self, starts):
            pass

        def act(self, observations):
            return np.zeros(len(observations), int)

        def observe(self, transition):
            self.steps += 1

    counter = Counts()
    evaluate(counter, task.env_id, task.episodes, 0, task.kwargs, session=True)
    monkeypatch.setenv("HOSTILE_STEP", str(counter.steps if place == "last" else 5))
    found = [run_job(Job("it", "hostile:FailsLate", "grid-washout", 0, path=str(STRANGERS))) for _ in range(2)]
    assert found[0].record["status"] == "error" and "ValueError: boom (hostile.py" in found[0].record["message"], found[0].record
    assert all((each.record, each.details) == (found[0].record, {}) for each in found)


def test_no_directory_stays_behind(records):
    assert not records[2]


def test_the_complaint_names_those_that_failed(records):
    told = complaint(list(records[0].values()))
    assert "raises failed in 1 of 1 runs (error)" in told and "hangs" in told and "no task suits Peeps" in told
    assert "east" not in told.replace("hostile:east", "") and "Tampers" not in told


def test_the_command_line_ends_with_1(tmp_path):
    arguments = ["benchmark", "--agent", "hostile:exits", "--agent", "hostile:east", "--suite", "grid-null", "--seeds", "0"]
    done = subprocess.run([sys.executable, "-m", "reach_gym", *arguments], cwd=STRANGERS, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1, done.stderr
    assert "hostile:exits failed in 1 of 1 runs (crashed)" in done.stderr and "Traceback" not in done.stderr
    assert "crashed" in done.stdout and re.search(r"hostile:east +.0\.\d+", done.stdout)
