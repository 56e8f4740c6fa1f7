"""Sessions in a real Chromium without a screen, with movements of the mouse that the browser makes itself."""

import csv
import re
import time

import numpy as np
import pytest

from reach_gym.recording import Recording
from tests.cli.browser import PATH, Browser
from tests.cli.player import GREEN, ORANGE
from tests.cli.test_web_server import START, only_slow, playing

pytestmark = pytest.mark.skipif(PATH is None, reason="no Chromium is installed")
SPOT = (0.06, 0.03)
# What a person sees: the colours at three places of the canvas, whatever the page keeps in its variables.
SEEN = """(() => {
  const scale = canvas.width / (2 * size[0]), rect = canvas.getBoundingClientRect(), css = rect.width / canvas.width;
  const place = (x, y) => [60 + 1056 * (x + 0.125) / 0.25, 144 + 1056 * (0.125 - y) / 0.25];
  const color = (at) => [...pen.getImageData(Math.round(at[0] * scale), Math.round(at[1] * scale), 1, 1).data].slice(0, 3);
  const pixel = (at) => [rect.left + at[0] * scale * css, rect.top + at[1] * scale * css];
  return {
    page: text.hidden ? null : text.querySelector("h1").textContent, cursor: document.body.style.cursor,
    spot: color([place(0.06, 0.03)[0] + 22, place(0.06, 0.03)[1] + 22]), frame: color([55, 600]),
    start: pixel(place(0.001, 0.002)), goal: pixel(place(0.06, 0.03)),
  };
})()"""


def near(color, other, within=60):
    return all(abs(a - b) <= within for a, b in zip(color, other, strict=True))


class Person:
    """Looks at the canvas, and moves the mouse of the browser."""

    def __init__(self, browser):
        self.browser, self.pages, self.frames, self.cursors = browser, [], set(), set()

    def step(self):
        """A look, and what follows from it."""
        seen = self.browser.ask(SEEN)
        if seen["page"] is not None:
            if not self.pages or self.pages[-1] != seen["page"]:
                self.pages.append(seen["page"])
            if seen["page"] not in ("One moment", "Thank you"):
                self.browser.key(" ")
            return
        green = near(seen["frame"], GREEN)
        if green and near(seen["spot"], ORANGE):
            self.cursors.add(seen["cursor"])
            (x0, y0), (x1, y1) = seen["start"], seen["goal"]
            for i in range(1, 11):
                self.browser.move(x0 + (x1 - x0) * i / 10, y0 + (y1 - y0) * i / 10)
            self.frames.add("reached for")
            while near(self.browser.ask(SEEN)["spot"], ORANGE):
                time.sleep(0.01)
        else:
            self.browser.move(*seen["start"])


@pytest.fixture
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


def opened(browser, url):
    browser.call("Page.addScriptToEvaluateOnNewDocument", source="window.wrong = []; addEventListener('error', (e) => wrong.push(e.message)); addEventListener('securitypolicyviolation', (e) => wrong.push(e.violatedDirective));")
    browser.open(url)
    browser.until("typeof socket === 'object' && socket.readyState === 1")
    return Person(browser)


def test_a_session_in_a_browser(browser, tmp_path):
    with playing(tmp_path, "--practice", "1", "--trials", "3", "--limit", "5", "--out", "a.npz") as (process, url):
        person, end = opened(browser, url), time.monotonic() + 90
        while process.poll() is None and time.monotonic() < end:
            person.step()
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0 and only_slow(err), err
    assert [page for page in person.pages if page != "One moment"] == ["Reach for the disc", "Ready?", "The end", "Thank you"]
    # The learning curve stays after the server has ended; nothing was forbidden and nothing failed.
    browser.until("socket.readyState === 3")
    assert browser.ask("text.querySelector('img').naturalWidth") == 960 and browser.ask("wrong") == []
    recording = Recording.load(tmp_path / "a.npz")
    assert len(recording) == 3 and recording.success.all() and not recording.false_start.any()
    deviation = 1000 * recording.measures()["max_deviation"]
    assert abs(deviation[:2]).max() < 3 and 5 < deviation[2] < 30, deviation  # the field came with the third trial
    told = recording.metadata["web"]
    assert told["events"] == "pointerrawupdate" and told["coalesced"] and told["pointers"] == ["mouse"] and person.cursors == {"none"}
    assert told["latency_ms"]["picture"]["count"] > 100 and 0 < told["latency_ms"]["pointer"]["median"] < 100
    assert "Chrome" in recording.metadata["machine"]["browser"] and re.search(r"server to picture \d", out)
    rows = [row for row in csv.DictReader((tmp_path / "a.pointer.csv").open()) if row["stage"] == "trial"]
    places = np.array([[float(row["x [m]"]), float(row["y [m]"])] for row in rows])
    # Every movement is in the file, on the way from start to target and where the mouse was sent.
    assert len({row["trial"] for row in rows}) == 3 and len(rows) > 25
    for row, share in ((places, 0.5), (places, 1.0)):
        middle = np.array(START) + share * (np.array(SPOT) - np.array(START))
        assert np.abs(row - middle).max(axis=1).min() < 5e-4


def test_a_closed_tab_saves_what_is_done(browser, tmp_path):
    with playing(tmp_path, "--skip", "--limit", "5", "--out", "a.npz") as (process, url):
        person = opened(browser, url)
        while not person.frames:
            person.step()
        browser.until("picture?.title === 'Move to the circle'")
        browser.close_page()
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and only_slow(err) and "wrote a.npz" in out
    assert len(Recording.load(tmp_path / "a.npz")) == 1


def test_a_bank_card_makes_the_board_as_large_as_it_is(browser, tmp_path):
    with playing(tmp_path, "--card", "--skip", "--trials", "1", "--limit", "5", "--out", "a.npz") as (process, url):
        person = opened(browser, url)
        browser.until("card !== null")
        assert browser.ask("document.getElementById('card').getBoundingClientRect().width") == pytest.approx(85.6 / 25.4 * 96, abs=0.5)
        for _ in range(120):
            browser.key("ArrowLeft")
        width = browser.ask("document.getElementById('card').getBoundingClientRect().width")
        assert browser.ask("document.getElementById('card').getBoundingClientRect().height") == pytest.approx(width * 53.98 / 85.6, abs=0.5)
        browser.key(" ")
        browser.until("text.hidden")
        while process.poll() is None:
            person.step()
    assert width == pytest.approx(203.5, abs=1)
    recording = Recording.load(tmp_path / "a.npz")
    told, screen = recording.metadata["web"], recording.metadata["screen"]
    # 10 cm of the board are 10 cm of a screen on which a card is so many pixels wide.
    assert told["pixels_per_screen_metre"] == pytest.approx(width / 0.0856, abs=0.01) and told["screen_metre_per_metre"] == pytest.approx(1.0, abs=0.003)
    assert screen["pixels_per_metre"] == pytest.approx(width / 0.0856, rel=0.003) and recording.success.all()


def test_a_second_page_has_no_session_and_esc_ends_the_first(browser, tmp_path):
    with playing(tmp_path) as (process, url):
        opened(browser, url)
        browser.until("text.querySelector('h1').textContent === 'Reach for the disc'")
        first = browser.new_page()
        browser.open(url)
        browser.until("text.querySelector('h1').textContent === 'No session'")
        browser.attach(first)
        browser.key("Escape")
        out, _ = process.communicate(timeout=30)
        browser.until("text.querySelector('h1').textContent === 'The session is over'")
    assert process.returncode == 0 and "no trial was finished" in out and not list(tmp_path.iterdir())
