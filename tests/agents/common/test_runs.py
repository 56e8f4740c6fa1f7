"""Run directories: one process each, and what a start, a second start and a killed one leave behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agents.common import runs
from agents.common.runs import MARKER, claimed
from reach_gym.training import checkpoint, lock
from reach_gym.training.lock import LOCK, locked

ROOT = Path(__file__).resolve().parents[3]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def started(code: str) -> subprocess.Popen[str]:
    """A process that runs `code` with `runs` and `sys` at hand."""
    begin = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from pathlib import Path; from agents.common import runs\n"
    return subprocess.Popen([sys.executable, "-c", begin + code], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)


def holder(out: Path, more: str = "") -> subprocess.Popen[str]:
    """A process that has the directory until its input ends."""
    process = started(f"with runs.claimed(Path({str(out)!r}), 'test'{more}): print('mine', flush=True); sys.stdin.read()")
    assert process.stdout is not None and process.stdout.readline() == "mine\n"
    return process


def test_a_claimed_directory_is_marked_and_the_lock_goes_with_its_owner(tmp_path: Path) -> None:
    out = tmp_path / "deep" / "run"
    with claimed(out, "test"):
        assert names(out) == sorted([LOCK, MARKER]) and (out / LOCK).read_text() == f"{os.getpid()}\n"
    assert names(out) == [MARKER] and runs.is_run(out, "test")
    with claimed(out, "test", resume=True), pytest.raises(ValueError, match=f"in use by process {os.getpid()}"):
        with claimed(out, "test", resume=True):
            raise AssertionError
    with pytest.raises(ZeroDivisionError), claimed(out, "test", resume=True):
        raise ZeroDivisionError
    assert names(out) == [MARKER]


@pytest.mark.parametrize("flag", ["resume", "overwrite"])
def test_another_process_is_kept_out_until_the_first_one_ends(tmp_path: Path, flag: str) -> None:
    out = tmp_path / "run"
    with claimed(out, "test"):
        (out / "mine").write_text("1")
    process = holder(out, ", resume=True")
    for _ in range(2):
        with pytest.raises(ValueError, match=f"in use by process {process.pid};"), claimed(out, "test", **{flag: True}):
            raise AssertionError
    with pytest.raises(ValueError, match="exists"), claimed(out, "test"):
        raise AssertionError
    assert (out / "mine").read_text() == "1"
    process.communicate()
    with claimed(out, "test", **{flag: True}):
        assert (out / "mine").exists() == (flag == "resume")


@pytest.mark.skipif(os.name != "posix", reason="kills processes")
def test_the_lock_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    out = tmp_path / "run"
    process = holder(out)
    process.kill()
    process.communicate()
    assert (out / LOCK).read_text() == f"{process.pid}\n"
    with claimed(out, "test", resume=True):
        assert (out / LOCK).read_text() == f"{os.getpid()}\n"
    (out / LOCK).write_text("1\n")  # of a process that lives, but has no lock
    with claimed(out, "test", resume=True):
        pass
    assert names(out) == [MARKER]


def test_two_at_once_have_one_winner_and_a_loser_who_is_told(tmp_path: Path) -> None:
    code = f"""
for k in range(60):
    out = Path({str(tmp_path)!r}) / str(k)
    sys.stdin.readline()
    try:
        with runs.claimed(out, "test"):
            print("won", flush=True)
            sys.stdin.readline()
    except ValueError as error:
        print("told" if "exists" in str(error) or "in use by" in str(error) else repr(error), flush=True)
        sys.stdin.readline()
"""
    racers = [started(code) for _ in range(2)]
    for k in range(60):
        for _ in range(2):  # go, and the end of the winner
            for racer in racers:
                assert racer.stdin is not None
                racer.stdin.write("\n")
                racer.stdin.flush()
            if _ == 0:
                assert sorted(racer.stdout.readline() for racer in racers) == ["told\n", "won\n"], k  # type: ignore[union-attr]
    for racer in racers:
        racer.communicate()
    assert all(runs.is_run(path, "test") for path in tmp_path.iterdir())


def test_a_lock_that_is_removed_between_two_looks_is_not_taken_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock_of, calls = lock._lock, []

    def slow(handle: int) -> bool:
        calls.append(handle)
        if len(calls) == 1:
            (tmp_path / LOCK).unlink()  # its owner ends, and another one begins
            (tmp_path / LOCK).write_text("")
        return lock_of(handle)

    monkeypatch.setattr(lock, "_lock", slow)
    with locked(tmp_path):
        assert len(calls) == 2 and (tmp_path / LOCK).read_text() == f"{os.getpid()}\n"


def test_a_file_system_without_locks_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fcntl = pytest.importorskip("fcntl")

    def none(handle: int, flags: int) -> None:
        raise OSError("no locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with claimed(tmp_path, "test"):
        pass
    assert names(tmp_path) == [MARKER]


def test_foreign_directories_get_no_lock(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    for more in ({}, {"resume": True}, {"overwrite": True}):
        with pytest.raises(ValueError), claimed(tmp_path, "test", **more):
            raise AssertionError
    assert names(tmp_path) == ["thesis.tex"]
    with pytest.raises(ValueError, match="no run"), claimed(tmp_path / "new", "test", resume=True):
        raise AssertionError
    assert names(tmp_path) == ["thesis.tex"]


def filled(out: Path) -> None:
    with claimed(out, "test"):
        checkpoint.save(out, {}, {"agent": "test"})
        (out / "tensorboard" / "deep").mkdir(parents=True)
        for name in ("a.png", "tensorboard/events", "tensorboard/deep/events"):
            (out / name).write_text("old")
        (out / "link").symlink_to(out.parent)


def test_overwrite_empties_the_directory_and_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("1")
    filled(tmp_path / "run")
    with claimed(tmp_path / "run", "test", overwrite=True):
        assert names(tmp_path / "run") == sorted([LOCK, MARKER])
    assert (tmp_path / "precious").exists()


def test_an_overwrite_that_is_cut_off_anywhere_leaves_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, at = tmp_path / "run", 0
    unlink = os.unlink
    while True:
        shutil.rmtree(out, ignore_errors=True)
        filled(out)
        at, calls = at + 1, 0

        def cut_off(*where: Any, **more: Any) -> None:
            nonlocal calls
            calls += 1
            if calls >= at:
                raise KeyboardInterrupt
            unlink(*where, **more)

        with monkeypatch.context() as patch:
            patch.setattr(os, "unlink", cut_off)
            patch.setattr(Path, "unlink", lambda self, **more: cut_off(self))
            try:
                with claimed(out, "test", overwrite=True):
                    break
            except KeyboardInterrupt:
                pass
        # Later commands know it: it can be replaced, and what is left is no checkpoint.
        assert runs.is_run(out, "test")
        if at > 1:
            assert not (out / checkpoint.MANIFEST).exists()
        with claimed(out, "test", overwrite=True):
            assert names(out) == sorted([LOCK, MARKER])
    assert at > 5


@pytest.mark.skipif(os.name != "posix", reason="kills processes")
def test_an_overwrite_that_is_killed_leaves_a_run(tmp_path: Path) -> None:
    out = tmp_path / "run"
    with claimed(out, "test"):
        for k in range(3000):
            (out / f"{k}.txt").write_text("")
    process = started(f"print(flush=True)\nwith runs.claimed(Path({str(out)!r}), 'test', overwrite=True): sys.stdin.read()")
    assert process.stdout is not None
    process.stdout.readline()
    while len(names(out)) > 2500:
        pass
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert runs.is_run(out, "test")
    with claimed(out, "test", overwrite=True):
        assert names(out) == sorted([LOCK, MARKER])


def test_what_killed_writers_left_is_removed(tmp_path: Path) -> None:
    out = tmp_path / "run"
    out.mkdir()
    left = out / ".run-0123456789ab.partial.json"
    left.write_text("{")
    with claimed(out, "test"):  # a start that was killed counts as none
        assert names(out) == sorted([LOCK, MARKER])
    left.write_text("{")
    with claimed(out, "test", resume=True):
        assert not left.exists()
