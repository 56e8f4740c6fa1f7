"""``python -m reach_gym.benchmark.referee``: does the jobs of `reach_gym.benchmark.engines.LocalEngine`, one by one."""

from __future__ import annotations

import pickle
import signal
import socket
import sys
from types import FrameType

from reach_gym.benchmark.system import end_with_parent
from reach_gym.benchmark.wire import Channel


def main(handle: int) -> None:
    """Serves the engine at the other end of the connection with the file number `handle` until it has gone.

    Both ends are this package's own code, so that what they tell each other may be pickled. A job that raises answers with its
    error.
    """
    signal.signal(signal.SIGTERM, _leave)
    end_with_parent(signal.SIGTERM)
    channel = Channel(socket.socket(fileno=handle))
    while True:
        try:
            function, item = pickle.loads(channel.receive())
        except EOFError:
            return
        try:
            answer = True, function(item)
        except Exception as error:
            answer = False, f"{type(error).__name__}: {error}"
        try:
            channel.send(pickle.dumps(answer))
        except OSError:  # the engine was killed meanwhile
            return


def _leave(number: int, frame: FrameType | None) -> None:
    # So that the agent's process is ended, too, on the way out.
    raise SystemExit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
