"""Makes reStructuredText of the package's docstrings, which are Google's form with a little Markdown."""

from __future__ import annotations

import re
from typing import Any

_ITEM = re.compile(r"\s*- ")
_CODE = re.compile(r"(`+[^`]*`+)")
_EMPHASIS = re.compile(r"(\*\*?\w[^*]*\w\*\*?)")


def adapt(lines: list[str]) -> list[str]:
    """The lines of a docstring with what reStructuredText reads otherwise set right.

    - A list begins after an empty line.
    - A star or a bar outside of code means itself, unless stars mark emphasis.
    - Sections that begin with ``##`` are those of an environment; they stand on the page of its task.
    """
    cut = next((place for place, line in enumerate(lines) if line.startswith("## ")), None)
    if cut is not None:
        lines = [*lines[:cut], "Spaces, rewards, info and options are on the page of the task: :doc:`/tasks/index`.", ""]
    adapted: list[str] = []
    inside = False
    for line in lines:
        if not line.strip():
            inside = False
        elif _ITEM.match(line) and not inside:
            if adapted and adapted[-1].strip():
                adapted.append("")
            inside = True
        adapted.append(_escaped(line))
    return adapted


def _escaped(line: str) -> str:
    parts = _CODE.split(line)
    for place in range(0, len(parts), 2):  # the odd ones are code
        pieces = _EMPHASIS.split(parts[place])
        pieces[::2] = [re.sub(r"([*|])", r"\\\1", piece) for piece in pieces[::2]]
        parts[place] = "".join(pieces)
    return "".join(parts)


def _process(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    lines[:] = adapt(lines)


def _skip(app: Any, what: str, name: str, thing: Any, skip: bool, options: Any) -> bool | None:
    """Leaves out the fields of named tuples, of which the class's own docstring tells."""
    return True if (getattr(thing, "__doc__", None) or "").startswith("Alias for field number") else None


def setup(app: Any) -> dict[str, bool]:
    """Registers the extension with Sphinx."""
    # Before napoleon, which would read a heading as text.
    app.connect("autodoc-process-docstring", _process, priority=400)
    app.connect("autodoc-skip-member", _skip)
    return {"parallel_read_safe": True}
