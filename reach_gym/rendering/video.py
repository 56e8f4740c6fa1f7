"""Frames to a file: GIF for pages and slides, MP4 for everything longer."""

from __future__ import annotations

import importlib.util
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from reach_gym import checks, files
from reach_gym.errors import missing_extra

Frame = npt.NDArray[np.uint8]

_MAX_FPS = 120.0
# Viewers take a frame shown for less than 20 ms for a mistake and show it for 100 ms.
_SHORTEST_GIF_FRAME = 20
# Frames from which the palette is taken: enough that one shows a target which turns green at the end of every trial.
_PALETTE_FRAMES = 24


def check_video_path(path: str | os.PathLike[str]) -> Path:
    """Checks that `write_video` could write a file of this name, before the frames are made.

    Args:
        path: Name of the file, ending in ``.gif`` or ``.mp4``; missing folders are made by `write_video`.

    Returns:
        The path.

    Raises:
        ValueError: Another ending.
        IsADirectoryError: `path` is a folder.
        MissingExtraError: imageio is not installed.
    """
    target = Path(path)
    if target.suffix.lower() not in _WRITERS:
        raise ValueError(f"`path` must end in {' or '.join(_WRITERS)}, got {checks.shown(str(path))}.")
    if target.is_dir():
        raise IsADirectoryError(f"`path` is a folder: {checks.shown(str(path))}.")
    needed = "imageio_ffmpeg" if target.suffix.lower() == ".mp4" else "PIL"
    if importlib.util.find_spec(needed) is None:
        raise missing_extra("imageio[ffmpeg]", "render")
    return target


def write_video(path: str | os.PathLike[str], frames: Iterable[Frame], fps: float) -> None:
    """Writes frames as an animation; the file appears when it is complete.

    Args:
        path: Name of the file, ending in ``.gif`` (looped, 50 frames per second at most) or ``.mp4`` (H.264).
        frames: uint8 arrays (height, width, 3), at least one, all of one shape; taken one at a time.
        fps: Frames per second, from 0.1 to 120.

    Raises:
        ValueError: Another ending, no frames, frames of different shapes, or `fps` out of range.
        TypeError: A frame is not a uint8 array.
        OSError: The file cannot be written.
        MissingExtraError: imageio is not installed.
    """
    target = check_video_path(path)
    rate = checks.number("fps", fps, 0.1, _MAX_FPS)
    stream = _checked(frames)
    target.parent.mkdir(parents=True, exist_ok=True)
    with files.replacing(target) as partial:
        _WRITERS[target.suffix.lower()](partial, stream, rate)


def _checked(frames: Iterable[Frame]) -> Iterator[Frame]:
    shape: tuple[int, ...] | None = None
    for i, frame in enumerate(frames):
        if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8:
            raise TypeError(f"`frames[{i}]` must be a uint8 array, got {checks.shown(frame)}.")
        fits = frame.ndim == 3 and frame.shape[2] == 3 and frame.size > 0
        if not fits or frame.shape != (shape or frame.shape):
            wanted = "(height, width, 3)" if shape is None else str(shape)
            raise ValueError(f"`frames[{i}]` must have the shape {wanted}, got {frame.shape}.")
        shape = frame.shape
        yield frame
    if shape is None:
        raise ValueError("`frames` must hold at least one frame.")


def _write_gif(path: Path, frames: Iterator[Frame], fps: float) -> None:
    from PIL import Image

    # One palette for all frames: with one per frame still parts change in shade, and the file grows.
    pictures = [Image.fromarray(frame) for frame in frames]
    chosen = np.linspace(0, len(pictures) - 1, min(len(pictures), _PALETTE_FRAMES)).round().astype(int)
    sample = Image.fromarray(np.vstack([np.asarray(pictures[i]) for i in chosen]))
    palette = sample.quantize(128, dither=Image.Dither.NONE)
    still = [p.quantize(palette=palette, dither=Image.Dither.NONE) for p in pictures]
    milliseconds = max(_SHORTEST_GIF_FRAME, round(1000 / fps))
    still[0].save(path, save_all=True, append_images=still[1:], duration=milliseconds, loop=0, optimize=True)


def _write_mp4(path: Path, frames: Iterator[Frame], fps: float) -> None:
    import imageio_ffmpeg

    first = _even(next(frames))
    encoder: Any = imageio_ffmpeg.write_frames(
        str(path),
        (first.shape[1], first.shape[0]),
        fps=fps,
        codec="libx264",
        pix_fmt_out="yuv420p",  # the only one that every player shows
        macro_block_size=1,
        quality=None,
        bitrate=None,
        output_params=["-crf", "20", "-movflags", "+faststart"],
    )
    encoder.send(None)
    try:
        for frame in itertools.chain([first], map(_even, frames)):
            encoder.send(np.ascontiguousarray(frame))
    finally:
        encoder.close()


def _even(frame: Frame) -> Frame:
    """Repeats the last row or column of a frame of odd size, which the codec refuses."""
    return np.pad(frame, ((0, frame.shape[0] % 2), (0, frame.shape[1] % 2), (0, 0)), mode="edge")


_WRITERS: dict[str, Callable[[Path, Iterator[Frame], float], None]] = {".gif": _write_gif, ".mp4": _write_mp4}
