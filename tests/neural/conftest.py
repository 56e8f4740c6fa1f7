import pytest

from tests.neural.made import WHOLE, clocked


@pytest.fixture(scope="session")
def base():
    """All trials are whole, and 8 targets come 8 times or so."""
    return clocked(WHOLE, 64)
