"""Keywords as dataclasses: checks, refusals, signature and help come from the fields; and the two that every environment has."""

import inspect
from dataclasses import dataclass

import pytest
from gymnasium.vector import AutoresetMode

from reach_gym.errors import MissingExtraError
from reach_gym.grid.vector_env import GridReachVectorEnv
from reach_gym.keywords import Keywords, Read, Row, choice_of, integer_from, keyword, number_from, read, table, takes
from reach_gym.reach.vector_env import CursorReachVectorEnv
from reach_gym.rows.backends import make_backend
from reach_gym.rows.keywords import Rows, Shown
from tests.refusals import wording


@dataclass(frozen=True, kw_only=True)
class Ball(Keywords):
    """A ball."""

    mass: float = keyword(1.0, "How heavy it is.", "kg", number_from(0, 10))
    colour: str = keyword("red", "What it looks like.", read=choice_of("red", "blue"))
    owner: Read[str, str | int] = keyword("me", "Whose it is.", read=lambda name, value: str(value))
    bounces: int | None = keyword(None, "How often it jumps.", read=integer_from(0, 9, none=True))
    half: float = keyword(0.0, "Half of its mass, which is put in.")

    def check(self) -> None:
        """Compares."""
        if self.colour == "blue" and self.mass > 5:
            raise ValueError("`mass` must be at most 5 of a blue one.")
        self.settle(half=self.mass / 2)


@dataclass(frozen=True, kw_only=True)
class Sky(Keywords):
    """A sky."""

    clouds: int = keyword(3, "How many there are.", read=integer_from(0, None))


@takes(Ball, Sky)
class Field:
    """A field."""

    def __init__(self, clouds: int = Sky.clouds, ball: Ball | None = None, **keywords: object) -> None:
        """Makes it.

        Args:
            ball: A ready one.

        Raises:
            TypeError: It is none.
        """
        self.ball, self.sky = read("Field", (Ball, Sky), {"clouds": clouds, **keywords}, ball)


def test_every_field_is_read_and_settled():
    assert Ball(mass=4, owner=7) == Ball(mass=4.0, owner="7") and Ball(mass=4).half == 2.0
    assert Ball(mass=4).to_data() == {"mass": 4.0, "colour": "red", "owner": "me", "bounces": None, "half": 2.0}
    for kwargs, name, got in (({"mass": 11}, "mass", "got 11."), ({"colour": "pink"}, "colour", "got 'pink'."), ({"bounces": -1}, "bounces", "got -1.")):
        with pytest.raises(ValueError, match=wording(name, got)):
            Ball(**kwargs)
    with pytest.raises(ValueError, match="blue"):
        Ball(mass=6, colour="blue")


def test_a_base_says_what_is_not_given():
    heavy = Ball(mass=8)
    assert Field(2, heavy).ball == heavy and Field(2, heavy).sky == Sky(clouds=2)
    assert Field(ball=heavy, bounces=3).ball == Ball(mass=8, bounces=3) and Field().sky == Sky()
    with pytest.raises(ValueError, match="blue"):
        Field(ball=heavy, colour="blue")
    for none in (5, "red", Sky()):
        with pytest.raises(TypeError, match="Field takes keywords, or a Ball before them, got"):
            Field(ball=none)


def test_an_unknown_keyword_is_refused_with_the_nearest():
    with pytest.raises(TypeError, match="Field\\(\\) got an unexpected keyword argument 'color'; did you mean `colour`\\?$"):
        Field(color="red")
    with pytest.raises(TypeError, match="'zzz'; known are bounces, clouds, colour, half, mass, owner\\.$"):
        Field(zzz=1)


def test_signature_and_docstring():
    parameters = inspect.signature(Field).parameters
    assert list(parameters) == ["clouds", "ball", "mass", "colour", "owner", "bounces", "half"]
    assert parameters["owner"].annotation == str | int and parameters["mass"].default == 1.0
    assert Field.__init__.__doc__.splitlines() == [
        "Makes it.",
        "",
        "Args:",
        "    ball: A ready one.",
        "    mass: How heavy it is. In kg. Default: 1.0.",
        "    colour: What it looks like. Default: 'red'.",
        "    owner: Whose it is. Default: 'me'.",
        "    bounces: How often it jumps. Default: None.",
        "    half: Half of its mass, which is put in. Default: 0.0.",
        "    clouds: How many there are. Default: 3.",
        "",
        "Raises:",
        "    TypeError: It is none.",
    ]
    assert table(Sky) == [Row("clouds", "3", "", "How many there are.")]


def test_without_arguments_of_its_own_they_go_before_what_is_raised():
    @takes(Sky)
    class Bare:
        def __init__(self, **keywords: object) -> None:
            """Makes it.

            Raises:
                TypeError: No.
            """

    text = "Makes it.\n\nArgs:\n    clouds: How many there are. Default: 3.\n\nRaises:\n    TypeError: No."
    assert Bare.__init__.__doc__ == text


def test_the_keywords_of_rows_are_plain_data():
    assert Rows(autoreset_mode="Disabled").to_data()["autoreset_mode"] == "Disabled"
    assert Rows(**Rows(num_envs=3, autoreset_mode=AutoresetMode.SAME_STEP).to_data()).autoreset_mode is AutoresetMode.SAME_STEP
    with pytest.raises(ValueError, match=wording("render_mode", "one of 'rgb_array', got 'human'.")):
        Rows(render_mode="human")
    assert Shown(render_mode="human").render_mode == "human"


@pytest.mark.parametrize("made", [GridReachVectorEnv, CursorReachVectorEnv])
@pytest.mark.parametrize("backend", ["numpy", "numba", "auto"])
def test_the_back_end_is_the_one_that_was_asked_for(made, backend):
    pytest.importorskip("numba")
    assert made(2, backend=backend).backend == ("numpy" if backend == "numpy" else "numba")


def test_where_numba_is_missing():
    def missing():
        raise ImportError("no numba here")

    numpy = lambda *arguments: ("numpy", *arguments)
    assert make_backend(Rows(), numpy, missing, 1, 2) == ("numpy", 1, 2)
    assert make_backend(Rows(threads=3), numpy, lambda: lambda *a: ("numba", *a), 1, 2) == ("numba", 1, 2, 3)
    with pytest.raises(MissingExtraError, match="fast"):
        make_backend(Rows(backend="numba"), numpy, missing)
    with pytest.raises(ValueError, match=wording("threads", "got 2.")):
        make_backend(Rows(threads=2), numpy, missing)
