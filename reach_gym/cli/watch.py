"""``reach-gym watch``: see an agent at work, in a window or as a video."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.acting.protocol import Agent
from reach_gym.cli import shell
from reach_gym.cli.outputs import check_output
from reach_gym.cli.tasks import AgentCommand, vector_backend
from reach_gym.registration import TASKS
from reach_gym.rendering.video import check_video_path, write_video
from reach_gym.rendering.window import NoDisplayError, Window

_PAUSE = 0.8  # seconds for which the last picture of an episode stands
_GRID_FPS, _CURSOR_FPS = 6.0, 50.0
_CURSOR_STRIDE = 2  # steps of 10 ms from picture to picture: 50 pictures per second, which is all that a GIF can have


@dataclass(kw_only=True)
class Watch(AgentCommand):
    """Watch an agent in a window, or record it as GIF or MP4.

    Attributes:
        episodes: How many episodes.
        seed: Seed of the episodes.
        fps: Pictures per second; unless told otherwise 6 on the grid, where each is a step, and 50 for cursor tasks, where each
            is two steps: real time.
        video: Write this .gif or .mp4 file instead of opening a window; needs no display.
        overwrite: Replace the video file if it exists.
    """

    agent: str = "ideal"
    episodes: int = 3
    seed: int = 0
    fps: float | None = None
    video: Path | None = None
    overwrite: bool = False

    def run(self) -> None:
        """Shows or records the episodes."""
        with shell.request():
            env_id, kwargs = self.env_id, self.env_kwargs
            checks.integer("episodes", self.episodes, 1)
            checks.seed(self.seed)
            stride, usual = (_CURSOR_STRIDE, _CURSOR_FPS) if TASKS[env_id].family == "cursor" else (1, _GRID_FPS)
            fps = usual if self.fps is None else checks.number("fps", self.fps, 0.1, 120.0)
            path = None if self.video is None else check_output(check_video_path(self.video), self.overwrite)
            modes: dict[str, Any] = {"render_mode": "rgb_array", "autoreset_mode": "Disabled", "backend": vector_backend(1)}
            envs = gym.make_vec(env_id, num_envs=1, **modes, **kwargs)
            agent = self.load(envs)
        frames = episode_frames(envs, agent, self.episodes, self.seed, round(_PAUSE * fps), stride)
        try:
            with self.acting():
                if path is None:
                    _show(frames, Window(f"{self.agent} on {env_id}", fps))
                else:
                    write_video(path, frames, fps)
                    print(f"wrote {path}")
        finally:
            envs.close()


def episode_frames(
    envs: gym.vector.VectorEnv[Any, Any, Any], agent: Agent, episodes: int, seed: int, pause: int, stride: int = 1
) -> Iterator[npt.NDArray[np.uint8]]:
    """Lets an agent act and yields what can be seen.

    Args:
        envs: One row, with render mode ``"rgb_array"``, that is reset by hand.
        agent: Who acts.
        episodes: How many episodes.
        seed: Seed of the first reset.
        pause: How often the last picture of an episode is repeated.
        stride: Steps from picture to picture; the end of an episode is shown in any case.

    Yields:
        uint8 arrays (height, width, 3), one per reset and one per `stride` steps.
    """
    for episode in range(episodes):
        observations, _ = envs.reset(seed=seed if episode == 0 else None)
        agent.reset(np.ones(1, np.bool_))
        yield _picture(envs)
        steps, over = 0, False
        while not over:
            observations, _, terminated, truncated, _ = envs.step(agent.act(observations))
            steps, over = steps + 1, bool(terminated[0] or truncated[0])
            if over or steps % stride == 0:
                yield _picture(envs)
        for _ in range(pause):
            yield _picture(envs)


def _picture(envs: gym.vector.VectorEnv[Any, Any, Any]) -> npt.NDArray[np.uint8]:
    pictures: Any = envs.render()
    picture: npt.NDArray[np.uint8] = pictures[0]
    return picture


def _show(frames: Iterator[npt.NDArray[np.uint8]], window: Window) -> None:
    try:
        for frame in frames:
            window.show(frame)
            if window.closed:
                return
        window.wait(_PAUSE)
    except NoDisplayError as error:
        raise shell.RequestError(f"{shell.one_line(error)} Use `--video out.gif` instead.") from error
    finally:
        window.close()
