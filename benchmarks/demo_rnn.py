"""The demo's recurrent network: a short training through a curl field, and how to run the long ones."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from rich.table import Table

from agents.common import report
from agents.rnn import checkpoint as rnn_checkpoint
from agents.rnn import figures as rnn_figures
from agents.rnn import report as rnn_report
from agents.rnn.config import PRESETS
from agents.rnn.training import RnnLearner
from reach_gym.figures.saving import save as save_figure

ENV_ID = "reach_gym/CursorReachCenterOut-v0"
# Long enough to reach, adapt and show the after-effect; the network is as large as ever, the batches are small. In the whole
# field a hand that is not seen goes in circles, which takes longer to learn: here there is a part of it.
GAIN = 0.4
SESSION: list[dict[str, Any]] = [
    {"name": "before", "trials": 240, "gain": 0.0},
    {"name": "in the field", "trials": 120, "gain": GAIN},
    {"name": "after", "trials": 60, "gain": 0.0},
]
LONGER = """a longer training: python -m agents rnn --preset curl --field curl_ccw --out runs/rnn
the paper's models remade, 3 seeds: python -m benchmarks paper"""


def run(out: Path, seed: int, share: float, progress: bool) -> tuple[Table, str]:
    """Trains the standard model and writes checkpoint, figures and numbers into a new directory.

    Args:
        out: The directory; its parent exists.
        seed: Seed of the training.
        share: Every block is shortened to this share of its updates.
        progress: Whether to show a progress bar.

    Returns:
        The table of the phases, and what to run next.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    begin = time.process_time()
    config = replace(PRESETS["curl"], model="standard", batch=32, warm_up=20, adaptation_rate=2e-3)
    session = [{**block, "trials": max(1, round(share * block["trials"]))} for block in SESSION]
    learner = RnnLearner(ENV_ID, {"schedule": session}, config, seed)
    while not learner.is_over:
        learner.learn_block(progress=progress)
    rnn_checkpoint.save(learner, out)
    rows = rnn_report.phases(learner.probes, learner.records)
    report.write_json(out / "phases.json", rows)
    title = f"Standard RNN, curl field of {13 * GAIN:g} N s/m, seed {seed}"
    save_figure(rnn_figures.learning_curves({title: [learner.records]}, learner.probes), out / "learning_curve.png")
    save_figure(rnn_figures.phase_paths(rnn_figures.paths_of(learner), title), out / "hand_paths.png")
    torch.set_num_threads(threads)
    table = rnn_report.table(rows, f"A recurrent network in a curl field, {learner.total} updates: errors in mm")
    return table, f"{time.process_time() - begin:.0f} s of CPU time; {LONGER}"
