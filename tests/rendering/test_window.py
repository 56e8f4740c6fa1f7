"""Windows, on a virtual screen of their own where Xvfb is installed, otherwise on SDL's dummy screen."""

import copy
import gc
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time

import gymnasium as gym
import numpy as np
import pytest

import reach_gym  # noqa: F401
from reach_gym.rendering import display as display_module
from reach_gym.rendering.canvas import load_pygame
from reach_gym.rendering.window import Key, NoDisplayError, Window

FRAME = np.full((120, 200, 3), (220, 80, 40), np.uint8)
pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def display():
    """The environment variables of a screen."""
    if shutil.which("Xvfb") is None:
        yield {"SDL_VIDEODRIVER": "dummy"}
        return
    read, write = os.pipe()
    command = ["Xvfb", "-noreset", "-displayfd", str(write), "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    yield {"DISPLAY": f":{number}"}
    server.terminate()
    server.wait()


@pytest.fixture(autouse=True)
def screen(display, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER", "SDL_VIDEO_DRIVER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in display.items():
        monkeypatch.setenv(name, value)
    yield display
    gc.collect()
    pygame = load_pygame()
    assert not pygame.display.get_init(), "a test left the video system running"


def post(window, kind, **values):
    """What SDL would report about a window."""
    pygame = load_pygame()
    pygame.event.post(pygame.event.Event(getattr(pygame, kind), window=window._window, **values))


def content(window):
    return load_pygame().surfarray.array3d(window._window.get_surface()).swapaxes(0, 1)


def test_opens_with_the_first_frame_and_shows_it():
    window = Window("title", 100)
    pygame = load_pygame()
    assert not pygame.display.get_init()
    window.show(FRAME)
    assert window._window.title == "title"
    assert window._window.resizable
    assert np.array_equal(content(window), FRAME)
    window.close()
    window.close()
    assert window.closed
    assert not pygame.display.get_init()


def test_keeps_its_proportions_when_resized():
    window = Window("a", 100)
    window.show(FRAME)
    for size in ((800, 240), (300, 600)):
        window._window.size = size
        window.wait(0.15)  # no new frame: the resize alone redraws
        width, height = window._window.size
        assert (width, height) == size
        shown = content(window)
        covered = np.all(np.abs(shown.astype(int) - FRAME[0, 0]) < 3, axis=2)
        rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
        drawn = len(columns), len(rows)
        assert abs(drawn[0] / drawn[1] - 200 / 120) < 0.03
        assert drawn[0] == width or drawn[1] == height
        assert np.all(shown[0, 0] == (238, 240, 243)) or np.all(shown[-1, 0] == (238, 240, 243))
        assert abs(rows[0] + rows[-1] - (height - 1)) <= 1
        assert abs(columns[0] + columns[-1] - (width - 1)) <= 1
    window.close()


def test_a_frame_larger_than_the_screen_is_shrunk():
    window = Window("a", 100)
    window.show(np.zeros((3000, 3000, 3), np.uint8))
    desktop = load_pygame().display.get_desktop_sizes()[0]
    assert window._window.size[0] == window._window.size[1] <= desktop[1]
    window.close()


def test_two_windows_close_one_by_one():
    first, second = Window("1", 100), Window("2", 100)
    first.show(FRAME)
    second.show(FRAME)
    post(first, "WINDOWCLOSE")
    second.show(FRAME)  # the other window reads the common queue
    assert first.closed
    assert not second.closed
    first.show(FRAME)
    assert first._window is None
    assert load_pygame().display.get_init()
    post(second, "WINDOWCLOSE")
    second.show(FRAME)
    assert second.closed
    assert not load_pygame().display.get_init()
    second.show(FRAME)


def test_quit_closes_all():
    first, second = Window("1", 100), Window("2", 100)
    first.show(FRAME)
    second.show(FRAME)
    pygame = load_pygame()
    pygame.event.post(pygame.event.Event(pygame.QUIT))
    second.wait(0)
    assert first.closed
    assert second.closed


def test_keys_reach_their_own_window():
    pygame = load_pygame()
    first, second = Window("1", 100), Window("2", 100)
    first.show(FRAME)
    second.show(FRAME)
    post(first, "KEYDOWN", key=pygame.K_KP7)
    post(second, "KEYDOWN", key=pygame.K_q)
    post(first, "KEYUP", key=pygame.K_KP7)
    post(first, "KEYDOWN", key=pygame.K_LEFT)
    assert second.take_keys() == [Key("q", True)]
    assert first.take_keys() == [Key("[7]", True), Key("[7]", False), Key("left", True)]
    assert first.take_keys() == []
    first.close()
    second.close()


@pytest.mark.parametrize(
    ("size", "pixel", "place"),
    [
        ((200, 120), (0, 0), (0.5, 0.5)),
        ((200, 120), (150, 20), (150.5, 20.5)),
        ((800, 240), (200, 0), (0.25, 0.25)),  # twice as large, with margins of 200 pixels
        ((800, 240), (599, 239), (199.75, 119.75)),
        ((800, 240), (100, 120), (-49.75, 60.25)),
        ((200, 600), (199, 240), (199.5, 0.5)),
    ],
)
def test_the_pointer_is_in_pixels_of_the_frame(size, pixel, place):
    window = Window("a", 100)
    assert window.take_pointer() is None
    window.show(FRAME)
    window._window.size = size
    window.wait(0.15)  # an X server tells where its own mouse is
    post(window, "MOUSEMOTION", pos=pixel, rel=(1, 1), buttons=(0, 0, 0))
    assert window.take_pointer() == place
    assert window.take_pointer() == place
    assert window.take_keys() == []
    window.close()
    assert window.take_pointer() is None


def test_the_pointer_follows_a_resize():
    window = Window("a", 100)
    window.show(FRAME)
    window.wait(0.15)
    post(window, "MOUSEMOTION", pos=(99, 59), rel=(1, 1), buttons=(0, 0, 0))
    assert window.take_pointer() == (99.5, 59.5)
    window._window.size = 400, 240
    window.wait(0.15)
    post(window, "MOUSEMOTION", pos=(99, 59), rel=(1, 1), buttons=(0, 0, 0))
    assert window.take_pointer() == (49.75, 29.75)
    window.close()


def test_buttons_of_the_mouse_reach_their_own_window():
    first, second = Window("1", 100), Window("2", 100)
    first.show(FRAME)
    second.show(FRAME)
    second.wait(0.15)
    before = first.take_pointer()
    post(second, "MOUSEBUTTONDOWN", pos=(30, 40), button=1)
    post(second, "KEYDOWN", key=load_pygame().K_q)
    post(second, "MOUSEBUTTONUP", pos=(31, 42), button=3)
    assert first.take_keys() == []
    assert first.take_pointer() == before
    assert second.take_keys() == [Key("mouse1", True), Key("q", True), Key("mouse3", False)]
    assert second.take_pointer() == (31.5, 42.5)
    first.close()
    second.close()


@pytest.mark.skipif(shutil.which("Xvfb") is None or shutil.which("xdotool") is None, reason="needs Xvfb and xdotool")
def test_a_true_mouse_moves_and_clicks(screen):
    window = Window("a", 100)
    window.show(FRAME)
    window.wait(0.15)
    left, top = window._window.position
    command = ["xdotool", "mousemove", str(left + 60), str(top + 70), "mousedown", "1", "mouseup", "1"]
    subprocess.run(command, check=True, env={**os.environ, **screen})
    keys = []
    deadline = time.perf_counter() + 5
    while len(keys) < 2 and time.perf_counter() < deadline:
        window.wait(0.02)
        keys += window.take_keys()
    assert keys == [Key("mouse1", True), Key("mouse1", False)]
    assert window.take_pointer() == (60.5, 70.5)
    window.close()


def test_video_that_others_started_stays_and_keeps_its_events():
    pygame = load_pygame()
    pygame.display.init()
    try:
        window = Window("a", 100)
        window.show(FRAME)
        mine = pygame.event.Event(pygame.USEREVENT, number=7)
        pygame.event.post(mine)
        window.show(FRAME)
        window.close()
        assert pygame.display.get_init()
        assert [event.number for event in pygame.event.get(pygame.USEREVENT)] == [7]
    finally:
        pygame.display.quit()


def test_pygame_quit_by_others_counts_as_closed():
    window = Window("a", 100)
    window.show(FRAME)
    load_pygame().quit()
    window.show(FRAME)
    assert window.closed
    again = Window("b", 100)
    again.show(FRAME)
    assert not again.closed
    again.close()


def test_copies_open_no_window_until_they_show():
    window = Window("a", 50)
    window.show(FRAME)
    for twin in (copy.deepcopy(window), pickle.loads(pickle.dumps(window))):
        assert (twin.title, twin.fps, twin.closed, twin._window) == ("a", 50, False, None)
    window.close()
    assert not load_pygame().display.get_init()


def test_a_forgotten_window_goes_away():
    window = Window("a", 100)
    window.show(FRAME)
    del window
    gc.collect()
    assert len(display_module.VIDEO.windows) == 0
    assert not load_pygame().display.get_init()


def test_paces_frames():
    window = Window("a", 50)
    window.show(FRAME)
    begin = time.perf_counter()
    for _ in range(10):
        window.show(FRAME)
    # Nine intervals of 20 ms at least: the first picture may have taken its own time to appear.
    assert 0.175 < time.perf_counter() - begin < 2
    window.close()


def test_closing_does_not_wait_for_the_next_frame():
    window = Window("a", 0.2)
    window.show(FRAME)
    post(window, "WINDOWCLOSE")
    begin = time.perf_counter()
    window.show(FRAME)
    assert window.closed
    assert time.perf_counter() - begin < 1


@pytest.mark.parametrize("fps", [0, -3, float("inf")])
def test_bad_rates(fps):
    with pytest.raises(ValueError, match="`fps` must be a finite number from"):
        Window("a", fps)


@pytest.mark.skipif(sys.platform != "linux", reason="X11")
@pytest.mark.parametrize("name", [None, ":4091"])
def test_no_display_is_said(monkeypatch, name):
    monkeypatch.delenv("SDL_VIDEODRIVER", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    if name is not None:
        monkeypatch.setenv("DISPLAY", name)
    window = Window("a", 50)
    with pytest.raises(NoDisplayError, match="No window can open"):
        window.show(FRAME)
    assert not load_pygame().display.get_init()


def test_a_program_with_a_window_can_be_terminated(screen):
    code = (
        "import numpy as np\nfrom reach_gym.rendering.window import Window\nw = Window('a', 20)\n"
        "while True:\n    w.show(np.zeros((90, 90, 3), np.uint8))\n    print('shown', flush=True)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    process.stdout.readline()
    process.terminate()
    assert process.wait(10) == -signal.SIGTERM
    process.stdout.close()


def test_the_environment_goes_on_without_its_window():
    env = gym.make("reach_gym/GridReach-v0", render_mode="human", size=4, target=(3, 3), start=(0, 0))
    env.reset(seed=0)
    window = env.unwrapped._window
    assert not window.closed
    env.step(2)
    post(window, "WINDOWCLOSE")
    env.step(0)
    assert window.closed
    env.step(0)
    assert env.unwrapped.scene().cursor == (2, 1)
    env.close()


def test_two_environments_two_windows():
    envs = [gym.make("reach_gym/GridReach-v0", render_mode="human", size=4) for _ in range(2)]
    for env in envs:
        env.reset(seed=0)
    windows = [env.unwrapped._window for env in envs]
    assert windows[0]._window.id != windows[1]._window.id
    envs[0].close()
    assert windows[0].closed
    assert not windows[1].closed
    envs[1].close()


def press(window, name):
    pygame = load_pygame()
    for kind in ("KEYDOWN", "KEYUP"):
        post(window, kind, key=pygame.key.key_code(name))
    window.wait(0.1)


def test_f11_fills_the_screen_and_comes_back():
    window = Window("a", 100)
    window.show(FRAME)
    before, desktop = tuple(window._window.size), load_pygame().display.get_desktop_sizes()[0]
    assert window.screen() == (before, desktop, False, 1.0)
    press(window, "f11")
    full = window.screen()
    assert full.full and full.window == desktop and tuple(window._window.size) == desktop
    # The frame keeps its proportions, and nothing but the margin is beside it.
    shown = content(window)
    covered = np.all(np.abs(shown.astype(int) - FRAME[0, 0]) < 3, axis=2)
    rows, columns = np.flatnonzero(covered.any(axis=1)), np.flatnonzero(covered.any(axis=0))
    assert abs(len(columns) / len(rows) - 200 / 120) < 0.02 and full.scale == pytest.approx(len(columns) / 200, abs=0.02)
    assert len(columns) == desktop[0] or len(rows) == desktop[1]
    press(window, "f11")
    assert window.screen() == (before, desktop, False, 1.0) and window.take_keys() == []
    press(window, "q")
    assert [key.name for key in window.take_keys()] == ["q", "q"]
    window.close()
    assert window.screen() is None


def test_every_movement_of_the_mouse_is_told_once():
    window = Window("a", 100)
    assert window.take_motions() == [] and window.screen() is None
    window.show(FRAME)
    window._window.size = (400, 240)
    window.wait(0.1)
    begin = time.perf_counter()
    for x in range(5):
        post(window, "MOUSEMOTION", pos=(100 + x, 60), rel=(1, 0), buttons=(0, 0, 0), touch=False)
    motions = window.take_motions()
    assert [each.window for each in motions] == [(100 + x, 60) for x in range(5)]
    assert all(begin <= each.time <= time.perf_counter() for each in motions)
    assert motions[0].frame == window_to_frame(100, 60) and window.take_pointer() == motions[-1].frame
    assert window.take_motions() == []
    window.close()


def window_to_frame(x, y):
    """Of a window twice as wide and high as its frame."""
    return (x + 0.5) / 2, (y + 0.5) / 2


def test_the_room_for_a_frame():
    window = Window("a", 100)
    width, height = window.room()
    desktop = load_pygame().display.get_desktop_sizes()[0]
    assert (width, height) == (int(0.9 * desktop[0]), int(0.85 * desktop[1]))
    window.show(np.zeros((height, width, 3), np.uint8))
    assert tuple(window._window.size) == (width, height)
    window.close()
    # Who has only asked leaves nothing running, either.
    other = Window("b", 100)
    other.room()
    other.close()
    assert not load_pygame().display.get_init()
