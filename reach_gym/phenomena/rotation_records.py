"""Phenomena of adaptation to a rotation of the cursor."""

from __future__ import annotations

from reach_gym.phenomena import adaptation_measures as measures
from reach_gym.phenomena.record import Human, Phenomenon

_SHARE = "share of the rotation"

ROTATION_PHENOMENA = (
    Phenomenon(
        name="rotation_generalisation",
        title="Local generalisation, rotation",
        sessions={"session": "rotation_generalisation"},
        measure=measures.locality,
        unit="share gone at 90 degrees and more",
        least=0.3,
        failure="What was learned in one direction shows in all of them.",
        turn=30.0,
        human=Human(
            effect="After training to one target there is little adaptation beyond 45 degrees from it.",
            source="Krakauer, Pine, Ghilardi & Ghez, J Neurosci 20:8916, 2000",
            how_effect_obtained="unverified",
        ),
    ),
    Phenomenon(
        name="error_size",
        title="Sensitivity falls with the size of the error",
        sessions={"session": "error_sizes"},
        measure=measures.falling_sensitivity,
        unit="share of the sensitivity",
        least=0.3,
        failure="The same share of small and of large errors is learned.",
        turn=30.0,
        human=Human(
            effect="The correction grows with errors of up to 6 degrees only; beyond, it is about the same for all sizes.",
            source="Kim, Morehead, Parvin, Moazzezi & Ivry, Commun Biol 1:19, 2018; Morehead et al. 2017 (PMC5505262); in fields "
            "Marko, Haith, Harran & Shadmehr, J Neurophysiol 2012 (10.1152/jn.00177.2012)",
        ),
    ),
    Phenomenon(
        name="gradual_rotation",
        title="Larger after-effect of a gradual rotation",
        sessions={"gradual": "gradual_rotation", "abrupt": "abrupt_rotation"},
        measure=measures.gradual_advantage,
        unit=_SHARE,
        least=0.05,
        failure="An abrupt rotation leaves as much as a gradual one that ends the same.",
        turn=90.0,
        human=Human(
            effect="After a rotation that grew by 10 degrees at a time to 90 the after-effect is larger than after 90 at once.",
            source="Kagerer, Contreras-Vidal & Stelmach, Exp Brain Res 115:557, 1997",
            how_effect_obtained="secondary",
        ),
    ),
    Phenomenon(
        name="structural_learning",
        title="Structural learning",
        sessions={"random": "structure_random", "control": "structure_control"},
        measure=measures.learned_structure,
        unit=_SHARE,
        least=0.1,
        failure="Having met many rotations does not help with the next one.",
        turn=60.0,
        human=Human(
            effect="After 800 trials of random rotations one of 60 degrees is learned faster (first ten trials, p < .01).",
            source="Braun, Aertsen, Wolpert & Mehring, Curr Biol 19:352, 2009",
            how_effect_obtained="secondary",
        ),
    ),
)
