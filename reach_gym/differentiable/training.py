"""Any module learns by gradient descent through a task: update k from trial k of every row, so that a session is a training."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from reach_gym import checks
from reach_gym.differentiable.rollouts import Rollout
from reach_gym.differentiable.saving import Learned, known, require_new, restored, saved_as
from reach_gym.differentiable.task import TorchReach
from reach_gym.sessions import draws
from reach_gym.training.lock import locked
from reach_gym.training.progress import progress_bar
from reach_gym.training.seeds import training_seed

Measure = Callable[[Rollout], Tensor]
_RECENT = 50  # updates that the progress bar averages
_DROPOUT_STREAM = 0x2545F4914F6CDD1D
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
        network: As for `TorchReach.rollout`.
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
    learner = _Learner(network, task, loss, updates, rate, optimiser, clip, trials, carry, dict(measures or {}), seed)
    with ExitStack() as ends:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            ends.enter_context(locked(folder))
            if resume:
                learner.take(restored(folder, learner.learned(), updates))
            else:
                require_new(folder)
        log = ends.enter_context(_curves(folder, learner)) if tensorboard and folder is not None else lambda: None
        show = ends.enter_context(progress_bar("training", learner, progress))
        learner.begin()
        glance = time.perf_counter()
        try:
            while learner.done < updates:
                learner.update()
                if time.perf_counter() - glance > _GLANCE:
                    show()
                    log()
                    glance = time.perf_counter()
                if folder is not None and learner.done % save_every == 0:
                    saved_as(folder, learner.learned())
        finally:
            # Whatever ended it between two updates: what was learned so far is whole.
            if folder is not None and learner.whole:
                saved_as(folder, learner.learned())
        log()
    return learner.history


class _Learner:
    """A training under way, as the progress bar asks for it."""

    unit = "updates"

    def __init__(
        self, network: nn.Module, task: TorchReach, loss: Measure, total: int, rate: Any, optimiser: Any, clip: float,
        trials: int, carry: bool, measures: dict[str, Measure], seed: int,
    ) -> None:  # fmt: skip
        self._network, self._task, self._loss, self.total, self._rate = network, task, loss, total, rate
        self._clip, self._trials, self._carry, self._measures, self._seed = clip, trials, carry, measures, seed
        self._optimiser: torch.optim.Optimizer = optimiser(network.parameters(), lr=rate(0) if callable(rate) else rate)
        self._state: Any = None
        self.history: dict[str, list[float]] = {name: [] for name in ("update", "loss", "gradient", *measures)}
        self.whole = True

    @property
    def done(self) -> int:
        """Updates so far."""
        return len(self.history["update"])

    def status(self) -> dict[str, float]:
        """Means of the last updates."""
        recent = {name: values[-_RECENT:] for name, values in self.history.items() if name != "update"}
        return {name: sum(values) / max(len(values), 1) for name, values in recent.items()}

    def learned(self) -> Learned:
        """All that a checkpoint holds."""
        task = self._task
        settings = {"rows": task.rows, "dtype": str(task.dtype), "clip": self._clip, "carry": self._carry}
        settings |= {"trials": self._trials, **({"first": task.first.tolist()} if task.first.any() else {})}
        env = {"id": task.env_id, "kwargs": known(task.task.to_data())}
        return Learned(self._network, self._optimiser, self.history, self._state, env, settings, self._seed)

    def take(self, learned: Learned) -> None:
        """Goes on from there; network and optimiser have been changed in place."""
        self.history, self._state = learned.history, learned.state

    def begin(self) -> None:
        """Puts the rows at the trial that comes next."""
        self._task.reset(training_seed(self._seed), trial=self.done * self._trials)

    def update(self) -> None:
        """Learns from the trials of one update, and begins the next."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(draws.mix(self._seed ^ _DROPOUT_STREAM ^ (self.done << 1)) >> 1)
            loss, measured, state = self._trials_of_update()
            self._optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
        norm = float(nn.utils.clip_grad_norm_(self._network.parameters(), self._clip))
        value = float(loss.detach())
        if not (math.isfinite(value) and math.isfinite(norm)):
            raise FloatingPointError(f"loss {value}, gradient {norm} at update {self.done + 1}; a smaller `rate` may help.")
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate(self.done) if callable(self._rate) else self._rate
        self.whole = False
        self._optimiser.step()
        self._state = _apart(state) if self._carry and state is not None else None
        for name, number in {"update": self.done + 1.0, "loss": value, "gradient": norm, **measured}.items():
            self.history[name].append(number)
        self.whole = True
        if self.done < self.total:
            self._task.next_trials()

    def _trials_of_update(self) -> tuple[Tensor, dict[str, float], Any]:
        """The mean loss of the trials of an update, the means of what is measured, and the module's state after them."""
        state, losses, measured = self._state, [], dict.fromkeys(self._measures, 0.0)
        for trial in range(self._trials):
            if trial:
                self._task.next_trials()
            path = self._task.rollout(self._network, state)
            state = path.last_state if path.states else None
            losses.append(self._loss(path))
            for name, measure in self._measures.items():
                measured[name] += float(measure(path).detach()) / self._trials
        return torch.stack(losses).mean(), measured, state


def _apart(state: Any) -> Any:
    return tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()


@contextmanager
def _curves(folder: Path, learner: _Learner) -> Iterator[Callable[[], None]]:
    from reach_gym.training.tensorboard_log import TensorBoardLog

    curves = TensorBoardLog(folder, learner.history, "update")
    try:
        yield curves.update
    finally:
        curves.close()
