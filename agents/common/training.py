"""The loop around every learner: progress bar, logs, checkpoints, Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from agents.common.interrupts import deferred_interrupt
from reach_gym.training.progress import Progressing, progress_bar


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
