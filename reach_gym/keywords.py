"""Constructor keywords as frozen dataclasses: name, default, unit, meaning and check of each stand once, in its field.

An environment names the dataclasses whose fields it takes (`takes`) and reads them (`read`). From the same fields come
`inspect.signature`, `help`, the command line, the recordings and the documentation.
"""

from __future__ import annotations

import dataclasses
import difflib
import inspect
import textwrap
import typing
from collections.abc import Callable, Collection, Mapping
from enum import Enum
from typing import Any, Generic, NamedTuple, TypeVar

from reach_gym import checks

# No positive measure may be smaller, so that no square of it and no quotient leaves the range of floats.
LEAST = 1e-6

_Class = TypeVar("_Class", bound=type)
_Held = TypeVar("_Held", covariant=True)
_Taken = TypeVar("_Taken", contravariant=True)
_Reader = Callable[[str, Any], Any]


class Read(Generic[_Held, _Taken]):
    """The annotation ``Read[Held, Taken]`` of a keyword that is given as one type and, once it is read, held as another.

    It only tells type checkers, which know it as a descriptor: whoever makes the dataclass may give any of the types that are
    taken, whoever asks it gets the one that is held.
    """

    def __get__(self, instance: object, owner: type | None = None) -> _Held:
        """What is held."""
        raise NotImplementedError

    def __set__(self, instance: object, value: _Taken) -> None:
        """What is taken."""
        raise NotImplementedError


def keyword(default: Any, meaning: str, unit: str = "", read: _Reader | None = None) -> Any:
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
                self.settle(**{field.name: read(self._named(field.name), getattr(self, field.name))})
        self.check()

    def _named(self, name: str) -> str:
        """What an error message calls the keyword `name`."""
        return name

    def check(self) -> None:
        """Refuses values that do not fit each other; may `settle` those that are read with the help of others."""

    def settle(self, **values: Any) -> None:
        """Replaces keywords by what was read from them; only for `check`, as nobody else may change them."""
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def to_data(self) -> dict[str, Any]:
        """The keywords as plain JSON; the same class made from them is equal to this one."""
        return {field.name: _plain(getattr(self, field.name)) for field in dataclasses.fields(self)}


def _plain(value: Any) -> Any:
    if hasattr(value, "to_data"):
        return _plain(value.to_data())
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, Enum):
        return value.value
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
    return repr(default.value if isinstance(default, Enum) else default)


def takes(*classes: type[Keywords]) -> Callable[[_Class], _Class]:
    """The constructor takes the fields of `classes` as keywords; `inspect.signature` and `help` show them."""

    def show(cls: _Class) -> _Class:
        init: Any = vars(cls)["__init__"]
        signature = inspect.signature(init)
        own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
        known = {p.name for p in own}
        more = [
            inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=taken)
            for each in classes
            for field, taken in zip(dataclasses.fields(each), _types_taken(each), strict=True)
            if field.name not in known
        ]
        init.__signature__ = signature.replace(parameters=[*own, *more])
        init.__doc__ = _documented(inspect.getdoc(init) or "", table(*classes))
        return cls

    return show


def _types_taken(cls: type[Keywords]) -> list[Any]:
    """For each field the type that the constructor takes."""
    hints = typing.get_type_hints(cls)
    types = [hints[field.name] for field in dataclasses.fields(cls)]
    return [typing.get_args(each)[1] if typing.get_origin(each) is Read else each for each in types]


def _documented(text: str, rows: list[Row]) -> str:
    """The docstring `text` with the keywords as the last of its arguments."""
    lines = []
    for row in rows:
        unit = f" In {row.unit}." if row.unit else ""
        line = f"{row.name}: {row.meaning}{unit} Default: {row.default}."
        lines.append(textwrap.fill(line, 100, initial_indent=" " * 4, subsequent_indent=" " * 8, break_on_hyphens=False))
    parts = text.split("\n\n")
    args = [k for k, part in enumerate(parts) if part.startswith("Args:\n")]
    if args:
        parts[args[0]] = "\n".join([parts[args[0]], *lines])
    else:
        parts.insert(
            next((k for k, part in enumerate(parts) if part.startswith("Raises:\n")), len(parts)), "\n".join(["Args:", *lines])
        )
    return "\n\n".join(parts)


def read(
    owner: str,
    classes: tuple[type[Any], ...],
    given: Mapping[str, Any],
    base: Keywords | None = None,
    beside: Collection[str] = (),
) -> list[Any]:
    """One object of each of `classes`, made of the keywords that were `given`.

    Args:
        owner: Who takes them, for the error message.
        classes: Subclasses of `Keywords`.
        given: Names and values.
        base: An object of the first of the `classes`, which says what holds where nothing is given; ``None`` for the defaults.
        beside: Names that `owner` takes too, for the hint to somebody who misspells one.

    Raises:
        TypeError: An unknown name, with the nearest known one; a value, or the `base`, of the wrong type.
        ValueError: A value that is not allowed.
    """
    if base is not None and type(base) is not classes[0]:
        raise TypeError(f"{owner} takes keywords, or a {classes[0].__name__} before them, got {checks.shown(base)}.")
    names = [{field.name for field in dataclasses.fields(each)} for each in classes]
    every = sorted(set().union(*names))
    for name in given:
        if name not in every:
            # Python's own words: TorchRL looks for them, to find out what an environment takes.
            hint = nearest(name, sorted([*every, *beside]))
            raise TypeError(f"{owner}() got an unexpected keyword argument {name!r}; {hint}")
    own = [{name: given[name] for name in given if name in known} for known in names]
    return [
        dataclasses.replace(base, **values) if base is not None and type(base) is each else each(**values)
        for each, values in zip(classes, own, strict=True)
    ]


def nearest(name: str, known: list[str]) -> str:
    """A hint for somebody who wrote a `name` that is not `known`: the nearest one, or all of them."""
    near = difflib.get_close_matches(name, known, 1, 0.6)
    return f"did you mean `{near[0]}`?" if near else f"known are {', '.join(known)}."


def choice_of(*options: str, none: bool = False) -> _Reader:
    """Reads one of the `options`; with `none` also ``None``."""
    return _optional(lambda name, value: checks.choice(name, value, options), none)


def number_from(low: float | None, high: float | None, none: bool = False) -> _Reader:
    """Reads a finite number in [low, high]; with `none` also ``None``."""
    return _optional(lambda name, value: checks.number(name, value, low, high), none)


def positive(high: float) -> _Reader:
    """Reads a number from `LEAST` to `high`."""
    return number_from(LEAST, high)


def integer_from(low: int | None, high: int | None, none: bool = False) -> _Reader:
    """Reads an integer in [low, high]; with `none` also ``None``."""
    return _optional(lambda name, value: checks.integer(name, value, low, high), none)


def _optional(read: _Reader, none: bool) -> _Reader:
    return (lambda name, value: None if value is None else read(name, value)) if none else read
