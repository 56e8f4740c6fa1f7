"""Any module learns by gradient descent through a task: update k from trial k of every row, so that a session is a training."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import torch
from torch import nn

from reach_gym import checks
from reach_gym.differentiable.saving import require_new, restored, saved_as
from reach_gym.differentiable.task import TorchReach
from reach_gym.differentiable.updating import Learner, Measure
from reach_gym.training.lock import locked
from reach_gym.training.progress import progress_bar

_GLANCE = 0.5  # s between two looks of the progress bar


def cosine(rate: float, updates: int, warm_up: int = 0) -> Callable[[int], float]:
    """A learning rate that rises to `rate` over the first `warm_up` updates, and falls to 0 along a cosine until the last.

    Returns:
        Of the number of an update, from 0, its learning rate.
    """

    def of(update: int) -> float:
        return rate * min(1.0, (update + 1) / (warm_up + 1)) * 0.5 * (1.0 + math.cos(math.pi * min(update / updates, 1.0)))

    return of


def train(
    network: nn.Module,
    task: TorchReach,
    loss: Measure,
    updates: int,
    *,
    rate: float | Callable[[int], float] = 1e-3,
    optimiser: Callable[..., torch.optim.Optimizer] = torch.optim.Adam,
    clip: float = 1.0,
    trials: int = 1,
    carry: bool = False,
    measures: Mapping[str, Measure] | None = None,
    seed: int = 0,
    directory: str | Path | None = None,
    save_every: int = 200,
    resume: bool = False,
    tensorboard: bool = False,
    progress: bool = True,
) -> dict[str, list[float]]:
    """Trains a module through a task; at the end it has learned, in place.

    Update k is made with trial k of every row of `task`: each row is a session of its own, so that a schedule of the task is the
    session of the training. With more `trials` than one it is made with those from ``k * trials`` on. What a module draws, as
    dropout does, depends on seed and update only; global random states stay.

    Args:
        network: As for `TorchReach.rollout`; or `Replicates`, several networks that learn each from its own rows.
        task: Where; its rows are the batch.
        loss: Of a `Rollout`; those of `reach_gym.differentiable.losses` can be added.
        updates: How many there are in all.
        rate: The learning rate, or that of each update, as from `cosine`.
        optimiser: Makes the optimiser of the parameters.
        clip: The greatest norm of a gradient; longer ones are shortened to it.
        trials: Of every row, one after the other, that an update goes through. The module's state goes on from one to the next,
            and so do the gradients; the loss is the mean of theirs.
        carry: Whether the module's state goes on from one update to the next; the gradient does not.
        measures: More of a rollout that is written down, by name, such as `endpoint`; the mean over the trials of an update.
        seed: Of the trials, and of what the module draws. The weights are the caller's.
        directory: Where checkpoints are written, which `resume` continues bit for bit; none if ``None``.
        save_every: Updates between two checkpoints.
        resume: Go on from the checkpoint in `directory`, with the same task and settings, to as many `updates`.
        tensorboard: Whether the curves are written for TensorBoard in `directory`, too.
        progress: Whether a bar shows the progress, if stderr is a terminal.

    Returns:
        Lists by name, a number per update from the first one on: ``update``, ``loss``, ``gradient`` (its norm) and the measures.
        Of `Replicates` these are means, and network k has those of its own beside them, such as ``"loss 0"``.

    Raises:
        FloatingPointError: Loss or gradient is not finite; module and checkpoint are as before that update.
        CheckpointError: The checkpoint to go on from cannot be used.
        TypeError: An argument has the wrong type.
        ValueError: An argument is out of range, `directory` is missing where it is needed, or holds a checkpoint already.
        OSError: A file cannot be written.
    """
    checks.integer("updates", updates, 1)
    checks.integer("save_every", save_every, 1)
    checks.number("clip", clip, 1e-12)
    checks.integer("trials", trials, 1)
    checks.integer("seed", seed, 0, checks.MAX_SEED)
    folder = None if directory is None else Path(directory)
    if folder is None and (resume or tensorboard):
        raise ValueError("`directory` must be given with `resume` or `tensorboard`, got None.")
    learner = Learner(network, task, loss, updates, rate, optimiser, clip, trials, carry, dict(measures or {}), seed)
    with ExitStack() as ends:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            ends.enter_context(locked(folder))
            if resume:
                learner.take(restored(folder, learner.learned(), updates))
            else:
                require_new(folder)
        tellers = [ends.enter_context(progress_bar("training", learner, progress))]
        if tensorboard and folder is not None:
            tellers.append(ends.enter_context(_curves(folder, learner)))
        _learn(learner, folder, save_every, tellers)
    return learner.history


def _learn(learner: Learner, folder: Path | None, save_every: int, tellers: Sequence[Callable[[], None]]) -> None:
    """Makes the updates that are left and tells of them; whatever ends that, what was learned is kept in the folder."""
    learner.begin()
    glance = time.perf_counter()
    try:
        while learner.done < learner.total:
            learner.update()
            if time.perf_counter() - glance > _GLANCE:
                for tell in tellers:
                    tell()
                glance = time.perf_counter()
            if folder is not None and learner.done % save_every == 0:
                saved_as(folder, learner.learned())
    finally:
        if folder is not None and learner.whole:
            saved_as(folder, learner.learned())
    for tell in tellers:
        tell()


@contextmanager
def _curves(folder: Path, learner: Learner) -> Iterator[Callable[[], None]]:
    from reach_gym.training.tensorboard_log import TensorBoardLog

    curves = TensorBoardLog(folder, learner.history, "update")
    try:
        yield curves.update
    finally:
        curves.close()
