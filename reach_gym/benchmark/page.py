"""How the report looks."""

STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1d2433; --faint: #667085; --rule: #e4e7ec; --field: #4285d6;
  --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #b0508f; --c4: #b8860b; --c5: #3a9bd1; --c6: #8a5a2b; --c7: #5b5f97; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171f; --ink: #e6e9f0; --faint: #98a2b3; --rule: #2b3140; --field:
#5b9bea;
  --c0: #4da9e8; --c1: #f08a4b; --c2: #35c79a; --c3: #e08cc0; --c4: #e3b341; --c5: #8ccbf2; --c6: #c99a6b; --c7: #a3a7e0; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans",
sans-serif; } main { max-width: 1080px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 4px; } h2 { font-size: 1.1rem; margin: 36px 0 8px; }
h3 { font-size: 0.95rem; font-weight: 600; margin: 20px 0 6px; }
p { margin: 0 0 12px; max-width: 72ch; } .lead, .notes, figcaption { color: var(--faint); }
.notes { font-size: 0.85rem; overflow-wrap: anywhere; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 0; margin: 12px 0; font-size: 0.9rem; }
.legend i { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px; vertical-align: -1px; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 340px), 1fr)); gap: 12px 28px; align-items:
start; } .panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(44%, 150px), 1fr)); gap: 10px; }
figure { margin: 0; } figure svg { width: 100%; height: auto; display: block; } .panels figure { max-width: 220px; }
figcaption { font-size: 0.8rem; text-align: center; overflow-wrap: anywhere; }
.paths polyline { fill: none; stroke-width: 1.6; stroke-linejoin: round; opacity: 0.9; }
.paths .target { fill: var(--c1); opacity: 0.28; } .paths .arena { fill: none; stroke: var(--rule); } .paths .start { fill:
var(--ink); }
/* A table scrolls in its box; a shadow at an edge says that there is more. */
.scroll { overflow-x: auto; max-width: 100%; -webkit-overflow-scrolling: touch; background:
  linear-gradient(to right, var(--paper) 40%, transparent) left / 48px 100% no-repeat local,
  linear-gradient(to left, var(--paper) 40%, transparent) right / 48px 100% no-repeat local,
  linear-gradient(to right, var(--rule), transparent) left / 18px 100% no-repeat scroll,
  linear-gradient(to left, var(--rule), transparent) right / 18px 100% no-repeat scroll; }
table { border-collapse: collapse; font-size: 0.86rem; font-variant-numeric:
tabular-nums; } th, td { text-align: right; padding: 5px 10px; border-bottom: 1px solid var(--rule); white-space: nowrap; }
th { color: var(--faint); font-weight: 600; } th.word, td.word { text-align: left; }
th:first-child, td:first-child { position: sticky; left: 0; background: var(--paper); padding-left: 0; }
td:last-child.word { white-space: normal; min-width: 24ch; }
@media (max-width: 600px) { th, td.word { white-space: normal; } th, td { padding: 5px 8px; }
  td.word { overflow-wrap: anywhere; min-width: 7.2rem; } th:first-child, td:first-child { max-width: 36vw; } }
"""
