"""``python -m benchmarks rnn_speed``: what a training step of the recurrent networks costs, and what a short training gives."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from agents.rnn.trials import STEPS, TrialBatch, TrialSource
from rich import box
from rich.table import Table
from torch import Tensor, nn

from agents.rnn.config import UNIT, RnnConfig, config_from_data
from agents.rnn.models import BufferNetwork, Network, make_network
from agents.rnn.training import RnnLearner, make_rollout
from benchmarks.paper_runs import TASK
from reach_gym.cli import shell

PAPER_BATCH, PAPER_DROPOUT = 32, 0.3
BATCHES = (32, 64, 128, 256)
# Updates of a short training, which has the learning rate's whole schedule.
SOON = {"standard": 200, "output_buffer": 400}
_ARENA = 0.2  # m
Step = Callable[[], None]


def settings(model: str, batch: int = PAPER_BATCH, dropout: float = 0.0) -> RnnConfig:
    """The settings of a measurement; the standard model is a ReLU RNN, as in the paper."""
    return config_from_data(
        {"model": model, "cell": "relu" if model == "standard" else "gru", "batch": batch, "dropout": dropout}
    )


def ours(config: RnnConfig, batch: TrialBatch) -> Step:
    """A training step as the learner does it: roll-out, gradients, Adam."""
    network = make_network(config)
    roll = make_rollout(network, config, _ARENA)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)
    generator = np.random.Generator(np.random.SFC64(0))

    def step() -> None:
        roll.forward(batch, generator)
        for name, gradient in roll.backward().items():
            network.get_parameter(name).grad = gradient
        optimizer.step()

    return step


def plain(config: RnnConfig, batch: TrialBatch) -> Step:
    """The yardstick: the same network with PyTorch's modules, step by step, and automatic gradients through all of it.

    It has no hand: displacement is the double sum of the accelerations, as in the paper's code. Ours pays for the dynamics. In a
    field it feels the push where these sums are.
    """
    network = make_network(config)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)
    drop = nn.Dropout(config.dropout)
    wanted = torch.cat([batch.acceleration / 0.2, batch.velocity / 0.02, batch.position / UNIT], dim=1)

    def step() -> None:
        made = _loop(network, config, batch, drop)
        off = made - wanted if config.model == "standard" else positions(made, config) / UNIT - wanted[:, 4:]
        optimizer.zero_grad()
        (off.square().mean() + off.abs().mean()).backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def positions(made: Tensor, config: RnnConfig) -> Tensor:
    """The places (T, 2, n) of hands that are moved by outputs (T, 2, n): each acts on a whole step, m."""
    pace = made.cumsum(0)
    return (pace.cumsum(0) - 0.5 * pace) * (config.scale.acceleration * 1e-4)


def _loop(network: Network, config: RnnConfig, batch: TrialBatch, drop: nn.Module) -> Tensor:
    """The outputs (T, width, n) of all steps, with what a field adds to them."""
    rows = batch.inputs.shape[1]
    push = _Pushed(config, batch) if (batch.facts.scale != 0).any() else None
    state = torch.zeros(rows, config.units)
    recent = [torch.zeros(rows, 2)] * config.buffer
    outputs = []
    for t in range(STEPS):
        seen = batch.inputs[t]
        if isinstance(network, BufferNetwork):
            seen = drop(torch.relu(network.first(torch.cat([seen, *recent], dim=1))))
            seen = drop(torch.relu(network.second(seen)))
        state = network.cell(seen, state)
        output = network.out(torch.relu(network.hidden(drop(state))))
        if push is not None:
            output = push(output)
        recent = [*recent[1:], output]
        outputs.append(output.T)
    return torch.stack(outputs)


class _Pushed:
    """A constant push in a region, on hands that are the sums of their accelerations."""

    def __init__(self, config: RnnConfig, batch: TrialBatch) -> None:
        low_x, low_y, high_x, high_y, *push = batch.facts.field[0][:6].tolist()
        self._low, self._high = torch.tensor([low_x, low_y]), torch.tensor([high_x, high_y])
        self._push = torch.tensor(push) / (batch.facts.body.mass * config.scale.acceleration)
        self._dt, self._scale, self._whole = batch.facts.dt, config.scale, config.model == "standard"
        self._place = torch.from_numpy(batch.facts.start).float()
        self._pace = self._more_pace = self._more_place = torch.zeros_like(self._place)

    def __call__(self, output: Tensor) -> Tensor:
        """The output (n, 2 or 6) of one step with what the push adds to it."""
        middle = self._place + 0.5 * self._dt * self._pace
        here = ((middle >= self._low) & (middle <= self._high)).all(dim=1, keepdim=True)
        more = here * self._push
        rate, scale = self._dt * self._scale.acceleration, self._scale
        before, self._pace = self._pace, self._pace + rate * (output[:, :2] + more)
        self._place = self._place + 0.5 * self._dt * (before + self._pace)
        if not self._whole:
            return output + more
        before, self._more_pace = self._more_pace, self._more_pace + rate * more
        self._more_place = self._more_place + 0.5 * self._dt * (before + self._more_pace)
        return output + torch.cat([more, self._more_pace / scale.velocity, self._more_place / scale.place], dim=1)


def milliseconds(steps: dict[str, Step], repeats: int) -> dict[str, float]:
    """Median CPU time of each step in ms, taken in turn so that a slow moment of the machine hits all alike."""
    for step in steps.values():
        step()
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(repeats):
        for name, step in steps.items():
            begin = time.process_time()
            step()
            taken[name].append(1000 * (time.process_time() - begin))
    return {name: statistics.median(values) for name, values in taken.items()}


def _batch(config: RnnConfig, field: Any = None) -> TrialBatch:
    source = TrialSource(TASK, {"field": field}, config, config.batch, 0)
    batch = source.draw(0)
    source.close()
    return batch


def accuracy_time(model: str, seed: int) -> tuple[float, float]:
    """Seconds of CPU time of a whole short training, and the endpoint error in mm on held-out trials after it."""
    begin = time.process_time()
    session = [{"name": "before", "trials": SOON[model], "gain": 0.0}]
    learner = RnnLearner(TASK, {"schedule": session}, settings(model, RnnConfig().batch), seed)
    learner.learn(learner.total)
    learner.close()
    return time.process_time() - begin, learner.probes[0]["after"]["endpoint_mm"]


@dataclass(kw_only=True)
class RnnSpeed(shell.Command):
    """Measures training steps beside a plain loop, what larger batches gain, and short trainings.

    Attributes:
        repeats: Measurements of each, of which the median counts.
        seeds: Short trainings of each model.
    """

    repeats: int = 15
    seeds: int = 3

    def run(self) -> None:
        """Measures and prints."""
        torch.set_num_threads(1)
        console = shell.console()
        table = Table(
            "batch 32, 100 steps", "plain loop", "ours", "ratio", title="ms of CPU time per training step", box=box.HORIZONTALS
        )
        for model, dropout, field in itertools.product(SOON, (PAPER_DROPOUT, 0.0), (None, "push")):
            config = settings(model, dropout=dropout)
            batch = _batch(config, field)
            took = milliseconds({"plain": plain(config, batch), "ours": ours(config, batch)}, self.repeats)
            row = (f"{took['plain']:.1f}", f"{took['ours']:.1f}", f"{took['plain'] / took['ours']:.2f}")
            table.add_row(f"{model}, dropout {dropout:g}, {'in the' if field else 'no'} field", *row)
        console.print(table)
        larger = Table(
            "model", *(f"batch {rows}" for rows in BATCHES), title="trials per second of CPU time", box=box.HORIZONTALS
        )
        for model in SOON:
            configs = {rows: settings(model, rows) for rows in BATCHES}
            took = milliseconds({str(rows): ours(each, _batch(each)) for rows, each in configs.items()}, self.repeats)
            larger.add_row(model, *(f"{1000 * rows / took[str(rows)]:,.0f}" for rows in BATCHES))
        console.print(larger)
        soon = Table("model", "updates", "error (mm)", "CPU s", title="short trainings", box=box.HORIZONTALS)
        for model in SOON:
            runs = [accuracy_time(model, seed) for seed in range(self.seeds)]
            seconds, errors = max(run[0] for run in runs), ", ".join(f"{run[1]:.1f}" for run in runs)
            soon.add_row(model, str(SOON[model]), errors, f"{seconds:.0f}")
        console.print(soon)
