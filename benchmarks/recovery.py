"""``python -m benchmarks recovery``: whether fits find the parameters that made the trials, and the model that did.

A subject with the parameters of Smith, Ghazizadeh & Shadmehr 2006 goes through a session of 20 null trials, 200 trials of a
perturbation, 20 of its opposite and then error clamps. Every fifth trial from the first perturbed one on is an error clamp, too.
All clamps are measured, 130 of them, with noise of the standard deviation 0.1. Many such subjects are fitted, each with an
interval for every parameter by parametric bootstrap.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.training_report import table
from reach_gym import checks, files
from reach_gym.cli import shell
from reach_gym.models import ErrorSensitivity, Model, OneState, TrialData, TwoState, bootstrap, compare, fit

Floats = npt.NDArray[np.float64]

NULL, LEARN, OPPOSITE, EVERY, MEASURED = 20, 200, 20, 5, 130
NOISE = 0.1
TRUTHS: tuple[Model, ...] = (OneState(), TwoState(), ErrorSensitivity())


@dataclass(frozen=True)
class Recovered:
    """What became of the parameters of one model.

    Attributes:
        found: float64 (runs, parameters).
        held: bool (runs, parameters), whether the interval held the truth.
        width: float64 (runs, parameters), of the intervals.
        bounded: How many runs ended with a parameter at a bound.
    """

    found: Floats
    held: npt.NDArray[np.bool_]
    width: Floats
    bounded: int


@dataclass(kw_only=True)
class Recovery(shell.Command):
    """Recovery of parameters and of models from simulated subjects.

    Attributes:
        runs: Subjects whose parameters are recovered.
        samples: New sets of trials in each bootstrap.
        level: Of the intervals.
        subjects: Subjects per model whose model is recovered.
        seed: Of all draws.
        out: Directory for the table and the figure.
    """

    runs: int = 200
    samples: int = 80
    level: float = 0.8
    subjects: int = 20
    seed: int = 0
    out: Path = Path("benchmarks/results")

    def run(self) -> None:
        """Simulates, fits and writes."""
        with shell.request():
            checks.integer("runs", self.runs, 1, 10_000)
            checks.integer("subjects", self.subjects, 1, 10_000)
        begin = time.process_time()
        found = parameters(TwoState(), self.runs, self.samples, self.level, self.seed)
        chosen = models(TRUTHS, self.subjects, self.seed)
        text = report(found, chosen, self) + f"\nTook {time.process_time() - begin:.0f} s of one core's time.\n"
        print(text)
        self.out.mkdir(parents=True, exist_ok=True)
        files.write(self.out / "recovery.md", text.encode())
        draw(found, chosen, self.out / "recovery.png", self.level)


def session() -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Perturbation and clamps (n,) of the session."""
    push = np.repeat([0.0, 1.0, -1.0], [NULL, LEARN, OPPOSITE])
    walls = (np.arange(len(push)) >= NULL) & ((np.arange(len(push)) - NULL) % EVERY == 0)
    left = MEASURED - int(walls.sum())
    return np.append(np.where(walls, 0.0, push), np.zeros(left)), np.append(walls, np.ones(left, np.bool_))


def subject(model: Model, rng: np.random.Generator) -> TrialData:
    """The trials of a subject who is `model`, with noise of measurement."""
    push, walls = session()
    return TrialData(push, walls, np.where(walls, model.simulate(push, walls, rng=rng, output_noise=NOISE), np.nan))


def parameters(truth: Model, runs: int, samples: int, level: float, seed: int) -> Recovered:
    """Fits so many subjects and looks whether the intervals hold the truth."""
    found, held, width, bounded = [], [], [], 0
    right = np.array([getattr(truth, name) for name in truth.FREE])
    for run in range(runs):
        rng = np.random.default_rng([seed, run])
        fitted = fit(type(truth), subject(truth, rng))
        ends = bootstrap(fitted, samples, level, rng)
        low, high = (np.array([each[name] for name in truth.FREE]) for each in (ends.low, ends.high))
        found.append([getattr(fitted.model, name) for name in truth.FREE])
        held.append((low <= right) & (right <= high))
        width.append(high - low)
        bounded += bool(fitted.at_bounds)
    return Recovered(np.array(found), np.array(held), np.array(width), bounded)


def models(truths: tuple[Model, ...], subjects: int, seed: int) -> Floats:
    """How often (true, chosen) a model is chosen by BIC for subjects who are one of the `truths`."""
    names = [type(truth).__name__ for truth in truths]
    chosen = np.zeros((len(truths), len(truths)))
    for i, truth in enumerate(truths):
        for run in range(subjects):
            data = subject(truth, np.random.default_rng([seed, 1, i, run]))
            chosen[i, names.index(compare([type(each) for each in truths], data)[0].name)] += 1
    return chosen / subjects


def report(found: Recovered, chosen: Floats, asked: Recovery) -> str:
    """Both tables in Markdown."""
    truth = TwoState()
    rows = [
        (
            name,
            f"{getattr(truth, name):g}",
            f"{np.median(found.found[:, i]):.3g}",
            f"{np.std(found.found[:, i]):.2g}",
            f"{np.median(found.width[:, i]):.2g}",
            f"{100 * found.held[:, i].mean():.0f} %",
        )
        for i, name in enumerate(truth.FREE)
    ]
    head = (
        "parameter",
        "truth",
        "median found",
        "SD found",
        "median width",
        f"{100 * asked.level:.0f} % interval holds the truth",
    )
    names = [type(each).__name__ for each in TRUTHS]
    second = [(name, *(f"{100 * share:.0f} %" for share in row)) for name, row in zip(names, chosen, strict=True)]
    push, walls = session()
    lines = [
        "# Recovery of parameters and models",
        "",
        f"{asked.runs} subjects with the two-state parameters of Smith, Ghazizadeh & Shadmehr 2006 in a session of {len(push)}",
        f"trials, of which {int(walls.sum())} are error clamps and measured with noise of SD {NOISE:g}; intervals by parametric",
        f"bootstrap with {asked.samples} samples. {found.bounded} fits ended with a parameter at a bound.",
        "",
        *table(head, rows),
        "",
        f"Which model has the least BIC, of {asked.subjects} subjects of each kind in the same session:",
        "",
        *table(("subjects are", *(f"chosen: {name}" for name in names)), second),
    ]
    return "\n".join(lines) + "\n"


def draw(found: Recovered, chosen: Floats, path: Path, level: float) -> None:
    """The figure: what was found for every parameter, and which model was chosen."""
    from matplotlib.figure import Figure

    truth = TwoState()
    figure = Figure(figsize=(11, 2.8), layout="constrained")
    axes: Any = figure.subplots(1, 5, width_ratios=[1, 1, 1, 1, 1.5])
    labels = ("$A_f$", "$A_s$", "$B_f$", "$B_s$")
    for i, (axis, name) in enumerate(zip(axes, truth.FREE, strict=False)):
        axis.hist(found.found[:, i], bins=20, color="#56B4E9")
        axis.axvline(getattr(truth, name), color="#D55E00", linewidth=2)
        axis.set_xlabel(f"{labels[i]}\n{100 * level:.0f} % interval holds it\nin {100 * found.held[:, i].mean():.0f} % of fits")
        axis.locator_params(axis="x", nbins=2)
    axes[0].set_ylabel("fits")
    names = ["one\nstate", "two\nstates", "error\nsensitivity"]
    axes[4].imshow(chosen, cmap="Blues", vmin=0, vmax=1)
    axes[4].set(xticks=range(3), yticks=range(3), xticklabels=names, yticklabels=names, xlabel="least BIC", ylabel="subjects are")
    for i, j in np.ndindex(chosen.shape):
        axes[4].text(
            j, i, f"{100 * chosen[i, j]:.0f} %", ha="center", va="center", color="white" if chosen[i, j] > 0.5 else "black"
        )
    figure.savefig(path, dpi=150)
