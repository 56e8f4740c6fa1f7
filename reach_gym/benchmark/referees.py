"""The processes in which `reach_gym.benchmark.engines.LocalEngine` has its jobs done (`reach_gym.benchmark.referee`)."""

from __future__ import annotations

import pickle
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import Any

from reach_gym.benchmark.referee import BEAT
from reach_gym.benchmark.system import child_environment
from reach_gym.benchmark.wire import Channel

ATTEMPTS = 3  # at a job whose process is lost, with its machine or by an agent that ended it
_SILENCE = 30.0  # seconds without a sign of life after which a process is given up; it gives one every second


def _answer(channel: Channel) -> memoryview:
    """What a process answers, after its signs of life.

    Raises:
        OSError: It gives none any more: an agent can stop it, whatever the time limit.
        EOFError: It has gone.
    """
    while (message := channel.receive()) == BEAT:
        pass
    return message


class Referee:
    """A process that does jobs; it is started again when it is lost."""

    def __init__(self) -> None:
        """Starts nothing yet."""
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: Channel | None = None
        self._folder = ""
        self._lock = threading.Lock()
        self.closed = False

    def do(self, function: Callable[[Any], Any], item: Any) -> tuple[bool, Any] | None:
        """Applies `function` to `item`; takes several attempts if the process is lost.

        Returns:
            ``True`` and the result, or ``False`` and the error's text; ``None`` if the process was lost every time.
        """
        message = pickle.dumps((function, item))
        for _ in range(ATTEMPTS):
            if self.closed:
                break
            try:
                channel = self._started()
                channel.send(message)
                answer: tuple[bool, Any] = pickle.loads(_answer(channel))
            except (OSError, EOFError):
                self._stop()
                continue
            return answer
        return None

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
                self._process.send_signal(signal.SIGCONT)  # one that was stopped hears of it only when it goes on
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
