"""What several modules of tests share."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator

import pytest

# Before NumPy and PyTorch are loaded: two processes of tests share two cores, and threads of linear algebra that find none free
# wait for each other, ten times as long as the work takes.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
# Else every process that a test starts compiles the source of the package anew, for half a second.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keeps the tests of compiled kernels in one process (``pytest --dist loadgroup``): else two compile the same ones at once."""
    for item in items:
        if "numba" in item.nodeid or item.get_closest_marker("compiles"):
            item.add_marker(pytest.mark.xdist_group("kernels"))


@pytest.fixture
def one_thread() -> Iterator[None]:
    """PyTorch on one thread: two processes of tests share two cores, and results do not depend on how many there are."""
    import torch  # not everywhere where tests run

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def hears_ctrl_c() -> Callable[[], object]:
    """The `preexec_fn` of a process that a test interrupts: if the tests run in a shell's background, it would ignore Ctrl-C."""
    return lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
