"""What processes of a benchmark ask of the operating system, as far as it is Linux or knows the like."""

from __future__ import annotations

import contextlib
import ctypes
import glob
import os
import signal
import sys
from collections.abc import Iterator

_PR_SET_PDEATHSIG = 1  # of <sys/prctl.h>


def end_with_parent(number: signal.Signals) -> None:
    """Has Linux send this process a signal when whoever started it ends, in whatever way: nobody stays behind."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)


@contextlib.contextmanager
def on_one_core() -> Iterator[None]:
    """Keeps this thread, and the agents' processes that it starts, on the core where it is, unless they may use several threads.

    Referee and agent take turns, so that a second core gains them nothing, but waking it costs more than all else that a step
    takes: a message and its answer need 0.25 ms across two cores of a virtual machine, 0.02 ms on one.
    """
    if sys.platform != "linux" or child_environment()["OMP_NUM_THREADS"] != "1":
        yield
        return
    allowed = os.sched_getaffinity(0)
    with contextlib.suppress(OSError, ValueError):  # then it stays as it was
        os.sched_setaffinity(0, {ctypes.CDLL(None).sched_getcpu()})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def kill_those_in(folder: str) -> None:
    """Ends what the agent left behind in sessions of their own: all whose directory for temporary files is its `folder`."""
    wanted = f"TMPDIR={folder}".encode()
    for place in glob.glob("/proc/[0-9]*/environ"):
        with contextlib.suppress(OSError), open(place, "rb") as file:
            if wanted in file.read().split(b"\0"):
                os.kill(int(place.split("/")[2]), signal.SIGKILL)


def child_environment() -> dict[str, str]:
    """Every module that can be imported here can be imported there; one thread, so that scores do not depend on the load."""
    threads = {name: os.environ.get(name, "1") for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    path = os.pathsep.join(os.path.abspath(part) for part in sys.path if part and os.path.exists(part))
    return {**os.environ, **threads, "PYTHONPATH": path, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}


def resident(pid: int) -> int:
    """Bytes of memory that a process holds; 0 where the system does not tell."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0
