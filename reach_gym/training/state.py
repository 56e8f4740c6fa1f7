"""The parts of a learner's checkpoint: how each kind of part is named, written, checked and given back.

Every checkpoint says which run it belongs to (`Run`) and how far that has come. Whatever else there is, a learner puts in part by
part (`Parts`) and takes out again (`Saved`): arrays under ``"prefix/name"``, histories in which NaN means that nothing was
measured, generators, the environment. What only one learner has stands in that learner's own module.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from reach_gym import checks
from reach_gym.training import checkpoint
from reach_gym.training.checkpoint import Arrays, CheckpointError

_HISTORY, _KNOWN, _ENVIRONMENT = "history", "history_known", "env"
# What the environments say of a state that they refuse, and what Python says of numbers that fit nowhere.
_REFUSALS = (TypeError, ValueError, OverflowError, LookupError, MemoryError)


@dataclass(frozen=True)
class Run:
    """Which run a checkpoint belongs to: one that goes on must be of the same.

    Attributes:
        agent: Kind of learner.
        env: The training environment's ``id`` and ``kwargs``, plain data.
        config: The settings, plain data.
        seed: Of everything that is drawn.
    """

    agent: str
    env: Mapping[str, Any]
    config: Mapping[str, Any]
    seed: int


class Spec(NamedTuple):
    """What an array must be.

    Attributes:
        dtype: Name of NumPy's type.
        shape: Length of every axis; ``None`` for any.
    """

    dtype: str
    shape: tuple[int | None, ...]

    def fits(self, array: npt.NDArray[Any]) -> bool:
        """Whether `array` is such a one."""
        lengths = len(self.shape) == array.ndim and all(a in (None, b) for a, b in zip(self.shape, array.shape, strict=True))
        return lengths and str(array.dtype) == self.dtype

    def __str__(self) -> str:
        """As in error messages, any length as ``n``."""
        axes = ", ".join("n" if length is None else str(length) for length in self.shape)
        return f"{self.dtype} ({axes}{',' if len(self.shape) == 1 else ''})"


def specs_of(values: Mapping[str, Any]) -> dict[str, Spec]:
    """What arrays, or tensors, which may be without memory, have to be in order to replace `values`."""
    return {name: Spec(str(each.dtype).removeprefix("torch."), tuple(each.shape)) for name, each in values.items()}


class Parts:
    """What is going to be a checkpoint.

    Attributes:
        arrays: Everything of size, by name.
        entries: Plain data that only this learner has.
    """

    def __init__(self, run: Run, done: int) -> None:
        """Begins with the `run`, of which so much is `done`."""
        self._run, self._done = run, done
        self.arrays: Arrays = {}
        self.entries: dict[str, Any] = {}

    def put(self, prefix: str, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
        """Adds arrays; `Saved.take` gives them back."""
        self.arrays |= {f"{prefix}/{name}": array for name, array in arrays.items()}

    def put_history(self, history: Mapping[str, Sequence[float]]) -> None:
        """Adds lists of numbers, all of one length, in which NaN means nothing; `Saved.history` gives them back."""
        values = np.array(list(history.values()), np.float64)
        known = np.isfinite(values)
        # Checkpoints refuse NaN everywhere, lest a broken network be kept.
        self.arrays |= {_HISTORY: np.where(known, values, 0.0), _KNOWN: known}

    def put_generators(self, generators: Mapping[str, np.random.Generator]) -> None:
        """Adds the states of random generators; `Saved.generator` gives each back."""
        self.entries["generators"] = {name: each.bit_generator.state for name, each in generators.items()}

    def put_environment(self, env: Any) -> None:
        """Adds the state of an environment, if it tells one; `Saved.restore_environment` gives it back."""
        state = env.unwrapped.get_state() if hasattr(env.unwrapped, "get_state") else {}
        self.put(_ENVIRONMENT, {name: value for name, value in state.items() if isinstance(value, np.ndarray)})
        self.entries["env_state"] = {name: value for name, value in state.items() if not isinstance(value, np.ndarray)}

    def save(self, directory: Path | str) -> None:
        """Writes the checkpoint; see `reach_gym.training.checkpoint.save`.

        Raises:
            CheckpointError: A number is not finite, or there is too much; the checkpoint that was there is kept.
            OSError: The files cannot be written.
        """
        run = {"agent": self._run.agent, "env": self._run.env, "config": self._run.config, "seed": self._run.seed}
        checkpoint.save(directory, self.arrays, {**run, "done": self._done, **self.entries})


class Saved:
    """A checkpoint that has been read: every part is checked when it is taken out.

    Attributes:
        arrays: All arrays, by name.
        manifest: All plain data.
        done: How much was learned.
    """

    def __init__(self, directory: Path | str, agent: str) -> None:
        """Reads the checkpoint of a learner of the kind `agent`.

        Raises:
            CheckpointError: There is none, or none of that kind.
        """
        self.arrays, self.manifest = checkpoint.load(directory)
        checkpoint.require(self.manifest, "agent", agent)
        self.done = self.count("done")

    def require_run(self, run: Run, growing: Iterable[str] = ()) -> None:
        """Refuses a checkpoint of another run.

        Args:
            run: The one that shall go on.
            growing: Settings that may have changed.

        Raises:
            CheckpointError: Environment, settings or seed differ; the message has both values.
        """
        config = self.manifest.get("config")
        free = {name: run.config[name] for name in growing}
        found = {**self.manifest, "config": {**config, **checkpoint.plain(free)} if isinstance(config, dict) else config}
        checkpoint.require(found, "env", checkpoint.plain(run.env))
        checkpoint.require(found, "config", checkpoint.plain(run.config))
        checkpoint.require(found, "seed", run.seed)

    def require_room(self, total: int, unit: str, beyond: int = 0) -> None:
        """Refuses to go on with a run that has learned more than it shall.

        Args:
            total: How much it shall learn.
            unit: What is counted.
            beyond: How much more it may have learned, where a step of learning counts as several.

        Raises:
            CheckpointError: It has learned too much.
        """
        if self.done > total + beyond:
            message = f"the checkpoint has learned {self.done} {unit}, but {total} are asked for."
            raise CheckpointError("incompatible", message)

    def count(self, name: str) -> int:
        """The entry `name` of the manifest, an integer of at least 0.

        Raises:
            CheckpointError: It is none.
        """
        value = self.manifest.get(name)
        if type(value) is not int or value < 0:
            raise CheckpointError("corrupt", f"`{name}` must be an integer of at least 0, got {checks.shown(value)}.")
        return value

    def array(self, name: str, spec: Spec) -> npt.NDArray[Any]:
        """The array `name`.

        Raises:
            CheckpointError: There is none, or it is not as `spec` says.
        """
        array = self.arrays.get(name)
        if array is None or not spec.fits(array):
            found = "nothing" if array is None else f"{array.dtype} {array.shape}"
            raise CheckpointError("corrupt", f"`{name}` must be {spec}, got {found}.")
        return array

    def take(self, prefix: str, specs: Mapping[str, Spec]) -> Arrays:
        """The arrays that `Parts.put` added under `prefix`, which have to be those of `specs`.

        Raises:
            CheckpointError: One is missing or is not as its spec says.
        """
        return {name: self.array(f"{prefix}/{name}", spec) for name, spec in specs.items()}

    def part(self, prefix: str) -> Arrays:
        """Whatever arrays there are under `prefix`, not checked."""
        return {name.removeprefix(f"{prefix}/"): each for name, each in self.arrays.items() if name.startswith(f"{prefix}/")}

    def history(self, names: Sequence[str], length: int | None = None) -> dict[str, list[float]]:
        """What `Parts.put_history` added under these `names`, in their order; of any `length` if it is ``None``.

        Raises:
            CheckpointError: It is missing, or there are other lists.
        """
        values = self.array(_HISTORY, Spec("float64", (len(names), length)))
        known = self.array(_KNOWN, Spec("bool", values.shape))
        return dict(zip(names, np.where(known, values, np.nan).tolist(), strict=True))

    def generator(self, name: str) -> np.random.Generator:
        """A generator that goes on where the one that was saved stood.

        Raises:
            CheckpointError: Its state is missing or is none.
        """
        generator = np.random.default_rng(0)
        try:
            generator.bit_generator.state = self.manifest["generators"][name]
        except (*_REFUSALS, AttributeError) as error:
            raise CheckpointError("corrupt", f"the state of the generator `{name}` is refused: {error!r}") from error
        return generator

    def restore_environment(self, env: Any) -> None:
        """Lets `env` go on where the one that was saved stood.

        Raises:
            CheckpointError: It cannot go on anywhere, or refuses the state, and is as it was.
        """
        if not hasattr(env.unwrapped, "set_state"):
            raise CheckpointError("incompatible", f"{env.unwrapped} cannot be resumed: it has no `set_state`.")
        state = self.manifest.get("env_state")
        try:
            env.unwrapped.set_state({**self.part(_ENVIRONMENT), **state} if isinstance(state, dict) else state)
        except _REFUSALS as error:
            raise CheckpointError("corrupt", f"the environment's state is refused: {error}") from error
