"""``python -m benchmarks demo``: agents learn the tasks of the package, controllers go through a session; all is drawn."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt

from agents.analysis.grid_paths import Panel, greedy_scenes, trajectories
from agents.common import report, runs
from agents.common.training import train
from agents.q_learning.command import compare, make
from agents.q_learning.config import QLearningConfig
from agents.q_learning.figures import Curve, learning_curve
from agents.q_learning.learner import AGENT, QLearning
from agents.q_learning.tabular import TabularAgent
from benchmarks import demo_cursor, demo_dqn, demo_rnn
from reach_gym import checks, figures
from reach_gym.cli import shell
from reach_gym.rendering.video import write_video
from reach_gym.rendering.window import NoDisplayError, Window

TASKS = {
    "without wind": "reach_gym/GridReachTabular-v0",
    "with wind": "reach_gym/GridReachTabularWind-v0",
}
SHOWN = "with wind"
_STARTS = (
    (0, 0),
    (9, 0),
    (0, 4),
    (4, 0),
)  # of the episodes in the GIF and the window: below and inside the wind
_FPS, _PAUSE = 4, 4  # frames a second: slow enough to follow by eye; frames that the end of an episode stays


@dataclass(kw_only=True)
class Demo(shell.Command):
    """Q-learning, DQN, controllers and a recurrent network at work: tables, figures, GIFs; on a desktop, a window.

    Attributes:
        out: Directory for the figures; what a former demo wrote there is replaced.
        seed: Seed of the training and of the cursor's session.
        episodes: Episodes to learn per task.
        dqn: Steps of DQN from pixels on the 16 x 16 grid; 0 leaves it out.
        cursor: Also record, measure and draw a session of the cursor reach.
        rnn: Also train a recurrent network through a curl field, for this share of its updates; 0 leaves it out.
        window: Open a window, if there is a display and stdout is a terminal.
        progress: Show progress bars if stderr is a terminal.
    """

    out: Path = Path("runs/demo")
    seed: int = 0
    episodes: int = QLearningConfig().episodes
    dqn: int = demo_dqn.STEPS
    cursor: bool = True
    rnn: float = 1.0
    window: bool = True
    progress: bool = True

    def run(self) -> None:
        """Trains, evaluates, draws and shows."""
        with ExitStack() as stack:
            with shell.request():
                config = QLearningConfig(episodes=self.episodes)
                checks.number("rnn", self.rnn, 0, 100)
                learners = {name: QLearning(make(env_id, {}), config, self.seed) for name, env_id in TASKS.items()}
                checks.integer("dqn", self.dqn, 0)
                stack.enter_context(runs.claimed(self.out, "demo", overwrite=runs.is_run(self.out, "demo")))
            pictures = self._learn(learners, config)
            self._show_others()
        if self.window and has_display():
            show(pictures)

    def _learn(self, learners: dict[str, QLearning], config: QLearningConfig) -> list[npt.NDArray[np.uint8]]:
        """The stage of Q-learning; returns its pictures."""
        rows: list[report.Row] = []
        curves, panels = [], []
        for name, learner in learners.items():
            seconds = self._train(name, learner)
            agent = TabularAgent(learner.q)
            summaries = {who: each.summary() for who, each in compare(agent, TASKS[name]).items()}
            rows += [(name, who, each, seconds if who == AGENT else None) for who, each in summaries.items()]
            curves.append(Curve(name, learner.steps, summaries[AGENT]["mean_ideal_steps"]))
            panels.append(Panel(name.capitalize(), greedy_scenes(agent, TASKS[name], {})))
        self._write(rows, curves, panels, config)
        agent = TabularAgent(learners[SHOWN].q)
        pictures = list(frames(agent, TASKS[SHOWN]))
        write_video(self.out / "wind.gif", pictures, _FPS)
        shell.console().print(report.table(rows, f"The grid reach from {rows[0][2]['episodes']:.0f} starts"))
        return pictures

    def _show_others(self) -> None:
        """The stages of DQN, the controllers and the recurrent network."""
        console = shell.console()
        if self.dqn:
            console.print(demo_dqn.run(self.out / "dqn", self.seed, self.dqn, self.progress))
            console.print(
                f"the usual run is longer: python -m agents dqn --env {demo_dqn.ENV_ID} --out runs/dqn\n", soft_wrap=True
            )
        if self.cursor:
            console.print(demo_cursor.run(self.out / "cursor", self.seed))
        if self.rnn:
            for told in demo_rnn.run(self.out / "rnn", self.seed, self.rnn, self.progress):
                console.print(told)
        console.print(f"figures, GIFs and recordings: {self.out}")

    def _train(self, name: str, learner: QLearning) -> float:
        """Trains and returns the seconds that it took."""
        begin = time.perf_counter()
        task = {"id": TASKS[name], "kwargs": {}}
        directory = self.out / name.replace(" ", "_")
        train(learner, lambda: learner.save(directory, task), self.episodes, name, self.progress)
        return time.perf_counter() - begin

    def _write(
        self,
        rows: list[report.Row],
        curves: list[Curve],
        panels: list[Panel],
        config: QLearningConfig,
    ) -> None:
        figures.save(learning_curve(curves, config.epsilon), self.out / "learning_curve.png")
        figures.save(trajectories(panels), self.out / "trajectories.png")
        records = [{"task": task, "agent": who, **summary, "training_seconds": seconds} for task, who, summary, seconds in rows]
        report.write_json(self.out / "evaluation.json", records)


def frames(agent: TabularAgent, env_id: str) -> Iterator[npt.NDArray[np.uint8]]:
    """Lets `agent` act from a few starts in an environment of ten by ten squares.

    Yields:
        What can be seen after every step, uint8 (height, width, 3); the end of an episode several times.
    """
    env: gym.Env[Any, Any] = gym.make(env_id, render_mode="rgb_array")
    for start in _STARTS:
        observation, _ = env.reset(seed=0, options={"start": start})
        yield env.render()  # type: ignore[misc]
        done = False
        while not done:
            observation, _, terminated, truncated, _ = env.step(int(agent.act([observation])[0]))
            done = terminated or truncated
            yield from [env.render()] * (_PAUSE if done else 1)  # type: ignore[misc]
    env.close()


def show(pictures: Iterable[npt.NDArray[np.uint8]]) -> None:
    """Shows `pictures` in a window that closes by itself, or by its user."""
    window = Window("reach_gym: Q-learning in the wind", _FPS)
    try:
        for picture in pictures:
            window.show(picture)
        window.wait(1 / _FPS)
    except NoDisplayError as error:  # a DISPLAY that does not answer; the files are there all the same
        print(shell.one_line(error), file=sys.stderr)
    finally:
        window.close()


def has_display() -> bool:
    """Whether somebody sits in front of this: stdout is a terminal and there is a screen."""
    screen = sys.platform in ("darwin", "win32") or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    return screen and sys.stdout.isatty()
