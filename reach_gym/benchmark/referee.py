"""``python -m reach_gym.benchmark.referee``: does the jobs of `reach_gym.benchmark.engines.LocalEngine`, one by one.

While it lives it says so: an agent may stop its referee, and whoever waits for it must not wait for ever.
"""

from __future__ import annotations

import pickle
import shutil
import signal
import socket
import sys
import threading
import time
from types import FrameType

from reach_gym.benchmark.system import end_with_parent
from reach_gym.benchmark.wire import Channel

BEAT = b""  # what it says
_EVERY = 1.0  # seconds


def main(handle: int, folder: str | None = None) -> None:
    """Serves the engine at the other end of the connection with the file number `handle` until it has gone.

    If the engine has gone, nobody else removes the `folder` of temporary files, in which agents leave what they leave.


    Both ends are this package's own code, so that what they tell each other may be pickled. A job that raises answers with its
    error.
    """
    signal.signal(signal.SIGTERM, _leave)
    end_with_parent(signal.SIGTERM)
    try:
        _serve(Channel(socket.socket(fileno=handle)))
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is leaving already
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _serve(channel: Channel) -> None:
    lock = threading.Lock()
    threading.Thread(target=_beat, args=(channel, lock), daemon=True).start()
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
            with lock:
                channel.send(pickle.dumps(answer))
        except OSError:  # the engine was killed meanwhile
            return


def _beat(channel: Channel, lock: threading.Lock) -> None:
    """Says every second that this process has not been stopped."""
    while True:
        time.sleep(_EVERY)
        with lock:
            try:
                channel.send(BEAT)
            except OSError:
                return


def _leave(number: int, frame: FrameType | None) -> None:
    # So that the agent's process is ended, too, on the way out.
    raise SystemExit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
