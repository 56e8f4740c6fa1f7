"""Small pieces of Markdown that the generated pages are made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# A code span that is nothing but a dotted name of this repository.
_NAME = re.compile(r"(?<![`}])`((?:reach_gym|agents)(?:\.\w+)+)`(?!`)")


def linked(text: str) -> str:
    """The `text` with names of the package as links to their documentation."""
    return _NAME.sub(r"{py:obj}`\1`", text)


def cell(text: str) -> str:
    """The `text` as it can stand in a cell of a table."""
    return linked(" ".join(text.split()).replace("|", "\\|"))


def code(text: str) -> str:
    """The `text` as code; nothing for an empty one."""
    return f"`{text}`" if text else ""


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table."""
    lines = [header, ["---"] * len(header), *([cell(each) for each in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
