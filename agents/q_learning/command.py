"""``python -m agents q_learning``: train, evaluate over all starts, write one run directory."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import gymnasium as gym
import tyro

from agents.analysis.grid_paths import Panel, greedy_scenes, trajectories
from agents.common import report
from agents.common.command import LearnCommand
from agents.common.training import train
from agents.q_learning.config import QLearningConfig
from agents.q_learning.figures import Curve, learning_curve
from agents.q_learning.learner import AGENT, QLearning
from agents.q_learning.tabular import TabularAgent
from reach_gym import checks, figures
from reach_gym.cli import shell
from reach_gym.evaluation import CursorEvaluation, Evaluation, evaluate
from reach_gym.grid.env import GridReachEnv
from reach_gym.planning import IdealAgent, RandomAgent
from reach_gym.registration import registered_id

_PAPER = QLearningConfig()


@dataclass(kw_only=True)
class QLearningCommand(LearnCommand):
    """Tabular Q-learning, for grid reaches with index observations.

    The run directory then holds the checkpoint, learning_curve.csv and .png, evaluation.json and
    trajectories.png.

    Attributes:
        config: The settings.
        checkpoint_every: Episodes between two checkpoints.
    """

    config: Annotated[QLearningConfig, tyro.conf.arg(name="")] = _PAPER
    checkpoint_every: int = 2_500

    def learn(self, stack: ExitStack) -> None:
        """Trains, evaluates and writes the run directory."""
        with shell.request():
            kwargs = self.kwargs()
            checks.integer("checkpoint-every", self.checkpoint_every, 1)
            self.env = registered_id(self.env)
            env = make(self.env, kwargs)
            learner = QLearning(env, self.config, self.seed)
            task = {"id": self.env, "kwargs": kwargs}
            save, resume = (partial(each, self.out, task) for each in (learner.save, learner.resume))
            self.claim(stack, AGENT, save, resume)
        begin = time.perf_counter()
        train(learner, save, self.checkpoint_every, "Q-learning", self.progress)
        self._report(learner, kwargs, time.perf_counter() - begin)
        env.close()

    def _report(self, learner: QLearning, kwargs: dict[str, Any], seconds: float) -> None:
        agent = TabularAgent(learner.q)
        episodes = range(1, learner.done + 1)
        columns = {"episode": episodes, "steps": learner.steps, "return": learner.returns, "success": learner.successes}
        report.write_columns(self.out / "learning_curve.csv", columns)
        evaluations = compare(agent, self.env, kwargs)
        summaries = {name: evaluation.summary() for name, evaluation in evaluations.items()}
        report.write_json(self.out / "evaluation.json", summaries)
        ideal = summaries[AGENT]["mean_ideal_steps"]
        curve = Curve(self.env, learner.steps, ideal)
        figures.save(learning_curve([curve], self.config.epsilon), self.out / "learning_curve.png")
        panel = Panel(self.env, greedy_scenes(agent, self.env, kwargs))
        figures.save(trajectories([panel]), self.out / "trajectories.png")
        rows = [(self.env, name, summary, seconds if name == AGENT else None) for name, summary in summaries.items()]
        console = shell.console()
        console.print(report.table(rows, f"{self.env} from {summaries[AGENT]['episodes']:.0f} starts"))
        console.print(f"written to {self.out}")


def compare(
    agent: TabularAgent, env_id: str, env_kwargs: Mapping[str, Any] | None = None
) -> dict[str, Evaluation | CursorEvaluation]:
    """Evaluates `agent` beside the random and the ideal agent, once from every start.

    Returns:
        The evaluations by agent: ``"random"``, ``"q_learning"``, ``"ideal"``.

    Raises:
        ValueError: The environment cannot say what all its starts are.
    """
    kwargs = dict(env_kwargs or {})
    agents: dict[str, Any] = {"random": RandomAgent, AGENT: agent, "ideal": IdealAgent}
    return {name: evaluate(each, env_id, episodes="all", env_kwargs=kwargs) for name, each in agents.items()}


def make(env_id: str, kwargs: dict[str, Any]) -> gym.Env[Any, Any]:
    """Makes a grid reach to learn in; without Gymnasium's checker, which costs time at every step.

    Raises:
        ValueError: Another kind of environment: nobody could say what all its starts and its ideal are.
        gymnasium.error.Error: There is no such environment.
    """
    env: gym.Env[Any, Any] = gym.make(env_id, disable_env_checker=True, **kwargs)
    if not isinstance(env.unwrapped, GridReachEnv):
        raise ValueError(f"`--env` must be a grid reach of reach_gym, got {env_id}.")
    return env
