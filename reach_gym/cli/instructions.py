"""What a person reads before a session with the mouse, and after it."""

from __future__ import annotations

from reach_gym.cli.feedback import IN_PACE, OUT_OF_PACE, PACE
from reach_gym.cli.mouse import MouseSession
from reach_gym.reach.keywords import Reach

TITLE = "Reach for the disc"


def instructions(task: Reach, trials: int, break_every: int | None) -> list[str]:
    """The paragraphs of the first page.

    Args:
        task: The task.
        trials: How many come.
        break_every: After how many there is a break; ``None`` for never.
    """
    low, high = task.movement_time or PACE
    pace = f"Reach at an even pace: from {low:g} to {high:g} s from circle to disc"
    worth = f", for {IN_PACE} points" + ("" if task.movement_time else f"; faster or slower is {OUT_OF_PACE}")
    breaks = f" There is a break after every {break_every}." if break_every else ""
    return [
        "You move a virtual hand. It is not the pointer: a spring draws the hand to the pointer, so the hand lags a little "
        "behind, and something else may push it, too. The dark dot shows where it is.",
        "Rest the pointer in the circle. An orange ring shows where to go. Wait. When the frame lights up green, go straight to "
        "the disc and stay on it.",
        f"{pace}{worth}. You are told after every trial if you were too early, too fast, too slow or too late.",
        f"There are {trials} trials.{breaks} Between two trials you can rest outside of the circle for as long as you like.",
    ]


def ready(practised: int) -> list[str]:
    """The paragraphs of the page after practice."""
    return [
        f"That was practice: {practised} trials that are not counted.",
        "Now the session begins. The hand may be pushed aside. Go on reaching straight for the disc.",
    ]


def summary(session: MouseSession) -> list[str]:
    """The paragraphs of the last page."""
    return [f"{session.finished} trials, {session.successes} reached, {session.points} points.", "Thank you."]
