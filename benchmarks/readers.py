"""``python -m benchmarks readers``: what it costs to read a laboratory's file of full size."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from benchmarks.lab_files import mc_maze
from reach_gym.cli.shell import Command
from reach_gym.recording import read_nwb

TRIALS, UNITS = 2295, 182
"""Of the training split of MC_Maze (DANDI 000128)."""

_ONCE = "import sys; from benchmarks.readers import measure; measure(sys.argv[1])"


@dataclass
class Readers(Command):
    """Makes a synthetic MC_Maze and reads it in a process of its own: seconds, and the most memory that it took."""

    trials: int = TRIALS
    """Of the file."""
    units: int = UNITS
    """Of the file."""
    keep: Annotated[Path | None, tyro.conf.arg(metavar="FOLDER")] = None
    """Keeps the file in this folder; without it, it is removed."""

    def run(self) -> None:
        """Prints what was measured."""
        with tempfile.TemporaryDirectory() as folder:
            path = (Path(folder) if self.keep is None else self.keep) / "mc_maze.nwb"
            if not path.exists():
                print(f"makes {self.trials} trials of {self.units} units ...")
                mc_maze(path, self.trials, self.units)
            print(f"file: {path.stat().st_size / 1e6:.0f} MB")
            # The file's maker took memory too, which a process never gives back.
            subprocess.run([sys.executable, "-c", _ONCE, str(path)], check=True)


def measure(path: str) -> None:
    """Reads a file, and prints what was found and what it took."""
    begin, busy = time.perf_counter(), time.process_time()
    recording, spikes, _, report = read_nwb(path)
    read, busy = time.perf_counter() - begin, time.process_time() - busy
    print(report)
    if spikes is not None:
        from reach_gym.neural import activity_of

        found = f"{len(recording)} trials and {len(spikes)} spikes of {len(spikes.names)} units"
        print(f"read {found} in {read:.1f} s, of which {busy:.1f} s busy", _peak())
        begin = time.perf_counter()
        rates = activity_of(recording, spikes).rates
        print(f"made rates {rates.shape} in {time.perf_counter() - begin:.1f} s", _peak())


def _peak() -> str:
    """The most memory that this process has had."""
    unit = 1 if sys.platform == "darwin" else 1024
    return f"({resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30:.2f} GiB)"
