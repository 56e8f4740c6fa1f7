"""Agents that misbehave, for tests/benchmark/test_hostile.py; each on the grid. `east` is the honest one."""

import ctypes
import os
import signal
import socket
import sys
import time

import numpy as np


def east(observations):
    return np.zeros(len(observations), int)


def raises(observations):
    raise KeyError("no idea")


def hangs(observations):
    time.sleep(1000)


def ignores_interrupts(observations):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        try:
            time.sleep(1000)
        except BaseException:
            pass


def strings(observations):
    return ["east"] * len(observations)


def nothing(observations):
    return None


def not_a_number(observations):
    return np.full(len(observations), np.nan)


def wrong_shape(observations):
    return np.zeros((len(observations), 3), int)


def out_of_range(observations):
    return np.full(len(observations), 8)


def huge(observations):
    return np.broadcast_to(np.int8(0), 2**40)


class Evil:
    def __array__(self, dtype=None, copy=None):
        raise MemoryError if dtype == "never" else ZeroDivisionError("in __array__")

    def __repr__(self):
        raise RuntimeError("in __repr__")


def evil(observations):
    return Evil()


def prints(observations):
    for _ in range(1024):
        sys.stdout.write("x" * 2**20)


def exits_at_once(observations):
    os._exit(0)


def exits(observations):
    sys.exit(0)


def edits(observations):
    observations[:] = 0
    return east(observations)


def allocates(observations):
    kept = []
    while True:
        kept.append(bytearray(2**24))


def closes_its_output(observations):
    for number in (0, 1, 2):
        try:
            os.close(number)
        except OSError:
            pass
    return east(observations)


def kills_itself(observations):
    os.kill(os.getpid(), signal.SIGKILL)


def kills_its_referee(observations):
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(1000)


def stops_its_referee(observations):
    os.kill(os.getppid(), signal.SIGSTOP)
    time.sleep(1000)


def breaks_memory(observations):
    ctypes.string_at(0)


def talks_nonsense(observations):
    for number in range(3, 32):
        try:
            socket.socket(fileno=os.dup(number)).sendall(b"\x05\x00\x00\x00=<q\x00\x00" + b"{nonsense" * 3)
        except OSError:
            pass
    time.sleep(1000)


def _say(text):
    """Sends a message of its own in the name of its process."""
    for number in range(3, 32):
        try:
            socket.socket(fileno=os.dup(number)).sendall(len(text).to_bytes(4, "little") + text)
        except OSError:
            pass


def says_ok(observations):
    _say(b'{"status": "ok"}')
    time.sleep(1000)


class Introduces:
    """Says something else of itself than what its process will."""

    def __init__(self, env):
        _say(b'{"observation": "vector", "observes": 1, "versions": {"numpy": "9", "torch": 3, "jax": "\\u001b[31m", "x": "1"}}')

    def reset(self, starts):
        pass

    def act(self, observations):
        return east(observations)


def leaves_a_twin(observations):
    if os.fork():
        os._exit(0)
    time.sleep(1000)


def hangs_with_a_twin_elsewhere(observations):
    child = os.fork()
    if child == 0:
        os.setsid()
    else:
        with open(os.environ["HOSTILE_TWIN"], "w") as file:
            file.write(str(child))
    time.sleep(1000)


def paints(observations):
    raise ValueError("\ud800 \x1b[31mred\x1b[0m\a")


def addresses(observations):
    raise ValueError(f"{object()} in {os.getcwd()}")


class FailsLate:
    """Learns, and fails at the step whose number the environment variable has."""

    def __init__(self, env):
        self.steps = 0

    def reset(self, starts):
        pass

    def act(self, observations):
        return east(observations)

    def observe(self, transition):
        self.steps += 1
        if self.steps == int(os.environ["HOSTILE_STEP"]):
            raise ValueError("boom")


class Tampers:
    """Does to its environment what it can; the one that is played is another."""

    def __init__(self, env):
        import reach_gym.grid.vector_env as module
        import reach_gym.grid.world

        env.reset(seed=0)
        env.env.unwrapped._rows.numbers[:] = 0
        module.GridReachVectorEnv.step = module.GridReachVectorEnv.reset = None
        reach_gym.grid.world.NUM_ACTIONS = 1
        self.env = env

    def reset(self, starts):
        starts[:] = False

    def act(self, observations):
        return east(observations)


class Peeps:
    """Looks for the truth."""

    def __init__(self, env):
        from reach_gym.planning import IdealAgent

        self.agent = IdealAgent(env)
