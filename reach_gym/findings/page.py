"""A report as a page: one HTML file that needs no network and no script."""

from __future__ import annotations

import math
from html import escape

from reach_gym.findings.report import COMPARISONS, PUBLISHED, Report, Summary
from reach_gym.neural.nulls import Against
from reach_gym.phenomena.page import document

_NOTES = (
    "Every number stands beside its null: what the same measure gives where only simpler structure is left, or what random "
    "directions give. A population is beyond chance where p < 0.05 on the side of the finding. A value within its null is not a "
    "finding, however large it is.",
    "Compare with an untrained network, and with one that was trained for something else: what they show, too, was not learned "
    "here. A network that is told the hand's velocity has it among its units; that it can be decoded then says nothing.",
)
_LEARNING = (
    "States drift while anything is learned: a control that learned something else is beyond this null, too. What belongs to the "
    "learning in question is the difference from a control that went on for as long without it. Of the shift, the control has as "
    "much as it drifted the same way."
)


def said(summary: Summary, digits: int = 2) -> str:
    """The mean of the populations with its 95 % interval, as HTML."""
    value, low, high = summary.mean
    if math.isnan(value):
        return "not measured"
    return f"{value:.{digits}f}" + ("" if math.isnan(low) else f"<br>[{low:.{digits}f}, {high:.{digits}f}]")


def said_chance(summary: Summary, digits: int = 2) -> str:
    """Median and 95 % of the null, and the p of a single population or how many are beyond chance, as HTML."""
    if summary.chance is None:
        return "no null"
    low, middle, high = summary.chance
    beyond, tested = summary.beyond
    first = next(each for each in summary.results if isinstance(each, Against))
    told = f"p = {first.p:.2g}" if tested == 1 else f"{beyond} of {tested} beyond"
    return f"{middle:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]<br>{told}"


def page(report: Report, drawings: tuple[str, str], command: str = "") -> str:
    """The page of a report.

    Args:
        report: The report.
        drawings: Its figures of the findings and of the planes, as SVG without the XML declaration.
        command: What made it, to be shown.
    """
    made = f"<p class=faint><code>{escape(command)}</code></p>" if command else ""
    body = (
        f"<p>{len(report.courses)} populations of {report.units} units each"
        + (f", and {escape(report.recorded.name)} beside them" if report.recorded else "")
        + f". Means with 95 % intervals over populations; {report.draws} draws of each null, seed {report.seed}.</p>{made}"
        + "".join(f"<p>{note}</p>" for note in _NOTES)
        + f"<figure>{drawings[0]}</figure><h2>Numbers</h2>{_table(report)}"
        + (f"<h2>Beside the recording</h2>{_comparisons(report)}" if report.compared else "")
        + (f"<h2>What learning changed</h2>{_changes(report)}" if report.changed else "")
        + f"<h2>The rotating planes</h2><figure>{drawings[1]}</figure>"
        + f"<h2>The findings</h2>{''.join(map(_described, [*report.found, *report.changed]))}<h2>The files</h2>{_files(report)}"
    )
    return document("Populations of units, beside what is known of neurons", body)


def published(name: str) -> str:
    """What is known of animals, as HTML: the number with how it was obtained, or that none was found."""
    finding = PUBLISHED[name]
    if finding.low is None or finding.high is None:
        return "no number found"
    number = f"{finding.low:g}" if finding.low == finding.high else f"{finding.low:g} to {finding.high:g}"
    return f"{number}<br>{finding.how_obtained}"


def _row(cells: list[str]) -> str:
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _tabled(heads: list[str], rows: list[list[str]]) -> str:
    top = "".join(f"<th>{head}</th>" for head in heads)
    return f"<div class=scroll><table><thead><tr>{top}</tr></thead><tbody>{''.join(map(_row, rows))}</tbody></table></div>"


def _table(report: Report) -> str:
    heads = ["finding", "animals", "populations", "chance", *(["recording", "its chance"] if report.recorded else [])]
    rows = []
    for name, summary in report.found.items():
        cells = [_titled(name), published(name), said(summary), said_chance(summary)]
        if report.recorded:
            cells += [said(report.found_recorded[name]), said_chance(report.found_recorded[name])]
        rows.append(cells)
    return _tabled(heads, rows)


def _titled(name: str) -> str:
    return f"{escape(PUBLISHED[name].title)}<br><span class=faint>{escape(PUBLISHED[name].unit)}</span>"


def _changes(report: Report) -> str:
    control = report.changed_control
    heads = ["change", "animals", "populations", "chance", *(["control", "its chance", "difference"] if control else [])]
    rows = []
    for name, summary in report.changed.items():
        cells = [_titled(name), escape(PUBLISHED[name].animals), said(summary), said_chance(summary)]
        if control:
            cells += [said(control[name]), said_chance(control[name]), said(summary.less(control[name]))]
        rows.append(cells)
    return f"<p>{_LEARNING}</p>" + _tabled(heads, rows)


def _comparisons(report: Report) -> str:
    rows = [[escape(COMPARISONS[name][0]), said(each), said_chance(each)] for name, each in report.compared.items()]
    return "<p>The null gives the populations' conditions to others; what all conditions share stays.</p>" + _tabled(
        ["comparison", "populations", "chance"], rows
    )


def _described(name: str) -> str:
    finding = PUBLISHED[name]
    facts = {"Animals": finding.animals, "Source": finding.source, "Null": finding.null or "none belongs to it"}
    items = "".join(f"<dt>{key}</dt><dd>{escape(value)}</dd>" for key, value in facts.items())
    return f'<h3 id="{name}">{escape(finding.title)}</h3><dl>{items}</dl>'


def _files(report: Report) -> str:
    rows = [
        [
            escape(each.name),
            str(each.movement.shape[2]),
            f"{len(each.single)} of {len(each.single) + each.left_out}",
            str(len(each.direction)),
            "command" if each.commanded else "hand velocity",
        ]
        for each in report.every
    ]
    return _tabled(["file", "units", "trials", "directions", "output"], rows)
