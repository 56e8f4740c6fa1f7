"""``reach-gym record``: an agent's trajectories as a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import gymnasium as gym

from reach_gym import checks
from reach_gym.cli import shell
from reach_gym.cli.outputs import check_recording
from reach_gym.cli.tasks import AgentCommand, vector_backend
from reach_gym.recording import Recording, check_dataset_id, record, to_minari
from reach_gym.registration import TASKS
from reach_gym.sessions.schedule import MAX_TRIALS


@dataclass(kw_only=True)
class Record(AgentCommand):
    """Record an agent's trajectories on a cursor task.

    Attributes:
        out: The file, .npz or .h5.
        minari: Write a Minari dataset of this id, such as reach/curl-v0, instead of or beside the file.
        trials: How many; without it 100, or with --session all of the schedule.
        session: One subject goes through the schedule's session; otherwise every trial is the first one of a subject of its own.
        seed: Seed of the trials.
        overwrite: Replace the file if it exists.
    """

    out: Path | None = None
    minari: str | None = None
    trials: int | None = None
    session: bool = False
    seed: int = 0
    overwrite: bool = False

    def run(self) -> None:
        """Records and writes the trials."""
        with shell.request():
            env_id, kwargs = self.env_id, self.env_kwargs
            self._check(env_id)
            backend = vector_backend(self.trials or 0)
            envs = gym.make_vec(env_id, num_envs=1, backend=backend, **kwargs)
            self.load(envs)  # a bad name is a bad request, before anything runs
            envs.close()
        keywords = {**kwargs, "backend": backend}
        with self.acting():
            recording = record(self.agent, env_id, self.trials, self.seed, keywords, self.session, self.trust)
        self._write(recording)
        print(f"{len(recording)} trials, {100 * recording.known('success').mean():.1f} % reached")

    def _check(self, env_id: str) -> None:
        if TASKS[env_id].family != "cursor":
            raise ValueError(f"Only cursor tasks are recorded, {env_id} is none; `reach-gym list` shows all.")
        if self.out is None and self.minari is None:
            raise ValueError("`--out FILE` or `--minari DATASET_ID` must say where the recording goes.")
        checks.seed(self.seed)
        if self.trials is not None:
            checks.integer("trials", self.trials, 1, MAX_TRIALS)
        if self.minari is not None:
            check_dataset_id(self.minari)
        if self.out is not None:
            check_recording(self.out, self.overwrite)

    def _write(self, recording: Recording) -> None:
        if self.out is not None:
            self.out.parent.mkdir(parents=True, exist_ok=True)
            recording.save(self.out)
            print(f"wrote {self.out}")
        if self.minari is not None:
            with shell.request():  # the id may have been taken meanwhile
                to_minari(recording, self.minari)
            print(f"wrote the Minari dataset {self.minari}")
