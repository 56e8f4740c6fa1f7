"""The code and the commands of README and documentation: they run as they stand, or are parsed, and print what is said."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib

import pytest

from reach_gym.acting.recipes import zoo_text
from reach_gym.cli import shell
from tests.docs.blocks import LANGUAGES, ROOT, Page, gaps, pages, words
from tests.docs.parse import MAINS, checked, complaint

PAGES = pages()
RUN = {page.path: page for page in PAGES if page.python}
# The trainings that run, by page, and the arguments that make commands short. All other trainings, and what opens a window, are only
# parsed.
SMALL = '{"size": 6}'
SHORT = {
    "README.md": {"q_learning": {}},
    "docs/learners/index.md": {"q_learning": {}},
    "docs/learners/dqn.md": {
        "dqn": {"--steps": "300", "--env-kwargs": SMALL},
        "evaluate": {"--episodes": "20", "--kwargs": SMALL},
        "watch": {"--episodes": "1", "--kwargs": SMALL},
    },
    "docs/learners/sb3.md": {"sb3": {"--steps": "1600"}, "evaluate": {"--episodes": "20"}},
    "docs/learners/rnn.md": {"rnn": {"--share": "0.002"}},
    "docs/learners/in_context.md": {"in_context": {"--settings": '{"rows": 1, "reaching": 1, "updates": 1}'}},
}
LONG = ("python -m agents", "python -m benchmarks")
CODE = """
import sys, json
space = {"__name__": "__main__"}
for number, block in enumerate(json.load(sys.stdin)):
    exec(compile(block, f"block {number}", "exec"), space)
    print(chr(0), end="", flush=True)
"""


def run(arguments, cwd, text=None):
    # Two processes of tests share two cores: more threads of PyTorch than one only wait for each other.
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(arguments, cwd=cwd, env=environment, input=text, capture_output=True, text=True, timeout=300)


def lines(text):
    return [line.rstrip() for line in text.rstrip().splitlines()]


def is_run(page, line):
    """Whether a command is run and not only parsed."""
    program, arguments = words(line)
    if program == "reach-gym":
        shown = arguments[0] == "play" or (arguments[0] == "watch" and "--video" not in arguments)
        return not shown and not any(text.startswith("runs/") and text not in made(page, line) for text in agents_of(arguments))
    return program == "python -m agents" and arguments[0] in SHORT.get(page.path, {}) and first_of_its_kind(page, line)


def agents_of(arguments):
    return [after for flag, after in zip(arguments, arguments[1:], strict=False) if flag in ("--agent", "--activity")]


def made(page, line):
    """What the commands before a `line` of a page have written: the directories of the trainings that are run."""
    told = [each for each, _ in page.commands]
    before = [each for each in told[: told.index(line)] if is_run(page, each)]
    outs = {arguments[arguments.index("--out") + 1] for _, arguments in map(words, before) if "--out" in arguments}
    return outs | {f"{out}/model.zip" for out in outs}


def first_of_its_kind(page, line):
    program, arguments = words(line)
    same = [each for each, _ in page.commands if words(each)[0] == program and words(each)[1][:1] == arguments[:1]]
    return line == same[0]


def shortened(page, arguments):
    """The arguments of a command with those that make it short in place of its own."""
    for flag, value in SHORT.get(page.path, {}).get(arguments[0], {}).items():
        begin = arguments.index(flag) if flag in arguments else len(arguments)
        end = next((k for k, word in enumerate(arguments) if k > begin and word.startswith("--")), len(arguments))
        arguments = [*arguments[:begin], flag, value, *arguments[end:]]
    return arguments


def test_there_is_something_to_test():
    assert len(RUN) >= 8 and sum(len(page.python) for page in PAGES) >= 15
    ran = [line for page in PAGES for line, _ in page.commands if words(line)[0] in ("reach-gym", *LONG) and is_run(page, line)]
    assert len(ran) >= 12 and any(line.startswith("python -m agents dqn") for line in ran)
    assert sum(block.output is not None for page in PAGES for block in page.blocks) >= 10
    assert {page.path for page in PAGES} >= set(SHORT)
    assert Page("docs/benchmark.md").scores


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_every_block_is_of_a_kind_that_is_tested(page):
    for block in page.blocks:
        assert block.language in LANGUAGES or block.language.startswith("{"), block.text
        assert "```" not in block.text, "a block inside of another is not tested"
    for line, output in page.commands:
        assert words(line)[0] in ("reach-gym", "pip", "make", *LONG), line
        assert output is None or is_run(page, line), line


@pytest.mark.parametrize("path", RUN)
def test_code_runs_block_after_block(path, tmp_path):
    blocks = RUN[path].python
    done = run([sys.executable, "-W", "error", "-c", CODE], tmp_path, json.dumps([block.text for block in blocks]))
    assert done.returncode == 0, done.stderr
    for block, printed in zip(blocks, done.stdout.split("\0"), strict=False):
        assert printed.strip(), block.text
        if block.output is not None:
            assert lines(printed) == lines(block.output), block.text


@pytest.mark.parametrize("page", [page for page in PAGES if page.commands], ids=lambda page: page.path)
def test_commands_run_one_after_the_other(page, tmp_path):
    for name, text in page.files.items():
        (tmp_path / name).write_text(text)
    for line, output in page.commands:
        program, arguments = words(line)
        if program not in ("reach-gym", *LONG) or not is_run(page, line):
            continue
        module = {"reach-gym": "reach_gym", **{each: each.split()[-1] for each in LONG}}[program]
        done = run([sys.executable, "-m", module, *(arguments if output else shortened(page, arguments))], tmp_path)
        assert done.returncode == 0, (line, done.stderr)
        assert done.stdout.strip(), line
        if output is not None:
            assert lines(done.stdout) == lines(output), line
    written = [summary.read_text() for summary in tmp_path.rglob("summary.md")]
    for table in page.scores:
        assert any(table in summary for summary in written), table


@pytest.fixture
def parsed(monkeypatch):
    """What is wrong with each command line."""
    monkeypatch.setattr(shell, "_parse", checked(shell._parse))
    return lambda commands: [complaint(*each) for each in commands]


def test_commands_that_take_long_are_understood_by_their_programs(parsed):
    long = [(page.path, line) for page in PAGES for line, _ in page.commands if words(line)[0] in ("reach-gym", *LONG)]
    long = [(path, line) for path, line in long if not is_run(Page(path), line)]
    assert len(long) >= 10
    found = parsed([words(line) for _, line in long])
    assert [(place, wrong) for place, wrong in zip(long, found, strict=True) if wrong is not None] == []


def test_a_wrong_flag_and_a_wrong_keyword_are_noticed(parsed):
    wrong = [
        ["python -m agents", ["dqn", "--nosuch", "1", "--out", "runs/x"]],
        ["python -m agents", ["dqn", "--env", "GridReach-v0", "--env-kwargs", '{"nosuch": 1}', "--out", "runs/x"]],
        ["python -m agents", ["rnn", "--nosuch", "1", "--out", "runs/x"]],
        ["reach-gym", ["play", "GridReach-v0", "--kwargs", '{"nosuch": 1}']],
        ["python -m benchmarks", ["nosuch"]],
    ]
    assert all(complaint and "nosuch" in complaint for complaint in parsed(wrong))


def test_commands_in_the_text_exist(capsys):
    makefile = (ROOT / "Makefile").read_text()
    helps: dict[tuple[str, str], str] = {}
    mentioned = [(page.path, span) for page in PAGES for span in page.mentioned]
    assert len(mentioned) >= 20
    for path, span in mentioned:
        program, arguments = words(span)
        if program == "make":
            assert re.search(rf"^{arguments[0]}:", makefile, re.MULTILINE), (path, span)
        elif arguments:
            helps.setdefault((program, arguments[0]), "")
    for program, name in helps:
        assert MAINS[program]([name, "--help"]) == 0, (program, name)
        helps[program, name] = capsys.readouterr().out
    for path, span in mentioned:
        program, arguments = words(span)
        for flag in (each for each in arguments if program != "make" and each.startswith("--")):
            assert re.search(rf"{flag}(?![\w-])", helps[program, arguments[0]]), (path, span)


def test_make_targets_and_extras_exist():
    makefile = (ROOT / "Makefile").read_text()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    others = [line for page in PAGES for line, _ in page.commands if words(line)[0] in ("make", "pip")]
    assert {"make demo", "make test"} <= {line.strip() for line in others}
    for line in others:
        program, arguments = words(line)
        if program == "make":
            assert re.search(rf"^{arguments[0]}:", makefile, re.MULTILINE), line
        else:
            asked = re.fullmatch(r"\.(?:\[(.*)\])?", arguments[-1])
            assert arguments[0] == "install" and asked and set((asked[1] or "all").split(",")) <= set(extras), line
    table = (ROOT / "docs/guide/getting_started.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(extras)


def test_an_agent_of_ten_lines_can_enter():
    for page in (Page("README.md"), Page("docs/benchmark.md")):
        code = [line for line in page.files["mine.py"].splitlines() if line.strip() and not line.startswith("#")]
        assert len(code) <= 10 and any("benchmark --agent mine:" in line for line, _ in page.commands)


def test_the_readme_tells_the_scores_of_the_benchmark_page():
    readme, page = Page("README.md"), Page("docs/benchmark.md")
    command = next(line for line, _ in readme.commands if "benchmark --agent mine:" in line)
    assert command in [line for line, _ in page.commands]
    null, curl = (row.split("|")[4].strip() for row in page.scores[0].splitlines()[2:])
    assert f"The spring has {null} without a field and {curl} in a curl." in readme.source


def test_the_zoo_is_called_with_what_the_recipe_needs():
    source = Page("docs/learners/sb3.md").source
    call = re.search(r"python -m rl_zoo3.train --algo (\w+) --env (\S+) (?:.*\\\n)*.*", source)
    needs = re.search(rf"^{call[2]}:\n  # Needs (.*)$", zoo_text(call[1]), re.MULTILINE)
    assert needs[1] in call[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_no_number_is_still_to_come(page):
    assert gaps(page.source) == []


def test_a_gap_is_noticed():
    table = "| a | CELL |\n| - | - |\n| TQC 1 | SECONDS |\n\n"
    assert gaps(f"{table}HERTABLE\n\nThe FIRST of them\n**RESULT**\n\n```text\nOUTPUT\n```\n") == ["SECONDS", "HERTABLE", "RESULT"]


def test_the_readme_is_short_and_its_pictures_and_links_exist():
    source = Page("README.md").source
    assert len(source.splitlines()) <= 200
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", source)
    assert len(pictures) == 1 and all((ROOT / picture).stat().st_size < 100_000 for picture in pictures)
    for page in (Page("README.md"), Page("CONTRIBUTING.md")):
        links = [link for link in re.findall(r"\]\(([^)]*)\)", page.source) if "://" not in link]
        assert links and all((ROOT / link.partition("#")[0]).is_file() for link in links)
