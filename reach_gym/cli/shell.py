"""How every command line of this repository behaves: subcommands, exit codes, one-line errors.

A command is a dataclass whose fields are its arguments and whose `run` does the work. Exit codes: 0 done; 1
the run failed; 2 the request was wrong; 130 interrupted; 143 ended by SIGTERM. Whatever went wrong is one line on stderr;
``--debug`` adds the traceback.
"""

from __future__ import annotations

import abc
import contextlib
import inspect
import io
import os
import pkgutil
import re
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FrameType

import gymnasium
import tyro
from rich.console import Console

from reach_gym import startup

DONE, FAILED, BAD_REQUEST, INTERRUPTED, TERMINATED = 0, 1, 2, 130, 143


class Terminated(KeyboardInterrupt):
    """SIGTERM, by which batch systems and containers end a process: everything is cleaned up as after Ctrl-C."""


class RequestError(Exception):
    """What the user asked for cannot be done; the message says why in one line."""


class FailedError(Exception):
    """The work was done and did not come out well; the message says what in one line."""


@dataclass(kw_only=True)
class Command(abc.ABC):
    """Base of every command; subclasses are dataclasses, too.

    Attributes:
        debug: Show tracebacks.
    """

    debug: bool = False

    @classmethod
    def default(cls, arguments: list[str]) -> Command | None:
        """The command as it is where the `arguments` do not say otherwise; `None` for the defaults of the fields.

        Raises:
            ValueError: The arguments are wrong.
        """
        return None

    @abc.abstractmethod
    def run(self) -> None:
        """Does the work. Set-up belongs into `request`, so that its errors count as a bad request."""


@contextlib.contextmanager
def request() -> Iterator[None]:
    """Turns what bad arguments, paths and names raise inside it into `RequestError`.

    Raises:
        RequestError: Instead of a value, type, import, attribute, operating system or Gymnasium error.
    """
    try:
        yield
    except BrokenPipeError:
        raise  # the reader of our output has gone; nothing is wrong with the request
    except (ValueError, TypeError, ImportError, AttributeError, OSError, gymnasium.error.Error) as error:
        raise RequestError(one_line(error)) from error


def one_line(error: BaseException) -> str:
    """The message of `error` in one line, or the name of its class if it has none."""
    return " ".join(str(error).split()) or type(error).__name__


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # rich would exit with 1


def console() -> Console:
    """A console on stdout for tables; as wide as they need where stdout is no terminal."""
    return _Console(width=None if sys.stdout.isatty() else 160, highlight=False)


def main(commands: Mapping[str, str], argv: Sequence[str] | None, prog: str, description: str) -> int:
    """Parses a command line, runs its command and reports what went wrong.

    Args:
        commands: Where each command is, as ``"module:Class"``, by name: only the one that is asked for is imported. Names may
            hold ``-`` or ``_``, users may write either.
        argv: The arguments, ``None`` for those of this process.
        prog: Name of the program.
        description: What it does, for ``--help``.

    Returns:
        The exit code.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    _open_streams()
    try:
        chosen = _chosen(commands, arguments, prog, description)
        with _terminable():
            command = _parse(chosen, arguments, prog) if chosen else None
            if command is not None:
                command.run()
            sys.stdout.flush()
    except KeyboardInterrupt as end:
        exec("")  # where the signal came in the middle of an `exec`, such as Numba's, Python would remember it and die by it
        told, code = ("terminated", TERMINATED) if isinstance(end, Terminated) else ("interrupted", INTERRUPTED)
        print(told, file=sys.stderr)
        return code
    except BrokenPipeError:  # `... | head`: the reader has seen enough
        _discard_stdout()
    except Exception as error:
        if "--debug" in arguments:
            traceback.print_exc()
        bad = isinstance(error, RequestError)
        kind = "" if bad or isinstance(error, FailedError) or not str(error) else f"{type(error).__name__}: "
        print(f"error: {kind}{one_line(error)}", file=sys.stderr)
        return BAD_REQUEST if bad else FAILED
    return DONE


def _open_streams() -> None:
    """Makes sure that there is something to print to."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  # for as long as the process lasts
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal without arrows shows "?" instead of failing


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Raises `Terminated` on SIGTERM, unless somebody else sees to that signal."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _chosen(commands: Mapping[str, str], arguments: list[str], prog: str, description: str) -> type[Command] | None:
    """The command that a line begins with, or ``None`` after the overview of all."""
    by_name = {name.replace("_", "-"): place for name, place in commands.items()}
    first = arguments[0].replace("_", "-") if arguments else ""
    if first in ("-h", "--help", "help"):
        print(_overview({name: _imported(place) for name, place in by_name.items()}, prog, description))
        return None
    if first not in by_name:
        what = f"there is no command {arguments[0]!r}" if arguments else "a command is missing"
        raise RequestError(f"{what}; choose one of {', '.join(by_name)} (`{prog} --help` explains them).")
    return _imported(by_name[first])


def _imported(place: str) -> type[Command]:
    with startup.importing(), request():
        kind: type[Command] = pkgutil.resolve_name(place)
    return kind


def _parse(kind: type[Command], arguments: list[str], prog: str) -> Command | None:
    """The command with its arguments, or ``None`` after ``--help``."""
    first = arguments[0].replace("_", "-")
    errors = io.StringIO()
    try:
        # Settings check themselves as soon as they are made.
        with contextlib.redirect_stderr(errors), request():
            return tyro.cli(
                kind,
                args=arguments[1:],
                prog=f"{prog} {first}",
                default=kind.default(arguments[1:]),
                config=(tyro.conf.FlagCreatePairsOff,),
            )
    except SystemExit as leaving:
        if leaving.code in (0, None):
            return None
        raise RequestError(_summary(errors.getvalue())) from None


def _overview(by_name: Mapping[str, type[Command]], prog: str, description: str) -> str:
    width = max(map(len, by_name))
    rows = [f"  {name:<{width}}  {_headline(command)}" for name, command in by_name.items()]
    usage = f"usage: {prog} [-h] COMMAND ..."
    more = f"`{prog} COMMAND --help` shows the options of a command."
    return "\n".join([usage, "", description, "", "commands:", *rows, "", more])


def _headline(kind: type) -> str:
    return (inspect.getdoc(kind) or "").split("\n")[0]


def _summary(box: str) -> str:
    """The message in the box that tyro draws around an error, as one line."""
    lines = [re.sub(r"^[│|]|[│|]$", "", line.strip()).strip() for line in box.splitlines()]
    sections: list[list[str]] = [[]]
    for line in lines:
        if re.fullmatch(r"[─\-]{3,}", line):
            sections.append([])
        elif line and not re.match(r"[╭╰+]", line):
            sections[-1].append(line)
    asides = ("For full helptext", "Argument helptext")
    told = [" ".join(section) for section in sections if section and not section[0].startswith(asides)]
    return "; ".join(told) or "these arguments are not understood"


def _discard_stdout() -> None:
    # Python may flush stdout once more on its way out and complain; its manual advises this ("Note on SIGPIPE").
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
