"""``python -m benchmarks networks``: a small GRU learns to reach and then to compensate a curl field, and how fast it learns."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from reach_gym import checks, files
from reach_gym.acting.rollout import held_out
from reach_gym.cli import shell
from reach_gym.differentiable import Rollout, TorchReach, cosine, endpoint, jerk, position, train

TASK: dict[str, Any] = {"delay": 5, "targets": "center-out"}
FREE, CURL, VISCOSITY = "reach_gym/CursorReach-v0", "reach_gym/CursorReachCurl-v0", 13.0  # N s/m
UNITS, ROWS, PROBES = 96, 32, 64
RATES = 3e-3, 1e-3  # of learning to reach, and in the field
_WARM_UP = 20  # updates
_FOUND = ("seed", "reach, s", "endpoint, mm", "coefficient", "curl, s", "endpoint, mm", "coefficient", "after-effect, mm")
_TRAININGS = """{updates} updates of {rows} trials without a field, and as many in the curl, measured on held-out trials; CPU s
of one core. The channel coefficient is the force on the walls of error clamps over the one that the field would ask for. The
after-effect is the greatest deviation in trials without the field, which pushed to the left."""
_SPEEDS = """One training step in the curl with a GRU of {units} units, CPU ms of one core: with the derivative that is written by
machine, and with PyTorch's automatic one; the best of {steps} after a first one."""
PLANTS = ("point_mass", "two_link_arm", "muscle_arm")


class MyNetwork(nn.Module):
    """The network of the documentation: a GRU and a layer of actions."""

    def __init__(self, observations: int, units: int, actions: int) -> None:
        """Makes the layers, with random weights."""
        super().__init__()
        self.cell, self.out = nn.GRUCell(observations, units), nn.Linear(units, actions)

    def initial(self, rows: int) -> Tensor:
        """The state in which a trial begins, (rows, units)."""
        return torch.zeros(rows, self.cell.hidden_size)

    def forward(self, observation: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Actions (rows, actions) and the new state."""
        state = self.cell(observation, state)
        return torch.tanh(self.out(state)), state


def loss(path: Rollout) -> Tensor:
    """To be at the target half a second after the cue, smoothly; effort instead of jerk would let paths bow in a field."""
    return position(path) + 0.1 * jerk(path)


@dataclass(kw_only=True)
class Networks(shell.Command):
    """Trains the network of the documentation and measures one training step of several plants.

    Attributes:
        seeds: Of weights and trials; one training each.
        updates: Without a field, and as many in it.
        steps: Training steps that are timed of each plant, batch and derivative, after a first one.
        out: Where the table is written, as Markdown; nowhere if ``None``.
    """

    seeds: tuple[int, ...] = (0, 1, 2)
    updates: int = 300
    steps: int = 5
    out: Path | None = None

    def run(self) -> None:
        """Trains, measures and prints."""
        with shell.request():
            for seed in self.seeds:
                checks.integer("seeds", seed, 0, checks.MAX_SEED)
            checks.integer("updates", self.updates, 1)
            checks.integer("steps", self.steps, 1)
        torch.set_num_threads(1)
        lines = [*self._trainings(), "", *self._speeds(), ""]
        print("\n".join(lines))
        if self.out is not None:
            files.write(self.out, "\n".join(lines).encode())

    def _trainings(self) -> list[str]:
        lines = [_TRAININGS.format(updates=self.updates, rows=ROWS), "", *_head(_FOUND)]
        for seed in self.seeds:
            found = (f"{value:.2f}" if abs(value) < 9 else f"{value:.0f}" for value in trained(seed, self.updates))
            lines.append(f"| {seed} | {' | '.join(found)} |")
        return lines

    def _speeds(self) -> list[str]:
        lines = [
            _SPEEDS.format(units=UNITS, steps=self.steps),
            "",
            *_head(("plant", "batch", "steps of a trial", "written", "automatic")),
        ]
        for plant in PLANTS:
            for rows in (32, 256):
                longest = TorchReach(CURL, rows, plant=plant, **TASK).longest
                own, automatic = (1000 * step_time(plant, rows, fast, self.steps) for fast in (True, False))
                lines.append(f"| `{plant}` | {rows} | {longest} | {own:.0f} | {automatic:.0f} |")
        return lines


def _head(names: tuple[str, ...]) -> list[str]:
    return [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]


def trained(seed: int, updates: int) -> list[float]:
    """Seconds, end-point error (mm) and channel coefficient after learning to reach, the same in the field; the after-effect."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = MyNetwork(14, UNITS, 2)
    found: list[float] = []
    for env_id, rate in zip((FREE, CURL), RATES, strict=True):
        begin = time.process_time()
        settings = {"rate": cosine(rate, updates, _WARM_UP), "seed": seed + (env_id == CURL) * 10_000}
        train(network, TorchReach(env_id, ROWS, **TASK), loss, updates, **settings)  # type: ignore[arg-type]
        seconds = time.process_time() - begin
        found += [seconds, float(endpoint(probed(network, env_id, seed))), coefficient(probed(network, CURL, seed, channel=True))]
    return [*found, after_effect(probed(network, CURL, seed, gain=0.0))]


def probed(network: nn.Module, env_id: str, seed: int, **options: Any) -> Rollout:
    """What the network does in held-out trials."""
    task = TorchReach(env_id, PROBES, **TASK)
    task.reset(held_out(seed), **options)
    with torch.no_grad():
        return task.rollout(network)


def _along_and_left(path: Rollout) -> tuple[Tensor, Tensor]:
    """The directions (n, 2) to the target, and to the left of it."""
    way = path.target[-1] - path.start
    along = way / way.norm(dim=1, keepdim=True)
    return along, torch.stack([-along[:, 1], along[:, 0]], dim=1)


def coefficient(path: Rollout) -> float:
    """The slope of the walls' force over the force that the curl would have had, during the trials in a channel."""
    along, left = _along_and_left(path)
    wanted = VISCOSITY * (path.hand[..., 2:] * along).sum(-1) * path.going
    force = (path.force * left).sum(-1) * path.going
    return float((wanted * force).sum() / wanted.square().sum())


def after_effect(path: Rollout) -> float:
    """The mean greatest deviation to the left, mm; negative to the right."""
    _, left = _along_and_left(path)
    deviation = ((path.hand[..., :2] - path.start) * left).sum(-1) * path.going
    greatest = deviation.gather(0, deviation.abs().argmax(dim=0, keepdim=True))
    return 1000 * float(greatest.mean())


def update_time(loss: Callable[[], Tensor], optimiser: torch.optim.Optimizer) -> float:
    """CPU seconds of one update: of the loss, of its gradient and of the optimiser's step."""
    begin = time.process_time()
    optimiser.zero_grad()
    loss().backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    return time.process_time() - begin


def timed_update(
    network: Any, task: TorchReach, loss: Callable[[Rollout], Tensor], optimiser: torch.optim.Optimizer
) -> Callable[[], float]:
    """Begins the sessions of seed 0; each call then makes one update with the next trials and returns its CPU seconds."""
    task.reset(0)

    def of_next() -> Tensor:
        task.next_trials()
        return loss(task.rollout(network))

    return partial(update_time, of_next, optimiser)


def step_time(plant: str, rows: int, fast: bool, steps: int) -> float:
    """CPU seconds of one training step, the best of some, after a first one that compiles."""
    task = TorchReach(CURL, rows, fast=fast, plant=plant, **TASK)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = MyNetwork(14, UNITS, len(task.task.plant.low))
    optimiser = torch.optim.Adam(network.parameters())
    step = timed_update(network, task, loss, optimiser)
    step()
    return min(step() for _ in range(steps))
