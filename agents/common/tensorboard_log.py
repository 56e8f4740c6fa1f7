"""Learning curves for TensorBoard, written while a learner learns."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter


class TensorBoardLog:
    """Writes what is new in a learner's history, and how fast it goes."""

    def __init__(self, directory: Path, history: Mapping[str, Sequence[float]], step: str = "step") -> None:
        """Begins with the records that come after those `history` holds already.

        Args:
            directory: Where; the curves of a resumed run go on there.
            history: A list per curve, all of the same length; kept, and read again at every `update`.
            step: Name of the list that holds the records' steps.
        """
        self._steps = history[step]
        self._curves = {name: values for name, values in history.items() if name != step}
        self._written = len(self._steps)
        # What a killed run wrote beyond its last checkpoint is not true any more.
        purge = int(self._steps[-1]) + 1 if self._steps else None
        self._writer = SummaryWriter(str(directory), purge_step=purge)
        self._time = time.perf_counter()

    def update(self) -> None:
        """Writes the new records."""
        first = self._written
        for i in range(first, len(self._steps)):
            for name, values in self._curves.items():
                if math.isfinite(values[i]):
                    self._writer.add_scalar(f"learning/{name}", values[i], int(self._steps[i]))
        self._written = len(self._steps)
        if self._written > first:
            now, before = time.perf_counter(), self._steps[first - 1] if first else 0.0
            rate = (self._steps[-1] - before) / max(now - self._time, 1e-9)
            self._time = now
            self._writer.add_scalar("speed/steps_per_second", rate, int(self._steps[-1]))
            self._writer.flush()

    def close(self) -> None:
        """Ends the file."""
        self._writer.close()
