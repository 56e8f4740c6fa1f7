"""The settings of networks that adapt in context, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from reach_gym import checks


@dataclass(frozen=True)
class InContextConfig:
    """The settings; the defaults are those of the results.

    Attributes:
        units: Gated recurrent units.
        products: Of two weighted sums of the units each, beside them; 0 for a network without any.
        rows: Sessions side by side.
        trials: Through which gradients flow, one after the other; at least two, or nothing is learned for the next one.
        reaching: Updates without a field, before there are any.
        updates: Updates over sessions.
        redrawn: Whether the field is drawn anew for every trial, not for every session: robust training, the control.

    Raises:
        TypeError: A setting has the wrong type.
        ValueError: A setting is out of range.
    """

    units: int = 96
    products: int = 32
    rows: int = 40
    trials: int = 3
    reaching: int = 150
    updates: int = 2000
    redrawn: bool = False

    def __post_init__(self) -> None:
        """Checks every setting."""
        for name, (low, high) in _RANGES.items():
            object.__setattr__(self, name, checks.integer(name, getattr(self, name), low, high))
        if not isinstance(self.redrawn, bool):
            raise TypeError(f"`redrawn` must be True or False, got {checks.shown(self.redrawn)}.")

    def to_data(self) -> dict[str, Any]:
        """The settings as plain data; `config_from_data` gives the same settings back."""
        return asdict(self)


_MANY = 10**6
_RANGES = {
    "units": (1, 4096),
    "products": (0, 4096),
    "rows": (1, 4096),
    "trials": (2, 100),
    **dict.fromkeys(("reaching", "updates"), (1, _MANY)),
}


def config_from_data(data: Any) -> InContextConfig:
    """Settings from plain data; what is not given has its default.

    Raises:
        TypeError: `data` is no dict, or a setting has the wrong type.
        ValueError: A setting is unknown or out of range.
    """
    return InContextConfig(**checks.keys("settings", data, [field.name for field in fields(InContextConfig)]))
