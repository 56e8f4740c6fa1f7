"""``python -m agents rnn``: a recurrent network learns to reach, meets a field, adapts and washes out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from reach_gym import checks
from reach_gym.cli import shell
from reach_gym.errors import missing_extra

from . import report, rnn_checkpoint, rnn_figures, rnn_report, runs
from .figures import save as save_figure
from .rnn_config import PRESETS, RnnConfig, config_from_data
from .rnn_sessions import session_of
from .rnn_training import RnnLearner
from .training import train


@dataclass(kw_only=True)
class RnnCommand(shell.Command):
    """Recurrent networks (Sun & Plitt's two models), trained through the dynamics of the cursor reach.

    The run directory then holds the checkpoint, phases.json, records.csv, learning_curve.png, hand_paths.png and logs for
    TensorBoard. `reach-gym evaluate CursorReach-v0 --agent DIR` and `reach-gym watch` take it.

    Attributes:
        out: The run directory.
        model: standard or output_buffer.
        field: The field, a preset's name or JSON as the environment takes it.
        seed: Seed of the weights, the trials and the dropout.
        session: adaptation, control or savings, or the blocks of a schedule as JSON; one trial is one update.
        share: Every block of the session is shortened to this share of its updates.
        preset: Settings to begin with: default, curl, paper or paper_code.
        settings: Settings that replace those of the preset, as a JSON object such as '{"cell": "tanh", "dropout": 0.1}'.
        env: Id of the environment.
        env_kwargs: Further keywords for it as a JSON object.
        checkpoint_every: Updates between two checkpoints.
        resume: Continue the run in the directory; the other arguments must be the same.
        overwrite: Delete the run in the directory and begin anew.
        progress: Show a progress bar if stderr is a terminal.
    """

    out: Path
    model: str = "output_buffer"
    field: str = "push"
    seed: int = 0
    session: str = "adaptation"
    share: float = 1.0
    preset: str = "default"
    settings: str = "{}"
    env: str = "reach_gym/CursorReach-v0"
    env_kwargs: str = "{}"
    checkpoint_every: int = 100
    resume: bool = False
    overwrite: bool = False
    progress: bool = True

    def run(self) -> None:
        """Trains, reports and writes the run directory."""
        # For networks of this size a second thread gains nothing, and one gives the same bits on every machine of a kind.
        torch.set_num_threads(1)
        with shell.request():
            checks.integer("checkpoint-every", self.checkpoint_every, 1)
            learner = RnnLearner(self.env, self._keywords(), self._config(), self.seed)
            runs.prepare(self.out, rnn_checkpoint.AGENT, self.resume, self.overwrite)
            if self.resume:
                rnn_checkpoint.resume(learner, self.out)
            else:
                rnn_checkpoint.save(learner, self.out)  # so that a run killed at once can be resumed, too
        log = Log(self.out, learner)
        try:
            train(learner, lambda: rnn_checkpoint.save(learner, self.out), self.checkpoint_every, self.model, self.progress, log)
        finally:
            log.close()
            learner.close()
        self._report(learner)

    def _config(self) -> RnnConfig:
        chosen = PRESETS[checks.choice("preset", self.preset, PRESETS)]
        usual = {"cell": "relu"} if self.model == "standard" else {}  # in the paper it is a ReLU RNN
        return config_from_data({"model": self.model, **usual, **chosen, **_json_object("settings", self.settings)})

    def _keywords(self) -> dict[str, Any]:
        field = json.loads(self.field) if self.field.lstrip().startswith("{") else self.field
        session = session_of(self.session, self.share)
        return {"field": field, **_json_object("env-kwargs", self.env_kwargs), "schedule": session}

    def _report(self, learner: RnnLearner) -> None:
        rows = rnn_report.phases(learner.probes, learner.records)
        report.write_json(self.out / "phases.json", rows)
        rnn_report.write_records(self.out / "records.csv", learner.records)
        title = f"{self.model}, field {self.field}, seed {self.seed}"
        save_figure(rnn_figures.learning_curves({title: learner.records}, learner.probes), self.out / "learning_curve.png")
        save_figure(rnn_figures.phase_paths(rnn_figures.paths_of(learner), title), self.out / "hand_paths.png")
        console = shell.console()
        console.print(rnn_report.table(rows, f"{title}: errors in mm on held-out trials, loss in the paper's units"))
        console.print(f"written to {self.out}")


class Log:
    """Writes the records of a learner for TensorBoard, each update once."""

    def __init__(self, directory: Path, learner: RnnLearner) -> None:
        """Begins after the updates that are done.

        Raises:
            MissingExtraError: TensorBoard is not installed.
        """
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise missing_extra("tensorboard", "agents") from error
        self._learner, self._written = learner, learner.done
        self._writer: Any = SummaryWriter(str(directory / "logs"), purge_step=learner.done)

    def __call__(self) -> None:
        """Writes what is new."""
        for update in range(self._written, self._learner.done):
            for name, values in self._learner.records.items():
                self._writer.add_scalar(name, values[update], update)
            self._writer.add_scalar("rate", self._learner.rate(update), update)
        self._written = self._learner.done

    def close(self) -> None:
        """Writes all to disk."""
        self._writer.close()


def _json_object(name: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"`--{name}` must be a JSON object, got {checks.shown(text)} ({error}).") from error
    if not isinstance(value, dict):
        raise ValueError(f"`--{name}` must be a JSON object, got {checks.shown(text)}.")
    return value
