"""What README.md and the pages of the documentation ask their readers to run: fenced blocks, and commands in the text."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[2]
LANGUAGES = ("python", "bash", "output", "text")
PROGRAMS = ("reach-gym", "python -m reach_gym", "python -m agents", "python -m benchmarks")


@dataclass(frozen=True)
class Block:
    """A fenced block: what it is written in, its text, and what its page says that it prints."""

    language: str
    text: str
    output: str | None


@dataclass(frozen=True)
class Page:
    """A page by its path in the repository."""

    path: str

    @property
    def source(self) -> str:
        return (ROOT / self.path).read_text(encoding="utf-8")

    @property
    def blocks(self) -> list[Block]:
        return _blocks(self.path)

    @property
    def files(self) -> dict[str, str]:
        """Code that begins with the name of a file is that file, which the page's commands use."""
        found = [re.match(r"# (\w+\.py)\n", block.text) for block in self.blocks]
        return {name[1]: block.text for name, block in zip(found, self.blocks, strict=True) if name and block.language == "python"}

    @property
    def python(self) -> list[Block]:
        return [block for block in self.blocks if block.language == "python" and block.text not in self.files.values()]

    @property
    def commands(self) -> list[tuple[str, str | None]]:
        """The commands of its blocks in their order, and what a block of a single one prints."""
        return [
            (line, block.output)
            for block in self.blocks
            if block.language == "bash"
            for line in (each.split("  #")[0].rstrip() for each in block.text.splitlines())
            if line
        ]

    @property
    def scores(self) -> list[str]:
        """Its tables of scores by task and agent, as a benchmark writes them."""
        return [table.rstrip() for table in re.findall(r"^\| task \| ceiling \| naive \|.*\n(?:\|.*\n)+", self.source, re.MULTILINE)]

    @property
    def mentioned(self) -> list[str]:
        """The commands in its text."""
        spans = [child.content for token in _tokens(self.path) for child in token.children or () if child.type == "code_inline"]
        return [span for span in spans if span.startswith((*(f"{program} " for program in PROGRAMS), "make "))]


def gaps(source: str) -> list[str]:
    """Words in capitals that stand alone in a paragraph's line or in a cell of a table: places where a number was to come."""
    tokens = MarkdownIt().enable("table").parse(source)
    parts = [line.strip(" *_`.,%") for token in tokens if token.type == "inline" for line in token.content.splitlines()]
    return [part for part in parts if re.fullmatch("[A-Z]{5,}", part)]


def pages() -> list[Page]:
    """README, what stands beside it, every page that is written by hand, and the results that pages include."""
    written = [path for path in (ROOT / "docs").rglob("*.md") if not {"generated", "_build"} & set(path.parts)]
    beside = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "benchmarks/results").glob("*.md")]
    return [Page(path.relative_to(ROOT).as_posix()) for path in (*beside, *sorted(written))]


def words(line: str) -> tuple[str, list[str]]:
    """The program of a command line and its arguments."""
    for program in PROGRAMS:
        if line == program or line.startswith(f"{program} "):
            return program.replace("python -m reach_gym", "reach-gym"), shlex.split(line[len(program) :])
    return shlex.split(line)[0], shlex.split(line)[1:]


@cache
def _tokens(path: str):
    return MarkdownIt().enable("table").parse((ROOT / path).read_text(encoding="utf-8"))


@cache
def _blocks(path: str) -> list[Block]:
    tokens = _tokens(path)
    blocks: list[Block] = []
    for token in tokens:
        if token.type != "fence":
            continue
        language = token.info.strip()
        if language == "output":
            before = blocks.pop()
            assert before.language in ("python", "bash") and before.output is None, (path, token.content)
            blocks.append(Block(before.language, before.text, token.content))
        else:
            blocks.append(Block(language, token.content, None))
    return blocks
