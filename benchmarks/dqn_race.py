"""``python -m benchmarks dqn_race``: our DQN and that of Stable-Baselines3, side by side on the same task and network."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from rich import box
from rich.table import Table
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

from agents.common.greedy import GreedyTable
from agents.common.judging import EXACT, NEAR, RADII
from agents.dqn import command as dqn_command
from agents.dqn.config import PRESETS
from benchmarks.dqn import hits
from benchmarks.dqn_arms import PIXELS
from benchmarks.dqn_report import GOAL
from reach_gym import checks, files
from reach_gym.acting.features import CHANNELS, HIDDEN, features
from reach_gym.acting.protocol import from_predict
from reach_gym.acting.recipes import recipe
from reach_gym.cli import shell
from reach_gym.grid.observations import PIXEL

OURS, HINDSIGHT, RADIUS = "ours", "Stable-Baselines3, hindsight", "Stable-Baselines3, shrinking radius"
_HEADINGS = ("learner", "seed", "99 % after", "steps", "within 1 then", "exact then")
_SIZE = 16


@dataclass(kw_only=True)
class DQNRace(shell.Command):
    """CPU time until 99 % of 1,000 held-out pairs come within one square: our DQN, and that of Stable-Baselines3.

    All learn from pixels on 64 rows of the native vector environment, with Sun & Plitt's network, two updates of 128 transitions
    per step of the rows, and one thread. Ours and the first of Stable-Baselines3's learn with hindsight (its HerReplayBuffer;
    the network draws its goals as the same picture); the second one of Stable-Baselines3's has the shrinking radius instead. The
    evaluation, after every `leg` steps, is not counted.

    Attributes:
        learners: Who takes part.
        seeds: Runs of each.
        limit: CPU seconds of learning after which a run is given up.
        leg: Steps between two evaluations.
        out: File for the table in Markdown.
    """

    learners: tuple[str, ...] = (OURS, HINDSIGHT, RADIUS)
    seeds: int = 3
    limit: float = 240.0
    leg: int = 6_400
    out: Path | None = None

    def run(self) -> None:
        """Races and prints the table."""
        with shell.request():
            for name in self.learners:
                checks.choice("learners", name, tuple(LEARNERS))
            checks.integer("seeds", self.seeds, 1)
            checks.integer("leg", self.leg, 64, 100_000)
            checks.number("limit", self.limit, 1)
        torch.set_num_threads(1)
        rows: list[tuple[str, ...]] = []
        for name in self.learners:
            for seed in range(self.seeds):
                watch = Stopwatch(self.leg, self.limit)
                LEARNERS[name](seed, watch)
                rows.append((name, str(seed), *watch.told()))
                if self.out is not None:
                    files.write(self.out, markdown(rows, self.limit).encode())
        table = Table(*_HEADINGS, box=box.HORIZONTALS, padding=(0, 1, 0, 0))
        for row in rows:
            table.add_row(*row)
        shell.console().print(table)


def markdown(rows: Sequence[tuple[str, ...]], limit: float) -> str:
    """The table as a file."""
    lines = [f"| {' | '.join(row)} |" for row in (_HEADINGS, ("---",) * len(_HEADINGS), *rows)]
    told = f"CPU seconds of learning on one thread; a run is given up after {limit:.0f}."
    return "\n".join(["# Our DQN and that of Stable-Baselines3", "", told, "", *lines]) + "\n"


class Stopwatch:
    """Counts the CPU seconds of learning, and looks now and then how good the agent is; begins to count when it is made."""

    def __init__(self, leg: int, limit: float) -> None:
        self._leg, self._limit, self._begin = leg, limit, time.process_time()
        self.seconds, self.steps, self.near, self.exact = 0.0, 0, 0.0, 0.0

    @property
    def over(self) -> bool:
        """Whether the goal was reached, or the time is up."""
        return self.near >= GOAL or self.seconds >= self._limit

    def goes_on(self, steps: int, agent: Any, env: Any) -> bool:
        """Whether to learn on, after so many `steps`."""
        if steps < self.steps + self._leg:
            return True
        self.seconds += time.process_time() - self._begin
        self.steps, (self.near, self.exact) = steps, self._judge(agent, env)
        self._begin = time.process_time()
        return not self.over

    def _judge(self, agent: Any, env: Any) -> tuple[float, float]:
        table = GreedyTable(agent, env)
        return hits(table, RADII[NEAR]), hits(table, RADII[EXACT])

    def told(self) -> tuple[str, str, str, str]:
        """When the goal was reached, at which step, and how many pairs were within one square, and hit exactly, then."""
        when = f"{self.seconds:.0f} s" if self.near >= GOAL else f"not within {self.seconds:.0f} s"
        return when, f"{self.steps:,}", f"{self.near:.1%}", f"{self.exact:.1%}"


class _Watching(BaseCallback):
    """Ends the learning of a model when a stopwatch says so."""

    def __init__(self, watch: Stopwatch, agent: Any, env: Any) -> None:
        super().__init__()
        self._watch, self._agent, self._env = watch, agent, env

    def _on_step(self) -> bool:
        return self._watch.goes_on(self.num_timesteps, self._agent, self._env)


class GoalPixels(BaseFeaturesExtractor):
    """Sun & Plitt's network on the picture of two squares, drawn from goals: Stable-Baselines3's hindsight wants these."""

    def __init__(self, observation_space: spaces.Dict, size: int) -> None:
        """Makes the layers for a grid of `size` x `size` squares."""
        super().__init__(observation_space, HIDDEN[-1])
        self._size = size
        self.layers = features(spaces.Box(0, PIXEL, (2, size, size), np.uint8), CHANNELS, HIDDEN, True)

    def forward(self, observations: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """float32 (n, HIDDEN[-1])."""
        places = torch.stack([observations["desired_goal"], observations["achieved_goal"]], dim=1)
        squares = (places * (self._size - 1)).round().long()
        pictures = torch.zeros(len(places), 2, self._size**2)
        pictures.scatter_(2, squares[..., 1:] * self._size + squares[..., :1], float(PIXEL))
        result: torch.Tensor = self.layers(pictures.view(-1, 2, self._size, self._size))
        return result


def _run_ours(seed: int, watch: Stopwatch) -> None:
    learner = dqn_command.make(PIXELS, {}, PRESETS["default"].config, seed)
    while learner.done < learner.total and watch.goes_on(learner.done, learner.agent, learner.envs):
        learner.learn(learner.leg)


def _run_hindsight(seed: int, watch: Stopwatch) -> None:
    policy: dict[str, Any] = {
        "features_extractor_class": GoalPixels,
        "features_extractor_kwargs": {"size": _SIZE},
        "net_arch": [],
    }
    found = recipe("dqn", PIXELS, {"observation": "goal"})
    # Its rate is constant here, as a run is as long as it needs; no radius shrinks, so that it need not spend time on infos.
    model = found.make(seed, policy_kwargs=policy, learning_rate=3e-3, replay_buffer_kwargs={"n_sampled_goal": 4})
    _learn(model, from_predict(model), 300_000, watch)


def _run_radius(seed: int, watch: Stopwatch) -> None:
    found = recipe("dqn", PIXELS)
    model = found.make(seed)
    _learn(model, from_predict(model), found.steps, watch)


def _learn(model: Any, agent: Any, steps: int, watch: Stopwatch) -> None:
    while not watch.over:  # beyond the usual length if need be
        model.learn(steps, _Watching(watch, agent, model.env.envs), reset_num_timesteps=False)


LEARNERS: dict[str, Callable[[int, Stopwatch], None]] = {OURS: _run_ours, HINDSIGHT: _run_hindsight, RADIUS: _run_radius}
