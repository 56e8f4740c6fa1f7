"""Learning curves for TensorBoard, written while a learner learns."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter
from torch.utils.tensorboard.summary import hparams

SETTINGS = "settings"
"""Name of the text that holds a run's settings."""


def settings_text(settings: Mapping[str, Any]) -> str:
    """Settings as a block of JSON, as TensorBoard shows it."""
    return "\n".join(f"    {line}" for line in json.dumps(settings, indent=1, default=str).splitlines())


def hyperparameters(settings: Mapping[str, Any]) -> dict[str, bool | float | str]:
    """Settings as TensorBoard compares them between runs: whatever is no number or word becomes JSON."""
    return {
        name: value if isinstance(value, bool | int | float | str) else json.dumps(value, default=str)
        for name, value in settings.items()
    }


class TensorBoardLog:
    """Writes a learner's settings, what is new in its history, and how fast it goes."""

    def __init__(
        self,
        directory: Path,
        history: Mapping[str, Sequence[float]],
        step: str = "step",
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Begins with the records that come after those `history` holds already.

        Args:
            directory: Where; the curves of a resumed run go on there.
            history: A list per curve, all of the same length; kept, and read again at every `update`.
            step: Name of the list that holds the records' steps.
            settings: Of the run, as plain data; written where a run begins.
        """
        self._steps = history[step]
        self._curves = {name: values for name, values in history.items() if name != step}
        self._written = len(self._steps)
        # What a killed run wrote beyond its last checkpoint is not true any more.
        purge = int(self._steps[-1]) + 1 if self._steps else None
        self._writer = SummaryWriter(str(directory), purge_step=purge)
        self._time = time.perf_counter()
        if settings is not None and not self._steps:
            self._writer.add_text(SETTINGS, settings_text(settings))
            curves = {f"learning/{name}": 0.0 for name in self._curves}
            file: Any = self._writer.file_writer
            for part in hparams(hyperparameters(settings), curves):  # type: ignore[no-untyped-call]
                file.add_summary(part)

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
