"""Pictures: one pure drawing function, a window that shows its frames and a writer of GIF and MP4 files.

Nothing here imports pygame, imageio or Pillow before it is called.
"""

from reach_gym.rendering.cursor_scene import CursorScene, board_point
from reach_gym.rendering.drawing import draw
from reach_gym.rendering.grid_scene import GridScene

__all__ = ["CursorScene", "GridScene", "board_point", "draw"]
