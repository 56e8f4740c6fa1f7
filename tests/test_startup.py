"""Ctrl-C while a command is still importing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from reach_gym import startup

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends SIGINT")


def interrupted(name: str, before: str, hears_ctrl_c: Any) -> subprocess.CompletedProcess[str]:
    """A process called `name`, which imports the package, and gets SIGINT in the midst of the imports of a command."""
    code = f"""
import os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
sys.argv[0] = {name!r}
{before}
from reach_gym import startup
with startup.importing():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000): pass
    except BaseException:
        raise SyntaxError("as Python's compiler does")
"""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, preexec_fn=hears_ctrl_c, timeout=60)


@pytest.mark.parametrize("name", ["/usr/bin/reach-gym", "-m", str(ROOT / "agents" / "__main__.py"), "benchmarks/__main__.py"])
def test_a_command_just_ends(name: str, hears_ctrl_c: Any) -> None:
    done = interrupted(name, "", hears_ctrl_c)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("script.py", ""),
        ("", ""),
        ("pytest/__main__.py", ""),
        ("/usr/bin/reach-gym", "signal.signal(signal.SIGINT, lambda *_: (_ for _ in ()).throw(ValueError))"),
    ],
)
def test_in_any_other_process_nothing_changes(name: str, before: str, hears_ctrl_c: Any) -> None:
    done = interrupted(name, before, hears_ctrl_c)
    assert done.returncode == 1 and "SyntaxError: as Python's compiler does" in done.stderr


def test_somebody_who_ignores_ctrl_c_goes_on(hears_ctrl_c: Any) -> None:
    done = interrupted("/usr/bin/reach-gym", "signal.signal(signal.SIGINT, signal.SIG_IGN)", hears_ctrl_c)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_handler_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/bin/reach-gym"])
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(ImportError), startup.importing():
            assert signal.getsignal(signal.SIGINT) is startup._quit
            raise ImportError
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, former)


@pytest.mark.parametrize("package", ["reach_gym"])
def test_the_command_itself_is_guarded_from_its_first_import(package: str, hears_ctrl_c: Any) -> None:
    # Whoever asks for numpy first is interrupted just then.
    code = f"""
import os, signal, sys, runpy
sys.path.insert(0, {str(ROOT)!r})
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(1000): pass
sys.meta_path.insert(0, Interrupting())
sys.argv = ["-m", "list"]
runpy.run_module({package!r}, run_name="__main__", alter_sys=True)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, preexec_fn=hears_ctrl_c, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")
