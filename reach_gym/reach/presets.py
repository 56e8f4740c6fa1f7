"""Sets of keywords of the continuous reach that belong together, as data, each with where its value comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from reach_gym.keywords import Keywords, choice_of, keyword
from reach_gym.reach.keywords import Reach, plant_keywords, plant_meant


class Given(NamedTuple):
    """A keyword's value in a preset.

    Attributes:
        value: Plain JSON.
        source: Where it comes from; "unverified" where the publication was not read for it, "chosen" where it is ours.
        timed: Whether the value is in seconds, and the keyword counts time steps.
    """

    value: Any
    source: str
    timed: bool = False

    def at(self, dt: float) -> Any:
        """The keyword's value where a time step takes `dt` seconds: the same time in steps of any length."""
        return max(1, round(self.value / dt)) if self.timed else self.value


_PAPER = "Sun & Plitt"
_MODEL = "the model of eLife 107423"

# A trial as a laboratory runs it, by a hand with latency, noise and a force that lags.
_LAB: dict[str, Given] = {
    "targets": Given("center-out", "8 targets, as in Shadmehr & Mussa-Ivaldi 1994 (J Neurosci 14:3208), there at 10 cm"),
    "delay": Given(0.06, f"60 ms: between proprioception (20 ms) and vision (70 ms) in {_MODEL}", timed=True),
    "history": Given(
        0.08, "80 ms, chosen: longer than the latency, so that a learner without memory knows what it has just done", timed=True
    ),
    "sensory_noise": Given([0.001, 0.01], "chosen: with a filter some tenths of a millimetre remain, as for a seen hand"),
    "motor_noise": Given([0.1, 0.1], "a tenth of the force (van Beers 2004, J Neurophysiol 91:1050, unverified); 0.1 N chosen"),
    "force_lag": Given(0.04, "of each of the two lags of muscle in Todorov 2005 (Neural Comput 17:1084); here one"),
    "go_delay": Given([0.4, 0.9], "usual in instructed-delay tasks; no trial is without preparation"),
    "false_start": Given("abort", "the trial is broken off, as laboratories do"),
    "hold": Given(0.2, "chosen: the shortest hold that is usual in laboratories"),
    "movement_time": Given(
        [0.2, 0.45],
        "chosen: around 0.33 s, from leaving the start to being slow on the target in a smooth reach of 0.55 s",
    ),
    "time_limit": Given(1.2, "chosen: room for a slow or hooked reach and the hold"),
}

PRESETS: dict[str, dict[str, Given]] = {
    # No latency, no noise, no lag; a false start is seen and rules success out: for learning algorithms.
    "simple": {},
    "lab": _LAB,
    # The same by an arm whose body is felt, too, and sooner than it is seen.
    "lab_arm": {
        **_LAB,
        "plant": Given(
            {"kind": "two_link_arm", "arm": "shadmehr_mussa_ivaldi_1994"},
            "chosen for its damping: who knows no field is disturbed there, but stable; any other plant that has senses will do",
        ),
        "observation": Given("body", "what the body feels beside what is seen"),
        "delay": Given(0.07, f"vision: 70 ms in {_MODEL}", timed=True),
        "felt_delay": Given(0.02, f"proprioception: 20 ms in {_MODEL}", timed=True),
        "felt_noise": Given(0.001, f"proprioception, in units like these, in {_MODEL}"),
        "motor_noise": Given(
            [0.002, 0.1],
            "a tenth of the command (van Beers 2004, J Neurophysiol 91:1050, unverified); the rest chosen: with 0.01 muscles are "
            "too restless to hold",
        ),
    },
    # The paper's timings; its unit is 2 mm, so that positions to 50 are the workspace of 10 cm.
    "sun_plitt": {
        "dt": Given(0.01, f"{_PAPER}: 1 step is 10 ms"),
        "workspace": Given(0.1, f"{_PAPER}: positions to 50 units of 2 mm"),
        "target_onset": Given(0.2, _PAPER),
        "go_delay": Given([0.0, 0.09], f"{_PAPER}: 0 to 9 steps after the target"),
        "cue": Given("pulse", _PAPER),
        "go_pulse": Given(0.05, f"{_PAPER}: 5 steps"),
    },
}


@dataclass(frozen=True, kw_only=True)
class Preset(Keywords):
    """Which set of keywords holds where nothing else is said."""

    preset: str = keyword(
        "simple",
        'Keywords that hold where they are not given: `"simple"` the defaults; `"lab"` the physiology and the trials of a '
        'laboratory; `"lab_arm"` the same for an arm that feels its body; `"sun_plitt"` the timings of the paper. See '
        "`reach_gym.reach.presets.PRESETS`.",
        read=choice_of(*PRESETS),
    )


def with_preset(given: Mapping[str, Any], base: Reach | None = None) -> dict[str, Any]:
    """The keywords that were `given` beside a `base`, over those of the ``"preset"`` among them.

    A preset's keywords of the plant hold where the plant has them, such as a lag of the force, which muscles have of themselves.

    Raises:
        TypeError: ``"preset"`` is no string, or ``"plant"`` no plant.
        ValueError: There is no such preset, or no such plant.
    """
    name = Preset(**{keyword: value for keyword, value in given.items() if keyword == "preset"}).preset
    own = {keyword: value for keyword, value in given.items() if keyword != "preset"}
    dt = _step(own, base)
    preset = {keyword: each.at(dt) for keyword, each in PRESETS[name].items()}
    both = {**preset, **own}
    if "plant" in preset:
        both["plant"] = _plant_over(preset["plant"], own)
    plant = plant_meant(both, base)
    known = {*(field.name for field in fields(Reach)), *plant_keywords(plant)} - set(plant if isinstance(plant, Mapping) else ())
    return {keyword: value for keyword, value in both.items() if keyword in known or keyword in own}


def _step(given: Mapping[str, Any], base: Reach | None) -> float:
    """The time step in s; the usual one where what is given is no step or the base no task, which is refused elsewhere."""
    usual = base.dt if isinstance(base, Reach) else Reach().dt
    dt = given.get("dt", usual)
    return float(dt) if isinstance(dt, int | float) and 0 < dt <= 1 else usual


def _plant_over(usual: Mapping[str, Any], own: Mapping[str, Any]) -> Any:
    """The plant of a preset, or the one that is given: of the same kind, as ids of arms have it, over that of the preset."""
    meant = own.get("plant", usual["kind"])
    given = {"kind": meant} if isinstance(meant, str) else meant
    if not isinstance(given, Mapping) or given.get("kind") != usual["kind"]:
        return meant
    # A keyword of the plant may also stand beside it.
    return {**{keyword: value for keyword, value in usual.items() if keyword not in own}, **given}
