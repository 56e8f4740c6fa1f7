"""Writes a page for every package of `reach_gym`, from its docstrings, into ``docs/api/generated``."""

from __future__ import annotations

import importlib
import pkgutil
import shutil
from pathlib import Path
from typing import Any

from page_text import code, table

import reach_gym

# The command line has a page of its own. The other modules hold loops over rows, which nobody calls but the vector environments.
_UNLISTED = ("cli", "__main__")
_LOOPS = ("kernels", "loops", "numba_rows", "numpy_rows", "compiled", "threads")


def packages() -> dict[str, list[str]]:
    """Every package or single module directly in `reach_gym`, with the full names of the modules on its page."""
    found = {}
    for part in pkgutil.iter_modules(reach_gym.__path__, "reach_gym."):
        short = part.name.rpartition(".")[2]
        if short in _UNLISTED:
            continue
        modules = [part.name]
        if part.ispkg:
            path = importlib.import_module(part.name).__path__
            inner = [each.name for each in pkgutil.iter_modules(path, f"{part.name}.")]
            modules += [name for name in inner if name.rpartition(".")[2] not in _LOOPS]
        found[short] = modules
    return found


def page(name: str, modules: list[str]) -> str:
    """The page of one package as Markdown."""
    package = importlib.import_module(modules[0])
    exported = getattr(package, "__all__", None) if len(modules) > 1 else None
    parts = [f"# {code(f'reach_gym.{name}')}"]
    for module in modules:
        if len(modules) > 1 and module != modules[0]:
            parts.append(f"## {code(module)}")
        # A package documents its own names on the pages of the modules that define them.
        options = "\n   :no-members:" if module == modules[0] and len(modules) > 1 else ""
        parts.append(f"```{{eval-rst}}\n.. automodule:: {module}{options}\n```")
        if exported and module == modules[0]:
            names = ", ".join(f"{{py:obj}}`{each} <{_home(package, each)}>`" for each in exported)
            parts.append(f"To be imported from {code(f'reach_gym.{name}')}: {names}.")
    return "\n\n".join(parts) + "\n"


def _home(package: Any, name: str) -> str:
    """Where a re-exported name is documented."""
    thing = getattr(package, name)
    return f"{getattr(thing, '__module__', package.__name__)}.{name}"


def write_all(folder: Path) -> list[Path]:
    """Writes all pages into `folder`, which is emptied first, and a table of them."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    written, rows = [], []
    for name, modules in packages().items():
        path = folder / f"{name}.md"
        path.write_text(page(name, modules), encoding="utf-8")
        written.append(path)
        summary = (importlib.import_module(modules[0]).__doc__ or "").split("\n")[0]
        rows.append([f"{{doc}}`reach_gym.{name} </api/generated/{name}>`", summary])
    (folder / "table.inc").write_text(table(["package", "what it holds"], rows) + "\n", encoding="utf-8")
    return written


def _write(app: Any) -> None:
    write_all(Path(app.srcdir) / "api" / "generated")


def setup(app: Any) -> dict[str, bool]:
    """Registers the extension with Sphinx."""
    app.connect("builder-inited", _write)
    return {"parallel_read_safe": True}
