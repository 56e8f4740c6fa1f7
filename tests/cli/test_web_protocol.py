"""What a page may say, and who may say it: frames, requests, messages, clocks, without a socket."""

import asyncio
import base64
import json
import random

import pytest

from reach_gym.cli.web import frames
from reach_gym.cli.web.frames import LONGEST, PING, TEXT, Frame, ProtocolError, accepted, closing, framed, received
from reach_gym.cli.web.latency import Latency
from reach_gym.cli.web.messages import Answer, Card, Lifted, Moved, Place, Pressed, read
from reach_gym.cli.web.participant import GREETINGS, Participant
from reach_gym.cli.web.requests import RefusedError, Request, is_loopback, parsed, wanted
from tests.cli.web_client import PLACE, masked


def heard(data):
    async def listen():
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        return await received(reader)

    return asyncio.run(listen())


def test_the_handshake_of_the_rfc():
    assert accepted("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455, section 1.3


def test_the_frames_of_the_rfc():  # section 5.7
    assert heard(bytes.fromhex("818537fa213d7f9f4d5158")) == Frame(TEXT, b"Hello")
    assert framed(TEXT, b"Hello") == bytes.fromhex("810548656c6c6f")
    assert framed(TEXT, bytes(256))[:4] == bytes.fromhex("817e0100") and framed(TEXT, bytes(2**16))[:10] == bytes.fromhex("817f0000000000010000")
    assert closing(1001, "x" * 200) == bytes([0x88, 125]) + (1001).to_bytes(2, "big") + b"x" * 123


@pytest.mark.parametrize("size", [0, 1, 4, 125, 126, 127, 65_535, LONGEST])
def test_frames_of_all_sizes(size):
    data = random.Random(size).randbytes(size)
    assert heard(masked(TEXT, data)) == Frame(TEXT, data)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (masked(TEXT, b"a" * (LONGEST + 1)), 1009), (masked(TEXT, b"a", first=0), 1009), (masked(0, b"a"), 1009), (masked(2, b"a"), 1003), (masked(3, b""), 1003),
        (masked(PING, b"a" * 126), 1002), (masked(TEXT, b"a", first=0xC0), 1002), (framed(TEXT, b"a"), 1002),
        (b"\x81\xff" + (2**63).to_bytes(8, "big"), 1009),
    ],
)  # fmt: skip
def test_frames_that_no_page_sends(data, code):
    with pytest.raises(ProtocolError) as caught:
        heard(data)
    assert caught.value.code == code


def test_a_frame_that_breaks_off():
    for cut in (1, 3, 8):
        with pytest.raises(asyncio.IncompleteReadError):
            heard(masked(TEXT, b"Hello")[:cut])


HEADERS = {"host": "127.0.0.1:80", "origin": "http://127.0.0.1:80", "upgrade": "websocket", "connection": "Upgrade", "sec-websocket-version": "13", "sec-websocket-key": base64.b64encode(bytes(16)).decode()}


def asked(target="/abc/", method="GET", host="127.0.0.1", **headers):
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    return wanted(Request(method, target, {name: value for name, value in {**HEADERS, **changed}.items() if value is not None}), "abc", host)


def test_two_paths_are_answered():
    assert asked() == "page" and asked("/abc/session") == "session"
    for target in ("/", "/abc", "/abc/page.html", "/abd/", "/abc//", "/abc/../abc/", "/abc/session/", "/abc/?x", "//abc/", "/abc/%2e%2e/", "http://127.0.0.1/abc/", "/ABC/", "/abc/sessioné"):
        with pytest.raises(RefusedError) as caught:
            asked(target)
        assert caught.value.status.startswith("404")
    with pytest.raises(RefusedError, match="only GET"):
        asked(method="POST")


@pytest.mark.parametrize("where", ["127.0.0.1:9", "localhost", "LocalHost:8000", "[::1]:8000", "192.168.1.7:80", "lab.example:80"])
def test_names_of_this_server(where):
    assert asked(host="lab.example", **{"host_": None}) == "page"
    assert wanted(Request("GET", "/abc/", {"host": where}), "abc", "lab.example") == "page"


@pytest.mark.parametrize("where", [None, "", "evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "127.0.0.1@evil.example", "evil.example#localhost", "[::1", "a b", "127.0.0.1;x", "1.2.3.4, localhost"])
def test_other_names_are_refused(where):
    with pytest.raises(RefusedError) as caught:
        wanted(Request("GET", "/abc/", {} if where is None else {"host": where}), "abc", "127.0.0.1")
    assert caught.value.status.startswith("403")


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("origin", None, 403), ("origin", "http://evil.example", 403), ("origin", "null", 403), ("origin", "https://127.0.0.1:80", 403), ("origin", "http://127.0.0.1:81", 403), ("origin", "http://127.0.0.1:80.evil.example", 403),
        ("upgrade", None, 400), ("connection", "close", 400), ("sec_websocket_version", "8", 400), ("sec_websocket_key", "short", 400), ("sec_websocket_key", "YWI=", 400), ("sec_websocket_key", None, 400),
    ],
)  # fmt: skip
def test_only_the_page_may_open_the_session(header, value, status):
    with pytest.raises(RefusedError) as caught:
        asked("/abc/session", **{header: value})
    assert caught.value.status.startswith(str(status))


def test_heads_of_requests():
    assert parsed(b"GET /a HTTP/1.1\r\nHost: x\r\nA-b:  c d ") == Request("GET", "/a", {"host": "x", "a-b": "c d"})
    for bad in (b"", b"GET /a", b"GET /a HTTP/2", b"GET /a b HTTP/1.1", b"GET / HTTP/1.1\r\nHost", b"GET / HTTP/1.1\r\nHost: a\r\nhost: b", b"GET / HTTP/1.1\r\n folded: b", b"GET / HTTP/1.1\r\nHost : a"):
        with pytest.raises(RefusedError) as caught:
            parsed(bad)
        assert caught.value.status.startswith("400")
    assert [is_loopback(host) for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost", "0.0.0.0", "192.168.0.2", "::", "lab.example")] == [True] * 4 + [False] * 4


def said(*what):
    return read(json.dumps(what).encode())


def test_messages():
    assert said("move", "pen", [[1, 2, 3], [1.5, -2, 3.25]]) == Moved("pen", [(1.0, 2.0, 3.0), (1.5, -2.0, 3.25)])
    assert said("key", "escape") == Pressed("escape") and said("lift") == Lifted() and said("card", 300.5) == Card(300.5)
    assert said("pong", 3, 1.5, 2) == Answer(False, 3, 1.5, 2.0) and said("drawn", 3, 1.5, 1.5) == Answer(True, 3, 1.5, 1.5)
    place = said("place", {**PLACE, "agent": "Moz\x00illa\n" + "x" * 999})
    assert isinstance(place, Place) and place.window == (1200.0, 1300.0) and place.agent == "Mozilla" + "x" * 391


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "null", "3", '"move"', "[]", "{}", '{"move": 1}', '["nothing"]', '["lift", 1]', '["card", 0]', '["card"]', '["key"]', '["key", "a"]', '["key", ["space"]]', '["move", "mouse", []]', '["move", "mouse", {}]', '["move", "foot", [[1, 2, 3]]]',
        '["move", "mouse", [[1, 2]]]', '["move", "mouse", [[1, 2, null]]]', '["move", "mouse", [[1, 2, "3"]]]', '["move", "mouse", [[1, 2, NaN]]]', '["move", "mouse", [[1, 2, Infinity]]]', '["move", "mouse", [[1, 2, 1e400]]]',
        '["move", "mouse", [[-1, 2, 3]]]', '["move", "mouse", [[1, 1e6, 3]]]', '["move", "mouse", [[1, true, 3]]]', '["pong", 1.0, 2, 3]', '["pong", true, 2, 3]', '["pong", 1, 3, 2]', '["drawn", 1, 2]', '["place", {}]', '["place", 3]',
        '["place", []]', "[" * 30_000, "1" * 5000, json.dumps(["move", "mouse", [[1, 2, 3]] * 10_001]), *(json.dumps(["place", {**PLACE, **bad}]) for bad in ({"width": 0}, {"full": 1}, {"agent": 3}, {"more": 1}, {"event": "x"}, {"window": [1]}, {"ratio": "1"})),
    ],
)  # fmt: skip
def test_whatever_else_is_refused(text):
    with pytest.raises(ProtocolError) as caught:
        read(text.encode())
    assert caught.value.code == frames.POLICY
    with pytest.raises(ProtocolError):
        read(b"\xff\xfe")


def test_clocks_are_compared_by_the_quickest_echo():
    # The page's clock shows 5000 ms when it is 100 s here; the way there takes 30 ms or 2 ms, the way back 2 ms.
    latency, page = Latency(), lambda here: 5000 + 1000 * (here - 100)
    for there in (0.030, 0.002, 0.050):
        sent = 100.0 + there
        latency.echo(sent, page(sent + there), page(sent + there) + 1, sent + there + 0.003)
    assert latency.here(page(101.5)) == pytest.approx(101.5, abs=1e-9)
    latency.moved(page(101.5), 101.504)
    latency.drawn(101.5, page(101.508))
    told = latency.summary()
    assert told["pointer"] == {"count": 1, "median": 4.0, "p95": 4.0, "max": 4.0} and told["picture"]["median"] == 8.0
    assert told["round_trip"]["count"] == 3 and told["round_trip"]["median"] == 32.0 and told["round_trip"]["max"] == 52.0
    assert set(Latency().summary().values()) == {None}


class Page:
    """A page on a clock of its own, which is 40 s behind and answers at once."""

    def __init__(self, answers=True):
        self.now, self.told, self.answers = 50.0, [], answers
        self.person = Participant(lambda text: self.told.append(json.loads(text)), lambda: self.now)

    @property
    def time(self):
        return 1000 * (self.now - 40)

    def say(self, *what):
        self.person.hear(json.dumps(what).encode())

    def greet(self):
        self.say("place", PLACE)
        while not self.person.ready.is_set():
            self.say("pong", self.told[-1]["ping"], self.time, self.time)


def test_a_session_begins_when_page_and_clock_are_known():
    page = Page()
    assert not page.person.ready.is_set() and page.person.screen() is None and page.told == []
    page.greet()
    assert [list(each) for each in page.told] == [["ping"]] * GREETINGS
    screen = page.person.screen()
    assert (screen.window, screen.desktop, screen.full, screen.scale) == ((1200, 1300), (2000, 1500), False, 2.0)


def test_movements_have_the_times_of_their_events_and_places_on_the_picture():
    page = Page()
    page.greet()
    page.now = 51.0
    page.say("move", "mouse", [[page.time - 8, 10, 20], [page.time - 3, 110, 420]])
    assert page.person.take_pointer() == (50.0, 200.0)
    first, second = page.person.take_motions()
    assert first.time == pytest.approx(50.992) and second.time == pytest.approx(50.997) and page.person.take_motions() == []
    assert second.window == (110.0, 420.0) and first.frame == (0.0, 0.0) and second.frame == (50.0, 200.0)
    # From now on the page is half as large: what comes next is told in its new pixels.
    page.say("place", {**PLACE, "width": 576})
    page.say("move", "touch", [[page.time, 110, 420]])
    assert page.person.take_pointer() == (100.0, 400.0) and page.person.pointers == {"mouse", "touch"}
    page.say("lift")
    assert page.person.take_pointer() is None
    page.say("key", "space")
    assert [(key.name, key.down) for key in page.person.take_keys()] == [("space", True)] and page.person.take_keys() == []
    assert page.person.latency.summary()["pointer"]["median"] == pytest.approx(1.5)


def test_a_path_never_runs_backwards():
    page = Page()
    page.greet()
    page.say("move", "mouse", [[page.time, 1, 1], [page.time - 1, 2, 2]])
    times = [motion.time for motion in page.person.take_motions()]
    assert times[0] == times[1]


def test_a_page_that_draws_nothing_is_sent_no_more_pictures():
    page = Page()
    page.greet()
    for _ in range(40):
        page.now += 0.01
        page.person.picture(marks=[])
    pictures = [each["number"] for each in page.told if "marks" in each]
    assert page.person.pictures == {"sent": len(pictures), "left_out": 40 - len(pictures)} and len(pictures) == 25
    page.say("drawn", pictures[-1], page.time, page.time)
    page.person.picture(marks=[])
    assert page.person.pictures["sent"] == 26
    assert page.person.latency.summary()["picture"]["max"] == pytest.approx(150)
    with pytest.raises(ProtocolError, match="an answer to nothing"):
        page.say("drawn", pictures[0], page.time, page.time)


def test_a_page_that_breaks_the_rules():
    for what in (("move", "mouse", [[1, 2, 3]]), ("pong", 1, 2, 3), ("drawn", 7, 2, 3)):
        page = Page()
        with pytest.raises(ProtocolError):
            page.say(*what)
    page = Page()
    page.person.leave()
    assert page.person.closed and page.person.ready.is_set()


def test_echoes_go_on_during_a_session():
    page = Page()
    page.greet()
    told = len(page.told)
    for _ in range(100):
        page.now += 0.02
        page.person.wait(0.0)
    assert 3 <= len(page.told) - told <= 4
