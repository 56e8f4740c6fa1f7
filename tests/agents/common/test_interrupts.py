"""Ctrl-C and SIGTERM: deferred, told apart, and nobody else's handlers are lost."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass

import pytest

from agents.common.interrupts import deferred_interrupt
from reach_gym.cli import shell
from reach_gym.cli.shell import Terminated

ENDS = [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated)]


@pytest.mark.parametrize(("number", "error"), ENDS)
def test_the_block_is_finished_first(number: int, error: type[BaseException]) -> None:
    handlers = [signal.getsignal(each) for each, _ in ENDS]
    done = []
    with pytest.raises(BaseException) as caught, deferred_interrupt() as interrupted:
        assert not interrupted()
        signal.raise_signal(number)
        assert interrupted()
        done.append("saved")
    assert type(caught.value) is error and done == ["saved"]
    assert [signal.getsignal(each) for each, _ in ENDS] == handlers


@pytest.mark.parametrize(("second", "error"), ENDS)
@pytest.mark.parametrize(("first", "_"), ENDS)
def test_the_second_one_ends_the_block_at_once(first: int, second: int, error: type[BaseException], _: object) -> None:
    done = []
    with pytest.raises(BaseException) as caught, deferred_interrupt():
        signal.raise_signal(first)
        signal.raise_signal(second)
        done.append("saved")
    assert type(caught.value) is error and done == []


def test_an_error_in_the_block_comes_first() -> None:
    with pytest.raises(ZeroDivisionError), deferred_interrupt():
        signal.raise_signal(signal.SIGTERM)
        raise ZeroDivisionError


def test_other_threads_hear_no_signals() -> None:
    told = []

    def run() -> None:
        with deferred_interrupt() as interrupted:
            told.append(interrupted())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert told == [False]


@dataclass
class Signalling(shell.Command):
    """Gets a signal."""

    number: int = 0

    def run(self) -> None:
        """Gets it."""
        signal.raise_signal(self.number)


COMMANDS = {"signal": f"{__name__}:Signalling"}


@pytest.mark.parametrize(("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")])
def test_a_command_tells_how_it_ended(number: int, code: int, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    handlers = [signal.getsignal(each) for each, _ in ENDS]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert shell.main(COMMANDS, ["signal", "--number", str(int(number))], "test", "") == code
        assert [signal.getsignal(each) for each, _ in ENDS][1] == handlers[1]
    finally:
        signal.signal(signal.SIGINT, handlers[0])
    assert capsys.readouterr().err == f"{word}\n"


def test_sigterm_is_left_to_whoever_sees_to_it() -> None:
    heard = []
    former = signal.signal(signal.SIGTERM, lambda number, frame: heard.append(number))
    try:
        assert shell.main(COMMANDS, ["signal", "--number", str(int(signal.SIGTERM))], "test", "") == 0
    finally:
        signal.signal(signal.SIGTERM, former)
    assert heard == [signal.SIGTERM]
