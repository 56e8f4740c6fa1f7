"""The report: one page that needs nothing else, and can be read on a phone and in the dark, in a real browser."""

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from reach_gym.benchmark import figures, jobs, report, tables
from reach_gym.benchmark.engines import Done
from reach_gym.benchmark.results import Entry, Limits, run
from reach_gym.benchmark.summary import summarise
from reach_gym.evaluation import evaluate, suite

BROWSER = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
AGENTS = ("naive", "minimum_jerk", "adapted", "<b>bold</b>|=")
TASKS = ("grid-curl", "cursor-curl", "cursor-adaptation-both")


class Here:
    def run(self, function, items):
        for place, item in enumerate(items):
            yield Done(place, function(item), "")


@pytest.fixture(scope="module")
def results():
    entries = [Entry(agent, agent if "<" not in agent else "nosuch:<i>|") for agent in AGENTS]
    return run(entries, [suite.TASKS[name] for name in TASKS], (0,), Here(), Limits())


@pytest.fixture(scope="module")
def folder(results, tmp_path_factory):
    made = tmp_path_factory.mktemp("report")
    assert [path.name for path in report.write_all(results, summarise(results.records), made)] == ["results.jsonl", "summary.md", "report.html"]
    return made


@pytest.fixture(scope="module")
def page(folder):
    return (folder / "report.html").read_text()


class Tags(HTMLParser):
    VOID = ("meta", "br", "path", "circle", "rect", "polyline", "use")

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_startendtag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))


def test_the_page_is_whole_and_needs_nothing_else(page):
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    names = [tag for tag, _ in tags.seen]
    assert not {"script", "link", "img", "iframe"} & set(names) and "b" not in names
    for _, attributes in tags.seen:
        assert not {"src", "onload", "onclick"} & set(attributes)
        assert all(value.startswith("#") for name, value in attributes.items() if name.endswith("href"))
    assert "url(http" not in page and "@import" not in page and 'name="viewport"' in page


def test_it_has_tables_profiles_curves_and_paths(page):
    assert page.count("<table>") == 9 and "Performance profiles, grid" in page and "Learning curves" in page
    assert page.count('class="paths"') == 4 + 5 and "cursor-curl: a curl field" in page
    for svg in re.findall(r"<svg.*?</svg>", page, re.DOTALL):
        ElementTree.fromstring(svg.replace("xlink:href", "href"))


def test_colours_and_fonts_are_those_of_the_page(page):
    drawn = "".join(re.findall(r"<svg.*?</svg>", page, re.DOTALL))
    assert "var(--ink)" in drawn and "var(--c0)" in drawn and not re.findall(r"#[0-9a-f]{6}", drawn)
    assert "system-ui" in drawn and "DejaVu" not in drawn


def test_what_strangers_say_is_only_text(page, folder):
    assert "&lt;b&gt;bold&lt;/b&gt;|" in page and "<b>bold" not in page
    markdown = (folder / "summary.md").read_text()
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    assert rows and "&lt;b>bold" in markdown and all(not re.search(r"(?<!\\)\|[^ \n]", line) for line in rows)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", [r"x$\frac$", "$a$", "a/very/long/path" * 5, "手", "a_b^c"])
def test_any_name_can_be_drawn(name, results):
    records = [{**each, "agent": name} if each["agent"] == "naive" else each for each in results.records]
    drawn = figures.intervals(summarise(records), "grid", [name, "adapted"])
    assert name[-20:] in unescape(re.sub("<[^>]*>|\n", "", drawn))


def test_of_many_agents_those_are_compared_that_follow_each_other_on_the_tasks_of_both(results):
    scores = {"a": (0.9, None), "b": (0.5, 0.7), "c": (0.1, 0.2), "d": (0.3, 0.3), "e": (-1.0, 0.0), "f": (0.2, 0.3)}
    base = [each for each in results.records if each["agent"] == "naive" and each["task"] == "grid-curl"][0]
    tasks = "grid-curl", "grid-null"
    records = [
        {**base, "agent": agent, "task": task, "score": score, "status": "error" if score is None else "ok"}
        for agent, mine in scores.items()
        for task, score in zip(tasks, mine, strict=True)
    ]
    found = [(each["x"], each["y"], each["probability"], each["tasks"]) for each in summarise(records)["improvement"]["grid"]]
    assert found == [("a", "b", 1.0, 1), ("b", "d", 1.0, 2), ("d", "f", 0.75, 2), ("f", "c", 1.0, 2), ("c", "e", 1.0, 2)]


def test_the_tables_say_what_the_records_say(results):
    summary = summarise(results.records)
    (_, heads, rows), *_ = tables.all_tables(summary)
    assert heads[0] == "agent" and [row[0] for row in rows] == ["adapted", "naive", "minimum_jerk", AGENTS[-1]]
    naive = [each["score"] for each in results.records if each["agent"] == "naive" and each["task"] == "cursor-curl"]
    scores = next(table for table in tables.all_tables(summary) if table[0].startswith("Mean score"))
    row = next(row for row in scores[2] if row[0] == "cursor-curl")
    assert row[scores[1].index("naive")] == f"{np.mean(naive):.2f}" and row[scores[1].index(AGENTS[-1])] == "error"
    failures = tables.all_tables(summary)[-1]
    assert failures[0] == "What went wrong" and failures[2][0][:4] == [AGENTS[-1], "grid-curl", "error", "1"]


def test_the_ceiling_stands_beside_the_scores(results):
    title, heads, rows = tables.all_tables(summarise(results.records))[1]
    assert title.startswith("Mean score by task") and heads[:2] == ["task", "ceiling"]
    assert [row[:2] for row in rows] == [["grid-curl", "1.00"], ["cursor-curl", "1.37"], ["cursor-adaptation-both", "-"]]


def test_measures_by_task_have_intervals_over_trials_or_seeds(results):
    title, heads, rows = next(table for table in tables.all_tables(summarise(results.records)) if table[0].startswith("Measures"))
    assert "over trials" in title and heads[2:] == ["success", "false starts", "too fast", "too slow", "mean return", "effort (s)"]
    record = next(each for each in results.records if (each["agent"], each["task"]) == ("naive", "cursor-curl"))
    value, (low, high) = record["measures"]["mean_return"], record["intervals"]["mean_return"]
    cells = next(row for row in rows if row[:2] == ["cursor-curl", "naive"])
    assert cells[2] == "100.0 % (98.5 to 100.0)" and cells[6] == f"{value:.2f} ({low:.2f} to {high:.2f})".replace("-", "−")
    assert cells[4:6] == ["0.0 % (0.0 to 1.5)"] * 2  # nothing is too fast or too slow without a window
    grid = next(row for row in rows if row[:2] == ["grid-curl", "naive"])
    assert [*grid[3:6], grid[7]] == ["-"] * 4 and len(rows) == 2 + 3 + 3
    again = [{**each, "seed": 1, "measures": {**(each["measures"] or {}), "success": 0.9}} for each in results.records]
    title, _, rows = next(table for table in tables.all_tables(summarise([*results.records, *again])) if table[0].startswith("Measures"))
    # Two seeds say little; but a share is never above 1.
    assert "over seeds" in title and next(row for row in rows if row[:2] == ["cursor-curl", "naive"])[2] == "95.0 % (31.5 to 100.0)"


def test_success_and_errors_are_told_by_direction_over_the_trials_of_all_seeds(results):
    task = replace(suite.TASKS["cursor-curl"], episodes=64, sectors=4)
    told, _ = jobs.measure("naive", task, 0)
    found = evaluate("naive", task.env_id, 64, 0, task.kwargs)
    way = found.targets - found.starts
    north = way[:, 1] > np.abs(way[:, 0])
    assert told["directions"]["trials"][1] == north.sum() and sum(told["directions"]["trials"]) == 64
    assert told["directions"]["endpoint_error_mm"][1] == pytest.approx(1000 * found.endpoint_error[north].mean())
    assert "directions" not in results.records[0]  # the grid does not tell them
    base = next(each for each in results.records if (each["agent"], each["task"]) == ("naive", "cursor-curl"))
    seeds = [
        {"trials": [1, 3], "success": [1.0, 0.0], "moved": [1, 0], "max_deviation_mm": [1.0, None], "endpoint_error_mm": [2.0, None]},
        {"trials": [3, 0], "success": [0.0, None], "moved": [3, 0], "max_deviation_mm": [5.0, None], "endpoint_error_mm": [6.0, None]},
    ]
    records = [{**base, "seed": seed, "directions": each} for seed, each in enumerate(seeds)]
    shown = [table for table in tables.all_tables(summarise(records)) if "by direction" in table[0]]
    assert [rows for _, _, rows in shown] == [
        [["cursor-curl", "naive", "3 to 4", *cells]] for cells in (["25.0", "0.0"], ["5.0", "-"], ["4.0", "-"])
    ]
    assert shown[0][1] == ["task", "agent", "trials each", "0°", "180°"]
    assert summarise(records)["directions"]["cursor-curl"]["naive"]["moved"] == [4, 0]
    # Who did not do all seeds is left out.
    assert not [table for table in tables.all_tables(summarise([*records, {**base, "agent": "adapted", "seed": 2}])) if "by direction" in table[0]]


@pytest.mark.parametrize("seeds,mean,improvement", [(1, "0 %", "0 %"), (3, "70 %", "78 %"), (10, None, None)])
def test_the_coverage_of_few_seeds_stands_beside_an_interval(seeds, mean, improvement, results):
    records = [{**each, "seed": seed} for each in results.records for seed in range(seeds)]
    found = {title: (heads, rows) for title, heads, rows in tables.all_tables(summarise(records))}
    heads, rows = found["Interquartile mean of the scores"]
    assert heads.count("coverage") == (0 if mean is None else 3)
    again, pairs = found["Probability that the first beats the second, haste"]
    if mean is not None:
        row = next(row for row in rows if row[0] == "naive")
        assert [cell for head, cell in zip(heads, row, strict=True) if head == "coverage"] == [mean] * 3
        assert again[-1] == "coverage" and all(row[-1] == improvement for row in pairs)
    assert all(len(row) == len(heads) for heads, rows in found.values() for row in rows)


@pytest.mark.parametrize("best,worst,low,high", [(1.7, 0.2, -0.085, 1.785), (0.4, 0.2, -0.05, 1.05), (0.5, -40.0, -1.1, 1.1)])
def test_the_axis_of_profiles_follows_the_scores(best, worst, low, high, results):
    scores = iter([best, worst] * len(results.records))
    summary = summarise([each if each["score"] is None else {**each, "score": next(scores)} for each in results.records])
    levels = summary["thresholds"]["haste"]
    if best > 1 or worst < 0:
        levels = max(summary["thresholds"].values(), key=lambda each: each[-1] - each[0])
    assert (levels[0], levels[-1]) == pytest.approx((low, high))
    assert all(profile["share"][-1] == 0 for found in summary["profiles"].values() for profile in found.values())


@pytest.mark.parametrize("value,form,text", [(None, "{:.2f}", "-"), (-0.0001, "{:+.1f}", "0.0"), (-1.25, "{:.2f}", "−1.25"), (0.5, "{:+.1f}", "+0.5")])
def test_numbers_for_people(value, form, text):
    assert tables.number(value, form) == text


def shot(page, out, width, height, dark, tmp_path):
    mode = ["--blink-settings=preferredColorScheme=0"] if dark else []
    words = [BROWSER, *FLAGS, *mode, f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},{height}", f"--screenshot={out}", page.as_uri()]
    subprocess.run(words, check=True, capture_output=True, timeout=120)
    return np.asarray(Image.open(out).convert("RGB")).astype(int)


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
@pytest.mark.parametrize("width,dark", [(390, False), (1200, True)])
def test_a_browser_shows_it_on_phones_and_desks_light_and_dark(width, dark, folder, tmp_path):
    picture = shot(folder / "report.html", tmp_path / "page.png", width, 2400, dark, tmp_path)
    assert picture.shape[1] == width
    paper = np.array([20, 23, 31] if dark else [255, 255, 255])
    differs = (np.abs(picture - paper).max(axis=2) > 40).mean(axis=1)
    # The paper has the right colour, and there is something on it down to the end.
    assert (np.abs(picture[:, :4] - paper).max() <= 2) and (differs[: len(differs) // 2] > 0).mean() > 0.4 and differs[-400:].any()
    # Nothing runs out of the page to the right, where only wide tables scroll within their frames.
    assert np.abs(picture[:, -4:] - paper).max() <= 2
    assert (np.abs(picture - np.array([77, 169, 232] if dark else [0, 114, 178])).max(axis=2) < 12).any()


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
def test_on_a_phone_wide_tables_scroll_in_their_boxes(page, tmp_path):
    # A window is at least 500 wide, a frame in it is not.
    script = """<script>const wide = [...document.querySelectorAll(".scroll")].map(box => {
        const first = box.querySelector("td").getBoundingClientRect();
        return [box.getBoundingClientRect().right, box.clientWidth, box.scrollWidth, first.width]; });
        parent.postMessage(JSON.stringify([innerWidth, document.documentElement.scrollWidth, wide]), "*");</script>"""
    (tmp_path / "page.html").write_text(page.replace("</body>", script + "</body>"))
    listen = "<script>addEventListener('message', told => { document.title = told.data; });</script>"
    frame = '<iframe src="page.html" width="390" height="844" style="border: 0"></iframe>'
    (tmp_path / "phone.html").write_text(f"<!doctype html><title></title>{listen}{frame}")
    options = [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000", "--dump-dom"]
    words = [BROWSER, *FLAGS, *options, (tmp_path / "phone.html").as_uri()]
    dom = subprocess.run(words, check=True, capture_output=True, timeout=120, text=True).stdout
    inner, whole, boxes = json.loads(unescape(re.search("<title>(.*?)</title>", dom)[1]))
    assert inner == 390 and whole <= inner and len(boxes) == 9 and any(scroll > client for _, client, scroll, _ in boxes)
    # The column that stays in view leaves room for the others.
    assert all(right <= inner and first < 0.45 * inner for right, _, _, first in boxes)
