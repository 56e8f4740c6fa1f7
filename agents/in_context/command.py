"""``python -m agents in_context``: a network learns to adapt; then its weights stay as they are."""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from agents.common import report
from agents.common.command import LearnCommand, from_json
from agents.in_context import checkpoint
from agents.in_context.config import InContextConfig, config_from_data
from agents.in_context.network import GatedNetworks
from agents.in_context.probe import figures_of, go_through
from agents.in_context.sessions import ENV, TASK, held_out_fields, session
from agents.in_context.training import Place, learn
from reach_gym import checks
from reach_gym.acting.rollout import make_rows
from reach_gym.cli import shell
from reach_gym.cli.tasks import full_id
from reach_gym.training.state import Run

_TEST = session({"baseline": 10, "adaptation": 40}, {"baseline": 0.0, "adaptation": 1.0}, {"baseline": 0.0, "adaptation": 0.1})
_PHASES = 10_000  # more than there are seeds between the first and the last phase
_TRAINING = "training"  # the folder of the checkpoints that a training goes on from


@dataclass(kw_only=True)
class InContextCommand(LearnCommand):
    """A recurrent network that learns over sessions, each with a field of its own, how to adapt with frozen weights.

    The run directory then holds the agent, the checkpoint of the training, and adaptation.json: what the network does with frozen
    weights in fields that it has not met. `reach-gym record --session`, and whatever else takes agents, take it.

    Attributes:
        env: The task; without its keywords it is the one of the results.
        settings: Settings as a JSON object, such as '{"updates": 300}'; see `agents.in_context.config.InContextConfig`.
    """

    env: str = ENV
    env_kwargs: str = json.dumps(TASK)
    settings: str = "{}"

    def learn(self, stack: ExitStack) -> None:
        """Trains, tests and writes the run directory."""
        # For networks of this size a second thread gains nothing, and one gives the same bits on every machine of a kind.
        torch.set_num_threads(1)
        with shell.request():
            seed, place, config = self.seed, Place(full_id(self.env), self.kwargs()), self._config()
            checks.integer("seed", seed, 0, checks.MAX_SEED - _PHASES)
            env = make_rows(place.env_id, 1, place.keywords)
            network = GatedNetworks(config.units, [seed], *checkpoint.sizes(env), products=config.products)
            run = Run(checkpoint.AGENT, {"id": place.env_id, "kwargs": place.keywords}, config.to_data(), seed)
            save = partial(checkpoint.save, network, run, env)
            self.claim(stack, checkpoint.AGENT, partial(save, 0, self.out), partial(checkpoint.require_run, run, self.out))
        history = learn(network, config, seed, place, self.out / _TRAINING, self.progress)
        save(len(history["update"]), self.out)
        report.write_columns(self.out / "records.csv", history)
        self._report(network, place)

    def _config(self) -> InContextConfig:
        settings = from_json("settings", self.settings)
        if not isinstance(settings, dict):
            raise ValueError(f"`--settings` must be a JSON object, got {checks.shown(self.settings)}.")
        return config_from_data(settings)

    def _report(self, network: GatedNetworks, place: Place) -> None:
        fields = held_out_fields(self.seed, 8, 8)
        found: dict[str, Any] = {}
        for name, forgets in (("memory", False), ("reset", True)):
            course = go_through(network, fields, self.seed, _TEST, forgets=forgets, place=place)
            found[name] = {key: float(np.mean(values)) for key, values in figures_of(course).items()}
        report.write_json(self.out / "adaptation.json", found)
        shell.console().print(found)
        shell.console().print(f"written to {self.out}")
