"""An agent in a process of its own: started with limits, watched, and ended without fail.

This keeps a careless or broken agent from spoiling the benchmark. It is no sandbox: the agent runs with the user's rights, and
code that means harm can do all that the user could.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from typing import Any

from reach_gym.benchmark import wire
from reach_gym.benchmark.system import child_environment, kill_those_in, resident

MAX_OUTPUT = 2**24  # bytes that an agent may print
MEMORY = 2**32  # bytes that it may take, unless told otherwise
_POLL = 0.05  # seconds between two looks at memory and clock
_TAIL = 400  # bytes of what it printed that are kept
_STATUSES = ("error", "memory", "crashed", "invalid_action", "not_applicable")  # that its process may tell
# Whose version goes into the results if the agent has loaded it.
PACKAGES = ("torch", "stable_baselines3", "sb3_contrib", "tensorflow", "jax", "keras", "scipy", "sklearn", "ray", "tianshou")


class AgentFailure(Exception):
    """An agent that cannot go on.

    Attributes:
        status: ``"error"`` (it raised), ``"timeout"``, ``"memory"``, ``"output"`` (it printed too much), ``"crashed"`` (its
            process ended), ``"invalid_action"`` or ``"not_applicable"``.
        message: Why, in one line.
    """

    def __init__(self, status: str, message: str) -> None:
        """Keeps both."""
        self.status, self.message = status, printable(message)
        super().__init__(f"{status}: {self.message}")


class AgentProcess:
    """A running process of `reach_gym.benchmark.worker`."""

    def __init__(self, task: dict[str, Any], seconds: float, memory: int) -> None:
        """Starts it and waits until it has loaded its agent.

        Args:
            task: What `reach_gym.benchmark.worker` is told.
            seconds: Wall-clock time that it may take in all, while the referee waits for it.
            memory: Bytes that it may take.

        Raises:
            AgentFailure: The agent cannot be loaded.
        """
        self._left, self._seconds, self._memory = seconds, seconds, memory
        self._deadline: float | None = None
        self._verdict: tuple[str, str] | None = None
        self._tail = b""
        self._folder = tempfile.mkdtemp(prefix="reach-gym-")
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-P", "-m", "reach_gym.benchmark.worker", str(theirs.fileno())]
        self._process = subprocess.Popen(
            command,
            cwd=self._folder,
            env={**child_environment(), "TMPDIR": self._folder},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=(theirs.fileno(),),
            start_new_session=True,
        )
        theirs.close()
        self._channel = wire.Channel(ours, 2 * wire.MAX_ACTIONS)
        self._watch = threading.Thread(target=self._watched, daemon=True)
        self._watch.start()
        try:
            self.told = wire.from_text(self.ask(wire.to_text(**task, memory=memory)))
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def ask(self, message: bytes) -> memoryview:
        """Sends a message and returns the answer.

        Raises:
            AgentFailure: It has none.
        """
        begin = time.monotonic()
        self._deadline = begin + self._left
        try:
            self._send(message)
            answer = self._channel.receive()
        except wire.WireError as error:
            raise AgentFailure("crashed", f"it sent {error}") from None
        except (OSError, EOFError) as error:
            raise self._failure(error) from None
        finally:
            self._deadline = None
            self._left -= time.monotonic() - begin
        if answer[:1] == wire.TEXT:
            self._require_sound(answer)
        return answer

    def _send(self, message: bytes) -> None:
        """Sends a message. If nobody is there any more, what the agent's process said before it left is the reason."""
        try:
            self._channel.send(message)
        except OSError:
            self._require_sound(self._channel.receive())
            raise

    def tell(self, message: bytes) -> None:
        """Sends a message that has no answer; time and failures are counted as in `ask`.

        Raises:
            AgentFailure: It cannot be sent.
        """
        begin = time.monotonic()
        self._deadline = begin + self._left
        try:
            self._send(message)
        except (OSError, EOFError, wire.WireError) as error:
            raise self._failure(error) from None
        finally:
            self._deadline = None
            self._left -= time.monotonic() - begin

    def _require_sound(self, answer: memoryview) -> None:
        try:
            told = wire.from_text(answer)
        except wire.WireError as error:
            raise AgentFailure("crashed", f"it sent nonsense ({error})") from None
        if "status" in told:
            if told["status"] not in _STATUSES:
                raise AgentFailure("crashed", "it sent nonsense (a status that there is not)")
            raise AgentFailure(told["status"], self._repeatable(str(told.get("message")))[:500])

    def _repeatable(self, text: str) -> str:
        """Without what differs from run to run: addresses of objects and the name of the working directory."""
        return re.sub(r"\b0x[0-9a-fA-F]{6,}", "0x...", text.replace(self._folder, "."))

    def _failure(self, error: BaseException) -> AgentFailure:
        """Why the process does not answer."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        self._watch.join(1.0)
        if self._verdict is not None:
            return AgentFailure(*self._verdict)
        code = self._process.poll()
        if code is None:
            return AgentFailure("crashed", "it closed its connection" if isinstance(error, EOFError) else "it sent nonsense")
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"left with exit code {code}"
        printed = self._repeatable(" ".join(self._tail.decode(errors="replace").split()))
        return AgentFailure("crashed", f"its process {how}" + (f": {printed[-200:]}" if printed and code > 0 else ""))

    def _watched(self) -> None:
        """Watches the process until it ends, and sees to it that nobody waits for an answer any longer."""
        try:
            self._watching()
        finally:
            # What the process has started may outlive it, and holds its end of the connection open.
            self._channel.shutdown()

    def _watching(self) -> None:
        """Keeps the end of what the process prints, and ends it if it takes too much of anything."""
        output, printed = self._process.stdout, 0
        if output is None:
            return
        while self._process.poll() is None:
            ready, _, _ = select.select([output], [], [], _POLL)
            if ready:
                part = os.read(output.fileno(), 2**16)
                if not part:  # it closed its output
                    time.sleep(_POLL)
                printed += len(part)
                self._tail = (self._tail + part)[-_TAIL:]
            deadline = self._deadline
            if printed > MAX_OUTPUT:
                self._end("output", f"it printed more than {MAX_OUTPUT >> 20} MiB")
            elif deadline is not None and time.monotonic() > deadline:
                self._end("timeout", f"it took longer than {self._seconds:g} s")
            elif resident(self._process.pid) > self._memory:
                self._end("memory", f"it took more than {self._memory >> 20} MiB of memory")

    def _end(self, status: str, message: str) -> None:
        self._verdict = self._verdict or (status, message)
        self._kill()

    def _kill(self) -> None:
        # The group takes with it what the agent has started.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """Ends the process and removes its directory."""
        with contextlib.suppress(OSError):
            self._channel.close()
        self._kill()
        self._process.wait()
        self._watch.join()
        kill_those_in(self._folder)
        if self._process.stdout is not None:
            self._process.stdout.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def printable(text: str) -> str:
    """`text` without what a terminal would obey or a file could not hold."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)
