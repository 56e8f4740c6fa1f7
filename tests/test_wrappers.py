"""Gymnasium's own wrappers, scalar and vector, with every registered task: they run, and do what they are there for."""

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces, wrappers
from gymnasium.wrappers import vector

import reach_gym  # noqa: F401
from reach_gym.registration import TASKS

LIMIT, STEPS = 6, 15
every_id = pytest.mark.parametrize("env_id", sorted(TASKS))
every_info = pytest.mark.parametrize("info", ["full", "lean"])


def numeric(space):
    """Whether there are means and variances of the observations."""
    return isinstance(space, spaces.Box)


def rolled(env):
    """The results of some steps, with resets after an end unless the environment resets itself."""
    env.action_space.seed(0)
    results = [(*env.reset(seed=0),)]
    for _ in range(STEPS):
        results.append(env.step(env.action_space.sample()))
        assert env.observation_space.contains(results[-1][0]) or not numeric(env.observation_space)
        if isinstance(env, gym.Env) and (results[-1][2] or results[-1][3]):
            env.reset()
    return results


@every_info
@every_id
def test_scalar(env_id, info, tmp_path):
    def made(**kwargs):
        return gym.make(env_id, max_episode_steps=LIMIT, info=info, **kwargs)

    plain = rolled(made())
    ends = [i for i, result in enumerate(plain[1:]) if result[2] or result[3]]
    told = rolled(wrappers.RecordEpisodeStatistics(made()))
    assert [i for i, result in enumerate(told[1:]) if "episode" in result[4]] == ends and ends
    first = sum(result[1] for result in plain[1 : ends[0] + 2])
    assert told[ends[0] + 1][4]["episode"]["r"] == pytest.approx(first) and told[ends[0] + 1][4]["episode"]["l"] == ends[0] + 1
    assert all(np.isfinite(result[1]) for result in rolled(wrappers.NormalizeReward(made()))[1:])
    timed = rolled(wrappers.TimeAwareObservation(made(), flatten=False))
    times = [result[0]["time"].item() for result in timed[1:]]
    assert times[0] > timed[0][0]["time"].item() and times[1] > times[0]
    stacked = rolled(wrappers.FrameStackObservation(made(), 3))
    _latest_is(stacked[1][0], plain[1][0], 3)
    if numeric(made().observation_space):
        assert all(np.isfinite(result[0]).all() for result in rolled(wrappers.NormalizeObservation(made())))


def _latest_is(stack, seen, count):
    if isinstance(seen, dict):
        for name, part in seen.items():
            _latest_is(stack[name], part, count)
    else:
        assert len(stack) == count and np.array_equal(stack[-1], seen)


@every_info
@every_id
def test_vector(env_id, info):
    def made():
        return gym.make_vec(
            env_id, num_envs=3, vectorization_mode="vector_entry_point", max_episode_steps=LIMIT, info=info, backend="numpy"
        )

    plain = rolled(made())
    told = rolled(vector.RecordEpisodeStatistics(made()))
    for before, after in zip(plain[1:], told[1:], strict=True):
        over = before[2] | before[3]
        assert over.any() == ("episode" in after[4])
        if over.any():
            assert (after[4]["_episode"] == over).all() and (after[4]["episode"]["l"][over] <= LIMIT).all()
    assert all(np.isfinite(result[1]).all() for result in rolled(vector.NormalizeReward(made()))[1:])
    if numeric(made().single_observation_space):
        assert all(np.isfinite(result[0]).all() for result in rolled(vector.NormalizeObservation(made())))


def frames_of(folder):
    """How many frames the only video of a folder has."""
    (path,) = folder.iterdir()
    assert path.suffix == ".mp4"
    with pytest.importorskip("moviepy.video.io.VideoFileClip").VideoFileClip(str(path)) as clip:
        return round(clip.duration * clip.fps)


@every_id
def test_videos(env_id, tmp_path):
    pytest.importorskip("moviepy")
    env = wrappers.RecordVideo(
        gym.make(env_id, max_episode_steps=3, render_mode="rgb_array"), str(tmp_path / "new"), episode_trigger=lambda k: k == 0
    )
    env.reset(seed=0)
    for _ in range(3):
        _, _, terminated, truncated, _ = env.step(env.action_space.sample())
    env.close()
    assert truncated and not terminated and frames_of(tmp_path / "new") == 4


# Of Gymnasium's other wrappers above, TimeAwareObservation and FrameStackObservation have no vector form.
@pytest.mark.skipif(not hasattr(vector, "RecordVideo"), reason="this version of Gymnasium records no vector environments")
@every_id
def test_vector_videos(env_id, tmp_path):
    pytest.importorskip("moviepy")
    made = gym.make_vec(
        env_id, num_envs=2, vectorization_mode="vector_entry_point", max_episode_steps=LIMIT, backend="numpy", render_mode="rgb_array"
    )
    env = vector.RecordVideo(made, str(tmp_path / "new"), step_trigger=lambda step: step == 0, video_length=3)
    env.reset(seed=0)
    for _ in range(4):
        env.step(env.action_space.sample())
    env.close()
    assert frames_of(tmp_path / "new") >= 3
