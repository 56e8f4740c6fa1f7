"""``reach-gym list``, ``reach-gym show`` and ``reach-gym recipes``: the tasks as text, and how they are learned."""

from __future__ import annotations

import dataclasses
import json
import textwrap
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Annotated, Any, cast

import gymnasium as gym
import tyro
from rich.table import Table

from reach_gym import fields, keywords
from reach_gym.acting import recipes
from reach_gym.cli import shell
from reach_gym.cli.reach_text import cursor_rows, schedule_lines
from reach_gym.cli.tasks import TaskCommand, make
from reach_gym.grid.world import Action, grid_world
from reach_gym.reach.keywords import Reach
from reach_gym.reach.presets import PRESETS
from reach_gym.registration import NAMESPACE, TASKS
from reach_gym.rendering import GridScene
from reach_gym.rendering.field_marks import region_squares
from reach_gym.sessions.table import table_from_data

_LARGEST_SKETCH = 40  # squares; two columns of text each still fit a wide terminal
_WIDTH = 100  # letters of a line of text


@dataclass(kw_only=True)
class List(shell.Command):
    """List the tasks."""

    def run(self) -> None:
        """Prints a table of all tasks."""
        table = Table("task", "what it is", "steps", box=None, pad_edge=False, header_style="bold")
        table.columns[0].no_wrap = True
        table.columns[2].justify = "right"
        for env_id, task in TASKS.items():
            table.add_row(env_id, task.summary, str(_longest(env_id)))
        shell.console().print(table)


@dataclass(kw_only=True)
class Show(TaskCommand):
    """Explain a task: its world, spaces, field, reward, and how to make it.

    Attributes:
        keywords: List every constructor keyword, too, with its default, unit and meaning.
    """

    keywords: bool = False

    def run(self) -> None:
        """Prints the task as text."""
        with shell.request():
            env_id, kwargs = self.env_id, self.env_kwargs
            env = make(env_id, kwargs)
            env.reset(seed=0)
        lines, base = _description(env_id, kwargs, env), cast(Any, env.unwrapped)
        print("\n".join([*lines, *(("", *keyword_lines(base.task)) if self.keywords else ())]))
        env.close()


@dataclass(kw_only=True)
class Recipes(shell.Command):
    """Show settings of Stable-Baselines3 for the tasks, in the form of the RL Zoo.

    Attributes:
        algo: The algorithm, such as sac; without it a list of all.
    """

    algo: Annotated[tyro.conf.Positional[str | None], tyro.conf.arg(metavar="ALGO")] = None

    def run(self) -> None:
        """Prints hyperparams/ALGO.yml of the RL Zoo, or a table of the recipes."""
        if self.algo is not None:
            with shell.request():
                print(recipes.zoo_text(self.algo), end="")
            return
        table = Table("algorithm", "task", "steps", "rows", "needs", box=None, pad_edge=False, header_style="bold")
        for algo in recipes.ALGORITHMS:
            for each in recipes.recipes(algo):
                needs = f"observation: {each.env_kwargs['observation']}" if "observation" in each.env_kwargs else ""
                table.add_row(algo, each.env_id, f"{each.steps:,}", str(each.num_envs), needs)
        shell.console().print(table)


def keyword_lines(task: keywords.Keywords) -> list[str]:
    """Every keyword of a task, and of what it is made of (such as its plant), with default, unit and meaning."""
    parts = [part for part in vars(task).values() if isinstance(part, keywords.Keywords)]
    lines = ["keywords and their defaults:"]
    for row in keywords.table(type(task), *map(type, parts)):
        lines.append(f"    {row.name} = {row.default} {row.unit}".rstrip())
        lines += textwrap.wrap(row.meaning, _WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8, break_long_words=False)
    return lines


def _longest(env_id: str) -> int:
    """The steps of the longest trial of a registered task."""
    limit = TASKS[env_id].max_episode_steps
    if limit is not None:
        return limit
    with closing(gym.make(env_id)) as env:
        return int(env.unwrapped.task.longest)  # type: ignore[attr-defined]


def _preset_lines(name: str, settings: Mapping[str, Any], task: Reach) -> list[str]:
    """The keywords of a preset that hold beside the `settings`, each with where its value comes from.

    Args:
        name: Of the preset.
        settings: What else is given.
        task: What came of both; what a preset says of plants of another kind does not hold.
    """
    units = {row.name: row.unit for row in keywords.table(Reach, type(task.plant))}
    given = {keyword: each for keyword, each in PRESETS[name].items() if keyword not in settings and keyword in units}
    rest = "numbers were chosen, unless show --keywords names a source"
    if not given:
        return [f"all {rest}", ""]
    rows = [(keyword, _with_unit(each.at(task.dt), units[keyword]), each.source) for keyword, each in given.items()]
    first, second = (max(len(row[k]) for row in rows) for k in (0, 1))
    lines = [f"    {keyword:<{first}}  {value:<{second}}  {source}" for keyword, value, source in rows]
    return [f"preset {name!r}, each keyword with the source of its value:", *lines, f"all other {rest}", ""]


def _preset_of(task: Reach, own: Mapping[str, Any]) -> list[str]:
    return _preset_lines(own.get("preset", "simple"), own, task)


def _with_unit(value: Any, unit: str) -> str:
    # What has no unit of its own, such as a pair of two kinds of noise, is shown as one writes it.
    return f"{' to '.join(map(str, value)) if isinstance(value, list) else value} {unit}" if unit else f"{value}"


def _description(env_id: str, kwargs: dict[str, Any], env: Any) -> list[str]:
    task, scene = TASKS[env_id], env.unwrapped.scene()
    usual = {field.name: field.default for field in dataclasses.fields(env.unwrapped.task)}
    own = {**task.kwargs, **kwargs}
    settings = {**usual, **own}
    grid = task.family == "grid"
    if grid:
        # The field of the task, not of the first trial, in which a schedule may have turned it off.
        scene = replace(scene, field=fields.field_from_data(settings["field"]))
        rows = _grid_rows(scene, settings, env, env.spec.max_episode_steps)
        sketch = _sketch(scene, settings["target"] is not None)
    else:
        rows, sketch = cursor_rows(env.unwrapped.task, env), _preset_of(env.unwrapped.task, own)
    return [
        env_id,
        task.summary,
        "",
        *(line for name, value in rows for line in _row(name, value)),
        "",
        *sketch,
        *schedule_lines(table_from_data(settings["schedule"]), channels=not grid),
        "make it:",
        f"    gym.make({', '.join([_quoted(f'{NAMESPACE}:{env_id}'), *_keywords(kwargs)])})",
    ]


def _row(name: str, value: str) -> list[str]:
    """A row of the description, with what does not fit into a line below it."""
    return textwrap.wrap(
        f"{name + ':':<13}{value}", _WIDTH, subsequent_indent=" " * 13, break_long_words=False, break_on_hyphens=False
    )


def _grid_rows(scene: GridScene, settings: dict[str, Any], env: Any, limit: int) -> list[tuple[str, str]]:
    names = ", ".join(f"{a.value} {a.name.lower().replace('_', '-')}" for a in Action)
    return [
        ("grid", f"{scene.size} x {scene.size} squares (x, y); x to the right, y upwards"),
        ("observation", f"{settings['observation']}: {env.observation_space}"),
        ("actions", f"{env.action_space}: {names}"),
        ("start", _place(settings["start"])),
        ("target", _place(settings["target"])),
        ("radius", _radius(settings["radius"])),
        ("field", fields.describe(scene.field)),
        ("reward", "-1 per step, 0 for the step that comes within the radius, which ends the trial"),
        ("time limit", f"{limit} steps"),
    ]


def _place(value: Any) -> str:
    return "drawn anew for every trial" if value is None else f"x = {value[0]}, y = {value[1]}"


def _radius(value: Any) -> str:
    if isinstance(value, dict):
        return f"shrinks: {json.dumps(value)}"
    return "0 (the target's own square)" if value == 0 else f"{value:g} squares (Euclidean)"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _keywords(kwargs: dict[str, Any]) -> list[str]:
    return [f"{name}={value!r}" for name, value in kwargs.items()]


def _sketch(scene: GridScene, fixed_target: bool) -> list[str]:
    """The field, drawn with characters: one sign per square."""
    region = region_squares(scene.size, scene.field)
    if scene.size > _LARGEST_SKETCH or (region is None and not fixed_target):
        return []
    world = grid_world(scene.size, scene.field)
    sign = _sign(scene.field)
    lines = []
    for y in reversed(range(scene.size)):
        signs = [sign if world.felt[y * scene.size + x] else "." for x in range(scene.size)]
        if fixed_target and y == scene.target[1]:
            signs[scene.target[0]] = "T"
        lines.append(f"    {' '.join(signs)}")
    legend = ([f"{sign} field"] if region else []) + (["T target"] if fixed_target else [])
    return [f"sketch ({', '.join(legend)}; y upwards):", *lines, ""]


def _sign(field: fields.ForceField) -> str:
    """A character for what `field` does."""
    (bxx, bxy), (byx, byy) = field.viscosity
    if field.viscosity != fields.ZERO:
        turn = field.gain * (byx - bxy)
        if bxx == byy == 0 and turn != 0 and bxy * byx < 0:
            return "↺" if turn > 0 else "↻"
        return "*"
    if field.stiffness != fields.ZERO:
        return "*"
    x, y = field.gain * field.push[0], field.gain * field.push[1]
    arrows = {
        (1, 0): "→",
        (1, 1): "↗",
        (0, 1): "↑",
        (-1, 1): "↖",
        (-1, 0): "←",
        (-1, -1): "↙",
        (0, -1): "↓",
        (1, -1): "↘",
    }
    return arrows.get(((x > 0) - (x < 0), (y > 0) - (y < 0)), "*")
