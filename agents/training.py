"""The loop around a learner: progress bar, checkpoints, Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .q_learning import QLearning
from .runs import deferred_interrupt

_LEG = 10  # episodes between two looks at the keyboard: at most a second even where an environment is slow
_RECENT = 100  # episodes over which the progress bar averages


def train(
    learner: QLearning,
    save: Callable[[], None],
    checkpoint_every: int,
    label: str = "",
    progress: bool = True,
) -> None:
    """Learns until the learner has all the episodes of its configuration, then saves.

    Args:
        learner: The learner, new or resumed.
        save: Writes a checkpoint of `learner`.
        checkpoint_every: Episodes between two checkpoints, at least 1.
        label: Name of the progress bar.
        progress: Whether to show the bar, if stderr is a terminal.

    Raises:
        KeyboardInterrupt: After Ctrl-C; the checkpoint then holds everything up to the end of an episode. A
            second Ctrl-C ends at once, with the checkpoint before.
    """
    last = learner.config.episodes
    with deferred_interrupt() as interrupted, _bar(label, learner, progress) as show:
        while learner.episodes < last and not interrupted():
            to_checkpoint = checkpoint_every - learner.episodes % checkpoint_every
            learner.learn(min(_LEG, to_checkpoint, last - learner.episodes))
            show()
            if learner.episodes % checkpoint_every == 0 and learner.episodes < last:
                save()
        save()
        if interrupted():
            raise KeyboardInterrupt


@contextmanager
def _bar(label: str, learner: QLearning, wanted: bool) -> Iterator[Callable[[], None]]:
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("success {task.fields[success]:4.0%}  steps {task.fields[steps]:6.2f}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not (wanted and console.is_terminal)) as progress:
        bar = progress.add_task(label, total=learner.config.episodes, success=0.0, steps=0.0)

        def show() -> None:
            if not progress.disable:
                steps, successes = learner.steps[-_RECENT:], learner.successes[-_RECENT:]
                progress.update(bar, completed=learner.episodes, success=np.mean(successes), steps=np.mean(steps))

        yield show
