"""Plays a session in a browser."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import Any

import gymnasium as gym

from reach_gym.cli import shell
from reach_gym.cli.reach_play import CursorPlay
from reach_gym.cli.web.desk import WebDesk
from reach_gym.cli.web.latency import Latency
from reach_gym.cli.web.requests import is_loopback
from reach_gym.cli.web.server import Server
from reach_gym.reach.keywords import Reach
from reach_gym.reach.picture import seen_of

_SLOW = 50.0  # ms from a movement to its picture of which the experimenter is told
_EXPOSED = "warning: other machines can reach {host}. Whoever has the address can take part, and what is sent is not encrypted."
_EVERYWHERE = "on another machine, put this one's address for {host}"


def serve(game: CursorPlay, env: gym.Env[Any, Any], host: str, port: int, card: bool) -> None:
    """Waits for the participant, plays, and saves; Ctrl-C saves what was done.

    Args:
        game: What to play.
        env: Its environment.
        host: Name or address to listen at.
        port: Likewise; 0 for one that is free.
        card: Whether the participant is asked for a bank card, by which the size of the screen is known.

    Raises:
        RequestError: It cannot listen there.
        OSError: A file cannot be written.
    """
    with contextlib.ExitStack() as stack:
        with shell.request():
            server = stack.enter_context(Server(host, port))
        if not is_loopback(host):
            print(_EXPOSED.format(host=host), file=sys.stderr)
        if host in ("0.0.0.0", "::"):
            print(_EVERYWHERE.format(host="127.0.0.1" if host == "0.0.0.0" else "[::1]"), file=sys.stderr)
        print(f"open {server.url} in a browser; Ctrl-C here ends the session and keeps the trials", flush=True)
        person = server.participant()
        base: Any = env.unwrapped
        task: Reach = base.task
        seen = seen_of(task.plant, task.workspace, task.params)
        desk = WebDesk(person, task.workspace, time.perf_counter, seen)
        if card:
            desk.calibrate()
        game.play(env, desk)
        _report(person.latency)


def _report(latency: Latency) -> None:
    """Says how long it took from a movement to its picture."""
    known = latency.summary()
    pointer, picture = known["pointer"], known["picture"]
    if pointer is None or picture is None:
        return
    print(f"pointer to server {pointer['median']:.1f} ms, server to picture {picture['median']:.1f} ms (medians)")
    both = pointer["p95"] + picture["p95"]
    if both > _SLOW:
        hint = "another browser or a closer machine may be faster"
        print(f"warning: 95th percentiles add up to {both:.0f} ms; {hint}", file=sys.stderr)
