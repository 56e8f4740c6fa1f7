"""Writes a page for every family of tasks, so that nothing about a task is written twice.

Its ids come from `reach_gym.registration.TASKS`, its keywords from their dataclasses through `reach_gym.keywords.table`, its
rules from the docstring of its environment, and its picture from the environment itself. The pages go to
``docs/tasks/generated``.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gymnasium as gym
from gymnasium.envs.registration import load_env_creator
from page_text import code, linked, table
from sphinx.errors import ExtensionError

from reach_gym import keywords
from reach_gym.cli import main as reach_gym
from reach_gym.registration import TASKS, Task

# A constructor also takes all keywords of the task in one object of this name.
_READY = "task"
# The keyword whose value is itself a dataclass of keywords, of several to choose from, each with its name as `kind`.
_PLANT = "plant"


def families(tasks: Mapping[str, Task]) -> dict[str, dict[str, Task]]:
    """The tasks by family, in the order of their registration."""
    found: dict[str, dict[str, Task]] = {}
    for env_id, task in tasks.items():
        found.setdefault(task.family, {})[env_id] = task
    return found


def title_of(env_class: type) -> str:
    """The heading of a page: ``GridReachEnv`` makes ``Grid reach``."""
    words = re.findall("[A-Z][a-z]*", env_class.__name__.removesuffix("Env"))
    return " ".join([words[0], *(word.lower() for word in words[1:])])


def keyword_classes(env_class: type, package: str = "reach_gym") -> list[type[keywords.Keywords]]:
    """The dataclasses of `package` whose fields the constructor takes, the largest first.

    Raises:
        ExtensionError: A keyword of the constructor belongs to none of them.
    """
    taken = set(inspect.signature(env_class).parameters) - {_READY}
    known: set[str] = set()
    chosen: list[type[keywords.Keywords]] = []
    candidates = [each for each in _subclasses(keywords.Keywords) if each.__module__.split(".")[0] == package]
    for candidate in sorted(candidates, key=lambda each: -len(keywords.table(each))):
        names = {row.name for row in keywords.table(candidate)}
        if names <= taken and names - known:
            chosen.append(candidate)
            known |= names
    if missing := sorted(taken - known):
        raise ExtensionError(f"No dataclass of keywords documents {', '.join(missing)} of {env_class.__name__}.")
    return chosen


def plant_classes(scalar: list[type[keywords.Keywords]], package: str = "reach_gym") -> list[type[Any]]:
    """The plants to choose from, if the keywords of `scalar` name one; none otherwise."""
    if all(row.name != _PLANT for row in keywords.table(*scalar)):
        return []
    found = [each for each in _subclasses(keywords.Keywords) if each.__module__.split(".")[0] == package]
    return [each for each in found if "kind" in vars(each) and each not in scalar]


def _subclasses(base: type) -> list[type[Any]]:
    return [found for each in base.__subclasses__() for found in (each, *_subclasses(each))]


def page(
    env_class: type,
    tasks: Mapping[str, Task],
    scalar: list[type[keywords.Keywords]],
    vector: list[type[keywords.Keywords]],
    plants: list[type[Any]],
    picture: str | None = None,
) -> str:
    """The page of one family as Markdown.

    Args:
        env_class: The environment; its docstring is Markdown with headings of the second level.
        tasks: Its registered tasks.
        scalar: The dataclasses of its keywords.
        vector: Those of the native vector environment.
        plants: Those of the plants to choose from.
        picture: File name of a picture, relative to the page.
    """
    introduction, _, rules = (inspect.getdoc(env_class) or "").partition("\n## ")
    ids = [
        [
            *(code(env_id), task.summary, code(json.dumps(task.kwargs) if task.kwargs else "")),
            str(task.max_episode_steps or "in the keywords"),
        ]
        for env_id, task in tasks.items()
    ]
    return (
        "\n\n".join(
            [
                f"# {title_of(env_class)}",
                linked(introduction.strip()),
                *([f"```{{image}} {picture}\n:alt: A trial of the ideal agent\n:class: reach-picture\n```"] if picture else []),
                "## Registered tasks",
                table(["id", "what it is", "keywords", "time limit in steps"], ids),
                "## Keywords",
                f"Every keyword of {code('gym.make')} and {code('gym.make_vec')} can be written as plain JSON.",
                _keywords(scalar),
                *(part for plant in plants for part in (f"### Plant {code(plant.kind)}", _first(plant), _keywords([plant]))),
                "### In the native vector environment",
                f"{code('gym.make_vec')} takes the keywords of the task and these ({{doc}}`/guide/vector_environments`).",
                _keywords([each for each in vector if each not in scalar]),
                linked(f"## {rules.strip()}"),
            ]
        )
        + "\n"
    )


def _first(plant: type[Any]) -> str:
    """The first paragraph of a class's docstring."""
    return linked((inspect.getdoc(plant) or "").partition("\n\n")[0])


def _keywords(classes: list[type[keywords.Keywords]]) -> str:
    rows = [[code(row.name), code(row.default), row.unit, row.meaning] for row in keywords.table(*classes)]
    return table(["keyword", "default", "unit", "meaning"], rows)


def write_all(folder: Path, tasks: Mapping[str, Task] = TASKS, pictures: bool = True) -> list[Path]:
    """Writes the pages of all families into `folder`, which is emptied first.

    Args:
        folder: Where to.
        tasks: The registered tasks.
        pictures: Whether to let the ideal agent act for a picture of each family.

    Returns:
        The pages.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    written = []
    for family, members in families(tasks).items():
        spec = gym.spec(next(iter(members)))
        scalar, vector = (load_env_creator(point) for point in (spec.entry_point, spec.vector_entry_point))
        picture = _picture(folder / f"{family}.gif", members) if pictures else None
        path = folder / f"{family}.md"
        taken = keyword_classes(scalar)
        text = page(scalar, members, taken, keyword_classes(vector), plant_classes(taken), picture)
        path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def _picture(path: Path, tasks: Mapping[str, Task]) -> str:
    """The ideal agent in the first task that has a field, as a GIF."""
    env_id = next((env_id for env_id, task in tasks.items() if "field" in task.kwargs), next(iter(tasks)))
    with contextlib.redirect_stdout(io.StringIO()):
        status = reach_gym(["watch", env_id, "--agent", "ideal", "--episodes", "2", "--video", str(path)])
    if status != 0:
        raise ExtensionError(f"No picture of {env_id} could be made.")
    return path.name


def _write(app: Any) -> None:
    write_all(Path(app.srcdir) / "tasks" / "generated")


def setup(app: Any) -> dict[str, bool]:
    """Registers the extension with Sphinx."""
    app.connect("builder-inited", _write)
    return {"parallel_read_safe": True}
