"""What the rows of both tasks share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]

# The first two lines of every task's block of random streams: the key of the row, and the number of its trial.
KEY, TRIAL = 0, 1
