"""How the scalar environments show themselves: as an image or in a window."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Generic, TypeVar

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from gymnasium.error import ResetNeeded

from reach_gym.rendering import draw

_Scene = TypeVar("_Scene")


def warn_no_render_mode() -> None:
    """Tells the caller of `render` why nothing is drawn."""
    gym.logger.warn('`render` draws nothing without a render mode; make the environment with render_mode="rgb_array".')


class Drawn(Generic[_Scene]):
    """`scene`, `render` and `close` of a scalar environment, which says what there is to see."""

    metadata: Any
    render_mode: str | None
    _window: Any = None
    _begun: bool = False

    @abstractmethod
    def _scene(self) -> _Scene:
        """What `render` draws of the trial under way."""

    def scene(self) -> _Scene:
        """What `render` draws: the state of the trial under way; its path is kept only with a render mode.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_trial("scene")
        return self._scene()

    def _require_trial(self, what: str) -> None:
        """Refuses `what` before the first reset."""
        if not self._begun:
            raise ResetNeeded(f"Call `reset` before `{what}`: no trial has begun.")

    def render(self) -> npt.NDArray[np.uint8] | None:
        """Draws the trial: an image (H, W, 3) uint8 for ``"rgb_array"``, a window for ``"human"``.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        self._require_trial("render")
        if self.render_mode is None:
            warn_no_render_mode()
            return None
        scene: Any = self.scene()
        frame = draw(scene)
        if self.render_mode == "rgb_array":
            return frame
        self._open(scene.title)
        self._window.show(frame)
        return None

    def _open(self, title: str) -> None:
        """Makes the window, unless there is one; refuses where there is no display."""
        if self._window is None:
            from reach_gym.rendering.window import Window

            window = Window(title, self.metadata["render_fps"])
            window.prepare()
            self._window = window

    def close(self) -> None:
        """Closes the window, if there is one."""
        if self._window is not None:
            self._window.close()
            self._window = None

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the window: a copy opens its own."""
        return {**self.__dict__, "_window": None}
