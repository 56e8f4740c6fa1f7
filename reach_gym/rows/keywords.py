"""The keywords that every environment has, whatever its task: how it is drawn, and how many rows are moved in which way."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from gymnasium.vector import AutoresetMode

from reach_gym import checks
from reach_gym.keywords import Keywords, Read, choice_of, integer_from, keyword

MAX_ENVS = 2**20
MAX_STEPS = 2**31 - 1  # the rows count their steps in 32 bits
MAX_THREADS = 1024
BACKENDS = ("auto", "numpy", "numba")
# What the scalar and the vector environments can draw, for their `metadata` too.
RENDER_MODES = ("human", "rgb_array")
ROW_RENDER_MODES = ("rgb_array",)
INFOS = FULL, LEAN = "full", "lean"


def _autoreset_mode(name: str, value: Any) -> AutoresetMode:
    if isinstance(value, AutoresetMode):
        return value
    return AutoresetMode(checks.choice(name, value, [mode.value for mode in AutoresetMode]))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Told(Keywords):
    """How much an environment tells of a step besides what an agent learns from."""

    info: str = keyword(
        FULL,
        'What `info` holds: `"full"` everything, `"lean"` the outcome only (`is_success`, and `false_start` where there is one), '
        "which makes a step faster. Observations, rewards and ends are the same.",
        read=choice_of(*INFOS),
    )

    @property
    def lean(self) -> bool:
        """Whether `info` holds the outcome only."""
        return self.info == LEAN


def with_full_info(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords of an environment, with full info where they ask for less: for those who read more than the outcome."""
    return {**kwargs, "info": FULL} if "info" in kwargs else {**kwargs}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shown(Told):
    """How a scalar environment shows itself."""

    render_mode: str | None = keyword(
        None,
        'What `render` does: `"human"` shows the trial in a window, `"rgb_array"` returns an image; `None` draws nothing.',
        read=choice_of(*RENDER_MODES, none=True),
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rows(Told):
    """How many copies of a task a vector environment moves, and in which way."""

    num_envs: int = keyword(1, f"Number of rows, 1 to {MAX_ENVS:,}: copies of the task.", read=integer_from(1, MAX_ENVS))
    render_mode: str | None = keyword(
        None,
        'What `render` does: `"rgb_array"` returns one image per row; `None` draws nothing.',
        read=choice_of(*ROW_RENDER_MODES, none=True),
    )
    max_episode_steps: int | None = keyword(
        None,
        "The time limit, after which a trial is truncated; `None` for none. `gym.make_vec` passes the registered one.",
        "steps",
        integer_from(1, MAX_STEPS, none=True),
    )
    autoreset_mode: Read[AutoresetMode, AutoresetMode | str] = keyword(
        AutoresetMode.NEXT_STEP,
        'When a row whose trial is over begins the next one: `"NextStep"` in the step after it, `"SameStep"` in the same step, '
        '`"Disabled"` only at `reset`. A member of `gymnasium.vector.AutoresetMode` is the same as its value.',
        read=_autoreset_mode,
    )
    backend: str = keyword(
        "auto",
        'What moves the rows: `"numba"` compiled loops, `"numpy"` array operations, `"auto"` Numba where it is installed. '
        "The results are the same bits.",
        read=choice_of(*BACKENDS),
    )
    threads: int = keyword(
        1,
        f"Threads over which Numba spreads the rows, 1 to {MAX_THREADS}; more than one pays from about 10,000 rows.",
        read=integer_from(1, MAX_THREADS),
    )
