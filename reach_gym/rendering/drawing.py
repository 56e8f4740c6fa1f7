"""The one drawing function: from a scene of either task to pixels, on off-screen surfaces only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.rendering.canvas import MAX_WIDTH, MIN_WIDTH, SUPERSAMPLE, WIDTH, load_pygame
from reach_gym.rendering.cursor_scene import CursorScene, paint_cursor_scene
from reach_gym.rendering.grid_scene import GridScene, paint_grid_scene


def draw(scene: GridScene | CursorScene, width: int = WIDTH) -> npt.NDArray[np.uint8]:
    """Draws a scene.

    Args:
        scene: What to show.
        width: Width of the picture in pixels, from 64 to 4096.

    Returns:
        uint8 array (height, width, 3), red, green, blue; a new one at every call.

    Raises:
        ValueError: `width` is out of range.
        TypeError: `width` is not an integer, or `scene` is not a scene.
        MissingExtraError: pygame-ce is not installed.
    """
    pygame = load_pygame()
    pixels_wide = checks.integer("width", width, MIN_WIDTH, MAX_WIDTH)
    if isinstance(scene, GridScene):
        surface = paint_grid_scene(scene, pixels_wide)
    elif isinstance(scene, CursorScene):
        surface = paint_cursor_scene(scene, pixels_wide)
    else:
        raise TypeError(f"`scene` must be a GridScene or a CursorScene, got {checks.shown(scene)}.")
    wide, high = (side // SUPERSAMPLE for side in surface.get_size())
    small = pygame.transform.smoothscale(surface, (wide, high))
    return np.frombuffer(pygame.image.tobytes(small, "RGB"), np.uint8).reshape(high, wide, 3).copy()
