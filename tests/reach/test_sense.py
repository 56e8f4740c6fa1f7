"""`env.sense` reads nothing but the observations that it is given, whatever a wrapper has done to them."""

import numpy as np
import pytest

from reach_gym.errors import NotApplicableError
from reach_gym.reach.env import CursorReachEnv
from reach_gym.reach.vector_env import CursorReachVectorEnv

ROWS = 3
SCALAR = lambda **keywords: CursorReachEnv(**keywords)
VECTOR = lambda **keywords: CursorReachVectorEnv(ROWS, backend="numpy", **keywords)
KINDS = [{}, {"delay": 3}, {"history": 2}, {"delay": 2, "history": 3, "sensory_noise": (0.002, 0.02)}, {"preset": "lab", "targets": "uniform"}]
makers = pytest.mark.parametrize("make", [SCALAR, VECTOR], ids=["scalar", "vector"])


def after(make, steps, **keywords):
    """An environment after some steps, and its observations as a batch."""
    env = make(**keywords)
    seen, _ = env.reset(seed=3)
    rows = getattr(env, "num_envs", None)
    for _ in range(steps):
        seen = env.step(np.full((rows or 1, 2), 0.2)[0 if rows is None else slice(None)])[0]
    if rows is None:
        seen = {name: part[None] for name, part in seen.items()} if isinstance(seen, dict) else seen[None]
    return env, seen


@makers
@pytest.mark.parametrize("keywords", KINDS, ids=str)
def test_what_a_wrapper_has_written_is_what_is_sensed(make, keywords):
    env, seen = after(make, 5, **keywords, start=(0.01, 0.02))
    seen = seen.copy()
    rows = len(seen)
    for step, (visible, cue, false_start) in enumerate(np.ndindex(2, 2, 2)):
        seen[:, :2], seen[:, 2] = 0.3, cue
        seen[:, 3:7] = [0.1 * step, -0.2, 0.5, -1.0]
        seen[:, 10], seen[:, 11] = false_start, visible
        sensed = env.sense(seen)
        place = [0.03, 0.03] if visible else [0.01, 0.02]
        assert sensed.target == pytest.approx(np.tile(place, (rows, 1)), rel=1e-6)
        assert sensed.position == pytest.approx(np.tile([0.01 * step, -0.02], (rows, 1)), abs=1e-8)
        assert sensed.velocity == pytest.approx(np.tile([0.25, -0.5], (rows, 1)), rel=1e-6)
        assert (sensed.visible == visible).all() and (sensed.go == cue).all() and (sensed.false_start == false_start).all()
        assert {part.shape for part in sensed} == {(rows, 2), (rows,), (rows, 0)}
        assert {part.dtype.kind for part in sensed} == {"f", "b"}


@makers
def test_so_it_is_with_goals(make):
    env, seen = after(make, 5, observation="goal", reward="sparse", delay=2)
    seen["desired_goal"][:] = 0.04, -0.07
    seen["observation"][:, 9] = 1
    seen["achieved_goal"][:] = 9.0  # where the cursor really is, which is none of what is sensed
    seen["observation"][:, :5] = 1, 0.5, -0.5, 0.4, 0.2
    sensed = env.sense(seen)
    rows = len(seen["observation"])
    assert sensed.target.tolist() == [[0.04, -0.07]] * rows and sensed.go.all() and sensed.visible.all()
    assert sensed.position == pytest.approx(np.tile([0.05, -0.05], (rows, 1))) and sensed.velocity == pytest.approx(np.tile([0.2, 0.1], (rows, 1)))
    seen["observation"][:, 9] = 0
    assert (env.sense(seen).target == 0.0).all() and not env.sense(seen).visible.any()


@makers
@pytest.mark.parametrize("keywords", [{}, {"rotation": 20.0, "delay": 4}, {"observation": "goal", "reward": "sparse"}], ids=str)
def test_unchanged_observations_say_what_was(make, keywords):
    delay = keywords.get("delay", 0)
    env = make(**keywords)
    seen, info = env.reset(seed=3)
    infos, rows = [info], getattr(env, "num_envs", None)
    for step in range(1, 41):
        action = np.array([0.2, -0.1]) * (step % 7 < 3)
        seen, *_, info = env.step(action if rows is None else np.tile(action, (rows, 1)))
        infos.append(info)
        batch = seen if rows else {name: part[None] for name, part in seen.items()} if isinstance(seen, dict) else seen[None]
        sensed, then = env.sense(batch), infos[max(0, step - delay)]
        for k, axis in enumerate("xy"):
            assert sensed.position[:, k] == pytest.approx(np.atleast_1d(then[f"cursor_{axis}"]), abs=1e-7)
            assert sensed.target[:, k] == pytest.approx(np.atleast_1d(then[f"target_{axis}"] * (np.array(then["phase"]) > 0)), abs=1e-7)
        assert sensed.go.tolist() == (np.atleast_1d(then["phase"]) == 2).tolist()
        assert sensed.visible.tolist() == (np.atleast_1d(then["phase"]) > 0).tolist()
        assert sensed.false_start.tolist() == np.atleast_1d(then["false_start"]).tolist()
    assert sensed.go.all() and sensed.false_start.any()


@makers
def test_a_picture_has_no_sense(make):
    env, seen = after(make, 1, observation="pixels")
    with pytest.raises(NotApplicableError, match="use the observation 'vector'"):
        env.sense(seen)
