"""What several modules of tests share."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

# Before NumPy and PyTorch are loaded: two processes of tests share two cores, and threads of linear algebra that find none free
# wait for each other, ten times as long as the work takes.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
# Numba's threads, too, give their core to others while they wait: where they spin, steps take a hundred times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# Else every process that a test starts compiles the source of the package anew, for half a second.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


# Tests with these words in their ids have loops compiled, which those of one process share.
COMPILED = ("numba", "back_end", "make_vec")
# Tests that share nothing, each of which takes long.
APART = ("tests/docs/test_pages.py", "tests/benchmarks/test_examples.py")


def group_of(nodeid: str) -> str:
    """Tests of one group run in the same process (``pytest -n 2``): those of a module, which have fixtures in common."""
    path = nodeid.partition("::")[0]
    return "compiled" if any(word in nodeid for word in COMPILED) else nodeid if path in APART else path


@pytest.hookimpl(optionalhook=True)  # where pytest-xdist is installed
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The groups with the most tests come first. (The marks ``xdist_group`` are not heard by every version of pytest-xdist.)"""
    from xdist.scheduler import LoadScopeScheduling

    class Groups(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return Groups(config, log)


@pytest.fixture
def hears_ctrl_c() -> Callable[[], object]:
    """The `preexec_fn` of a process that a test interrupts: if the tests run in a shell's background, it would ignore Ctrl-C."""
    return lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
