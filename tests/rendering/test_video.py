"""Videos: what a player gets back, and that a failure leaves nothing behind."""

import sys

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.wrappers import RecordVideo

import reach_gym  # noqa: F401
from reach_gym.rendering.video import check_video_path, write_video


def frames(count, height=48, width=64):
    for i in range(count):
        frame = np.full((height, width, 3), 250, np.uint8)
        frame[10:20, 4 * i : 4 * i + 10] = (220, 80, 40)
        yield frame


def test_gif_round_trip(tmp_path):
    from PIL import Image

    path = tmp_path / "new" / "a.gif"
    write_video(path, frames(6), 8.0)
    with Image.open(path) as gif:
        assert gif.n_frames == 6
        assert gif.info["loop"] == 0
        assert gif.info["duration"] in (120, 130)
        for i in (0, 5):
            gif.seek(i)
            back = np.asarray(gif.convert("RGB")).astype(int)
            assert np.abs(back - list(frames(6))[i]).max() < 12
    assert [p.name for p in path.parent.iterdir()] == ["a.gif"]


def test_gif_is_small(tmp_path):
    noise = np.random.default_rng(0).choice(np.array([20, 200, 250], np.uint8), (200, 200))
    still = np.repeat(noise[:, :, None], 3, axis=2)
    moving = [still.copy() for _ in range(12)]
    for i, frame in enumerate(moving):
        frame[:3, :3] = frame[-3:, -3:] = 60 * (i % 2)  # in two corners, so that no rectangle stays
    write_video(tmp_path / "one.gif", moving[:1], 8.0)
    write_video(tmp_path / "all.gif", moving, 8.0)
    assert (tmp_path / "all.gif").stat().st_size < 2 * (tmp_path / "one.gif").stat().st_size


def test_no_frame_of_a_gif_is_too_short_for_viewers(tmp_path):
    from PIL import Image

    write_video(tmp_path / "a.gif", frames(3), 120)
    with Image.open(tmp_path / "a.gif") as gif:
        assert gif.info["duration"] == 20


@pytest.mark.parametrize("shape", [(48, 64), (47, 63)])
def test_mp4_round_trip(tmp_path, shape):
    import imageio.v3 as iio

    path = tmp_path / "a.mp4"
    write_video(path, frames(6, *shape), 10)
    back = iio.imread(path).astype(int)
    assert back.shape == (6, 48, 64, 3)
    expected = list(frames(6, *shape))[5]
    assert np.abs(back[5][: shape[0], : shape[1]] - expected).mean() < 6
    assert iio.immeta(path)["fps"] == 10
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize("name", ["a.avi", "a", "a.gif.txt"])
def test_other_endings_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"`path` must end in \.gif or \.mp4"):
        write_video(tmp_path / name, frames(2), 5)


def test_a_folder_is_refused(tmp_path):
    (tmp_path / "x.gif").mkdir()
    with pytest.raises(IsADirectoryError, match="is a folder"):
        check_video_path(tmp_path / "x.gif")


@pytest.mark.parametrize("suffix", [".gif", ".mp4"])
@pytest.mark.parametrize(
    ("made", "error", "message"),
    [
        ([], ValueError, "at least one frame"),
        ([np.zeros((4, 4, 3))], TypeError, r"`frames\[0\]` must be a uint8 array"),
        ([np.zeros((4, 4), np.uint8)], ValueError, r"`frames\[0\]` must have the shape \(height, width, 3\)"),
        (
            [np.zeros((4, 4, 3), np.uint8), np.zeros((4, 6, 3), np.uint8)],
            ValueError,
            r"`frames\[1\]` must have the shape \(4, 4, 3\), got \(4, 6, 3\)",
        ),
    ],
)
def test_bad_frames_leave_nothing_behind(tmp_path, suffix, made, error, message):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"older")
    with pytest.raises(error, match=message):
        write_video(path, made, 5)
    assert path.read_bytes() == b"older"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("fps", [0, -1, float("nan"), 1000])
def test_bad_rates(tmp_path, fps):
    with pytest.raises(ValueError, match="`fps` must be a finite number from"):
        write_video(tmp_path / "a.gif", frames(2), fps)


@pytest.mark.parametrize("suffix", [".gif", ".mp4"])
def test_missing_extra(monkeypatch, suffix):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r'run `pip install "reach-gym\[render\]"`'):
        check_video_path(f"a{suffix}")


@pytest.mark.parametrize("env_id", ["reach_gym/GridReach-v0", "reach_gym/CursorReachCurl-v0"])
@pytest.mark.filterwarnings("ignore:::moviepy", "ignore::SyntaxWarning", "ignore::DeprecationWarning")
def test_gymnasiums_own_wrapper_records_with_the_extra(tmp_path, env_id):
    pytest.importorskip("moviepy")
    env = RecordVideo(gym.make(env_id, render_mode="rgb_array", max_episode_steps=5), str(tmp_path / "new"))
    env.reset(seed=0)
    while not any(env.step(env.action_space.sample())[2:4]):
        pass
    env.close()
    assert [path.suffix for path in (tmp_path / "new").iterdir()] == [".mp4"] and next((tmp_path / "new").iterdir()).stat().st_size > 1000


def test_importing_the_module_loads_no_encoder():
    import subprocess

    code = (
        "import sys, reach_gym.rendering.video;"
        "print([name for name in ('imageio', 'PIL', 'pygame') if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
