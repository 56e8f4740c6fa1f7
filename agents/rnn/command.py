"""``python -m agents rnn``: a recurrent network learns to reach, meets a field, adapts and washes out."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import torch

from agents.common import report
from agents.common.command import LearnCommand, from_json
from agents.common.training import train
from agents.rnn import checkpoint as rnn_checkpoint
from agents.rnn import figures as rnn_figures
from agents.rnn import report as rnn_report
from agents.rnn.config import FIELDS, PRESETS, RnnConfig, config_from_data
from agents.rnn.sessions import session_of
from agents.rnn.training import RnnLearner
from reach_gym import checks
from reach_gym.cli import shell
from reach_gym.cli.tasks import full_id
from reach_gym.figures.saving import save as save_figure
from reach_gym.registration import TASKS
from reach_gym.training.tensorboard_log import TensorBoardLog


@dataclass(kw_only=True)
class RnnCommand(LearnCommand):
    """Recurrent networks (Sun & Plitt's two models), trained through the dynamics of the cursor reach.

    The run directory then holds the checkpoint, phases.json, records.csv, learning_curve.png, hand_paths.png and logs for
    TensorBoard. `reach-gym evaluate CursorReach-v0 --agent DIR` and `reach-gym watch` take it.

    Attributes:
        model: standard or output_buffer.
        field: The field, a preset's name or JSON as the environment takes it. Without it that of the preset, else that of the
            task, else push.
        session: adaptation, control or savings, or the blocks of a schedule as JSON; one trial is one update.
        share: Every block of the session is shortened to this share of its updates.
        preset: Settings to begin with: default, curl, paper, or paper_code, in whose training the field is gated by acceleration;
            hand paths and the environment know it by place only.
        settings: Settings that replace those of the preset, as a JSON object such as '{"cell": "tanh", "dropout": 0.1}'.
        checkpoint_every: Updates between two checkpoints.
    """

    env: str = "reach_gym/CursorReach-v0"
    model: str = "output_buffer"
    field: str | None = None
    session: str = "adaptation"
    share: float = 1.0
    preset: str = "default"
    settings: str = "{}"
    checkpoint_every: int = 100

    def learn(self, stack: ExitStack) -> None:
        """Trains, reports and writes the run directory."""
        # For networks of this size a second thread gains nothing, and one gives the same bits on every machine of a kind.
        torch.set_num_threads(1)
        with shell.request():
            checks.integer("checkpoint-every", self.checkpoint_every, 1)
            learner = RnnLearner(full_id(self.env), self._keywords(), self._config(), self.seed)
            save, resume = (partial(each, learner, self.out) for each in (rnn_checkpoint.save, rnn_checkpoint.resume))
            self.claim(stack, rnn_checkpoint.AGENT, save, resume)
        settings = {"env": full_id(self.env), "seed": self.seed, **asdict(learner.config)}
        log = TensorBoardLog(self.out / "tensorboard", learner.history, step="update", settings=settings)
        try:
            train(learner, save, self.checkpoint_every, self.model, self.progress, log.update)
        finally:
            log.close()
            learner.close()
        self._report(learner)

    def _config(self) -> RnnConfig:
        chosen = PRESETS[checks.choice("preset", self.preset, PRESETS)]
        usual = {"cell": "relu"} if self.model == "standard" else {}  # in the paper it is a ReLU RNN
        settings = from_json("settings", self.settings)
        if not isinstance(settings, dict):
            raise ValueError(f"`--settings` must be a JSON object, got {checks.shown(self.settings)}.")
        return config_from_data({"model": self.model, **usual, **chosen, **settings})

    def _keywords(self) -> dict[str, Any]:
        return {**self._field(), **self.kwargs(), "schedule": session_of(self.session, self.share)}

    def _field(self) -> dict[str, Any]:
        """The keyword for the field; none if the task has its own."""
        if self.field is not None:
            return {"field": from_json("field", self.field) if self.field.lstrip().startswith("{") else self.field}
        if self.preset in FIELDS:
            return {"field": FIELDS[self.preset]}
        task = TASKS.get(full_id(self.env))
        return {} if task is not None and task.kwargs.get("field") is not None else {"field": "push"}

    def _report(self, learner: RnnLearner) -> None:
        rows = rnn_report.phases(learner.probes, learner.records)
        report.write_json(self.out / "phases.json", rows)
        report.write_columns(self.out / "records.csv", learner.history)
        gated = ", gated by acceleration in training" if learner.config.gate == "acceleration" else ""
        title = f"{self.model}, field {self._field().get('field', 'of the task')}{gated}, seed {self.seed}"
        save_figure(rnn_figures.learning_curves({title: learner.records}, learner.probes), self.out / "learning_curve.png")
        save_figure(rnn_figures.phase_paths(rnn_figures.paths_of(learner), title), self.out / "hand_paths.png")
        console = shell.console()
        console.print(rnn_report.table(rows, f"{title}: errors in mm on held-out trials, loss in the paper's units"))
        console.print(f"written to {self.out}")
