"""The plants that exist, and how one is read from a keyword."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from reach_gym import checks
from reach_gym.plants.compliant_muscle_arm import CompliantMuscleArm
from reach_gym.plants.lagged_mass import LaggedMass
from reach_gym.plants.muscle_arm import MuscleArm, ThelenArm, VirtualMuscleArm
from reach_gym.plants.plant import Plant
from reach_gym.plants.point_mass import PointMass
from reach_gym.plants.two_link_arm import TwoLinkArm

# Of each family the keywords choose one; see `Plant.suits`.
_FAMILIES: tuple[tuple[type[Plant], ...], ...] = (
    (PointMass, LaggedMass),
    (TwoLinkArm,),
    (MuscleArm, ThelenArm, VirtualMuscleArm, CompliantMuscleArm),
)
PLANTS: dict[str, type[Plant]] = {plant.kind: plant for family in _FAMILIES for plant in family}
_USUAL = PointMass.kind


def plant_class(value: Any) -> type[Plant]:
    """The class of the plant that `value` means: a `Plant`, a name of `PLANTS`, or a dict of keywords with or without ``"kind"``.

    Raises:
        TypeError: `value` is none of these.
        ValueError: An unknown kind.
    """
    if isinstance(value, Plant):
        return type(value)
    if isinstance(value, Mapping):
        return _suited(PLANTS[checks.choice("plant.kind", value.get("kind", _USUAL), PLANTS)], value)
    if not isinstance(value, str):
        raise TypeError(f"`plant` must be {' or '.join(map(repr, PLANTS))}, a dict or a Plant, got {checks.shown(value)}.")
    return PLANTS[checks.choice("plant", value, PLANTS)]


def _suited(named: type[Plant], value: Mapping[str, Any]) -> type[Plant]:
    """The plant that is `named`, or the one of its family that the keywords in `value` are for."""
    family = next(family for family in _FAMILIES if named in family)
    return next((plant for plant in (named, *family) if plant.suits(value)), named)


def plant_from_data(name: str, value: Any) -> Plant:
    """Reads a plant; `value` as for `plant_class`.

    The keywords choose among the kinds of a family: a point mass with a `force_lag` of more than 0 is a `LaggedMass`, and one of
    these with 0 a `PointMass`; the `muscles` of an arm say which model they follow.

    Raises:
        TypeError: `value` is no plant, or a keyword has the wrong type.
        ValueError: An unknown kind or keyword, or a value that is not allowed.
    """
    cls = plant_class(value)
    if isinstance(value, Plant):
        return value
    if isinstance(value, str):
        return cls()
    given = dict(checks.keys(name, value, ("kind", *(field.name for field in fields(cls)))))
    given.pop("kind", None)
    return cls(**given)
