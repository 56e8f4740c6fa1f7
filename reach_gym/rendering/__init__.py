"""Pictures: one pure drawing function, a window that shows its frames and a writer of GIF and MP4 files.

Nothing here imports pygame, imageio or Pillow before it is called.
"""

from reach_gym.rendering.grid_scene import GridScene, draw

__all__ = ["GridScene", "draw"]
