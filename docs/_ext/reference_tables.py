"""Writes the tables that the prose includes: fields, schedules, tasks of the benchmark, and the help of every command.

They go to ``docs/guide/generated`` and ``docs/generated``.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from page_text import code, table
from sphinx.errors import ExtensionError

from reach_gym.evaluation import suite
from reach_gym.fields import CURSOR_PRESETS, GRID_PRESETS, describe
from reach_gym.reach.presets import PRESETS
from reach_gym.sessions.schedule import SCHEDULES, Block

# The programs of this repository and where their commands are parsed.
PROGRAMS = {"reach-gym": "reach_gym.cli", "python -m agents": "agents.__main__", "python -m benchmarks": "benchmarks.__main__"}
_WIDTH = "100"  # columns of a help text


def field_table() -> str:
    """The presets of both tasks."""
    presets = [("grid", GRID_PRESETS), ("continuous", CURSOR_PRESETS)]
    rows = [[task, code(name), describe(field)] for task, named in presets for name, field in named.items()]
    return table(["task", "preset", "what it does"], rows)


def schedule_table() -> str:
    """The ready schedules, block by block."""
    rows = []
    for name, schedule in SCHEDULES.items():
        for number, block in enumerate(schedule.blocks):
            rows.append([code(name) if number == 0 else "", block.name, str(block.trials), _told(block)])
    return table(["schedule", "block", "trials", "in its trials"], rows)


def _told(block: Block) -> str:
    """The keys of a block that differ from their defaults."""
    parts = []
    for each in fields(Block):
        value = getattr(block, each.name)
        if each.name not in ("name", "trials") and value != each.default:
            shown = f"amplitude {value.amplitude:g}, period {value.period:g}" if hasattr(value, "period") else f"{value:g}"
            parts.append(f"{code(each.name)} {shown}")
    return ", ".join(parts) or "the perturbation"


def preset_table() -> str:
    """The presets of the continuous reach, each number with its source."""
    rows = []
    for name, given in PRESETS.items():
        for number, (keyword, each) in enumerate(given.items()):
            rows.append([code(name) if number == 0 else "", code(keyword), code(repr(each.value)), each.source])
    return table(["preset", "keyword", "value", "where it comes from"], rows)


def suite_table() -> str:
    """The tasks of the benchmark."""
    rows = [[code(task.name), task.summary, code(task.env_id.partition("/")[2])] for task in suite.TASKS.values()]
    return table(["task", "what it asks", "environment"], rows)


def command_text() -> str:
    """The help of every command of every program."""
    parts = []
    for program, module in PROGRAMS.items():
        main = importlib.import_module(module).main
        overview = _helped(main, ["--help"])
        names = [line.split()[0] for line in overview.partition("commands:\n")[2].splitlines() if line.startswith("  ")]
        parts += [f"### {code(program)}", f"```text\n{overview}\n```"]
        for name in names:
            parts += [f"#### {code(f'{program} {name}')}", f"```text\n{_helped(main, [name, '--help'])}\n```"]
    return "\n\n".join(parts)


def _helped(main: Callable[[Sequence[str]], int], arguments: list[str]) -> str:
    os.environ["COLUMNS"] = _WIDTH
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        status = main(arguments)
    if status != 0:
        raise ExtensionError(f"`{' '.join(arguments)}` ended with {status}.")
    return said.getvalue().strip()


def write_all(docs: Path) -> list[Path]:
    """Writes every table below `docs`, into folders that are emptied first."""
    made = {
        "guide/generated/fields.inc": field_table,
        "guide/generated/schedules.inc": schedule_table,
        "guide/generated/commands.inc": command_text,
        "generated/suite.inc": suite_table,
        "generated/presets.inc": preset_table,
    }
    for folder in {(docs / name).parent for name in made}:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for name, make in made.items():
        (docs / name).write_text(make() + "\n", encoding="utf-8")
    return [docs / name for name in made]


def _write(app: Any) -> None:
    write_all(Path(app.srcdir))


def setup(app: Any) -> dict[str, bool]:
    """Registers the extension with Sphinx."""
    app.connect("builder-inited", _write)
    return {"parallel_read_safe": True}
