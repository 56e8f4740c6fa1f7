"""Where the jobs of a benchmark are done: in processes of this machine, or on a Ray cluster.

A job is a pure function of plain data, so that both give the same results bit for bit. One whose process is lost, with its
machine or by an agent that ended it, is tried again.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

from reach_gym import checks
from reach_gym.benchmark.process import child_environment
from reach_gym.benchmark.referee import BEAT
from reach_gym.benchmark.wire import Channel
from reach_gym.errors import missing_extra

ATTEMPTS = 3
_PATIENCE = 10.0  # seconds
_SILENCE = 30.0  # seconds without a sign of life after which a referee is given up; it gives one every second
LOST = f"the process that watched it was lost {ATTEMPTS} times"

Item = TypeVar("Item")


class Done(NamedTuple):
    """One job that has come to an end.

    Attributes:
        place: Which one.
        value: What the function returned; ``None`` if `error` says why it did not.
        error: Empty, or the reason.
    """

    place: int
    value: Any
    error: str


class Engine(Protocol):
    """Does jobs."""

    def run(self, function: Callable[[Item], Any], items: Sequence[Item]) -> Iterator[Done]:
        """Applies `function`, which a module must define, to every item.

        Yields:
            What is done, in the order in which it is.
        """


class LocalEngine:
    """Processes of this machine, as many as it has cores unless told otherwise."""

    def __init__(self, workers: int | None = None) -> None:
        """Starts nothing yet.

        Raises:
            TypeError: `workers` is no integer.
            ValueError: It is below 1.
        """
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._workers = cores if workers is None else checks.integer("workers", workers, 1, 1024)

    def run(self, function: Callable[[Item], Any], items: Sequence[Item]) -> Iterator[Done]:
        """See `Engine`."""
        todo: queue.SimpleQueue[int] = queue.SimpleQueue()
        done: queue.SimpleQueue[Done] = queue.SimpleQueue()
        for index in range(len(items)):
            todo.put(index)
        referees = [_Referee() for _ in range(min(self._workers, len(items)))]
        threads = [threading.Thread(target=_work, args=(each, function, items, todo, done), daemon=True) for each in referees]
        for thread in threads:
            thread.start()
        try:
            for _ in items:
                yield done.get()
        finally:
            for referee in referees:
                referee.close()
            for thread in threads:
                thread.join()


def _work(
    referee: _Referee, function: Any, items: Sequence[Any], todo: queue.SimpleQueue[int], done: queue.SimpleQueue[Done]
) -> None:
    """Does jobs until none is left or the referee is closed."""
    while not referee.closed:
        try:
            index = todo.get_nowait()
        except queue.Empty:
            return
        done.put(referee.do(index, function, items[index]))


def _answer(channel: Channel) -> memoryview:
    """What a referee answers, after its signs of life.

    Raises:
        OSError: It gives none any more.
        EOFError: It has gone.
    """
    while (message := channel.receive()) == BEAT:
        pass
    return message


class _Referee:
    """A process that does jobs; it is started again when it is lost."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._folder = ""
        self._lock = threading.Lock()
        self.closed = False

    def do(self, index: int, function: Any, item: Any) -> Done:
        """One job, which may take several attempts."""
        message = pickle.dumps((function, item))
        for _ in range(ATTEMPTS):
            if self.closed:
                break
            try:
                channel = self._started()
                channel.send(message)
                fine, value = pickle.loads(_answer(channel))
            except (OSError, EOFError):
                self._stop()
                continue
            return Done(index, value, "") if fine else Done(index, None, value)
        return Done(index, None, LOST)

    def _started(self) -> Channel:
        with self._lock:
            if self.closed:
                raise EOFError
            if self._channel is None:
                ours, theirs = socket.socketpair()
                ours.settimeout(_SILENCE)
                # Whatever it and its agents leave behind is found, and removed, there.
                self._folder = tempfile.mkdtemp(prefix="reach-gym-")
                # A session of its own: Ctrl-C is for this process to handle. -P: it takes no module from the current directory.
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "reach_gym.benchmark.referee", str(theirs.fileno()), self._folder],
                    env={**child_environment(), "TMPDIR": self._folder},
                    stdin=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
                theirs.close()
                self._channel = Channel(ours)
            return self._channel

    def _stop(self) -> None:
        with self._lock:
            if self._process is not None and self._channel is not None:
                self._process.terminate()
                try:
                    self._process.wait(5.0)
                except subprocess.TimeoutExpired:
                    self._process.kill()
                    self._process.wait()
                self._channel.close()
                shutil.rmtree(self._folder, ignore_errors=True)
            self._process, self._channel = None, None

    def close(self) -> None:
        """Ends the process, in the middle of a job if need be."""
        self.closed = True
        self._stop()


class RayEngine:
    """A Ray cluster. Every node needs this package and the agents' files at the same places."""

    def __init__(self, address: str | None = None) -> None:
        """Connects, unless this process is connected already.

        Args:
            address: Of the cluster, such as ``"10.0.0.1:6379"`` or ``"auto"`` for the one that this machine belongs to; without
                it the one in the environment variable ``RAY_ADDRESS``, or else a new one on this machine.

        Raises:
            MissingExtraError: Ray is not installed.
            ConnectionError: There is no such cluster.
        """
        try:
            import ray
        except ImportError:
            raise missing_extra("ray", "ray") from None
        self._ray: Any = ray
        if not ray.is_initialized():
            _require_answer(address)
            try:
                ray.init(address=address, log_to_driver=False, logging_level="warning")
            except (ConnectionError, RuntimeError, ValueError) as error:
                raise ConnectionError(f"no Ray cluster at {address!r}: {error}") from error

    def run(self, function: Callable[[Item], Any], items: Sequence[Item]) -> Iterator[Done]:
        """See `Engine`."""
        ray = self._ray
        # Ray tries again by itself when a worker or a machine is lost.
        remote = ray.remote(max_retries=ATTEMPTS - 1, num_cpus=1)(_attempt)
        pending = {remote.remote(function, item): index for index, item in enumerate(items)}
        try:
            while pending:
                ready, _ = ray.wait(list(pending))
                for reference in ready:
                    yield self._done(pending.pop(reference), reference)
        finally:
            for reference in pending:
                with contextlib.suppress(Exception):
                    ray.cancel(reference, force=True)

    def _done(self, index: int, reference: Any) -> Done:
        try:
            fine, value = self._ray.get(reference)
        except self._ray.exceptions.RayError:
            return Done(index, None, LOST)
        return Done(index, value, "") if fine else Done(index, None, value)


def _require_answer(address: str | None) -> None:
    """Refuses an address at which nobody answers; Ray would try for minutes."""
    host, _, port = (address or "").rpartition(":")
    if host and port.isdecimal() and "/" not in host:
        try:
            socket.create_connection((host, int(port)), _PATIENCE).close()
        except OSError as error:
            raise ConnectionError(f"no Ray cluster at {address!r}: {error}") from None


def _attempt(function: Callable[[Any], Any], item: Any) -> tuple[bool, Any]:
    """A job on a Ray worker; its errors are told as those of a local one."""
    try:
        return True, function(item)
    except Exception as error:
        return False, f"{type(error).__name__}: {error}"


def make_engine(name: str, workers: int | None = None, address: str | None = None) -> Engine:
    """The engine called `name`, ``"local"`` or ``"ray"``.

    Raises:
        OSError: The system is none on which agents can be isolated.
        ValueError: There is none, or `workers` is out of range.
        MissingExtraError: Ray is not installed.
        ConnectionError: There is no Ray cluster at `address`.
    """
    if os.name != "posix":
        raise OSError("agents need a process of their own, which this package knows how to make on Linux and macOS only.")
    return LocalEngine(workers) if checks.choice("engine", name, ("local", "ray")) == "local" else RayEngine(address)
