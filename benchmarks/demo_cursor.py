"""The demo's cursor stage: the reference controllers in a session of baseline, adaptation to a curl field and washout."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from rich.table import Table

from agents.analysis import figures, session_figures
from agents.common import report
from reach_gym.acting.protocol import load_agent
from reach_gym.figures.hand_paths import SIGN, Panel, hand_paths, panels
from reach_gym.recording import Recording, record_whole_session
from reach_gym.recording.conditions import CATCH, EARLY, LATE, SHOWN, summary
from reach_gym.rendering import draw
from reach_gym.rendering.video import write_video

ENV_ID = "reach_gym/CursorReachCenterOut-v0"
AGENTS = ("naive", "adapted", "ideal")
# N, and as a share of the force: a hand that is never quite where it was meant to be, so that trials differ.
NOISE: dict[str, Any] = {"motor_noise": [0.5, 0.2]}
_PATHS = 48  # trials per panel: of controllers that do not learn all of a block are alike, and so no target is left out
_NOTE = """one controller, three beliefs about the field: none (naive), that of the block (adapted), that of the trial (ideal);
the adapted one is surprised by catch and channel trials only: that the washout has begun it is told"""
_TITLE = "What a curl field does, and what adapting to it leaves behind"
_STORY = (
    "the controllers do not learn; side by side they show what a learner goes through, who still expects the field in the washout"
)

_WIDTH, _STRIDE, _FPS = 400, 2, 25.0  # pixels per agent; two steps of 10 ms per picture: half of the real speed
_LEAD, _PAUSE = 12, 20  # steps before the target appears that are left out; pictures for which the end stays


def run(out: Path, seed: int) -> Table:
    """Records the sessions and writes the recordings, figures, numbers and the GIF into a new directory.

    Args:
        out: The directory; its parent exists.
        seed: Seed of the session, which is the same for all agents.

    Returns:
        The table of the agents' numbers.
    """
    out.mkdir()
    recordings = {name: record_whole_session(name, ENV_ID, seed, NOISE) for name in AGENTS}
    for name, recording in recordings.items():
        recording.save(out / f"{name}.npz")
    drawn = {
        "hand_paths": hand_paths({"": story(recordings, seed)}, _TITLE, f"{SIGN}\n{_STORY}"),
        "hand_paths_by_agent": hand_paths(
            {name: panels(each, _PATHS) for name, each in recordings.items()}, note=f"{SIGN}\n{_NOTE}"
        ),
        "learning_curve": session_figures.learning_curve(recordings, "A session in a curl field", _NOTE),
        "after_effects": session_figures.after_effects(recordings, note=_NOTE),
        "velocity_profiles": session_figures.velocity_profiles(recordings, note=_NOTE),
    }
    for name, figure in drawn.items():
        figures.save(figure, out / f"{name}.png")
    numbers = {name: summary(recording) for name, recording in recordings.items()}
    report.write_json(out / "evaluation.json", [{"agent": name, **each} for name, each in numbers.items()])
    write_video(out / "curl_and_catch.gif", reach_frames(("naive", "adapted"), seed), _FPS)
    return table(numbers)


def story(recordings: Mapping[str, Recording], seed: int) -> list[Panel]:
    """The textbook's panels, each from the controller that behaves like a learner at that time.

    Before it has learned, the naive one; then the adapted one; and in the early washout one that still expects the field.
    """
    late = record_whole_session(
        "adapted", ENV_ID, seed, {**NOISE, "schedule": [{"name": "washout", "trials": SHOWN, "catch": 1.0}]}
    )
    by_name = {name: {each.title: each for each in panels(recordings[name], _PATHS)} for name in ("naive", "adapted")}
    told = (
        ("naive", "baseline"),
        ("naive", f"adaptation, {EARLY}"),
        ("adapted", f"adaptation, {LATE}"),
        ("adapted", CATCH),
    )
    shown = [dataclasses.replace(by_name[who][title], note=f"{who},") for who, title in told]
    return [*shown, dataclasses.replace(shown[-1], title=f"washout, {EARLY}", recording=late)]


def table(numbers: Mapping[str, Mapping[str, float]]) -> Table:
    """The agents' summaries, narrow enough for 80 columns."""
    columns = {
        "success": ("success", "{:.1%}"),
        "false\nstarts": ("false_starts", "{:.0f}"),
        "base-\nline": ("baseline_mm", "{:.1f}"),
        "adap-\ntation": ("adaptation_mm", "{:.1f}"),
        "catch\ntrials": ("catch_mm", "{:.1f}"),
        "wash-\nout": ("washout_mm", "{:.1f}"),
        "after-\neffect": ("after_effect_mm", "{:+.1f}"),
        "adapt.\ncoeff.": ("adaptation_coefficient", "{:.2f}"),
        "speed\nm/s": ("peak_speed_m_per_s", "{:.2f}"),
    }
    return report.narrow_table("The cursor reach in a curl field: deviations in mm", "agent", columns, numbers.items())


def reach_frames(agents: Sequence[str], seed: int) -> Iterator[npt.NDArray[np.uint8]]:
    """One reach of each agent in the field and one in a catch trial, side by side.

    Args:
        agents: Their names, from left to right.
        seed: Seed of the trials, which are the same for all agents.

    Yields:
        uint8 arrays (height, width, 3).
    """
    for catch, what in ((0.0, "curl field"), (1.0, "catch trial")):
        clips = [list(_reach(name, f"{name}, {what}", catch, seed)) for name in agents]
        longest = max(map(len, clips))
        for pictures in zip(*(clip + [clip[-1]] * (longest - len(clip) + _PAUSE) for clip in clips), strict=True):
            yield np.hstack(pictures)


def _reach(agent: str, title: str, catch: float, seed: int) -> Iterator[npt.NDArray[np.uint8]]:
    """The pictures of one trial straight ahead."""
    schedule = [{"name": "adaptation", "trials": 1, "catch": catch}]
    modes: dict[str, Any] = {"autoreset_mode": "Disabled", "backend": "numpy", "render_mode": "rgb_array"}
    env: Any = gym.make_vec(ENV_ID, num_envs=1, targets=[[0.0, 0.1]], schedule=schedule, **modes, **NOISE)
    try:
        actor = load_agent(agent, env)
        observations, _ = env.reset(seed=seed)
        actor.reset(np.ones(1, np.bool_))
        for step in itertools.count(1):
            observations, _, terminated, truncated, _ = env.step(actor.act(observations))
            over = bool(terminated[0] or truncated[0])
            if over or (step >= _LEAD and step % _STRIDE == 0):
                scene = env.unwrapped.scenes()[0]
                facts = (("time", f"{scene.seconds:.2f} s"), ("field", "on" if scene.gain else "off"))
                yield draw(dataclasses.replace(scene, title=title, facts=facts), _WIDTH)
            if over:
                return
    finally:
        env.close()
