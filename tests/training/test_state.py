"""The parts of a checkpoint: each comes back as it was, or is refused by its name."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from agents.common.spaces import spaces_of, take_spaces
from reach_gym.training import checkpoint
from reach_gym.training.checkpoint import CheckpointError
from reach_gym.training.state import Parts, Run, Saved, Spec, specs_of
from reach_gym.training.tensors import put_adam, put_weights, restore_adam, take_adam, take_weights

RUN = Run("test", {"id": "task", "kwargs": {"size": (3, 4)}}, {"alpha": 0.5, "layers": (8, 8), "steps": 10}, 7)


class World:
    """An environment with a state of arrays and plain data."""

    def __init__(self) -> None:
        self.unwrapped, self.state = self, {"place": np.arange(3), "name": "here", "fields": [None, {"gain": 2.0}]}

    def get_state(self) -> dict[str, Any]:
        return self.state

    def set_state(self, state: dict[str, Any]) -> None:
        if set(state) != {"place", "name", "fields"} or state["place"].shape != (3,):
            raise ValueError("not mine")
        self.state = state


def parts() -> Parts:
    made = Parts(RUN, 4)
    made.put("rows", {"a": np.arange(4), "b.c/d": np.ones((2, 3), np.float32)})
    made.put_history({"loss": [1.0, math.nan, math.inf, 0.0], "hits": [0.0, 1.0, 2.0, 3.0]})
    made.put_generators({"one": np.random.default_rng(3)})
    made.put_environment(World())
    return made


def test_every_part_comes_back(tmp_path: Path) -> None:
    parts().save(tmp_path)
    saved = Saved(tmp_path, "test")
    saved.require_run(RUN)
    assert saved.done == 4
    wanted = {"a": Spec("int64", (4,)), "b.c/d": Spec("float32", (None, 3))}
    taken = saved.take("rows", wanted)
    assert taken["a"].tolist() == [0, 1, 2, 3] and taken["b.c/d"].tolist() == [[1.0] * 3] * 2
    history = saved.history(("loss", "hits"), 4)
    assert [math.isnan(each) for each in history["loss"]] == [False, True, True, False] and history["loss"][0] == 1.0
    assert history["hits"] == [0.0, 1.0, 2.0, 3.0]
    assert saved.generator("one").random(3).tolist() == np.random.default_rng(3).random(3).tolist()
    world = World()
    world.state = {}
    saved.restore_environment(world)
    assert world.state["place"].tolist() == [0, 1, 2] and world.state["fields"] == [None, {"gain": 2.0}]


@pytest.mark.parametrize(
    ("use", "word"),
    [
        (lambda saved: saved.take("rows", {"c": Spec("int64", (4,))}), "`rows/c` must be int64 \\(4,\\), got nothing"),
        (lambda saved: saved.take("rows", {"a": Spec("int32", (None,))}), "int32 \\(n,\\), got int64 \\(4,\\)"),
        (lambda saved: saved.take("rows", {"a": Spec("int64", (None, None))}), "int64 \\(n, n\\), got int64"),
        (lambda saved: saved.take("rows", {"a": Spec("int64", (5,))}), "\\(5,\\), got int64 \\(4,\\)"),
        (lambda saved: saved.history(("loss",)), "history"),
        (lambda saved: saved.history(("loss", "hits"), 5), "history"),
        (lambda saved: saved.generator("two"), "`two` is refused"),
        (lambda saved: saved.count("seeds"), "`seeds` must be an integer"),
        (lambda saved: saved.restore_environment(type("None", (), {"unwrapped": 3})()), "no `set_state`"),
        (lambda saved: saved.require_room(3, "steps"), "has learned 4 steps, but 3 are asked for"),
        (lambda saved: saved.require_room(1, "steps", beyond=2), "has learned 4 steps, but 1 are"),
        (lambda saved: saved.require_run(Run("test", {"id": "other", "kwargs": {"size": [3, 4]}}, RUN.config, 7)), "'other'"),
        (lambda saved: saved.require_run(Run("test", RUN.env, {**RUN.config, "alpha": 1}, 7)), "{'alpha': 0.5}, but {'alpha': 1}"),
        (lambda saved: saved.require_run(Run("test", RUN.env, RUN.config, 8)), "seed 7, but 8"),
        (lambda saved: take_spaces(saved), "`spaces` must tell"),
    ],
)
def test_what_is_not_there_is_refused_by_name(use: Any, word: str, tmp_path: Path) -> None:
    parts().save(tmp_path)
    with pytest.raises(CheckpointError, match=word):
        use(Saved(tmp_path, "test"))


def test_settings_may_grow_where_they_may(tmp_path: Path) -> None:
    parts().save(tmp_path)
    saved, grown = Saved(tmp_path, "test"), Run("test", RUN.env, {**RUN.config, "steps": 99}, 7)
    saved.require_run(grown, growing=("steps",))
    saved.require_room(4, "steps")
    saved.require_room(2, "steps", beyond=2)
    with pytest.raises(CheckpointError, match="'steps': 10"):
        saved.require_run(grown)


def test_another_learner_does_not_read_it(tmp_path: Path) -> None:
    parts().save(tmp_path)
    with pytest.raises(CheckpointError, match="agent 'test', but 'other'"):
        Saved(tmp_path, "other")


def test_an_environment_that_tells_no_state_is_no_hindrance_until_it_shall_go_on(tmp_path: Path) -> None:
    made = Parts(RUN, 0)
    made.put_environment(type("Plain", (), {"unwrapped": 3})())
    made.save(tmp_path)
    world = World()
    with pytest.raises(CheckpointError, match="state is refused: not mine"):
        Saved(tmp_path, "test").restore_environment(world)
    assert world.state["name"] == "here"


@pytest.mark.parametrize("steps", [0, 3])
def test_a_network_and_its_optimiser_go_on_bit_for_bit(steps: int, tmp_path: Path) -> None:
    def made() -> tuple[torch.nn.Module, torch.optim.Optimizer]:
        network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 1))
        with torch.no_grad():
            for k, weight in enumerate(network.parameters()):
                weight.copy_(torch.linspace(-1, 1, weight.numel()).reshape(weight.shape) + k)
        return network, torch.optim.Adam(network.parameters(), 0.1)

    def learn(network: torch.nn.Module, optimiser: torch.optim.Optimizer, count: int) -> None:
        for _ in range(count):
            optimiser.zero_grad()
            network(torch.tensor([[0.3, -0.7]])).square().sum().backward()
            optimiser.step()

    whole, first, second = made(), made(), made()
    learn(*whole, steps + 2)
    learn(*first, steps)
    out = Parts(RUN, steps)
    put_weights(out, "network", first[0].state_dict())
    put_adam(out, first[1], first[0])
    out.save(tmp_path)
    saved = Saved(tmp_path, "test")
    assert len(saved.part("adam")) == (12 if steps else 0)
    adam = take_adam(saved, second[0], begun=steps > 0)
    second[0].load_state_dict(take_weights(saved, "network", second[0]))
    restore_adam(second[1], second[0], adam)
    learn(*second, 2)
    for mine, other in zip(whole[0].parameters(), second[0].parameters(), strict=True):
        assert torch.equal(mine, other)
    with pytest.raises(CheckpointError, match="`network/0.weight` must be float32 \\(4, 2\\)"):
        take_weights(saved, "network", torch.nn.Sequential(torch.nn.Linear(2, 4)))
    if steps:
        arrays, manifest = checkpoint.load(tmp_path)
        del arrays["adam/1.bias/step"]
        checkpoint.save(tmp_path, arrays, manifest)
        with pytest.raises(CheckpointError, match="`adam/1.bias/step` must be float32 \\(\\), got nothing"):
            take_adam(Saved(tmp_path, "test"), second[0], begun=True)


def test_specs_are_those_of_arrays_and_tensors_even_without_memory() -> None:
    values = {"a": np.zeros((2, 3), np.uint8), "b": torch.zeros(4), "c": torch.empty(10**6, 10**6, device="meta")}
    assert specs_of(values) == {"a": ("uint8", (2, 3)), "b": ("float32", (4,)), "c": ("float32", (10**6, 10**6))}


def test_spaces_are_told_by_what_a_network_depends_on() -> None:
    from gymnasium import spaces

    told = spaces_of(spaces.Box(-1, 1, (7,)), spaces.Discrete(8))
    assert told == {
        "observations": {"kind": "Box", "shape": [7], "dtype": "float32"},
        "actions": {"kind": "Discrete", "shape": [], "dtype": "int64", "n": 8},
    }
    assert spaces_of(spaces.Dict({"a": spaces.Discrete(2)}), spaces.Discrete(8))["observations"]["shape"] is None
