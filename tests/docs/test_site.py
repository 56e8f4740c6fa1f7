"""What the documentation's extensions write: a page per family of tasks, the API, tables, and docstrings as Sphinx reads them."""

from __future__ import annotations

import inspect
import json
import pkgutil
import sys
from dataclasses import dataclass
from typing import ClassVar

import gymnasium as gym
import pytest
import yaml

import reach_gym
from reach_gym import keywords
from reach_gym.fields import CURSOR_PRESETS, GRID_PRESETS
from reach_gym.registration import TASKS, Task
from reach_gym.sessions.schedule import SCHEDULES
from tests.docs.blocks import ROOT

sys.path.insert(0, str(ROOT / "docs" / "_ext"))

import api_pages  # noqa: E402
import docstrings  # noqa: E402
import page_text  # noqa: E402
import reference_tables  # noqa: E402
import task_pages  # noqa: E402
from sphinx.errors import ExtensionError  # noqa: E402


@dataclass(frozen=True, kw_only=True)
class Throw(keywords.Keywords):
    """Keywords of a task that there is not."""

    height: float = keywords.keyword(1.5, "Of the hand, see `reach_gym.fields`; a | b.", "m")
    ball: str = keywords.keyword("red", "Its colour.")


@dataclass(frozen=True, kw_only=True)
class Shown(keywords.Keywords):
    """Keywords of how it is drawn."""

    render_mode: str | None = keywords.keyword(None, "How it is drawn.")


@dataclass(frozen=True, kw_only=True)
class Elsewhere(keywords.Keywords):
    """Keywords of another task, one of which has the same name."""

    ball: str = keywords.keyword("blue", "Another one.")
    weight: float = keywords.keyword(0.1, "Its weight.", "kg")


@dataclass(frozen=True, kw_only=True)
class Arm(keywords.Keywords):
    """An arm that throws.

    More of it.
    """

    kind: ClassVar[str] = "arm"
    length: float = keywords.keyword(0.3, "From elbow to hand.", "m")


@dataclass(frozen=True, kw_only=True)
class Thrown(Throw):
    """Keywords with a plant."""

    plant: str = keywords.keyword("arm", "What throws.")


class BallThrowEnv:
    """Throw the ball, as `reach_gym.fields` says.

    It falls.

    ## Reward
    - ``"sparse"``: 1 where it lands.
    """

    def __init__(self, task=None, /, height=1.5, *, ball="red", render_mode=None):
        """Makes it."""


TASK = {"throw/Ball-v0": Task("a ball", {"height": 2.0}, 50, "throw"), "throw/Stone-v0": Task("a stone", {}, 60, "throw")}


def test_a_task_page_has_everything_from_where_it_stands_once():
    classes = task_pages.keyword_classes(BallThrowEnv, "tests")
    assert classes == [Throw, Shown]
    page = task_pages.page(BallThrowEnv, TASK, classes, [Throw, Elsewhere], [], "throw.gif")
    assert page.startswith("# Ball throw\n\nThrow the ball, as {py:obj}`reach_gym.fields` says.\n\nIt falls.\n\n```{image} throw.gif")
    assert '| `throw/Ball-v0` | a ball | `{"height": 2.0}` | 50 |\n| `throw/Stone-v0` | a stone |  | 60 |' in page
    assert "| `height` | `1.5` | m | Of the hand, see {py:obj}`reach_gym.fields`; a \\| b. |\n| `ball` | `'red'` |  | Its colour. |" in page
    scalar, vector = page.split("### In the native vector environment")
    assert "`render_mode`" in scalar and "weight" not in scalar and "height" not in vector and "| `weight` | `0.1` | kg | Its weight. |" in vector
    assert vector.rstrip().endswith('## Reward\n- ``"sparse"``: 1 where it lands.')


def test_a_task_page_has_the_plants_to_choose_from():
    assert task_pages.plant_classes([Throw, Shown], "tests") == []
    assert task_pages.plant_classes([Thrown, Shown], "tests") == [Arm]
    page = task_pages.page(BallThrowEnv, TASK, [Thrown], [Shown], [Arm])
    assert "### Plant `arm`\n\nAn arm that throws.\n\n| keyword |" in page and "| `length` | `0.3` | m | From elbow to hand. |" in page


def test_a_keyword_that_no_dataclass_documents_is_noticed():
    class Undocumented(BallThrowEnv):
        def __init__(self, height, spin):
            """Makes it."""

    with pytest.raises(ExtensionError, match="height, spin of Undocumented"):
        task_pages.keyword_classes(Undocumented, "tests")


def test_every_family_has_a_page_with_its_tasks_and_its_keywords(tmp_path):
    written = task_pages.write_all(tmp_path / "generated", pictures=False)
    assert [path.stem for path in written] == list(dict.fromkeys(task.family for task in TASKS.values()))
    for path in written:
        text = path.read_text()
        members = [env_id for env_id, task in TASKS.items() if task.family == path.stem]
        assert all(f"| `{env_id}` |" in text for env_id in members)
        env = gym.make(members[0]).unwrapped
        names = set(inspect.signature(type(env)).parameters) - {"task"}
        assert len(names) > 5 and all(f"\n| `{name}` |" in text for name in names)
        assert "\n| `num_envs` |" in text.partition("### In the native vector environment")[2]


def test_every_module_is_in_the_api(tmp_path):
    text = "\n".join(path.read_text() for path in api_pages.write_all(tmp_path))
    for module in pkgutil.walk_packages(reach_gym.__path__, "reach_gym."):
        parts = module.name.split(".")
        left_out = parts[1] in ("cli", "__main__") or parts[-1] in api_pages._LOOPS
        assert (f"automodule:: {module.name}\n" in text) == (not left_out), module.name
    assert "/api/generated/measures>`" in (tmp_path / "table.inc").read_text()
    assert "{py:obj}`TwoState <reach_gym.models.linear.TwoState>`" in text


def test_the_tables_have_every_preset_schedule_and_command(tmp_path):
    fields, schedules, commands, suite, presets = (path.read_text() for path in reference_tables.write_all(tmp_path))
    assert all(f"| `{name}` |" in fields for name in (*GRID_PRESETS, *CURSOR_PRESETS))
    assert all(f"| `{name}` |" in schedules for name in SCHEDULES)
    assert "| `catch` 0.1, `clamp` 0.1 |" in schedules and "`wave` amplitude 1, period 40" in schedules
    assert all(f"#### `{name}`" in commands for name in ("reach-gym play", "python -m agents dqn", "python -m benchmarks paper"))
    assert "| `cursor-curl` |" in suite and "| `lab-curl` |" in suite
    assert "| `lab` |" in presets and "| `sun_plitt` |" in presets and "Todorov 2005" in presets


def test_docstrings_are_read_as_they_are_meant():
    assert docstrings.adapt(["Of these:", "- one", "  more", "- two"]) == ["Of these:", "", "- one", "  more", "- two"]
    assert docstrings.adapt(["float64 (*batch, 2), |x| and ``a * b``; the *mean*, `*args`"]) == [
        "float64 (\\*batch, 2), \\|x\\| and ``a * b``; the *mean*, `*args`"
    ]
    cut = docstrings.adapt(["An environment.", "", "## Reward", "- sparse"])
    assert cut[0] == "An environment." and "tasks/index" in cut[2] and not any("sparse" in line for line in cut)


def test_names_become_links_but_code_does_not():
    assert page_text.linked("`reach_gym.fields` and `gain` and ``reach_gym.fields``") == (
        "{py:obj}`reach_gym.fields` and `gain` and ``reach_gym.fields``"
    )


def test_the_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["cff-version"] == "1.2.0" and citation["version"] == reach_gym.__version__
    assert citation["authors"] == [{"name": "The reach_gym developers"}] and "Plitt" in json.dumps(citation["references"])


def test_the_picture_is_drawn_by_its_script(tmp_path):
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import picture
    finally:
        sys.path.pop(0)
    picture.main(tmp_path / "picture.png")
    from PIL import Image

    drawn, kept = Image.open(tmp_path / "picture.png"), Image.open(picture.PICTURE)
    assert drawn.size == kept.size and (tmp_path / "picture.png").stat().st_size < 100_000
