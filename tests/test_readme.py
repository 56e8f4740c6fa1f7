"""The README's code and command lines run as they stand."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
# Code that begins with the name of a file is that file, which the command lines use.
FILES = {text.split()[1]: text for kind, text in BLOCKS if kind == "python" and text.startswith("# ")}
PYTHON = [text for kind, text in BLOCKS if kind == "python" and text not in FILES.values()]
CONSOLES = [[line.split("#")[0].strip() for line in text.splitlines()] for kind, text in BLOCKS if kind == "console"]
LINES = [line for lines in CONSOLES for line in lines]
COMMANDS = [line for line in LINES if line.startswith(("reach-gym", "python"))]
# Trainings are run for so many steps only.
SHORT = {"python -m agents dqn": "300", "python -m agents sb3": "6400"}


def run(arguments, cwd):
    # Two processes of tests share two cores: more threads of PyTorch than one only wait for each other.
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return subprocess.run(arguments, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)


def test_there_is_something_to_test():
    assert len(PYTHON) >= 3 and len(COMMANDS) >= 5


@pytest.mark.parametrize("code", PYTHON, ids=range(len(PYTHON)))
def test_code_blocks_run(code, tmp_path):
    done = run([sys.executable, "-W", "error", "-c", code], tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def shortened(line):
    words = shlex.split(line)
    for beginning, steps in SHORT.items():
        if line.startswith(beginning):
            place = words.index("--steps") if "--steps" in words else len(words)
            words[place : place + 2] = ["--steps", steps]
    return words


@pytest.mark.parametrize("lines", CONSOLES, ids=range(len(CONSOLES)))
def test_command_lines_run_one_after_the_other(lines, tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    for line in lines:
        if line in COMMANDS:
            words = shortened(line)
            program = [sys.executable, "-m", "reach_gym"] if words[0] == "reach-gym" else [sys.executable]
            done = run(program + words[1:], tmp_path)
            assert done.returncode == 0, (line, done.stderr)
            assert done.stdout.strip()


def test_an_agent_of_ten_lines_can_enter():
    lines = [line for line in FILES["mine.py"].splitlines() if line.strip() and not line.startswith("#")]
    assert len(lines) <= 10 and any("benchmark --agent mine:" in line for line in COMMANDS)


def test_make_targets_and_pictures_exist():
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^make (\w+)", "\n".join(LINES), re.MULTILINE) + re.findall(r"`make (\w+)`", README)
    assert targets and all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)
    pictures = re.findall(r"!\[.*?\]\((.*?)\)", README)
    assert pictures and all((ROOT / picture).is_file() for picture in pictures)
