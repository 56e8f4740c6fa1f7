"""Benchmarks of honest agents: who fits what, results that are the same bit for bit, and the command line."""

import json
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from reach_gym.benchmark import jobs, referees, wire
from reach_gym.benchmark.engines import Done, LocalEngine
from reach_gym.benchmark.jobs import Job, resolved, run_job
from reach_gym.benchmark.provenance import source
from reach_gym.benchmark.results import JOURNAL, RECORDS, Entry, Journal, Limits, complaint, jobs_of, run
from reach_gym.benchmark.summary import summarise
from reach_gym.benchmark.system import child_environment, on_one_core
from reach_gym.cli import main
from reach_gym.cli.benchmarking import Benchmark
from reach_gym.evaluation import evaluate, suite
from reach_gym.planning import MinimumJerkAgent

STRANGERS = Path(__file__).parent / "strangers"
sys.path.insert(0, str(STRANGERS))
LIMITS = Limits(path=str(STRANGERS))


def job(agent, task, seed=0, **more):
    return Job(agent, agent, task, seed, path=str(STRANGERS), **more)


def record(agent, task, seed=0):
    return run_job(job(agent, task, seed)).record


class Here:
    """Does jobs in this process."""

    def __init__(self):
        self.done = []

    def run(self, function, items):
        for place, item in enumerate(items):
            self.done.append((item.label, item.task, item.seed))
            yield Done(place, function(item), "")


def command(*arguments, cwd=STRANGERS, **options):
    words = [sys.executable, "-m", "reach_gym", "benchmark", *map(str, arguments)]
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=120, **options)


@pytest.mark.parametrize("task", ["grid-null", "grid-washout"])
def test_an_isolated_agent_does_what_it_does_in_a_bare_evaluation(task):
    from guests import towards

    found, what = record("guests:towards", task), suite.TASKS[task]
    bare = evaluate(towards, what.env_id, what.episodes, 0, what.kwargs, session=what.is_session)
    if task == "grid-null":
        assert found["measures"] == bare.summary() and found["value"] == bare.summary()["mean_return"] > -40
    else:
        assert found["value"] == bare.returns[bare.block == 1].mean() and found["measures"]["episodes"] == 20


def test_a_controller_of_the_package_can_be_built_upon():
    found, what = record("guests:Tracks", "cursor-curl"), suite.TASKS["cursor-curl"]
    bare = evaluate(MinimumJerkAgent, what.env_id, what.episodes, 0, what.kwargs).summary()
    # What it sees of the target it sees in single precision.
    assert found["status"] == "ok" and found["measures"]["mean_return"] == pytest.approx(bare["mean_return"], abs=0.05)
    assert found["measures"]["endpoint_error_mm"] == pytest.approx(bare["endpoint_error_mm"], abs=0.01)


@pytest.mark.parametrize(
    "agent,task,status,message",
    [
        ("guests:towards", "cursor-null", "not_applicable", "those of the grid"),
        ("minimum_jerk", "grid-null", "not_applicable", "must be a cursor reach"),
        ("guests:Pixels", "grid-null", "ok", ""),
        ("guests:Pixels", "cursor-null", "error", "AssertionError"),
        ("guests:Pixels", "lab-null", "not_applicable", "wants the observation 'pixels'"),  # with past actions there are none
        ("nosuch:thing", "grid-null", "error", "No module named 'nosuch'"),
        ("nosuch", "grid-null", "error", "`agent` must be"),
        ("guests:Weights(guests.py)", "grid-null", "ok", ""),
        ("guests:Weights(nosuch)", "grid-null", "error", "FileNotFoundError"),
        ("guests:Spring", "grid-null", "not_applicable", "made for the cursor, the task is one of the grid"),
        ("guests:Spring", "cursor-null", "ok", ""),
        ("guests:resting", "cursor-null", "ok", ""),
        ("guests:resting", "grid-null", "not_applicable", "made for the cursor"),
    ],
)
def test_who_fits_what(agent, task, status, message):
    found = record(agent, task)
    assert found["status"] == status and message in found["message"], found["message"]
    assert (found["value"] is None) == (status != "ok")
    if agent == "guests:Pixels" and status == "ok":
        assert found["env"]["kwargs"]["observation"] == "pixels" and found["value"] == record("guests:towards", task)["value"]


def test_an_agent_has_a_fresh_directory_and_no_more_than_a_view_of_its_task():
    assert re.search(r"in reach-gym-\w+: \[\], 256 rows, AgentView", record("guests:Notes", "grid-null")["message"])


def test_global_random_numbers_are_the_same_every_time_and_others_with_another_seed():
    values = [record("guests:drawn", "grid-null", seed)["measures"]["mean_steps"] for seed in (0, 0, 1)]
    assert values[0] == values[1] != values[2]


def test_the_seed_chooses_a_trained_agent(tmp_path):
    (tmp_path / "run-3").mkdir()
    assert resolved(Job("a", "run-{seed}", "grid-null", 3, path=str(tmp_path))) == str(tmp_path / "run-3")
    assert resolved(Job("a", "m:load(run-{seed})", "grid-null", 3, path=str(tmp_path))) == f"m:load({tmp_path / 'run-3'})"
    assert resolved(Job("a", "guests:towards", "grid-null", 3, path=str(tmp_path))) == "guests:towards"


def test_a_record_says_all_that_is_needed_to_repeat_it():
    found = record("guests:towards", "grid-catch", 2)
    assert found["env"]["id"] == "reach_gym/GridReachCurl-v0" and found["env"]["kwargs"]["schedule"] == suite.TASKS["grid-catch"].kwargs["schedule"]
    assert found["trials"] == suite.fingerprint(suite.TASKS["grid-catch"], 2) and found["seed"] == 2
    assert {"python", "reach_gym", "gymnasium", "numpy"} <= set(found["versions"]) and json.loads(json.dumps(found)) == found
    assert found["commit"] is None or re.fullmatch("[0-9a-f]{40}([+][0-9a-f]{16})?", found["commit"])


@pytest.fixture(scope="module")
def few():
    entries = [Entry("towards", "guests:towards"), Entry("naive", "naive"), Entry("ideal", "ideal")]
    return run(entries, [suite.TASKS["grid-null"], suite.TASKS["grid-curl"]], (0, 1), LocalEngine(2), LIMITS)


def test_scores_lie_between_the_random_and_the_ideal_agent(few):
    scores = {(each["agent"], each["task"]): each["score"] for each in few.records if each["seed"] == 0}
    assert scores["ideal", "grid-null"] == scores["ideal", "grid-curl"] == scores["naive", "grid-null"] == 1.0
    assert 0.5 < scores["naive", "grid-curl"] < 1.0
    first = few.records[0]
    low, high = first["yardsticks"]["random"], first["yardsticks"]["ideal"]
    assert first["score"] == round((first["value"] - low) / (high - low), 6)
    assert low == record("random", "grid-null")["value"] and high == record("ideal", "grid-null")["value"]


def test_the_same_benchmark_gives_the_same_bits_whoever_does_it(few):
    again = run(
        [Entry("towards", "guests:towards"), Entry("naive", "naive"), Entry("ideal", "ideal")],
        [suite.TASKS["grid-null"], suite.TASKS["grid-curl"]], (0, 1), Here(), LIMITS,
    )  # fmt: skip
    assert again.lines() == few.lines() and summarise(again.records) == summarise(few.records)


def test_a_yardstick_is_done_once_even_if_it_takes_part():
    jobs = jobs_of([Entry("ideal", "ideal"), Entry("naive", "naive")], [suite.TASKS["grid-null"], suite.TASKS["cursor-adaptation-both"]], (0,), LIMITS)
    names = [(each.label, each.task) for each in jobs]
    assert len(set(names)) == len(names) == 3 + 3


@pytest.mark.parametrize("texts", [["a:b", "a:b"], ["x=a:b", "x=c:d"], ["ideal=a:b"], ["=a:b"], ["x="]])
def test_labels_must_be_clear(texts):
    with pytest.raises(ValueError, match="`agent` must"):
        jobs_of([Entry.of(text) for text in texts], [suite.TASKS["grid-null"]], (0,), LIMITS)


def test_the_adaptation_track_tells_a_learner_from_who_never_learns():
    entries = [Entry("learner", "guests:Learner"), Entry("minimum_jerk", "minimum_jerk"), Entry("adapted", "adapted")]
    found = run(entries, [suite.TASKS["cursor-adaptation-both"]], (0,), LocalEngine(2), LIMITS)
    learner, stiff, adapted = found.records
    assert 0.6 < learner["score"] < 1 and abs(stiff["score"]) < 0.01 and adapted["score"] == 1
    measures = learner["measures"]
    assert measures["late_error_mm"] < 0.65 * measures["early_error_mm"] and measures["after_effect_mm"] < -10
    assert abs(measures["savings"]) < 0.3 and 0.4 < measures["retention"] < 1 and measures["two_state_explained"] > 0.9
    assert stiff["measures"]["retention"] is None and stiff["measures"]["savings"] == pytest.approx(0, abs=1e-6)
    courses = found.details["learner", "cursor-adaptation-both", 0]
    assert len(courses["deviation_mm"]) == len(courses["two_state"]) == 340 and ("naive", "cursor-adaptation-both", 0) in found.details
    assert summarise(found.records)["facts"]["learner"]["savings"] == measures["savings"]


def test_an_agent_that_did_not_do_all_has_an_aggregate_of_what_it_did(few):
    records = [dict(each) for each in few.records]
    for each in records:
        if each["agent"] == "towards" and each["task"] == "grid-curl" and each["seed"] == 1:
            each.update(status="crashed", score=None, message="no")
    summary = summarise(records)
    found = summary["aggregates"]["grid"]
    assert found["towards"]["done"] == 1 and found["towards"]["tasks"] == 2 and found["naive"]["done"] == 2
    assert summary["scores"]["grid-curl"]["towards"] is None and summary["statuses"]["grid-curl"]["towards"] == "crashed"
    assert summary["failures"] == [{"agent": "towards", "task": "grid-curl", "status": "crashed", "message": "no", "seeds": 1}]
    assert [each["tasks"] for each in summary["improvement"]["grid"]] == [1, 1, 2]
    assert complaint(records) == "towards failed in 1 of 4 runs (crashed)" and complaint(few.records) == ""


class Fragile:
    """An engine whose worker is lost for good in one job."""

    def run(self, function, items):
        for place, item in enumerate(items):
            yield Done(place, None, "lost") if item.label == "towards" else Done(place, function(item), "")


def test_a_job_that_nobody_can_do_is_a_crash_and_not_the_end():
    found = run([Entry("towards", "guests:towards")], [suite.TASKS["grid-null"]], (0,), Fragile(), LIMITS)
    assert [(each["status"], each["message"], each["score"]) for each in found.records] == [("crashed", "lost", None)]


def dies(path):
    """Ends its process, the first two times that it is called with a path."""
    with open(path, "a") as file:
        file.write("x")
    if len(Path(path).read_text()) < 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return 7


def stops(path):
    """Stops its process, the first two times that it is called with a path."""
    with open(path, "a") as file:
        file.write("x")
    if len(Path(path).read_text()) < 3:
        os.kill(os.getpid(), signal.SIGSTOP)
    return 7


def raises(item):
    raise KeyError(item)


def test_lost_workers_are_retried(tmp_path):
    done = list(LocalEngine(1).run(dies, [str(tmp_path / "a"), str(tmp_path / "b")]))
    assert done == [Done(0, 7, ""), Done(1, 7, "")] and (tmp_path / "a").read_text() == "xxx"


def test_workers_that_are_stopped_are_lost(tmp_path, monkeypatch):
    monkeypatch.setattr(referees, "_SILENCE", 3.0)
    begin = time.monotonic()
    assert list(LocalEngine(1).run(stops, [str(tmp_path / "a")])) == [Done(0, 7, "")] and (tmp_path / "a").read_text() == "xxx"
    assert time.monotonic() - begin < 40


def test_a_job_that_takes_longer_than_the_silence_is_waited_for(monkeypatch):
    monkeypatch.setattr(referees, "_SILENCE", 3.0)
    assert list(LocalEngine(1).run(time.sleep, [5.0])) == [Done(0, None, "")]


def test_an_error_of_a_job_is_told():
    assert list(LocalEngine(1).run(raises, [3])) == [Done(0, None, "KeyError: 3")]


def test_a_journal_is_continued_and_only_with_what_is_still_true(tmp_path):
    entries, tasks = [Entry("towards", "guests:towards"), Entry("exits", "hostile:exits")], [suite.TASKS["grid-null"]]
    journal, first = Journal(tmp_path), Here()
    whole = run(entries, tasks, (0, 1), first, LIMITS, journal.add)
    with (tmp_path / JOURNAL).open("a") as file:
        file.write('{"label": "torn')
    second = Here()
    jobs = jobs_of(entries, tasks, (0, 1), LIMITS)
    again = run(entries, tasks, (0, 1), second, LIMITS, known=Journal(tmp_path).known(jobs))
    # Failures are tried again, and nothing else.
    assert len(first.done) == 8 and second.done == [("exits", "grid-null", 0), ("exits", "grid-null", 1)]
    assert again.lines() == whole.lines()
    other = jobs_of([Entry("towards", "guests:Pixels")], tasks, (0, 1), LIMITS)
    assert {key[0] for key in journal.known(other)} == {"random", "ideal"}
    (tmp_path / JOURNAL).write_text((tmp_path / JOURNAL).read_text().replace('"numpy": "', '"numpy": "0'))
    assert not journal.known(jobs)


@pytest.mark.parametrize(
    "damage",
    [b"[" * 100_000, b"[1]", b'"text"', b'{"label": "ideal"}', b"\xff\xfe", b'{"label": 1, "record": [], "details": 0, "seconds": 0}']
    + [("seed", "1e400"), ("task", "{}"), ("versions", "[]"), ("env", "3")],
    ids=lambda damage: str(damage)[:12],
)
def test_a_damaged_line_of_a_journal_is_skipped(tmp_path, damage):
    journal, work = Journal(tmp_path), jobs_of([Entry("ideal", "ideal")], [suite.TASKS["grid-null"]], (0,), LIMITS)
    journal.add(work[0], run_job(work[0]))
    sound = (tmp_path / JOURNAL).read_bytes()
    if isinstance(damage, tuple):
        told = json.loads(sound)
        told["record"][damage[0]] = "HERE"
        damage = json.dumps(told).replace('"HERE"', damage[1]).encode()
    (tmp_path / JOURNAL).write_bytes(damage + b"\n" + sound)
    assert len(journal.known(work)) == 1
    (tmp_path / JOURNAL).write_bytes(damage + b"\n")
    assert not journal.known(work)


def test_a_torn_journal_is_continued_on_a_line_of_its_own(tmp_path):
    journal, work = Journal(tmp_path), jobs_of([Entry("ideal", "ideal")], [suite.TASKS["grid-null"]], (0,), LIMITS)
    journal.add(work[0], run_job(work[0]))
    with (tmp_path / JOURNAL).open("a") as file:
        file.write('{"label": "torn')
    journal.add(work[1], run_job(work[1]))
    assert len(journal.known(work)) == 2


DAMAGE = {
    "deep": lambda line: "[" * 100_000,
    "infinite": lambda line: line.replace('"seed": 0', '"seed": 1e400'),
    "long": lambda line: line.replace('"seed": 0', '"seed": ' + "9" * 10_000),
    "null": lambda line: line.replace('"seed": 0', '"seed": null'),
    "list": lambda line: "[1, 2]",
    "no details": lambda line: json.dumps({**json.loads(line), "details": []}),
    "no record": lambda line: json.dumps({**json.loads(line), "record": "gone"}),
    "no versions": lambda line: json.dumps({**json.loads(line), "record": {**json.loads(line)["record"], "versions": 3}}),
    "no env": lambda line: json.dumps({**json.loads(line), "record": {**json.loads(line)["record"], "env": None}}),
    "no text": lambda line: "\udcff\udcfe",
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_line_with_a_damaged_record_is_skipped(kind, tmp_path):
    journal, work = Journal(tmp_path), jobs_of([Entry("ideal", "ideal")], [suite.TASKS["grid-null"]], (0,), LIMITS)
    for each in work:
        journal.add(each, run_job(each))
    first, second = (tmp_path / JOURNAL).read_text().splitlines()
    (tmp_path / JOURNAL).write_bytes(f"{DAMAGE[kind](first)}\n{second}\n".encode(errors="surrogateescape"))
    assert [key[0] for key in journal.known(work)] == [work[1].label]


@pytest.mark.parametrize(
    "text,label,agent",
    [
        ("a=b:c", "a", "b:c"),
        ("b:c(x=1)", "b:c(x=1)", "b:c(x=1)"),
        ("runs/lr=0.1", "runs/lr=0.1", "runs/lr=0.1"),
        ("x=runs/lr=0.1", "x", "runs/lr=0.1"),
        ("lr=0.1", "lr=0.1", "lr=0.1"),
        ("lr=0.2", "lr", "0.2"),
    ],
)
def test_an_equals_sign_of_a_path_or_a_text_is_no_label(text, label, agent, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lr=0.1").mkdir()
    assert Entry.of(text) == Entry(label, agent)


def test_an_agent_that_has_changed_is_not_resumed(tmp_path):
    (tmp_path / "mine.py").write_text("import numpy as np\n\ndef go(seen):\n    return np.zeros(len(seen), int)\n")
    arguments = ["--agent", "mine:go", "--suite", "grid-null", "--seeds", 0, "--out", "out"]
    first = command(*arguments, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    (tmp_path / "mine.py").write_text("import numpy as np\n\ndef go(seen):\n    return np.full(len(seen), 3)\n")
    told = command(*arguments, "--resume", "--json", cwd=tmp_path)
    fresh = command(*arguments[:-2], "--json", cwd=tmp_path)
    assert told.returncode == fresh.returncode == 0 and told.stdout == fresh.stdout
    (tmp_path / "other.txt").write_text("weights")
    names = "mine:go", f"mine:load({tmp_path / 'other.txt'})", "mine", "nosuch:go", "ideal", str(tmp_path / "other.txt")
    hashes = [source(name, str(tmp_path)) for name in names]
    assert hashes[3:5] == [None, None] and len({*hashes}) == 4 and json.loads(told.stdout)["source"] == hashes[0]


def test_overwriting_that_is_refused_leaves_everything_and_one_that_is_not_removes_it(tmp_path):
    arguments = ["--agent", "ideal", "--suite", "grid-null", "--seeds", 0, "--out", tmp_path / "out"]
    assert command(*arguments).returncode == 0
    before = {each.name: each.read_bytes() for each in (tmp_path / "out").iterdir()}
    refused = command(*arguments, "--overwrite", "--workers", 0)
    assert refused.returncode == 2 and {each.name: each.read_bytes() for each in (tmp_path / "out").iterdir()} == before
    Benchmark(agent=["ideal"], out=tmp_path / "out", overwrite=True)._journal()
    assert os.listdir(tmp_path / "out") == [JOURNAL]
    assert command(*arguments, "--resume").returncode == 0


def test_a_reader_that_goes_away_costs_neither_the_files_nor_the_exit_code(tmp_path):
    words = [sys.executable, "-m", "reach_gym", "benchmark", "--agent", "hostile:exits", "--suite", "grid-null", "--seeds", "0"]
    process = subprocess.Popen(
        [*words, "--out", str(tmp_path / "out")], cwd=STRANGERS, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.close()
    told = process.stderr.read()
    assert process.wait(60) == 1 and told.count("\n") == 1 and "hostile:exits failed" in told
    assert {RECORDS, "summary.md", "report.html"} <= set(os.listdir(tmp_path / "out"))


def test_without_matplotlib_there_are_results_but_no_page(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.delitem(sys.modules, "reach_gym.benchmark.figures", raising=False)
    arguments = ["benchmark", "--agent", "ideal", "--suite", "grid-null", "--seeds", "0", "--out", str(tmp_path / "out")]
    assert main(arguments) == 0
    told = capsys.readouterr()
    assert sorted(os.listdir(tmp_path / "out")) == [JOURNAL, RECORDS, "summary.md"]
    assert told.err == 'no report.html: matplotlib is not installed; run `pip install "reach-gym[bench]"`.\n'
    assert "report.html" not in told.out and "summary.md" in told.out


def test_the_command_line_writes_the_same_files_twice(tmp_path):
    arguments = ["--agent", "east=hostile:east", "--agent", "naive", "--suite", "grid-curl", "--seeds", 1]
    one, other = (command(*arguments, "--out", tmp_path / name) for name in ("a", "b"))
    assert one.returncode == other.returncode == 0, one.stderr
    assert sorted(os.listdir(tmp_path / "a")) == [JOURNAL, "report.html", RECORDS, "summary.md"]
    for name in (RECORDS, "summary.md", "report.html"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    records = [json.loads(line) for line in (tmp_path / "a" / RECORDS).read_text().splitlines()]
    assert [(each["agent"], each["seed"]) for each in records] == [("east", 1), ("naive", 1)]
    assert re.search(r"naive +0\.\d{3} +0\.\d{3} to 0\.\d{3} +1 of 1", one.stdout) and "| naive | 0." in (tmp_path / "a" / "summary.md").read_text()
    again = command(*arguments, "--out", tmp_path / "a")
    assert again.returncode == 2 and "--resume" in again.stderr and again.stderr.count("\n") == 1
    resumed = command(*arguments, "--out", tmp_path / "a", "--resume", "--json")
    assert resumed.returncode == 0 and resumed.stdout == (tmp_path / "b" / RECORDS).read_text()


@pytest.mark.parametrize(
    "arguments,message",
    [
        ([], "agent"),
        (["--agent", "a:b", "--suite", "nosuch"], "`suite` must be one of 'quick'"),
        (["--agent", "a:b", "--suite", "haste", "--family", "grid"], "must leave a task"),
        (["--agent", "a:b", "--seeds", "1", "1"], "different numbers"),
        (["--agent", "a:b", "--seeds", "0", "--seeds", "1"], "`--seeds` must be given once"),
        (["--agent", "a:b", "--seeds=0", "--seeds", "1"], "`--seeds` must be given once"),
        (["--agent", "a:b", "--seeds", "-1"], "`seeds` must be an integer"),
        (["--agent", "a:b", "--agent", "a:b"], "twice"),
        (["--agent", "nosuch"], "`agent` must be 'ideal', 'naive'"),
        (["--agent", "nosuch-{seed}"], "got 'nosuch-0'"),
        (["--agent", "file"], "got 'file'"),
        (["--agent", "a:"], "got 'a:'"),
        (["--agent", ":b"], "got ':b'"),
        (["--agent", "a:b(c"], "'module:attribute'"),
        (["--agent", "mine.py"], "write 'mine:attribute' in the directory of mine.py"),
        (["--agent", "some/mine.py:Spring"], "write 'mine:Spring' in"),
        (["--agent", "a\nb=ideal"], "'label=name'"),
        (["--agent", "a:b", "--memory", "99999999999999"], "`memory`"),
        (["--agent", "a:b", "--out", "new", "--workers", "0"], "`workers`"),
        (["--agent", "a:b", "--resume"], "need `--out`"),
        (["--agent", "a:b", "--memory", "1"], "`memory`"),
        (["--agent", "a:b", "--time-limit", "0"], "`time-limit`"),
        (["--agent", "a:b", "--workers", "0"], "`workers`"),
        (["--agent", "a:b", "--out", "."], "holds something else"),
    ],
)
def test_bad_requests_end_with_2_and_one_line(arguments, message, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("mine")
    monkeypatch.chdir(tmp_path)
    code, told = main(["benchmark", *arguments]), capsys.readouterr().err
    assert code == 2 and message in told and told.count("\n") == 1, told
    assert os.listdir(tmp_path) == ["file"]


def test_ctrl_c_ends_with_130_leaves_no_process_and_can_be_resumed(tmp_path, hears_ctrl_c):
    words = [sys.executable, "-m", "reach_gym", "benchmark", "--agent", "hostile:hangs", "--suite", "grid-null", "--out", str(tmp_path / "run")]
    settings = {"cwd": STRANGERS, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    process = subprocess.Popen([*words, "--workers", "2"], preexec_fn=hears_ctrl_c, **settings)
    journal = tmp_path / "run" / JOURNAL
    deadline = time.monotonic() + 60
    while (not journal.exists() or journal.read_text().count("\n") < 6) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130 and "interrupted" in process.stderr.read()
    time.sleep(0.2)
    assert not _running_with(tmp_path)
    jobs = jobs_of([Entry.of("hostile:hangs")], [suite.TASKS["grid-null"]], (0, 1, 2), Limits(path=str(STRANGERS)))
    assert len(Journal(tmp_path / "run").known(jobs)) == 6


@pytest.mark.parametrize("number,code", [(signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_whoever_ends_it_no_directory_stays_behind(number, code, tmp_path):
    words = [sys.executable, "-m", "reach_gym", "benchmark", "--agent", "hostile:hangs", "--suite", "grid-null", "--workers", "2"]
    (tmp_path / "temporary").mkdir()
    settings = {"cwd": STRANGERS, "stderr": subprocess.PIPE, "stdout": subprocess.DEVNULL, "text": True}
    process = subprocess.Popen(words, env={**os.environ, "TMPDIR": str(tmp_path / "temporary")}, **settings)
    deadline = time.monotonic() + 60
    while not list((tmp_path / "temporary").glob("*/*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.0)
    process.send_signal(number)
    assert process.wait(30) == code
    while (_running_with(tmp_path) or os.listdir(tmp_path / "temporary")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _running_with(tmp_path) and os.listdir(tmp_path / "temporary") == []


def _referee_at_work():
    """A referee in the middle of a job of half a second, and our end of the connection."""
    ours, theirs = socket.socketpair()
    words = [sys.executable, "-m", "reach_gym.benchmark.referee", str(theirs.fileno())]
    referee = subprocess.Popen(words, pass_fds=[theirs.fileno()], env=child_environment(), stderr=subprocess.PIPE, text=True)
    theirs.close()
    wire.Channel(ours).send(pickle.dumps((time.sleep, 0.5)))
    return referee, ours


def test_a_referee_whose_engine_has_gone_leaves_without_a_word():
    referee, ours = _referee_at_work()
    ours.close()
    _, err = referee.communicate(timeout=30)
    assert (referee.returncode, err) == (0, "")


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells of a parent's end")
def test_a_referee_ends_with_the_process_that_started_it(tmp_path):
    code = """
        import time
        from reach_gym.benchmark.engines import LocalEngine
        done = LocalEngine(1).run(time.sleep, [0.0, 60.0])
        next(done)
        print("ready", flush=True)
        time.sleep(60)
    """
    environment = {**child_environment(), "WHO": str(tmp_path)}
    engine = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True, env=environment)
    assert engine.stdout.readline() == "ready\n"
    engine.kill()
    engine.wait()
    deadline = time.monotonic() + 10
    while _running_with(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _running_with(tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="binds to cores")
@pytest.mark.parametrize("threads, bound", [(None, True), ("1", True), ("2", False)])
def test_a_referee_and_its_agent_share_one_core_unless_the_agent_may_use_more(monkeypatch, threads, bound):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if threads is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
    before = os.sched_getaffinity(0)
    with on_one_core():
        here = os.sched_getaffinity(0)
        told = [sys.executable, "-c", "import os; print(sorted(os.sched_getaffinity(0)))"]
        assert json.loads(subprocess.run(told, capture_output=True, check=True).stdout) == sorted(here)
        assert here <= before and (len(here) == 1 if bound else here == before)
    assert os.sched_getaffinity(0) == before


@pytest.mark.skipif(sys.platform != "linux", reason="binds to cores")
def test_a_job_leaves_the_cores_as_they_were(monkeypatch):
    before, seen = os.sched_getaffinity(0), []
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    measure = jobs.measure
    monkeypatch.setattr(jobs, "measure", lambda *told: seen.append(os.sched_getaffinity(0)) or measure(*told))
    run_job(job("guests:towards", "grid-null"))
    assert len(seen) == 1 and len(seen[0]) == 1 and os.sched_getaffinity(0) == before


def _running_with(folder):
    """The processes whose environment names a directory."""
    return [each for each in Path("/proc").glob("[0-9]*/environ") if _mentions(each, str(folder))]


def _mentions(path, text):
    try:
        return text.encode() in path.read_bytes()
    except OSError:
        return False


@pytest.mark.parametrize("actions", [[1, 2, 3], np.zeros((4, 2), np.float32), np.float64(3), np.zeros((0, 2)), [True, False]])
def test_actions_cross_the_border_unchanged(actions):
    there = wire.unpack_actions(memoryview(wire.pack_actions(actions)))
    assert there.dtype == np.asarray(actions).dtype and np.array_equal(there, actions)


@pytest.mark.parametrize("actions", ["north", None, [None], [object()], {}, ["a"], [1, [2]], 1j, np.zeros(2**20), np.zeros((1,) * 5)])
def test_what_is_no_action_does_not_cross_it(actions):
    with pytest.raises(wire.BadActionsError):
        wire.pack_actions(actions)


def test_torn_messages_are_refused():
    whole = wire.pack_actions(np.arange(6).reshape(3, 2))
    for cut in range(len(whole)):
        with pytest.raises(wire.WireError):
            wire.unpack_actions(memoryview(whole[:cut]))
    for head in (b"=|O8\0\2", b"=<i8\0\x07", b"{<i8\0\2", b"=zzzz\2"):
        with pytest.raises(wire.WireError):
            wire.unpack_actions(memoryview(head + whole[6:]))


def test_observations_arrive_whole_and_read_only():
    for seen in (np.arange(8, dtype=np.float32).reshape(2, 4), {"a": np.ones((2, 3)), "b": np.arange(2)}):
        there = wire.unpack(wire.layout_of(seen), 2, memoryview(b"x" + wire.pack(seen)), 1)
        parts = [(seen[key], there[key]) for key in seen] if isinstance(seen, dict) else [(seen, there)]
        for sent, got in parts:
            assert np.array_equal(sent, got) and got.dtype == sent.dtype and not got.flags.writeable


def test_a_channel_carries_messages_of_any_size_and_says_when_nobody_is_there():
    ends = socket.socketpair()
    here, there = wire.Channel(ends[0], 2**21), wire.Channel(ends[1], 2**21)
    sent = [b"one", b"", b"x" * 2**20, b"last"]
    thread = threading.Thread(target=lambda: [here.send(message) for message in sent])
    thread.start()
    for message in sent:
        got = there.receive()
        assert bytes(got) == message and got.readonly
    thread.join()
    ends[0].sendall(b"\xff\xff\xff\x00")
    with pytest.raises(wire.WireError, match="16777215 bytes"):
        there.receive()
    here.close()
    with pytest.raises(EOFError):
        wire.Channel(ends[1]).receive()
