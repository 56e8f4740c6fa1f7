"""``python -m agents rnn``: a recurrent network learns to reach, meets a field, adapts and washes out."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

import torch
import tyro

from agents.common import report
from agents.common.command import LearnCommand, from_json, named
from agents.rnn import checkpoint as rnn_checkpoint
from agents.rnn import figures as rnn_figures
from agents.rnn import report as rnn_report
from agents.rnn.config import FIELDS, PRESETS, RnnConfig
from agents.rnn.sessions import session_of
from agents.rnn.training import RnnLearner
from reach_gym import checks
from reach_gym.cli import shell
from reach_gym.cli.tasks import full_id
from reach_gym.figures.saving import save as save_figure
from reach_gym.registration import TASKS


@dataclass(kw_only=True)
class RnnCommand(LearnCommand):
    """Recurrent networks (Sun & Plitt's two models), trained through the dynamics of the cursor reach.

    The run directory then holds the checkpoint, phases.json, records.csv, learning_curve.png, hand_paths.png, and a folder per
    block of the session with its training's checkpoint and logs for TensorBoard. `reach-gym evaluate CursorReach-v0 --agent DIR`
    and `reach-gym watch` take it.

    Attributes:
        preset: The settings where no other argument says otherwise: default, curl, paper, or what the paper's code has.
        field: The field, a preset's name or JSON as the environment takes it. Without it that of the preset, else that of the
            task, else push.
        session: adaptation, control or savings, or the blocks of a schedule as JSON; one trial is one update.
        share: Every block of the session is shortened to this share of its updates.
        config: The settings.
        checkpoint_every: Updates between two checkpoints.
    """

    env: str = "reach_gym/CursorReach-v0"
    preset: Literal["default", "curl", "paper", "paper_code"] = "default"
    field: str | None = None
    session: str = "adaptation"
    share: float = 1.0
    config: Annotated[RnnConfig, tyro.conf.arg(name="")] = RnnConfig()  # noqa: RUF009  # it cannot change
    checkpoint_every: int = 100

    @classmethod
    def default(cls, arguments: list[str]) -> RnnCommand:
        """The settings of the preset that ``--preset NAME`` among the arguments names; the first one's if none is.

        Raises:
            ValueError: There is no such preset.
        """
        return cls(out=tyro.MISSING, config=named(arguments, "--preset", PRESETS))

    def learn(self, stack: ExitStack) -> None:
        """Trains, reports and writes the run directory."""
        # For networks of this size a second thread gains nothing, and one gives the same bits on every machine of a kind.
        torch.set_num_threads(1)
        with shell.request():
            checks.integer("checkpoint-every", self.checkpoint_every, 1)
            learner = RnnLearner(full_id(self.env), self._keywords(), self.config, self.seed)
            save, resume = (partial(each, learner, self.out) for each in (rnn_checkpoint.save, rnn_checkpoint.resume))
            self.claim(stack, rnn_checkpoint.AGENT, save, resume)
        while not learner.is_over:
            learner.learn_block(self.out / f"block_{len(learner.snapshots)}", self.checkpoint_every, self.progress)
            save()
        self._report(learner)

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
        report.write_columns(self.out / "records.csv", {"update": range(1, learner.done + 1), **learner.records})
        title = f"{self.config.model}, field {self._field().get('field', 'of the task')}, seed {self.seed}"
        save_figure(rnn_figures.learning_curves({title: [learner.records]}, learner.probes), self.out / "learning_curve.png")
        save_figure(rnn_figures.phase_paths(rnn_figures.paths_of(learner), title), self.out / "hand_paths.png")
        console = shell.console()
        console.print(rnn_report.table(rows, f"{title}: errors in mm on held-out trials, loss in the paper's units"))
        console.print(f"written to {self.out}")
