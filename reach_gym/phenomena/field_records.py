"""Phenomena of adaptation to a force field. Human numbers were not found for most: then only the effect is known."""

from __future__ import annotations

from reach_gym.phenomena import adaptation_measures as measures
from reach_gym.phenomena.record import Human, Phenomenon
from reach_gym.sessions.named import INTERFERING

_SHARE = "share of the field"
_FITS = "range of two published fits"
_COMPUTED = "computed for this session from the two-state parameters that were fitted to people by "
_SMITH = "Smith, Ghazizadeh & Shadmehr, PLoS Biol 4:e179, 2006"
_JOINER = "Joiner & Smith, J Neurophysiol 100:2948, 2008"
_HEALD = "Heald, Lengyel & Wolpert, Nature 600:489, 2021"
_AFTER = INTERFERING[2]

LEARNING = (
    Phenomenon(
        name="learning_curve",
        title="Learning a field",
        sessions={"session": "learning_curve"},
        measure=measures.final_level,
        unit=_SHARE,
        least=0.2,
        failure="No force against the channel that grows with practice: the field is fought by feedback or stiffness alone.",
        human=Human(
            effect="The push against the channel's wall approaches most of the field's force.",
            source=f"{_COMPUTED}{_SMITH} and by {_JOINER}",
            how_obtained="secondary",
            value=0.75,
            low=0.69,
            high=0.80,
            spread=_FITS,
        ),
    ),
    Phenomenon(
        name="after_effect",
        title="After-effect in catch trials",
        sessions={"session": "catch_trials"},
        measure=measures.catch_ratio,
        unit="share of the way to the first error",
        least=0.1,
        failure="Straight reaches when the field is off: nothing was expected, or stiffness hid it.",
        human=Human(
            effect="Without the field hands deviate to the other side, as in a mirror.",
            source="Shadmehr & Mussa-Ivaldi, J Neurosci 14:3208, 1994",
            how_effect_obtained="unverified",
        ),
    ),
    Phenomenon(
        name="savings",
        title="Savings after washout",
        sessions={"session": "savings"},
        measure=measures.early_savings,
        unit=_SHARE,
        least=0.1,
        failure="The second learning is no faster than the first: what was washed out left no trace.",
        human=Human(
            effect="Learning again is faster, also after a complete washout, which no linear two-rate model explains.",
            source="Zarahn, Weston, Liang, Mazzoni & Krakauer, J Neurophysiol 2008 (PMC2585408; rotations); in fields Coltman, "
            "Cashaback & Gribble, J Neurophysiol 121:1575, 2019",
            how_effect_obtained="verified",
        ),
    ),
    Phenomenon(
        name="savings_after_counter",
        title="Savings after a counter-perturbation",
        sessions={"session": "savings_after_counter"},
        measure=measures.faster_after_counter,
        unit="share of what is left",
        least=0.05,
        failure="From where the counter-perturbation leads learning is no faster than the first time.",
        human=Human(
            effect="A few trials of the opposite perturbation bring the hand back, yet learning again is faster.",
            source="Zarahn, Weston, Liang, Mazzoni & Krakauer, J Neurophysiol 2008 (PMC2585408; rotations)",
            how_effect_obtained="verified",
        ),
    ),
)

INTERFERENCE = (
    Phenomenon(
        name="anterograde_interference",
        title=f"Anterograde interference after {_AFTER} trials",
        sessions={"naive": "anterograde_0", "after": f"anterograde_{_AFTER}"},
        measure=measures.slowing,
        unit="share slower",
        least=0.1,
        failure="B is learned as fast after A as without, once the baseline is crossed.",
        human=Human(
            effect="A slows the learning of B; the slowing grows with the trials of A and saturates after 15 to 40 of them.",
            source="Sing & Smith, PLoS Comput Biol 6:e1000893, 2010",
            how_effect_obtained="verified",
        ),
    ),
    Phenomenon(
        name="aba_interference",
        title="B abolishes the savings of A",
        sessions={"without": "relearning", "with": "relearning_after_opposite"},
        measure=measures.lost_savings,
        unit=_SHARE,
        least=0.1,
        failure="Having learned B makes no difference when A comes again, days later.",
        contested="Brashers-Krug, Shadmehr & Bizzi, Nature 382:252, 1996, found none when four hours lay between; Krakauer, Ghez "
        "& Ghilardi 2005 none after a day with a washout before each block; Caithness et al. 2004 all of it also then. Here no "
        "washout comes before, so that what B leaves counts, too.",
        human=Human(
            effect="Who learned B between, a day apart, learns A again as slowly as the first time.",
            source="Caithness et al., J Neurosci 24:8662, 2004; Krakauer, Ghez & Ghilardi, J Neurosci 25:473, 2005 (the same for "
            "rotations, while washout before the blocks lets A consolidate)",
            how_effect_obtained="verified",
        ),
    ),
)

RECOVERY = (
    Phenomenon(
        name="spontaneous_recovery",
        title="Spontaneous recovery",
        sessions={"session": "spontaneous_recovery"},
        measure=measures.recovered,
        unit=_SHARE,
        least=0.05,
        failure="In the clamps the output tends to nothing from below or stays there: a single memory was overwritten.",
        human=Human(
            effect="After a short counter-perturbation the output rebounds towards what was learned first.",
            source=f"{_COMPUTED}{_SMITH} and by {_JOINER}; protocol: {_HEALD}",
            how_obtained="secondary",
            value=0.26,
            low=0.19,
            high=0.33,
            spread=_FITS,
            how_effect_obtained="verified",
        ),
    ),
    Phenomenon(
        name="evoked_recovery",
        title="Evoked recovery that lasts",
        sessions={"spontaneous": "spontaneous_recovery", "evoked": "evoked_recovery", "first": "two_trials"},
        measure=measures.evoked,
        unit=_SHARE,
        least=0.08,
        failure="The two trials bring back no more than the first two trials of the field leave, or it is soon gone.",
        human=Human(
            effect="Two trials of the first field among the clamps bring a step up that stays as a plateau; a contextual model "
            "explains it better than a dual-rate one.",
            source=_HEALD,
        ),
    ),
    Phenomenon(
        name="clamp_decay",
        title="Decay in error clamps",
        sessions={"session": "clamp_decay"},
        measure=measures.lost_in_clamps,
        unit="share lost",
        least=0.1,
        failure="Nothing is lost in a hundred clamps, or there was nothing to lose.",
        human=Human(
            effect="What was learned decays in clamps, without a delayed onset.",
            source="Brennan & Smith, PLoS Comput Biol 11:e1004278, 2015; a delayed onset had been reported by Vaswani & "
            "Shadmehr, J Neurosci 33:7700, 2013",
        ),
    ),
    Phenomenon(
        name="clamps_keep_longer",
        title="Slower decay in clamps than in washout",
        sessions={"clamps": "clamp_decay", "washout": "washout"},
        measure=measures.kept_longer_in_clamps,
        unit=_SHARE,
        least=0.1,
        failure="Clamps and washout end what was learned equally fast.",
        human=Human(
            effect="Without errors what was learned stays longer than where after-effects unlearn it.",
            source="Scheidt, Reinkensmeyer, Conditt, Rymer & Mussa-Ivaldi, J Neurophysiol 84:853, 2000",
            how_effect_obtained="secondary",
            subjects=11,
        ),
    ),
    Phenomenon(
        name="long_term_retention",
        title="Overlearning helps retention over a day",
        sessions={"short": "retention_15", "long": "retention_160"},
        measure=measures.overlearning,
        unit="share kept",
        least=0.1,
        failure="The share kept after 24 hours is the same after 15 and after 160 trials, such as where seconds do not count.",
        rests=True,
        human=Human(
            effect="Retention over a day follows the slow process at the end of training, not the level that was reached.",
            source=_JOINER,
        ),
    ),
)

TRANSFER = (
    Phenomenon(
        name="field_generalisation",
        title="Generalisation over directions, field",
        sessions={"session": "field_generalisation"},
        measure=measures.second_bump,
        unit=_SHARE,
        least=0.05,
        failure="Opposite to the trained direction there is as much or as little as at right angles to it.",
        human=Human(
            effect="Bimodal: most in the trained direction, a second, smaller bump in the opposite one.",
            source="Donchin, Francis & Shadmehr, J Neurosci 23:9032, 2003",
        ),
    ),
    Phenomenon(
        name="dual_adaptation",
        title="Two opposite fields distinguished by lead-in movements",
        sessions={"session": "dual_lead_in"},
        measure=measures.separation,
        unit=_SHARE,
        least=0.2,
        failure="Both fields average out: one memory serves both.",
        human=Human(
            effect="Lead-in movements from different sides let people learn both fields at once.",
            source="Howard, Ingram, Franklin & Wolpert, J Neurosci 32:12756, 2012",
            how_effect_obtained="verified",
        ),
    ),
    Phenomenon(
        name="static_cue_interference",
        title="A static cue does not separate opposite fields",
        sessions={"lead-in": "dual_lead_in", "cue": "dual_cue"},
        measure=measures.static_cue_fails,
        unit=_SHARE,
        least=0.2,
        failure="A colour does as well as a lead-in movement, or neither does anything.",
        human=Human(
            effect="With a static colour as the only cue interference is strong; with lead-in movements it is not.",
            source="Howard, Ingram, Franklin & Wolpert, J Neurosci 32:12756, 2012 and J Neurophysiol 109:2632, 2013",
            how_effect_obtained="verified",
        ),
    ),
    Phenomenon(
        name="error_consistency",
        title="More is learned from consistent errors",
        sessions={"consistent": "consistent_errors", "inconsistent": "inconsistent_errors"},
        measure=measures.more_from_consistent,
        unit=_SHARE,
        least=0.1,
        failure="A single error changes as much after consistent as after inconsistent ones.",
        contested="Avraham, Keizman & Shmuelof, J Neurophysiol 123:57, 2020: not implicit learning changes, but explicit.",
        human=Human(
            effect="Error sensitivity is higher where perturbations persist than where they switch.",
            source="Herzfeld, Vaswani, Marko & Shadmehr, Science 345:1349, 2014; Gonzalez Castro et al., Curr Biol 24:1050, 2014",
            how_effect_obtained="secondary",
        ),
    ),
)

FIELD_PHENOMENA = (*LEARNING, *INTERFERENCE, *RECOVERY, *TRANSFER)
