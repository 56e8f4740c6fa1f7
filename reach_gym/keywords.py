"""Constructor keywords as frozen dataclasses: name, default, unit, meaning and check of each stand once, in its field.

An environment names the dataclasses whose fields it takes (`takes`) and reads them (`read`). From the same fields come
`inspect.signature`, `help`, the command line, the recordings and the documentation.
"""

from __future__ import annotations

import dataclasses
import difflib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from reach_gym import checks

_Class = TypeVar("_Class", bound=type)
_Read = Callable[[str, Any], Any]


def keyword(default: Any, meaning: str, unit: str = "", read: _Read | None = None) -> Any:
    """A field of a `Keywords` dataclass.

    Args:
        default: What holds if nothing is given.
        meaning: One or more sentences for the reader of a documentation page.
        unit: Such as ``"m"`` or ``"N s/m"``; empty where there is none.
        read: ``read(name, value)`` returns the checked value, or raises ``TypeError`` or ``ValueError``; ``None`` where a check
            needs other keywords too and stands in the class.
    """
    return dataclasses.field(default=default, metadata={"meaning": meaning, "unit": unit, "read": read})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Keywords:
    """Base of the dataclasses whose fields are made by `keyword`.

    Raises:
        TypeError: A keyword has the wrong type.
        ValueError: A keyword has a value that is not allowed; the message says which are.
    """

    def __post_init__(self) -> None:
        """Checks and normalises every value; then `check` compares them with each other."""
        for field in dataclasses.fields(self):
            read = field.metadata["read"]
            if read is not None:
                object.__setattr__(self, field.name, read(self._named(field.name), getattr(self, field.name)))
        self.check()

    def _named(self, name: str) -> str:
        """What an error message calls the keyword `name`."""
        return name

    def check(self) -> None:
        """Refuses values that do not fit each other."""

    def to_data(self) -> dict[str, Any]:
        """The keywords as plain JSON; the same class made from them is equal to this one."""
        return {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}


def _plain(value: Any) -> Any:
    if hasattr(value, "to_data"):
        return value.to_data()
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


class Row(NamedTuple):
    """What there is to say of one keyword.

    Attributes:
        name: The keyword.
        default: As it is written in Python.
        unit: Empty where there is none.
        meaning: Sentences.
    """

    name: str
    default: str
    unit: str
    meaning: str


def table(*classes: type[Keywords]) -> list[Row]:
    """The keywords of `classes`, for documentation."""
    return [
        Row(field.name, _shown(field.default), field.metadata["unit"], field.metadata["meaning"])
        for each in classes
        for field in dataclasses.fields(each)
    ]


def _shown(default: Any) -> str:
    return repr(default.value if hasattr(default, "value") else default)


def takes(*classes: type[Keywords]) -> Callable[[_Class], _Class]:
    """The constructor takes the fields of `classes` as keywords; `inspect.signature` and `help` show them."""

    def show(cls: _Class) -> _Class:
        init: Any = vars(cls)["__init__"]
        signature = inspect.signature(init)
        own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        known = {p.name for p in own}
        fields = [field for each in classes for field in dataclasses.fields(each) if field.name not in known]
        more = [
            inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=field.type)
            for field in fields
        ]
        init.__signature__ = signature.replace(parameters=[*own, *more])
        init.__doc__ = _documented(inspect.getdoc(init) or "", [row for row in table(*classes) if row.name not in known])
        return cls

    return show


def _documented(text: str, rows: list[Row]) -> str:
    """The docstring `text` with the keywords among its arguments."""
    lines = []
    for row in rows:
        unit = f" In {row.unit}." if row.unit else ""
        lines.append(f"    {row.name}: {row.meaning}{unit} Default: {row.default}.")
    before, found, after = text.partition("Args:\n")
    if not found:
        before, found, after = f"{text}\n\n", "Args:\n", ""
    end = after.find("\n\n")
    own, rest = (after, "") if end < 0 else (after[:end], after[end:])
    return "".join([before, found, own.rstrip() + "\n" if own.strip() else "", "\n".join(lines), rest])


def read(owner: str, classes: tuple[type[Any], ...], given: Mapping[str, Any]) -> list[Any]:
    """One object of each of `classes`, made of the keywords that were `given`.

    Args:
        owner: Who takes them, for the error message.
        classes: Subclasses of `Keywords`.
        given: Names and values.

    Raises:
        TypeError: An unknown name, with the nearest known one; or a value of the wrong type.
        ValueError: A value that is not allowed.
    """
    names = [{field.name for field in dataclasses.fields(each)} for each in classes]
    every = sorted(set().union(*names))
    for name in given:
        if name not in every:
            raise TypeError(f"{owner} has no keyword `{name}`; {nearest(name, every)}.")
    return [each(**{name: given[name] for name in given if name in own}) for each, own in zip(classes, names, strict=True)]


def nearest(name: str, known: list[str]) -> str:
    """A hint for somebody who wrote a `name` that is not `known`: the nearest one, or all of them."""
    near = difflib.get_close_matches(name, known, 1, 0.6)
    return f"did you mean `{near[0]}`?" if near else f"known are {', '.join(known)}"


def choice_of(*options: str) -> _Read:
    """Reads one of the `options`."""
    return lambda name, value: checks.choice(name, value, options)


def number_from(low: float | None, high: float | None) -> _Read:
    """Reads a finite number in [low, high]."""
    return lambda name, value: checks.number(name, value, low, high)


def integer_from(low: int | None, high: int | None) -> _Read:
    """Reads an integer in [low, high]."""
    return lambda name, value: checks.integer(name, value, low, high)
