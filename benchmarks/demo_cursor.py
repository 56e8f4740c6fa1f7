"""The demo's cursor stage: a learner in a session of baseline, curl field and washout, beside two that do not learn."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from rich.table import Table

from agents.common import report
from reach_gym import figures
from reach_gym.acting import rollout
from reach_gym.figures import SIGN, Panel, panels
from reach_gym.recording import Recording, record, record_whole_session
from reach_gym.recording.conditions import EARLY, summary
from reach_gym.rendering import draw
from reach_gym.rendering.video import write_video

ENV_ID = "reach_gym/CursorReachCenterOut-v0"
LEARNER = "two_state"
AGENTS = (LEARNER, "naive", "adapted")
# As the session "abrupt", but shorter: a learner's trials come one after the other.
SCHEDULE: list[dict[str, Any]] = [
    {"name": "baseline", "trials": 16, "gain": 0.0, "clamp": 0.1},
    {"name": "adaptation", "trials": 88, "catch": 0.1, "clamp": 0.1},
    {"name": "washout", "trials": 32, "gain": 0.0, "clamp": 0.1},
]
# N, and as a share of the force: a hand that is never quite where it was meant to be, so that trials differ.
NOISE: dict[str, Any] = {"motor_noise": [0.5, 0.2]}
KWARGS: dict[str, Any] = {**NOISE, "schedule": SCHEDULE}
_ENDS = 8  # trials per panel: before much of a block is learned or forgotten
_TITLE = "What a curl field does, and what adapting to it leaves behind"
_NOTE = f"""{LEARNER}: learns from its errors, fast and slowly at once (Smith, Ghazizadeh & Shadmehr 2006); naive: no field;
adapted: expects the field of the block, does not learn, and is surprised by catch and channel trials only"""

# Pixels per agent; two steps of 10 ms per picture: half of the real speed.
_WIDTH, _STRIDE, _FPS = 400, 2, 25.0
_LEAD, _PAUSE = 12, 20  # steps before the target appears that are left out; pictures for which the end stays
_PRACTICE = 15  # trials in the field before the second one that the GIF shows


def run(out: Path, seed: int) -> Table:
    """Records the sessions and writes the recordings, figures, numbers and the GIF into a new directory.

    Args:
        out: The directory; its parent exists.
        seed: Seed of the session, which is the same for all agents.

    Returns:
        The table of the agents' numbers.
    """
    out.mkdir()
    recordings = {name: session(name, seed) for name in AGENTS}
    for name, recording in recordings.items():
        recording.save(out / f"{name}.npz")
    drawn = {
        "hand_paths": figures.hand_paths({"": story(recordings[LEARNER])}, _TITLE, f"{SIGN}; one subject: {LEARNER}"),
        "hand_paths_by_agent": figures.hand_paths(
            {name: panels(each, _ENDS) for name, each in recordings.items()}, note=f"{SIGN}\n{_NOTE}"
        ),
        "learning_curve": figures.learning_curve(recordings, "A session in a curl field", _NOTE),
        "after_effects": figures.after_effects(recordings, _ENDS, note=_NOTE),
        "velocity_profiles": figures.velocity_profiles(recordings, _ENDS, note=_NOTE),
        "force_profiles": figures.force_profiles(
            figures.channel_parts(recordings[LEARNER], 4), note=f"channel trials of {LEARNER}"
        ),
    }
    for name, figure in drawn.items():
        figures.save(figure, out / f"{name}.png")
    numbers = {name: summary(recording) for name, recording in recordings.items()}
    report.write_json(out / "evaluation.json", [{"agent": name, **each} for name, each in numbers.items()])
    write_video(out / "curl_and_washout.gif", reach_frames(("naive", LEARNER), seed), _FPS)
    return table(numbers)


def session(agent: str, seed: int) -> Recording:
    """The session of one agent: trial after trial for a learner, all trials at once for those that do not learn."""
    if agent == LEARNER:
        return record(agent, ENV_ID, seed=seed, env_kwargs=KWARGS, session=True, observe=False)
    return record_whole_session(agent, ENV_ID, seed, KWARGS, observe=False)


def story(recording: Recording) -> list[Panel]:
    """The textbook's panels, all of one and the same subject; more trials where it does not change much any more."""
    early, calm = panels(recording, _ENDS), panels(recording, 2 * _ENDS)
    return [one if one.title.endswith(EARLY) else other for one, other in zip(early, calm, strict=True)]


def table(numbers: Mapping[str, Mapping[str, float]]) -> Table:
    """The agents' summaries, narrow enough for 80 columns."""
    columns = {
        "success": ("success", "{:.1%}"),
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
    """The first reach of each agent in the field, one after practice, and the first one without the field, side by side.

    Args:
        agents: Their names, from left to right.
        seed: Seed of the trials, which are the same for all agents.

    Yields:
        uint8 arrays (height, width, 3).
    """
    shown = {0: "first trial in the field", _PRACTICE: f"after {_PRACTICE} trials", _PRACTICE + 1: "washout"}
    for clips in zip(*(_reaches(name, shown, seed) for name in agents), strict=True):
        longest = max(map(len, clips))
        for pictures in zip(*(clip + [clip[-1]] * (longest - len(clip) + _PAUSE) for clip in clips), strict=True):
            yield np.hstack(pictures)


def _reaches(agent: str, shown: Mapping[int, str], seed: int) -> Iterator[list[npt.NDArray[np.uint8]]]:
    """The pictures of each of the `shown` trials of a session straight ahead: in the field, and at the end without it."""
    schedule = [{"name": "adaptation", "trials": max(shown)}, {"name": "washout", "trials": 1, "gain": 0.0}]
    modes: dict[str, Any] = {"autoreset_mode": "Disabled", "backend": "numpy", "render_mode": "rgb_array"}
    env: Any = gym.make_vec(ENV_ID, num_envs=1, targets=[[0.0, 0.1]], schedule=schedule, **modes, **NOISE)
    try:
        actor = rollout.actor(agent, env)
        for trial in range(max(shown) + 1):
            observations, _ = env.reset(seed=seed if trial == 0 else None)
            clip = []
            for count, step in enumerate(rollout.play(actor, env, observations, session=True), start=1):
                over = bool(step.terminated[0] or step.truncated[0])
                if trial in shown and (over or (count >= _LEAD and count % _STRIDE == 0)):
                    clip.append(_picture(env, f"{agent}, {shown[trial]}"))
            if trial in shown:
                yield clip
    finally:
        env.close()


def _picture(env: Any, title: str) -> npt.NDArray[np.uint8]:
    scene = env.unwrapped.scenes()[0]
    facts = (("time", f"{scene.seconds:.2f} s"), ("field", "on" if scene.gain else "off"))
    return draw(dataclasses.replace(scene, title=title, facts=facts), _WIDTH)
