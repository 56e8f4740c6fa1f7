"""Synthetic populations whose structure is known."""

import numpy as np

DT = 0.01
DIRECTIONS = np.arange(12) * 2 * np.pi / 12


def mixing(units, signals, rng):
    """Orthonormal axes (signals, units)."""
    return np.linalg.qr(rng.standard_normal((units, signals)))[0].T


def rotating(units=60, times=60, hz=1.5, decay=0.0, noise=0.01, seed=0, planes=3):
    """Every condition's state turns in the same planes at the same speeds (hz, hz/2, hz/4 ...), from a start of its own."""
    rng = np.random.default_rng(seed)
    time = np.arange(times) * DT
    start = rng.standard_normal((12, planes, 2)) * 0.6 ** np.arange(planes)[None, :, None]
    speed = 2 * np.pi * hz / 2.0 ** np.arange(planes)
    turn = speed[None, :] * time[:, None]
    cos, sin = np.cos(turn), np.sin(turn)
    x = start[:, None, :, 0] * cos - start[:, None, :, 1] * sin
    y = start[:, None, :, 0] * sin + start[:, None, :, 1] * cos
    signals = np.concatenate([x, y], axis=2) * np.exp(-decay * time)[:, None]
    return signals @ mixing(units, 2 * planes, rng) + noise * rng.standard_normal((12, times, units)), speed


def speed_bell(time, peak=0.3, width=0.09):
    return np.exp(-0.5 * ((time - peak) / width) ** 2)


def tuned(units=100, times=60, noise=0.01, seed=0, spread=0.1, preferred=None):
    """Velocity tuning with a latency per unit: rate = base + depth * bell(t + latency) * cos(direction - preferred)."""
    rng = np.random.default_rng(seed)
    time = np.arange(times) * DT
    latency = rng.uniform(-spread, spread, units)
    where = rng.uniform(0, 2 * np.pi, units) if preferred is None else preferred
    bell = speed_bell(time[:, None] + latency)
    tuning = np.cos(DIRECTIONS[:, None] - where)
    rates = bell[None] * (tuning[:, None] + 0.5)
    return rates + noise * rng.standard_normal(rates.shape)


def velocity(margin=0, times=60):
    """Mean hand velocity to `DIRECTIONS`, `margin` steps longer on either side."""
    bell = speed_bell(np.arange(-margin, times + margin) * DT)
    return bell[None, :, None] * np.stack([np.cos(DIRECTIONS), np.sin(DIRECTIONS)], axis=1)[:, None]
