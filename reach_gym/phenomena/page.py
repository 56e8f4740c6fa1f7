"""The scorecard as a page: one HTML file that needs no network and no script."""

from __future__ import annotations

from html import escape

from reach_gym.phenomena.record import ABSENT, NOTHING, OPEN, SHOWN, Phenomenon
from reach_gym.phenomena.scorecard import ENVIRONMENT, NUMBERS, SKIPPED, Scorecard, said, said_of_people

_STYLE = """
:root { color-scheme: light; }
body { margin: 0; background: #fff; color: #1d2433; font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1400px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 1.6rem; margin: 0 0 4px; } h2 { font-size: 1.15rem; margin: 32px 0 8px; }
h3 { font-size: 1rem; margin: 20px 0 4px; }
p, dl { margin: 0 0 10px; max-width: 84ch; } .faint { color: #667085; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.86rem; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 5px 10px; border-bottom: 1px solid #e4e7ec; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: #fff; }
.shown { color: #00613f; font-weight: 600; } .absent { color: #98372b; } .open { color: #6d5400; } .nothing { color: #667085; }
figure { margin: 16px 0; } figure svg { width: 100%; height: auto; }
dt { font-weight: 600; float: left; clear: left; margin-right: 8px; } dd { margin: 0 0 4px 0; }
"""
_CLASSES = {SHOWN: "shown", ABSENT: "absent", OPEN: "open", NOTHING: "nothing"}
_HOW = {NUMBERS: "as numbers", ENVIRONMENT: "in the environment", SKIPPED: "not run"}


def document(title: str, body: str) -> str:
    """A page of this look: HTML with the title as its headline, then `body`."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{body}</main></body></html>\n"
    )


def page(card: Scorecard, drawing: str, command: str = "") -> str:
    """The page of a scorecard.

    Args:
        card: The scorecard.
        drawing: Its figure as SVG, without the XML declaration.
        command: What made it, to be shown.
    """
    score = "; ".join(
        f"{escape(agent)}: {shown} of {every}" for agent, (shown, every) in ((a, card.shown(a)) for a in card.agents)
    )
    made = f"<p class=faint><code>{escape(command)}</code></p>" if command else ""
    return document(
        "Phenomena of motor learning",
        f"<p class=faint>{card.subjects} simulated subjects in each group, seed {card.seed}; means with 95 % intervals over "
        "subjects. An effect is shown where the whole interval lies above the least effect that counts. Contested phenomena are "
        f"not scored.</p><p>Scored phenomena that are shown: {score}.</p>{made}"
        f"<figure>{drawing}</figure><h2>Numbers</h2>{_table(card)}<h2>The phenomena</h2>"
        + "".join(_described(card, name) for name in card.phenomena),
    )


def _table(card: Scorecard) -> str:
    heads = "".join(f"<th>{escape(each)}</th>" for each in ("phenomenon", "people", "at least", *card.agents, "unit"))
    rows = []
    for name, phenomenon in card.phenomena.items():
        cells = "".join(
            f'<td class="{_CLASSES[cell.verdict]}">{said(cell)}<br>{"" if cell.how == SKIPPED else cell.verdict}</td>'
            for cell in (card.cells[name, agent] for agent in card.agents)
        )
        title = escape(phenomenon.title) + (" <em>(contested)</em>" if phenomenon.contested else "")
        known = f"{said_of_people(phenomenon)}<br>{phenomenon.human.how_obtained}"
        rows.append(
            f"<tr><td>{title}</td><td>{known}</td><td>{phenomenon.least:g}</td>{cells}<td>{escape(phenomenon.unit)}</td></tr>"
        )
    return f"<div class=scroll><table><thead><tr>{heads}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"


def _described(card: Scorecard, name: str) -> str:
    phenomenon: Phenomenon = card.phenomena[name]
    human = phenomenon.human
    ways = "; ".join(f"{agent} {_HOW[card.cells[name, agent].how]}" for agent in card.agents)
    number = (
        "no number was found" if human.value is None else f"{said_of_people(phenomenon)} {phenomenon.unit}, {human.how_obtained}"
    )
    spread = f"; spread: {human.spread}" if human.spread else ""
    people = f"; {human.subjects} subjects" if human.subjects else ""
    facts = {
        "People": f"{human.effect} ({human.how_effect_obtained}; {number}{spread}{people})",
        "Source": human.source,
        "Measure": (phenomenon.measure.__doc__ or "").split("\n")[0],
        "Failure": phenomenon.failure,
        "Sessions": ", ".join(f"{key}: {value}" for key, value in phenomenon.sessions.items()),
        "Run": ways,
        **({"Contested": phenomenon.contested} if phenomenon.contested else {}),
    }
    items = "".join(f"<dt>{key}</dt><dd>{escape(value)}</dd>" for key, value in facts.items())
    return f'<h3 id="{name}">{escape(phenomenon.title)}</h3><dl>{items}</dl>'
