"""One update after the other: from the trials of a task to the weights of a module."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from reach_gym.differentiable.replicates import Replicates
from reach_gym.differentiable.rollouts import Rollout
from reach_gym.differentiable.saving import Learned, known
from reach_gym.differentiable.task import TorchReach
from reach_gym.sessions import draws
from reach_gym.training.seeds import training_seed

Measure = Callable[[Rollout], Tensor]
_RECENT = 50  # updates that the progress bar averages
_DROPOUT_STREAM = 0x2545F4914F6CDD1D


class Learner:
    """A training under way, as the progress bar asks for it."""

    unit = "updates"

    def __init__(
        self, network: nn.Module, task: TorchReach, loss: Measure, total: int, rate: Any, optimiser: Any, clip: float,
        trials: int, carry: bool, measures: dict[str, Measure], seed: int,
    ) -> None:  # fmt: skip
        self._network, self._task, self._loss, self.total, self._rate = network, task, loss, total, rate
        self._networks = list(network.networks) if isinstance(network, Replicates) else [network]
        self._clip, self._trials, self._carry, self._measures, self._seed = clip, trials, carry, measures, seed
        self._optimiser: torch.optim.Optimizer = optimiser(network.parameters(), lr=rate(0) if callable(rate) else rate)
        self._state: Any = None
        self._noted = ("loss", "gradient", *measures)
        numbers = range(len(self._networks)) if len(self._networks) > 1 else ()
        names = "update", *self._noted, *(f"{name} {k}" for name in self._noted for k in numbers)
        self.history: dict[str, list[float]] = {name: [] for name in names}
        self.whole = True

    @property
    def done(self) -> int:
        """Updates so far."""
        return len(self.history["update"])

    def status(self) -> dict[str, float]:
        """Means of the last updates."""
        recent = {name: self.history[name][-_RECENT:] for name in self._noted}
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
            losses, measured, state = self._trials_of_update()
            self._optimiser.zero_grad()
            losses.sum().backward()  # type: ignore[no-untyped-call]
        norms = [float(nn.utils.clip_grad_norm_(each.parameters(), self._clip)) for each in self._networks]
        noted = {"loss": losses.detach().tolist(), "gradient": norms, **measured}
        for loss, norm in zip(noted["loss"], norms, strict=True):
            if not (math.isfinite(loss) and math.isfinite(norm)):
                raise FloatingPointError(f"loss {loss}, gradient {norm} at update {self.done + 1}; a smaller `rate` may help.")
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate(self.done) if callable(self._rate) else self._rate
        self.whole = False
        self._optimiser.step()
        self._state = _apart(state) if self._carry and state is not None else None
        self._note(noted)
        self.whole = True
        if self.done < self.total:
            self._task.next_trials()

    def _note(self, noted: dict[str, list[float]]) -> None:
        """Writes down the numbers of an update, the mean over the networks and, of several, each."""
        self.history["update"].append(self.done + 1.0)
        for name, values in noted.items():
            self.history[name].append(sum(values) / len(values))
            for k, value in enumerate(values if len(values) > 1 else ()):
                self.history[f"{name} {k}"].append(value)

    def _trials_of_update(self) -> tuple[Tensor, dict[str, list[float]], Any]:
        """Each network's mean loss of the trials of an update, the means of what is measured, and the state after them."""
        state, losses = self._state, []
        measured = {name: [0.0] * len(self._networks) for name in self._measures}
        for trial in range(self._trials):
            if trial:
                self._task.next_trials()
            path = self._task.rollout(self._network, state)
            state = path.last_state if path.states else None
            paths = self._network.of_each(path) if isinstance(self._network, Replicates) else [path]
            losses.append(torch.stack([self._loss(each) for each in paths]))
            for name, measure in self._measures.items():
                for k, each in enumerate(paths):
                    measured[name][k] += float(measure(each).detach()) / self._trials
        return torch.stack(losses).mean(0), measured, state


def _apart(state: Any) -> Any:
    return tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()
