"""``python -m benchmarks rnn_ablation``: what each choice of the output-buffer model's training bought."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from rich import box
from rich.table import Table

from agents.rnn_config import PRESETS, RnnConfig, config_from_data
from agents.rnn_training import RnnLearner
from reach_gym.cli import shell

from .paper_runs import TASK

# Each of them from the defaults, as if that one choice had not been made.
LEVERS: dict[str, dict[str, Any]] = {
    "all choices": {},
    "the paper's units for inputs and outputs": {"scaling": "paper"},
    "PyTorch's initial weights": {"initial": "torch"},
    "the paper's learning rate, constant": {"learning_rate": 3e-4, "warm_up": 0, "floor": 1.0},
    "no fall of the learning rate": {"floor": 1.0},
    "no limit to the gradient": {"clip": 0.0},
    "dropout .3": {"dropout": 0.3},
    "L1 weighs 0.01": {"l1": 0.01},
    "buffer of 5": {"buffer": 5},
    "batch 32": {"batch": 32},
    "batch 128": {"batch": 128},
    "ReLU RNN": {"cell": "relu"},
    "tanh RNN": {"cell": "tanh"},
    "the paper's preset": PRESETS["paper"],
}


@dataclass(kw_only=True)
class RnnAblation(shell.Command):
    """Trains the output-buffer model without a field, leaving out one choice at a time; all of them see equally many trials.

    Attributes:
        trials: Trials of each training.
        seed: Seed of all trainings.
    """

    trials: int = 25_600
    seed: int = 0

    def run(self) -> None:
        """Trains and prints."""
        torch.set_num_threads(1)
        table = Table("without one choice", "updates", "endpoint error (mm)", "loss", "CPU s", box=box.HORIZONTALS)
        for name, changes in LEVERS.items():
            table.add_row(name, *_row(changes, self.trials, self.seed))
        shell.console().print(table)


def _row(changes: Mapping[str, Any], trials: int, seed: int) -> tuple[str, ...]:
    config: RnnConfig = config_from_data(changes)
    updates = max(1, trials // config.batch)
    begin = time.process_time()
    learner = RnnLearner(TASK, {"schedule": [{"name": "before", "trials": updates, "gain": 0.0}]}, config, seed)
    try:
        learner.learn(updates)
    except FloatingPointError as error:
        return str(learner.done), "-", str(error), f"{time.process_time() - begin:.0f}"
    finally:
        learner.close()
    after = learner.probes[0]["after"]
    return str(updates), f"{after['endpoint_mm']:.1f}", f"{after['loss']:.2f}", f"{time.process_time() - begin:.0f}"
