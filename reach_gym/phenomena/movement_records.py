"""Phenomena of how movements are made and corrected, of a hand with latency, noise and a force that lags."""

from __future__ import annotations

from typing import Any

from reach_gym.phenomena import movement_measures as measures
from reach_gym.phenomena.record import Human, Phenomenon

_LAB: dict[str, Any] = {"needs": "movement", "env_id": "reach_gym/LabReachCenterOut-v0"}

MOVEMENT_PHENOMENA = (
    Phenomenon(
        name="feedback_gain_rise",
        title="Feedback gains rise when a field comes",
        sessions={"session": "feedback_gain"},
        measure=measures.rise_of_feedback_gain,
        unit="N",
        least=0.05,
        failure="Jumps of the cursor are answered as before the field.",
        human=Human(
            effect="The rapid visuomotor response to jumps of the cursor grows when the field comes, and again when it goes.",
            source="Franklin, Wolpert & Franklin, J Neurophysiol 108:467, 2012 (window of 180 to 230 ms: unverified)",
            how_effect_obtained="secondary",
        ),
        **_LAB,
    ),
    Phenomenon(
        name="minimum_intervention",
        title="Less correction towards a bar",
        sessions={"session": "dot_and_bar"},
        measure=measures.spared_correction,
        unit="share of the correction",
        least=0.1,
        failure="A displacement along the bar is corrected as if it mattered.",
        human=Human(
            effect="Displacements along a wide target are corrected less than those away from a small one; of cursors that jump "
            "by a centimetre almost twice as much is corrected across the narrow side.",
            source="Nashed, Crevecoeur & Scott, J Neurophysiol 108:999, 2012 (pushes); Knill, Bondada & Chhabra, J Neurosci "
            "31:1219, 2011 (cursors)",
            how_effect_obtained="secondary",
        ),
        **_LAB,
    ),
    Phenomenon(
        name="target_jump",
        title="Reaches turn when the target jumps",
        sessions={"session": "target_jumps"},
        measure=measures.turns_with_the_jump,
        unit="s/s",
        least=0.5,
        failure="The hand goes on to the first target, or turns at a time that does not follow the jump's.",
        human=Human(
            effect="Monkeys' hands move to the first target for as long as the jump is late; no marked delay is added beyond the "
            "reaction time.",
            source="Georgopoulos, Kalaska & Massey, J Neurophysiol 46:725, 1981 (three rhesus monkeys)",
            how_effect_obtained="verified",
        ),
        **_LAB,
    ),
    Phenomenon(
        name="fitts",
        title="Movement time grows with difficulty",
        sessions={"session": "distances"},
        measure=measures.time_by_difficulty,
        unit="s/bit",
        least=0.01,
        failure="Far targets take no longer than near ones of the same size.",
        human=Human(
            effect="Movement time is linear in the index of difficulty.",
            source="Fitts, J Exp Psychol 47:381, 1954",
            how_effect_obtained="secondary",
        ),
        env_kwargs={"movement_time": None},
        **_LAB,
    ),
    Phenomenon(
        name="bell_speed",
        title="One peak of speed",
        sessions={"session": "reaches"},
        measure=measures.single_peaked,
        unit="share of reaches",
        least=0.5,
        failure="Speed rises and falls several times in a reach.",
        human=Human(
            effect="The speed of a reach has the form of a bell with a single peak.",
            source="Morasso, Exp Brain Res 42:223, 1981; Flash & Hogan, J Neurosci 5:1688, 1985",
            how_effect_obtained="unverified",
        ),
        **_LAB,
    ),
)
