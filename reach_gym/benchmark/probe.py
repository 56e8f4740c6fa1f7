"""``python -m reach_gym.benchmark.probe FOLDER NAME ...``: whether wrappers can be loaded, without loading them here."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence

from reach_gym.acting import wrapping
from reach_gym.benchmark.process import printable
from reach_gym.benchmark.system import child_environment

_PATIENCE = 120.0  # seconds, for imports


def require_wrappers(names: Sequence[str], folder: str) -> None:
    """Refuses names of wrappers that cannot be loaded. A process of its own looks for them: it runs what they import.

    Args:
        names: As `reach_gym.acting.wrapping.load` takes them.
        folder: Where modules are looked up before anywhere else.

    Raises:
        ValueError: One cannot be loaded.
    """
    if not names:
        return
    words = [sys.executable, "-P", "-m", "reach_gym.benchmark.probe", folder, *names]
    try:
        with tempfile.TemporaryDirectory(prefix="reach-gym-") as empty:
            done = subprocess.run(
                words, cwd=empty, env=child_environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE
            )
    except subprocess.TimeoutExpired:
        raise ValueError(f"`wrappers` must be importable within {_PATIENCE:g} s, got {', '.join(names)}.") from None
    if done.returncode:
        told = done.stderr.decode(errors="replace").strip().splitlines()
        reason = printable(told[-1]) if told else "no reason"
        if not reason.startswith("`wrappers`"):  # what a module raised itself, or an end without a word
            reason = f"`wrappers` must be importable, got {', '.join(names)}: {reason}"
        raise ValueError(reason)


if __name__ == "__main__":
    try:
        wrapping.load(sys.argv[2:], sys.argv[1])
    except Exception as error:
        sys.exit(" ".join(str(error).split()) or type(error).__name__)
