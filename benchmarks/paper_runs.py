"""The trainings behind `python -m benchmarks paper`: both models in the same field, a control, and the curl field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from agents.common.training import train
from agents.rnn import checkpoint
from agents.rnn.checkpoint import Trained
from agents.rnn.config import PRESETS, RnnConfig, config_from_data
from agents.rnn.sessions import session_of
from agents.rnn.training import RnnLearner
from agents.rnn.trials import PAPER_TRIALS
from reach_gym.training.checkpoint import MANIFEST

TASK, CURL_TASK = "reach_gym/CursorReachRegion-v0", "reach_gym/CursorReachCenterOut-v0"
STANDARD, BUFFER, CONTROL, CURL, CURL_CONTROL = "standard", "output_buffer", "control", "curl", "curl_control"
CONTROLS = {BUFFER: CONTROL, CURL: CURL_CONTROL}
NAMES = (STANDARD, BUFFER, CONTROL, CURL, CURL_CONTROL)


class Plan(NamedTuple):
    """One kind of training.

    Attributes:
        task: Environment id, whose field it is.
        config: The settings.
        session: Name of the session.
        share: Of its updates.
    """

    task: str
    config: RnnConfig
    session: str
    share: float


def plans(share: float) -> dict[str, Plan]:
    """All kinds of trainings, the sessions shortened to a `share`."""
    buffer = config_from_data(PRESETS["default"])
    standard = config_from_data({"model": "standard", "cell": "relu"})
    curl = config_from_data(PRESETS["curl"])
    return {
        STANDARD: Plan(TASK, standard, "adaptation", share),
        BUFFER: Plan(TASK, buffer, "adaptation", share),
        CONTROL: Plan(TASK, buffer, "control", share),
        # It learns sooner, from eight targets and slow movements.
        CURL: Plan(CURL_TASK, curl, "adaptation", 0.5 * share),
        CURL_CONTROL: Plan(CURL_TASK, curl, "control", 0.5 * share),
    }


def train_all(out: Path, seeds: int, share: float, progress: bool) -> Iterator[tuple[str, int]]:
    """Trains what is missing in `out`, one directory per kind and seed; what was begun goes on where it was.

    Yields:
        The name and seed of what is done.
    """
    chosen = plans(share)
    for name, control_name in CONTROLS.items():
        for seed in range(seeds):
            learner = _learner(chosen[name], seed)
            _train(learner, out / f"{name}-{seed}", f"{name} {seed}", progress, stop=True)
            # The control is the same network up to here.
            control = _learner(chosen[control_name], seed)
            if learner.done == learner.schedule.blocks[0].trials and not (out / f"{control_name}-{seed}" / MANIFEST).exists():
                control.close()
                control = learner.branch(control.env_kwargs)
            for label, each in ((name, learner), (control_name, control)):
                _train(each, out / f"{label}-{seed}", f"{label} {seed}", progress)
                each.close()
                yield label, seed
    for seed in range(seeds):
        learner = _learner(chosen[STANDARD], seed)
        _train(learner, out / f"{STANDARD}-{seed}", f"{STANDARD} {seed}", progress)
        learner.close()
        yield STANDARD, seed


def _learner(plan: Plan, seed: int) -> RnnLearner:
    return RnnLearner(plan.task, {**PAPER_TRIALS, "schedule": session_of(plan.session, plan.share)}, plan.config, seed)


class _UntilFirstBlock:
    """A learner that is done when its first block is."""

    def __init__(self, learner: RnnLearner) -> None:
        self._learner, self.leg, self.unit = learner, learner.leg, learner.unit
        self.total = max(learner.done, learner.schedule.blocks[0].trials)

    @property
    def done(self) -> int:
        return self._learner.done

    def learn(self, count: int) -> None:
        self._learner.learn(count)

    def status(self) -> dict[str, float]:
        return self._learner.status()


def _train(learner: RnnLearner, directory: Path, label: str, progress: bool, stop: bool = False) -> None:
    if learner.done == 0 and (directory / MANIFEST).exists():
        checkpoint.resume(learner, directory)
    looped: Any = _UntilFirstBlock(learner) if stop else learner
    train(looped, lambda: checkpoint.save(learner, directory), 100, label, progress)


def load_all(out: Path, seeds: int) -> dict[str, list[Trained]]:
    """What `train_all` trained, by kind, one per seed."""
    return {name: [checkpoint.load(out / f"{name}-{seed}") for seed in range(seeds)] for name in NAMES}
