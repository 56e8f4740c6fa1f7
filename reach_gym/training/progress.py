"""The progress bar of a training."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

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
