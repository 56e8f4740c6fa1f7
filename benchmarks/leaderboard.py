"""``python -m benchmarks leaderboard``: trains the project's agents, and scores them beside the controllers."""

from __future__ import annotations

import contextlib
import io
import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from agents.__main__ import main as train_command
from benchmarks.leaderboard_report import markdown
from reach_gym import files
from reach_gym.acting.protocol import LEARNERS
from reach_gym.benchmark.engines import Engine, make_engine
from reach_gym.cli import shell
from reach_gym.cli.benchmarking import Benchmark
from reach_gym.evaluation import suite
from reach_gym.registration import NAMESPACE

_GROUPS = tuple(dict.fromkeys(task.group for task in suite.TASKS.values()))
_POINT_MASS = ("lab", "haste", "adaptation")
TABLES = "leaderboard.md"


@dataclass(frozen=True)
class Contender:
    """Who takes part, as data.

    Attributes:
        name: In the results.
        load: What `reach_gym.acting.protocol.load_agent` takes; ``{run}`` is the run directory of this seed.
        train: Arguments of ``python -m agents`` that fill the run directory ``{run}`` with ``{seed}``; none for who
            needs no training.
        groups: Of tasks (`reach_gym.evaluation.suite.SuiteTask.group`); it takes part in the board of each.
    """

    name: str
    load: str
    train: tuple[str, ...] = ()
    groups: tuple[str, ...] = _GROUPS


def _trained(name: str, groups: str, algorithm: str, env_id: str, **more: Any) -> Contender:
    """Trained by ``python -m agents`` for the boards of `groups`, a word each; `more` are its further options."""
    options = [word for option, value in more.items() for word in (f"--{option.replace('_', '-')}", str(value))]
    usual = ("--seed", "{seed}", "--out", "{run}", "--no-progress")
    train = (algorithm, "--env", f"{NAMESPACE}/{env_id}", *options, *usual)
    return Contender(name, "{run}", train, tuple(groups.split()))


# Networks that only reach, as many updates as Sun & Plitt's first phase here; and one that then learns the curl field.
_REACH = json.dumps([{"name": "before", "trials": 1000, "gain": 0.0}])
_REACH_IN_FIELD = json.dumps([{"name": "before", "trials": 1000, "gain": 0.0}, {"name": "in the field", "trials": 600}])
_PIXELS, _CURL = "GridReachPixels-v0", "CursorReachCurl-v0"

CONTENDERS: tuple[Contender, ...] = (
    *(Contender(name, name) for name in ("ideal", "adapted", "naive", "random")),
    Contender("minimum_jerk", "minimum_jerk", groups=_POINT_MASS),
    *(Contender(name, name, groups=("adaptation",)) for name in LEARNERS),
    _trained("q_learning", "grid", "q_learning", "GridReachTabular-v0"),
    _trained("q_learning, wind", "grid", "q_learning", "GridReachTabularWind-v0"),
    _trained("dqn", "grid", "dqn", _PIXELS),
    # The field makes more of the values; twice the steps.
    _trained("dqn, curl", "grid", "dqn", "GridReachCurl-v0", env_kwargs='{"observation": "pixels"}', steps=600_000),
    *(_trained(f"sb3 {algo}", "grid", "sb3", "GridReach-v0", algo=algo) for algo in ("dqn", "ppo")),
    _trained("sb3 dqn, hindsight", "grid", "sb3", "GridReach-v0", algo="dqn", env_kwargs='{"observation": "goal"}'),
    _trained("rnn standard", "haste", "rnn", "CursorReach-v0", model="standard", session=_REACH),
    _trained("rnn buffer", "haste", "rnn", "CursorReach-v0", session=_REACH),
    _trained("rnn buffer, curl", "haste", "rnn", "CursorReach-v0", preset="curl", field="curl_ccw", session=_REACH_IN_FIELD),
    *(
        _trained(f"sb3 {algo}, cursor curl", "haste adaptation", "sb3", _CURL, algo=algo)
        for algo in ("ppo", "recurrent_ppo", "ddpg", "td3", "sac", "tqc")
    ),
    _trained("sb3 ppo, lab curl", "lab", "sb3", "LabReachCurl-v0", algo="ppo"),
    _trained("sb3 ppo, arm", "arm", "sb3", "ArmReach-v0", algo="ppo"),
    _trained("sb3 ppo, muscles", "muscle", "sb3", "MuscleReach-v0", algo="ppo"),
)


@dataclass(kw_only=True)
class Leaderboard(shell.Command):
    """Trains the agents of the leaderboard and scores them; what is there already is kept.

    Every group of tasks has a board, with results of its own; leaderboard.md has the tables of all boards of this call.

    Attributes:
        out: Directory for the trained agents and the results.
        only: Names of the contenders that take part; all unless told otherwise.
        suite: Suites or tasks, as for reach-gym benchmark.
        seeds: One trained agent, and one set of held-out trials, for each.
        engine: local, or ray for a Ray cluster, whose machines must share the directory.
        workers: How many processes; without it one per core.
        ray_address: Of the Ray cluster.
        progress: Show a progress bar if stderr is a terminal.
    """

    out: Path = Path("runs/leaderboard")
    only: list[str] | None = None
    suite: list[str] = field(default_factory=lambda: ["full", "haste", "arms", "adaptation"])
    seeds: list[int] = field(default_factory=lambda: [0, 1, 2, 3, 4])
    engine: Literal["local", "ray"] = "local"
    workers: int | None = None
    ray_address: str | None = None
    progress: bool = True

    def run(self) -> None:
        """Trains and scores.

        Raises:
            FailedError: An agent could not be trained, or failed.
        """
        with shell.request():
            contenders = self._contenders()
            engine = make_engine(self.engine, self.workers, self.ray_address)
            boards = self._boards(contenders)
            for board in boards.values():
                board.check()
        train_all([each for each in contenders if set(each.groups) & set(boards)], self.seeds, self.out, engine)
        failed = []
        for group, board in boards.items():
            print(f"{group}:")
            try:
                board.run()
            except shell.FailedError as error:  # the other boards are none the worse for it
                failed.append(str(error))
        found = {group: self._results(group) for group in boards}
        files.write(self.out / TABLES, markdown(self._command(), found).encode())
        print(f"wrote {self.out / TABLES}")
        if failed:
            raise shell.FailedError("; ".join(failed))

    def _boards(self, contenders: list[Contender]) -> dict[str, Benchmark]:
        """A benchmark for each group of which there is a task in the suites."""
        tasks, _ = suite.chosen(self.suite)
        groups: dict[str, list[str]] = {}
        for task in tasks:
            groups.setdefault(task.group, []).append(task.name)
        fitting = {group: [each for each in contenders if group in each.groups] for group in groups}
        boards = {group: self._board(group, groups[group], mine) for group, mine in fitting.items() if mine}
        if not boards:
            raise ValueError(f"`only` must name somebody for {', '.join(self.suite)}, got {', '.join(self.only or ())}.")
        return boards

    def _board(self, group: str, tasks: list[str], contenders: list[Contender]) -> Benchmark:
        results = self._results(group)
        return Benchmark(
            agent=[f"{each.name}={each.load.replace('{run}', str(run_of(each, '{seed}', self.out)))}" for each in contenders],
            suite=tasks,
            seeds=self.seeds,
            out=results,
            resume=results.exists(),
            engine=self.engine,
            workers=self.workers,
            ray_address=self.ray_address,
            progress=self.progress,
        )

    def _results(self, group: str) -> Path:
        """Where the results of a board are."""
        return self.out / f"results-{group}"

    def _command(self) -> str:
        """How to get the same boards."""
        only = ["--only", *self.only] if self.only is not None else []
        words = ["--seeds", *map(str, self.seeds), "--suite", *self.suite, *only]
        return f"python -m benchmarks leaderboard {shlex.join(words)}"

    def _contenders(self) -> list[Contender]:
        names = [each.name for each in CONTENDERS]
        for name in self.only or ():
            if name not in names:
                raise ValueError(f"`only` must name some of {', '.join(names)}, got {name!r}.")
        return [each for each in CONTENDERS if self.only is None or each.name in self.only]


def run_of(contender: Contender, seed: int | str, out: Path) -> Path:
    """The run directory of a contender that was trained with `seed`."""
    return out / "trained" / f"{contender.name.replace(',', '').replace(' ', '-')}-{seed}"


def train_all(contenders: list[Contender], seeds: list[int], out: Path, engine: Engine) -> None:
    """Trains those that need it and have no complete run by the same arguments yet, all seeds, wherever the `engine` works.

    Raises:
        FailedError: One could not be trained.
    """
    runs = [(each, seed, run_of(each, seed, out)) for each in contenders if each.train for seed in seeds]
    todo = [(str(run), _arguments(each, seed, run)) for each, seed, run in runs if not is_trained(each, seed, run)]
    for done in engine.run(train, todo):
        error = done.error or done.value
        print(f"trained {todo[done.place][0]}" if not error else f"failed: {todo[done.place][0]}")
        if error:
            raise shell.FailedError(f"{todo[done.place][0]} could not be trained: {error}")


def train(item: tuple[str, list[str]]) -> str:
    """Fills one run directory; returns what went wrong, or nothing. A run that was broken off begins anew."""
    run, arguments = item
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        code = train_command([*arguments, *(["--overwrite"] if Path(run).exists() else [])])
    if code:
        return " ".join(output.getvalue().split()) or f"exit code {code}"
    files.write(_done(Path(run)), (json.dumps(arguments) + "\n").encode())
    return ""


def is_trained(contender: Contender, seed: int, run: Path) -> bool:
    """Whether `run` is complete, and of the arguments that the contender has now."""
    done = _done(run)
    return run.is_dir() and done.exists() and done.read_text() == json.dumps(_arguments(contender, seed, run)) + "\n"


def _arguments(contender: Contender, seed: int, run: Path) -> list[str]:
    return [part.replace("{seed}", str(seed)).replace("{run}", str(run)) for part in contender.train]


def _done(run: Path) -> Path:
    """The file that says that a run is complete, and by which arguments."""
    return run.with_name(f"{run.name}.done")
