"""The keywords of an environment of the continuous reach, read into its task; errors say where values come from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from reach_gym.keywords import read
from reach_gym.reach.keywords import Reach, plant_keywords, plant_meant, with_plant
from reach_gym.reach.presets import PRESETS, Preset, with_preset


def read_reach(owner: str, rest: type[Any], keywords: Mapping[str, Any], base: Reach | None) -> tuple[Reach, Any]:
    """The task that `keywords` mean, over those of their preset and of the `base`, and an object of the class `rest`.

    Args:
        owner: Who takes them, for the error message.
        rest: The other class of keywords, such as `reach_gym.rows.keywords.Rows`.
        keywords: Names and values.
        base: What holds where no keyword is given; ``None`` for the defaults.

    Raises:
        TypeError: An unknown name, or a value of the wrong type.
        ValueError: A value that is not allowed; the message tells which of its keywords come from a preset or are defaults.
    """
    given = with_plant(with_preset(keywords, base), base)
    beside = [*plant_keywords(plant_meant(given, base)), "preset"]
    try:
        made, others = read(owner, (Reach, rest), given, base, beside)
    except ValueError as error:
        error.args = (f"{error}{_not_given(str(error), keywords, base)}",)
        raise
    return made, others


def _not_given(message: str, keywords: Mapping[str, Any], base: Reach | None) -> str:
    """Sentences for who reads in a `message` of keywords that they have never given."""
    named = [name for name in dict.fromkeys(re.findall(r"`(\w+)", message)) if name not in keywords]
    preset = keywords.get("preset", Preset().preset)
    of_preset = [f"`{name}`" for name in named if name in PRESETS[preset]]
    usual = {field.name for field in fields(Reach)} - {*PRESETS[preset]} if base is None else ()
    default = [f"`{name}`" for name in named if name in usual]
    return (f" From the preset {preset!r}: {', '.join(of_preset)}." if of_preset else "") + (
        f" By default: {', '.join(default)}." if default else ""
    )
