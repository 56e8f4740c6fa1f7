"""The benchmarks of speed beside other packages, which are not installed here."""

import re
import sys

import pytest

from benchmarks import feedbax_speed, motornet_speed, networks
from benchmarks.__main__ import main
from benchmarks.speed import in_turn
from reach_gym.differentiable import TorchReach


def test_sides_are_timed_in_turn_after_one_untimed_call():
    calls = []

    def side(name, seconds):
        left = iter(seconds)
        return lambda: (calls.append(name), next(left))[1]

    medians = in_turn({"here": side("h", [99.0, 1.0, 5.0, 2.0]), "there": side("t", [99.0, 4.0, 3.0, 9.0])}, 3)
    assert medians == {"here": 2.0, "there": 4.0} and "".join(calls) == "ht" * 4


def test_the_peers_take_as_many_steps_as_our_trials():
    assert TorchReach(networks.CURL, 2, **networks.TASK).longest == motornet_speed.STEPS


def test_the_ratio_says_how_much_longer_feedbax_takes(monkeypatch, capsys):
    monkeypatch.setattr(feedbax_speed, "ROWS", (1,))
    monkeypatch.setattr(feedbax_speed, "version", lambda name: "0")
    monkeypatch.setattr(feedbax_speed, "step_time", lambda *told: 1.5)
    left = iter([7.0, 9.0, 0.5, 0.25])  # compiles, warms up, is timed
    monkeypatch.setattr(feedbax_speed, "their_step", lambda rows: lambda: next(left))
    assert main(["feedbax_speed", "--repeats", "2"]) == 0
    line = capsys.readouterr().out.splitlines()[1]
    ours, network, theirs, ratio, compiled = (float(number) for number in re.findall(r"\d+\.\d+", line))
    assert (ours, theirs, ratio, compiled) == (1500, 375, 0.25, 7) and network > 0


@pytest.mark.parametrize(("command", "module"), [("feedbax_speed", "feedbax"), ("motornet_speed", "motornet")])
def test_a_missing_peer_is_said_in_one_line(command, module, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, module, None)
    assert main([command]) == 2
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.startswith("error: ") and module in printed.err and printed.err.count("\n") == 1
