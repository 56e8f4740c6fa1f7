"""The one file writer: the old file or the new one, whatever goes wrong, and nothing beside it."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from reach_gym import files

ROOT = Path(__file__).resolve().parents[1]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_written_is_there_and_nothing_else(tmp_path: Path) -> None:
    for data in (b"old", b"", b"new\0\n"):
        files.write(tmp_path / "a.bin", data)
        files.write(str(tmp_path / "b"), data)
        assert (tmp_path / "a.bin").read_bytes() == data == (tmp_path / "b").read_bytes()
    assert names(tmp_path) == ["a.bin", "b"]


def test_the_temporary_is_unlike_any_other_and_keeps_the_ending(tmp_path: Path) -> None:
    with files.replacing(tmp_path / "a.gif") as one, files.replacing(tmp_path / "a.gif") as two:
        assert one != two and one.parent == tmp_path and one.suffix == ".gif" and not one.exists()
        one.write_bytes(b"1")
        two.write_bytes(b"2")
        assert sorted(files.leftovers(tmp_path)) == sorted([one, two])
    assert (tmp_path / "a.gif").read_bytes() == b"1" and files.leftovers(tmp_path) == []


def test_names_may_be_as_long_as_the_file_system_allows(tmp_path: Path) -> None:
    name = "\N{GREEK SMALL LETTER ALPHA}" * 120 + ".npz"
    files.write(tmp_path / name, b"data")
    assert names(tmp_path) == [name]


@pytest.mark.parametrize("at", ["write", "fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "disk full"), KeyboardInterrupt()])
def test_a_failure_leaves_the_old_file_alone(tmp_path: Path, at: str, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    files.write(tmp_path / "a", b"old")

    def fail(*arguments: Any) -> None:
        raise error

    with monkeypatch.context() as patch, pytest.raises(type(error)):
        if at == "fsync":
            patch.setattr(os, "fsync", fail)
        elif at == "replace":
            patch.setattr(Path, "replace", fail)
        with files.replacing(tmp_path / "a") as partial:
            partial.write_bytes(b"half")
            if at == "write":
                fail()
    assert names(tmp_path) == ["a"] and (tmp_path / "a").read_bytes() == b"old"


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    files.write(tmp_path / "a", b"old")
    with pytest.raises(FileNotFoundError), files.replacing(tmp_path / "a"):
        pass
    with pytest.raises(FileNotFoundError):
        files.write(tmp_path / "nowhere" / "a", b"data")
    assert names(tmp_path) == ["a"] and (tmp_path / "a").read_bytes() == b"old"


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    files.write(tmp_path / "a", b"old")
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:  # a file that may not grow fails half-way, as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, former[1]))
        with pytest.raises(OSError):
            files.write(tmp_path / "a", bytes(100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)
        signal.signal(signal.SIGXFSZ, handler)
    assert names(tmp_path) == ["a"] and (tmp_path / "a").read_bytes() == b"old"


@pytest.mark.parametrize("tries", [3, 10**9])
def test_a_file_in_use_is_waited_for_but_not_for_ever(tmp_path: Path, tries: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Windows does while somebody reads the file that is to be replaced."""
    replace, calls = Path.replace, []

    def in_use(self: Path, target: Any) -> Path:
        calls.append(target)
        if len(calls) < tries:
            raise PermissionError("in use")
        return replace(self, target)

    files.write(tmp_path / "a", b"old")
    monkeypatch.setattr(Path, "replace", in_use)
    monkeypatch.setattr(files, "PATIENCE", 0.3)
    begin = time.monotonic()
    if tries == 3:
        files.write(tmp_path / "a", b"new")
        assert len(calls) == 3
    else:
        with pytest.raises(PermissionError, match="in use"):
            files.write(tmp_path / "a", b"new")
        assert 0.3 < time.monotonic() - begin < 5
    assert names(tmp_path) == ["a"] and (tmp_path / "a").read_bytes() == (b"new" if tries == 3 else b"old")


@pytest.mark.skipif(os.name != "posix", reason="kills processes")
def test_a_killed_writer_leaves_a_whole_file_and_what_can_be_found(tmp_path: Path) -> None:
    code = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from reach_gym import files
print(flush=True)
while True:
    for letter in (b"a", b"b"):
        files.write({str(tmp_path / "x.bin")!r}, letter * 300_000)
"""
    for kill in range(8):
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.05 + 0.013 * kill)
            process.kill()
        data = (tmp_path / "x.bin").read_bytes()
        assert data in (b"a" * 300_000, b"b" * 300_000)
    assert {path.name for path in tmp_path.iterdir()} == {"x.bin", *(path.name for path in files.leftovers(tmp_path))}
