"""The loop around every learner: progress bar, logs, checkpoints, Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from agents.common.interrupts import deferred_interrupt

_SHARES = ("success",)  # shown in percent


class Progressing(Protocol):
    """What the progress bar asks of a learner.

    Attributes:
        unit: What is counted, in the plural: episodes, steps, updates.
    """

    unit: str

    @property
    def done(self) -> int:
        """How much has been learned so far."""

    @property
    def total(self) -> int:
        """How much there is to learn."""

    def status(self) -> Mapping[str, float]:
        """The figures of the recent past that the progress bar shows; NaN for those that are not known yet."""


class Learner(Progressing, Protocol):
    """What the loop asks of a learner.

    Attributes:
        leg: How much to learn between two looks at the keyboard: about a second's worth.
    """

    leg: int

    def learn(self, count: int) -> None:
        """Learns `count` more, or a little beyond where the count falls between two steps."""


def train(
    learner: Learner,
    save: Callable[[], None],
    checkpoint_every: int,
    label: str = "",
    progress: bool = True,
    log: Callable[[], None] | None = None,
) -> None:
    """Learns all that is to be learned, then saves.

    Args:
        learner: New or resumed.
        save: Writes a checkpoint of `learner`.
        checkpoint_every: Units between two checkpoints, at least 1.
        label: Name of the progress bar.
        progress: Whether to show the bar, if stderr is a terminal.
        log: Called about once a second and before a checkpoint, to write down what is new.

    Raises:
        KeyboardInterrupt: After Ctrl-C or SIGTERM (see `deferred_interrupt`); the checkpoint then holds everything up to then.
            A second one ends at once, with the checkpoint before.
        FloatingPointError: What the learner raises where a number is no longer finite; the checkpoint before is kept.
    """

    def next_due() -> int:
        return (learner.done // checkpoint_every + 1) * checkpoint_every

    due = next_due()
    with deferred_interrupt() as interrupted, progress_bar(label, learner, progress) as show:
        while learner.done < learner.total and not interrupted():
            learner.learn(min(learner.leg, due - learner.done, learner.total - learner.done))
            show()
            if log is not None:
                log()
            if due <= learner.done < learner.total:
                save()
                due = next_due()
        save()


@contextmanager
def progress_bar(label: str, learner: Progressing, wanted: bool) -> Iterator[Callable[[], None]]:
    """A bar on stderr, if that is a terminal.

    Args:
        label: Its name.
        learner: Whose progress it shows.
        wanted: Whether to show it.

    Yields:
        A function that brings it up to date.
    """
    console = Console(stderr=True)
    if not (wanted and console.is_terminal):  # below version 14.3 Rich ends even a bar that is not shown with an empty line
        yield lambda: None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[status]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task(label, total=learner.total, completed=learner.done, status="")
        first, begin = learner.done, time.perf_counter()

        def show() -> None:
            rate = (learner.done - first) / max(time.perf_counter() - begin, 1e-9)
            figures = [*map(_shown, learner.status().items()), f"{rate:,.0f} {learner.unit}/s"]
            progress.update(bar, completed=learner.done, status="  ".join(figures))

        yield show


def _shown(figure: tuple[str, float]) -> str:
    name, value = figure
    return f"{name} {value:.0%}" if name in _SHARES and value == value else f"{name} {value:.4g}"
