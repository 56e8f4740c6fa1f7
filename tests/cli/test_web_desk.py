"""A session at a page is the session at a window: the same player, on a clock of his own, at both."""

import dataclasses
import json
import math

import numpy as np
import pytest

from reach_gym.acting.rollout import held_out
from reach_gym.cli import mouse
from reach_gym.cli.mouse import MouseSession
from reach_gym.cli.web.desk import WebDesk
from reach_gym.cli.web.drawing import css, drawn, picture_of
from reach_gym.cli.web.latency import Latency
from reach_gym.cli.web.messages import Place
from reach_gym.cli.window_desk import WindowDesk
from reach_gym.reach.picture import seen_of
from reach_gym.recording import Recorder
from reach_gym.rendering.canvas import SUPERSAMPLE, WIDTH
from reach_gym.rendering.cursor_layout import CursorLayout
from reach_gym.rendering.marks import Area, Border, Disc, Label, Rect, Trail
from reach_gym.sessions import Event, Row, TrialTable
from tests.cli.player import GREEN, INK, ORANGE, Player, made

LAYOUT = CursorLayout(WIDTH, 0.1)
SPOT = Player.target


class PagePlayer(Player):
    """The player, who sees marks instead of pixels."""

    def __init__(self):
        super().__init__()
        self.told, self.pages, self.latency, self.pointers, self.card = [], [], Latency(), {"mouse"}, None
        self.pictures = {"sent": 0, "left_out": 0}
        self.place = Place(0, 0, WIDTH, (WIDTH, 624), (1920, 1080), False, 1.0, "pointerrawupdate", True, "test")

    def tell(self, **what):
        self.told.append(what)
        if "page" in what:
            self.pages.append(what["page"])
            self.look(False, False)

    def picture(self, **what):
        self.told.append(json.loads(json.dumps(what)))
        self.pictures["sent"] += 1
        self.look(shows(what, ORANGE, within=80), any(mark[0] == "border" and mark[5] == css(GREEN) for mark in what["marks"]))


def shows(picture, color, at=SPOT, within=1.0):
    """Whether a disc of a colour is drawn at a place (m), in enlarged pixels."""
    return any(mark[0] == "disc" and mark[4].startswith(css(color)) and math.dist(mark[1:3], LAYOUT.point(*at)) <= within for mark in picture["marks"])


def played(desk, trials=6, show_all=False, **kwargs):
    env = made(**kwargs)
    recorder = Recorder(env, {"agent": "person", "seed": 0})
    game = MouseSession(env, desk, recorder, trials, show_all)
    done = game.play(held_out(0))
    env.close()
    return recorder.finish(), game, done


def at_page(player, **kwargs):
    return played(WebDesk(player, 0.1, player.clock), **kwargs)


@pytest.mark.parametrize(
    "kwargs",
    [
        {}, {"field": None, "rotation": 30.0}, {"go_delay": 0.3, "false_start": "abort"},
        {"schedule": TrialTable([Row(block="a", rotation=30.0, rest=2.0), Row(block="a", channel=True), Row(block="a", target_jump=Event(0.0, 0.06)), Row(block="a", cursor_jump=Event(0.01, 0.0)), Row(block="a", feedback="none"), Row(block="a", feedback="clamp", clamp_angle=15.0)])},
    ],
)  # fmt: skip
def test_a_page_gives_the_same_trials_as_a_window(monkeypatch, kwargs):
    monkeypatch.setattr(WebDesk, "frame", WindowDesk.frame)  # as a player sees what is shown to him, when it is shown
    window, page = Player(), PagePlayer()
    window.hasty = page.hasty = (1,)
    first, _, _ = played(WindowDesk(window, 0.1, clock=window.clock), **kwargs)
    second, game, done = at_page(page, **kwargs)
    assert done and len(second) == 6 and game.successes > 0
    for field in dataclasses.fields(first):
        if isinstance(getattr(first, field.name), np.ndarray):
            assert np.array_equal(getattr(first, field.name), getattr(second, field.name), equal_nan=True), field.name


def test_the_page_is_told_no_more_than_the_window_shows():
    player = PagePlayer()
    at_page(player, trials=1, go_delay=0.3)
    pictures = [each for each in player.told if "marks" in each]
    hidden = [each for each in pictures if each["title"] in ("Move the mouse into this window", "Rest in the circle", "Wait")]
    # Neither the target nor its place, nor a field, before it appears; nor ever what block and gain there are.
    assert hidden and not any(shows(each, ORANGE) or shows(each, INK, SPOT, 40) for each in hidden)
    assert {name for each in pictures for name, _ in each["facts"]} == {"trial", "reached", "points", "time"}
    x, y = LAYOUT.point(*SPOT)
    assert not any(near in json.dumps(each["marks"]) for each in hidden for near in (f"{x:.1f}, {y:.1f}",))
    assert shows(pictures[-1], ORANGE) or pictures[-1]["badge"][0] == "reached"


@pytest.mark.parametrize("show_all", [False, True])
def test_the_field_is_shown_to_the_experimenter_only(show_all):
    player = PagePlayer()
    at_page(player, trials=1, show_all=show_all, schedule=[{"name": "a", "trials": 1}])
    boards = [each["board"] for each in player.told if "board" in each]
    assert len(boards) == 1 and any(mark[0] == "area" for mark in boards[0]) == show_all
    assert all(each["arrow"] == show_all for each in player.told if "marks" in each)
    facts = dict(next(each["facts"] for each in player.told if "marks" in each))
    assert ("gain" in facts) == show_all


@pytest.mark.parametrize(("feedback", "moves"), [("none", False), ("full", True)])
def test_a_hidden_cursor_is_not_sent(feedback, moves):
    player = PagePlayer()
    at_page(player, trials=1, schedule=TrialTable([Row(block="a", feedback=feedback)]))
    moving = [each for each in player.told if each.get("title") == "Reach!"]
    assert len(moving) > 20 and any(mark[0] == "trail" for each in moving for mark in each["marks"]) == moves
    assert any(mark[0] == "disc" and mark[4] == css(INK) for each in moving for mark in each["marks"]) == moves


def test_a_rotated_cursor_is_drawn_where_it_is_and_the_hand_is_not():
    player = PagePlayer()
    recording, _, _ = at_page(player, trials=1, field=None, rotation=40.0, schedule=[{"name": "a", "trials": 1}])
    pictures = [each for each in player.told if each.get("title") == "Reach!"]
    step = int(recording.steps[0]) - 20
    assert math.dist(recording.cursor[0, step], recording.hand[0, step]) > 0.01
    assert any(shows(each, INK, recording.cursor[0, step]) for each in pictures)
    assert not any(shows(each, INK, recording.hand[0, step], 8) for each in pictures[-25:])


def test_every_mark_goes_through_json():
    marks = [
        Disc((1.26, 2.0), 3.0, INK), Disc((1.0, 2.0), 3.0, INK, 0.5, 1.0), Area(((0.0, 1.0), (2.0, 3.0)), INK, line=1.5), Rect((1, 2, 3, 4), INK, 0.2),
        Border((1, 2, 3, 4), INK, 2.0), Label("a", (1.0, 2.0), 15.0, INK, "right"), Trail(((0.0, 1.0), (2.0, 3.0)), INK, 2.6, 1.3),
    ]  # fmt: skip
    assert json.loads(json.dumps(drawn(marks))) == [
        ["disc", 1.3, 2.0, 3.0, "#212c42", 0.0], ["disc", 1.0, 2.0, 3.0, "#212c4280", 1.0], ["area", [0.0, 1.0, 2.0, 3.0], "#212c42", 1.5],
        ["rect", 1, 2, 3, 4, "#212c4233", 0.0], ["border", 1, 2, 3, 4, "#212c42", 2.0], ["label", "a", 1.0, 2.0, 15.0, "#212c42", "right"], ["trail", [0.0, 1.0, 2.0, 3.0], "#212c42", 2.6],
    ]  # fmt: skip


@pytest.mark.parametrize("plant", ["two_link_arm", "muscle_arm"])
def test_an_arm_is_drawn(plant):
    env = made(plant=plant)
    env.reset(seed=0)
    task, scene = env.unwrapped.task, env.unwrapped.scene()
    layout = CursorLayout(WIDTH, 0.1, seen_of(task.plant, task.workspace, task.params))
    marks = json.loads(json.dumps(picture_of(layout, scene)["marks"], allow_nan=False))
    env.close()
    assert sum(mark[0] == "area" for mark in marks) == (6 if plant == "two_link_arm" else 18)
    assert any(mark[0] == "label" and mark[1] == "activation" for mark in marks) == (plant == "muscle_arm")
    for joint in scene.limbs.joints[:2]:
        assert any(mark[0] == "disc" and mark[4] == "#fafafb" and math.dist(mark[1:3], layout.point(*joint)) < 0.2 for mark in marks)


def test_a_finger_that_leaves_the_screen_holds_its_place():
    class Finger(PagePlayer):
        def take_pointer(self):
            lifted = self._cue is not None and self.now > self._cue + self.reaction + 0.05
            return None if lifted else super().take_pointer()

    recording, game, done = at_page(Finger(), trials=1)
    # The hand goes on to where the finger was last, and not back to the start.
    assert done and game.successes == 1 and math.dist(recording.hand[0, recording.steps[0]], SPOT) < 0.01


def test_breaks_and_the_end_are_pages():
    player = PagePlayer()
    _, game, _ = at_page(player, trials=2, schedule=TrialTable([Row(block="a"), Row(block="a", rest=2.0)]))
    assert [each.trial for each in game.breaks] == [1] and "Break" in player.pages
    assert [each["footer"].split("    ")[0] for each in player.told if each.get("page") == "Break"] == ["It goes on in 2 s.", "It goes on in 1 s."]
    desk = WebDesk(player, 0.1, player.clock)
    desk.leave()
    desk.keep(np.zeros((4, 6, 3), np.uint8), "curve")
    assert player.told[-1]["image"].startswith("data:image/png;base64,iVBORw0KGgo") and player.told[-1]["paragraphs"] == ["curve"]
    assert desk.versions() == {"browser": "test"} and set(desk.measured()["web"]) == {"events", "coalesced", "device_pixel_ratio", "pointers", "pictures", "latency_ms"}


def test_pictures_come_more_often_than_screens_show_them():
    player = PagePlayer()
    recording, _, _ = at_page(player, trials=1)
    trial = [each for each in player.told if each.get("title") in ("Wait", "Wait for the green frame", "Reach!")]
    assert len(trial) == recording.steps[0] and SUPERSAMPLE == 2 and mouse._LOOKS == 0.02
