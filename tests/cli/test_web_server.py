"""The server over real sockets: who is answered, and whole sessions with a page of a few lines."""

import contextlib
import csv
import json
import math
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from reach_gym.cli import main
from reach_gym.cli.web.frames import CLOSE, PING, PONG, TEXT
from reach_gym.cli.web.server import Server
from reach_gym.recording import Recording, record
from reach_gym.rendering.canvas import SUPERSAMPLE, WIDTH
from reach_gym.rendering.cursor_layout import CursorLayout
from tests.cli.player import SHORT, TARGETS, TASK
from tests.cli.web_client import PLACE, Client, asked, masked

ROOT = Path(__file__).parents[2]
START, SPOT = (0.001, 0.002), (0.06, 0.03)


@pytest.fixture
def server():
    with Server("127.0.0.1", 0) as served:
        yield served


def test_the_page_is_one_file_with_a_strict_policy(server):
    status, headers, body = asked(server.url)
    assert status == 200 and headers["content-type"].startswith("text/html") and int(headers["content-length"]) == len(body)
    text = body.decode()
    # Nothing is fetched from anywhere.
    assert not re.search(r"\b(src|href)=\"(?!data:)", text) and "import(" not in text and re.findall(r"(?:https?|wss?)://[^`\s]*", text) == ["ws://${location.host}${location.pathname}session"]
    policy = dict(each.split(" ", 1) for each in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == "'none'" and policy["script-src"].count("sha256-") == 1 and "unsafe" not in headers["content-security-policy"]
    assert policy["connect-src"] == f"ws://127.0.0.1:{server.port}"
    assert headers["referrer-policy"] == "no-referrer" and headers["cache-control"] == "no-store" and headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {}, 404), ("/../../etc/passwd", {}, 404), ("/wrong-token/", {}, 404), (None, {"Host": "evil.example"}, 403), (None, {"Host": None}, 403),
        ("{token}../page.html", {}, 404), ("{token}%2e%2e/page.html", {}, 404), ("{token}session", {}, 403), (None, {"X": "a" * 20_000}, 431),
    ],
)  # fmt: skip
def test_nothing_else_is_answered(server, path, headers, status):
    assert asked(server.url, path and path.replace("{token}", f"/{server.token}/"), **headers)[0] == status


def test_only_get_and_only_http(server):
    assert asked(server.url, method="POST", Content_Length="5")[0] == 405
    with socket.create_connection(("127.0.0.1", server.port), 10) as link:
        link.sendall(b"\x16\x03\x01hello\r\n\r\n")  # a page of https
        assert link.recv(99).startswith(b"HTTP/1.1 400")
    with contextlib.closing(socket.create_connection(("127.0.0.1", server.port), 10)) as link:
        link.sendall(b"GET / HT")
    assert asked(server.url)[0] == 200


def test_who_is_slow_or_many_keeps_nobody_out(server, monkeypatch):
    monkeypatch.setattr("reach_gym.cli.web.server._PATIENCE", 0.3)
    idle = [socket.create_connection(("127.0.0.1", server.port), 10) for _ in range(40)]
    time.sleep(0.2)
    assert idle[39].recv(9) == b""  # more than there is room for
    time.sleep(0.4)
    assert idle[0].recv(9) == b"" and asked(server.url)[0] == 200
    for link in idle:
        link.close()


def test_one_participant_at_a_time(server):
    with Client(server.url, Origin="http://evil.example") as other:
        assert other.status == 403
    with Client(server.url) as first, Client(server.url) as second:
        assert (first.status, second.status) == (101, 409)
    with Client(server.url) as third:
        assert third.status == 409  # the first one's trials are not mixed with another's


def test_the_participant_comes_with_a_known_clock_and_leaves(server):
    with Client(server.url) as client:
        client.say("place", PLACE)
        echoes = greeted(client)
        person = server.participant()
        assert echoes == 10 and person.latency.echoes == 10 and not person.closed
        client.link.sendall(masked(PING, b"there?"))
        assert client.frame() == (PONG, b"there?")
        client.link.sendall(masked(CLOSE, (1001).to_bytes(2, "big")))
        assert client.frame() == (CLOSE, (1001).to_bytes(2, "big")) and client.frame() is None
    assert waits(lambda: person.closed)


@pytest.mark.parametrize(("data", "code"), [(masked(TEXT, b"{}"), 1008), (masked(TEXT, b"x" * 2**17), 1009), (masked(2, b"x"), 1003), (b"\x81\x01x", 1002)])
def test_who_breaks_the_rules_is_sent_away(server, data, code):
    with Client(server.url) as client:
        client.link.sendall(data)
        assert client.hear() == code and client.frame() is None
    assert server.participant().closed


def test_the_end_of_the_server_is_told(server):
    with Client(server.url) as client:
        thread = threading.Thread(target=server.__exit__)
        thread.start()
        assert client.hear() == 1001
        client.link.sendall(masked(CLOSE, (1001).to_bytes(2, "big")))
        assert client.frame() is None
        thread.join(5)
        assert not thread.is_alive()


def waits(true, seconds=5.0):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.01)
    return true()


def greeted(client):
    """Answers echoes until a tenth of a second passes without one; how many there were."""
    count = 0
    client.link.settimeout(0.3)
    with contextlib.suppress(TimeoutError):
        while True:
            number = client.hear()["ping"]
            count += 1
            now = 1000 * time.perf_counter()
            client.say("pong", number, now, now)
    client.link.settimeout(10)
    return count


# ---- whole sessions


def only_slow(err):
    """Whether nothing is complained of but how slow this machine is."""
    return all(line.startswith("warning: 95th percentiles") for line in err.splitlines())


def pixels(x, y):
    """A place on the board (m) in pixels of the window of `PLACE`."""
    px, py = CursorLayout(WIDTH, 0.1).point(x, y)
    return PLACE["left"] + px / SUPERSAMPLE * PLACE["width"] / WIDTH, PLACE["top"] + py / SUPERSAMPLE * PLACE["width"] / WIDTH


class Robot:
    """A person of a few lines: turns pages, rests in the circle, and jumps to the target once the frame is green."""

    def __init__(self, url, until=None):
        self.client, self.titles, self.pages, self.until = Client(url), [], [], until
        self.client.say("place", PLACE)

    def play(self):
        """Until the server closes the connection (returns that status) or `until` says so (None)."""
        while True:
            told = self.client.hear()
            now = 1000 * time.perf_counter()
            if not isinstance(told, dict):
                self.client.link.close()
                return told
            if "ping" in told:
                self.client.say("pong", told["ping"], now, now)
            elif "page" in told:
                self.pages.append(told)
                self.client.say("key", "space")
            elif "marks" in told:
                self._see(told, now)
            if self.until is not None and self.until(self):
                return None

    def _see(self, told, now):
        if not self.titles or self.titles[-1] != told["title"]:
            self.titles.append(told["title"])
        self.client.say("move", "mouse", [[now - 0.1, *pixels(*(SPOT if told["title"] == "Reach!" else START))]])
        self.client.say("drawn", told["number"], now, now)


@contextlib.contextmanager
def playing(folder, *arguments, preexec_fn=None):
    """`reach-gym play --web` in a process of its own: the process, and the page's address."""
    code = "from reach_gym.cli import main; raise SystemExit(main())"
    command = [sys.executable, "-u", "-W", "error", "-c", code, "play", TASK, "--web", "--seed", "5", "--kwargs", SHORT, *arguments]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=preexec_fn)
    try:
        url = next(found[0] for line in process.stdout if (found := re.findall(r"http://\S+", line)))
        yield process, url
    finally:
        process.kill()
        process.communicate()


def test_a_whole_session(tmp_path):
    with playing(tmp_path, "--practice", "1", "--trials", "3", "--limit", "5", "--subject", "S01") as (process, url):
        robot = Robot(url)
        assert robot.play() == 1001
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0 and only_slow(err), err
    assert [page["page"] for page in robot.pages] == ["Reach for the disc", "Ready?", "The end", "Thank you", "Thank you"] and "image" in robot.pages[-1]
    assert "You move a virtual hand. It is not the pointer" in robot.pages[0]["paragraphs"][0]
    assert [title for title in robot.titles if title.startswith("Re") and title[3] == "c"][::2] == ["Reach!"] * 4
    assert "server to picture" in out and [line.split()[:2] for line in out.splitlines() if line.startswith(("before", "field"))] == [["before", "2"], ["field", "1"]]
    path = tmp_path / "runs" / "play" / f"{TASK}-S01.npz"
    recording = Recording.load(path)
    # The trials that agents have, and a window.
    ideal = record("ideal", f"reach_gym/{TASK}", 3, 5, {**TARGETS, "time_limit": 5, "backend": "numpy"}, session=True)
    for name in ("target", "go", "block", "trial", "channel"):
        assert np.array_equal(getattr(recording, name), getattr(ideal, name)), name
    assert recording.success.all() and not recording.false_start.any()
    told = recording.metadata
    assert (told["agent"], told["seed"], told["subject"], told["practice"]) == ("person", 5, "S01", 1) and "virtual hand" in told["apparatus"]
    assert told["machine"]["browser"] == "test" and told["screen"]["pixels_per_metre"] == pytest.approx(2 * 528 / 0.25)
    assert told["web"]["events"] == "pointerrawupdate" and told["web"]["pointers"] == ["mouse"] and 0 < told["web"]["latency_ms"]["round_trip"]["median"] < 100
    rows = list(csv.DictReader(path.with_suffix(".pointer.csv").open()))
    times = [float(row["time [s]"]) for row in rows]
    assert times == sorted(times) and {row["trial"] for row in rows} == {"-1", "0", "1", "2"}
    last = [row for row in rows if row["stage"] == "trial"][-1]
    assert math.dist((float(last["x [m]"]), float(last["y [m]"])), SPOT) < 1e-5
    assert (float(last["window x [px]"]), float(last["window y [px]"])) == pytest.approx(pixels(*SPOT), abs=0.01)
    assert path.with_suffix(".png").exists()


@pytest.mark.parametrize(("how", "code"), [("closes", 0), ("esc", 0), ("ctrl-c", 130)])
def test_whoever_leaves_keeps_what_is_done(tmp_path, hears_ctrl_c, how, code):
    with playing(tmp_path, "--skip", "--limit", "5", "--out", "a.npz", preexec_fn=hears_ctrl_c) as (process, url):
        robot = Robot(url, until=lambda robot: sum(title.startswith("Reached") for title in robot.titles) == 1 and robot.titles[-1] == "Wait")
        assert robot.play() is None
        if how == "closes":
            robot.client.link.close()
        elif how == "esc":
            robot.client.say("key", "escape")
        else:
            process.send_signal(signal.SIGINT)
        if how != "closes":
            robot.until = None
            assert robot.play() == 1001
        out, err = process.communicate(timeout=60)
    assert process.returncode == code and (err == "interrupted\n" if code else only_slow(err)), err
    assert len(Recording.load(tmp_path / "a.npz")) == 1 and (tmp_path / "a.pointer.csv").exists()


def test_ctrl_c_before_anybody_comes(tmp_path, hears_ctrl_c):
    # Browsers open connections that they never use.
    with playing(tmp_path, preexec_fn=hears_ctrl_c) as (process, url), socket.create_connection(("127.0.0.1", int(re.search(r":(\d+)/", url)[1]))):
        assert asked(url)[0] == 200
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (130, "interrupted\n") and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "8000"], "`--port` needs `--web`"), (["--host", "localhost"], "`--host` needs `--web`"), (["--card"], "`--card` needs `--web`"), (["--web", "--port", "70000"], "`port` must be an integer from 0 to 65535"),
        (["--web", "--host", ""], "`host` must be"), (["--web", "--host", "203.0.113.7"], "203.0.113.7"), (["--web", "--out", "a.npz"], "a.npz exists"),
    ],
)  # fmt: skip
def test_bad_requests(tmp_path, monkeypatch, capsys, arguments, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.npz").write_bytes(b"mine")
    assert main(["play", TASK, *arguments]) == 2
    err = capsys.readouterr().err
    assert words in err and err.count("\n") == 1 and [each.name for each in tmp_path.iterdir()] == ["a.npz"]


@pytest.mark.parametrize("arguments", [["--web"], ["--web", "--port", "1"]])
def test_the_grid_has_no_page(capsys, arguments):
    assert main(["play", "GridReach-v0", *arguments]) == 2
    assert "`--web` is for cursor tasks" in capsys.readouterr().err


def test_a_port_that_is_taken(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert main(["play", TASK, "--web", "--port", str(other.getsockname()[1])]) == 2
    assert "address already in use" in capsys.readouterr().err


def test_other_machines_are_warned_of(tmp_path, hears_ctrl_c):
    with playing(tmp_path, "--host", "0.0.0.0", preexec_fn=hears_ctrl_c) as (process, url):
        assert url.startswith("http://127.0.0.1:")
        status, headers, _ = asked(url)
        assert status == 200 and json.dumps(headers)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    assert err.startswith("warning: other machines can reach 0.0.0.0") and "put this one's address for 127.0.0.1" in err
