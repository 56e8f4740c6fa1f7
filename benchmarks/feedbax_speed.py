"""``python -m benchmarks feedbax_speed``: a point mass in a curl here and in feedbax (in an environment of its own, with JAX)."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from typing import Any

import torch

from benchmarks.motornet_speed import STEPS
from benchmarks.networks import TASK, UNITS, VISCOSITY, MyNetwork, step_time, update_time
from benchmarks.speed import in_turn
from reach_gym import checks
from reach_gym.benchmark.system import on_one_core
from reach_gym.cli import shell

ROWS = 1, 32, 256  # one row shows what a step costs whatever the batch is


def network_time(rows: int) -> float:
    """CPU seconds of one training step of the network alone: through as many steps, without a task."""
    network, seen = MyNetwork(14, UNITS, 2), torch.ones(rows, 14)  # as many observations and actions as `step_time` has
    optimiser = torch.optim.Adam(network.parameters())

    def loss() -> torch.Tensor:
        state, squares = network.initial(rows), torch.zeros(())
        for _ in range(STEPS):
            action, state = network(seen, state)
            squares = squares + action.square().mean()
        return squares

    return update_time(loss, optimiser)


def their_model() -> tuple[Any, Any, Any]:
    """Their ready task, its model in our curl with our delay and without noise, and which of its leaves are trained."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        import feedbax.train as feedbax  # opens a log in the current folder
    import equinox as eqx
    import jax
    from feedbax.intervene import CurlField, add_fixed_intervenor
    from feedbax.xabdeef import point_mass_nn_simple_reaches

    settings = {"n_steps": STEPS + 1, "dt": 0.01, "hidden_size": UNITS, "feedback_delay_steps": TASK["delay"]}
    ready = point_mass_nn_simple_reaches(**settings, key=jax.random.PRNGKey(0))  # counts states; `dt` in s

    def noisy(model: Any) -> tuple[Any, Any]:
        return model.step.feedback_channels.models.add_noise, model.step.efferent_channel.add_noise

    quiet = eqx.tree_at(noisy, ready.model, (False, False))
    model = add_fixed_intervenor(quiet, lambda model: model.step.mechanics, CurlField.with_params(amplitude=VISCOSITY))
    return ready.task, model, feedbax.filter_spec_leaves(model, ready.where_train)


def their_step(rows: int) -> Callable[[], float]:
    """Each call makes one training step with the next trials and returns its CPU seconds; the first one compiles."""
    task, model, trained = their_model()
    import equinox as eqx
    import jax
    import optax
    from feedbax.intervene import AbstractIntervenor
    from feedbax.misc import BatchInfo
    from feedbax.train import TaskTrainer

    trainer = TaskTrainer(optax.adam(1e-3), checkpointing=False)
    leaves, tree = jax.tree.flatten(model, is_leaf=lambda leaf: isinstance(leaf, AbstractIntervenor))
    moments, moments_tree = jax.tree.flatten(trainer.optimizer.init(eqx.filter(eqx.filter(model, trained), eqx.is_array)))
    batch, key = BatchInfo(size=rows, start=0, current=0, total=1), jax.random.PRNGKey(1)

    def step() -> float:
        nonlocal leaves, moments, key
        begin = time.process_time()
        key, trials = jax.random.split(key)
        # What their trainer calls for every batch. It is private, but its public `batch_callbacks` fail in the revision measured.
        told: tuple[Any, ...] = task, task.loss_func, batch, leaves, tree, moments, moments_tree, trained, [], trials
        _, _, leaves, moments = jax.block_until_ready(trainer._train_step(*told))
        return time.process_time() - begin

    return step


@dataclass(kw_only=True)
class FeedbaxSpeed(shell.Command):
    """One training step of feedbax beside this package's, in one process on one core: medians and their ratio.

    Attributes:
        repeats: How often each is timed, in turn.
    """

    repeats: int = 7

    def run(self) -> None:
        """Measures and prints."""
        torch.set_num_threads(1)
        with on_one_core():  # on two, feedbax takes more CPU time, not less
            with shell.request():
                repeats = checks.integer("repeats", self.repeats, 1)
                steps = {rows: their_step(rows) for rows in ROWS}
                print(f"feedbax {version('feedbax')}, JAX {version('jax')}, PyTorch {torch.__version__}, CPU ms on one core")
            for rows, theirs in steps.items():
                compiling = theirs()
                sides = {"here": partial(step_time, "point_mass", rows, True, 1), "network": partial(network_time, rows)}
                taken = in_turn({**sides, "feedbax": theirs}, repeats)
                ours, network, feedbax = (1000 * seconds for seconds in taken.values())
                ratio = f"{feedbax / ours:.2f} times as long (compiled in {compiling:.1f} s)"
                print(f"batch {rows}: here {ours:.1f} (network alone {network:.1f}), feedbax {feedbax:.1f}, {ratio}")
