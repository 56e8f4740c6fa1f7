"""Activity whose units do what a test says, in trials of an agent that reaches."""

import numpy as np

from reach_gym.neural import Activity, record_activity
from reach_gym.planning import MinimumJerkAgent

ENV = "reach_gym/CursorReachCenterOut-v0"
# Trials of 1 s that last until their end, with the longest wait of the paper.
WHOLE = {"preset": "sun_plitt", "max_episode_steps": 100, "hold": 1.0, "go_delay": 0.09}


class Clock:
    """A reaching agent whose units tell the step of the trial and the row's number."""

    def __init__(self, env):
        self.hand, self.states = MinimumJerkAgent(env), np.zeros((env.num_envs, 2))
        self.states[:, 1] = np.arange(env.num_envs)

    def reset(self, starts):
        self.hand.reset(starts)
        self.states[starts, 0] = -1

    def act(self, observations):
        self.states[:, 0] += 1
        return self.hand.act(observations)


def clocked(kwargs=None, trials=20):
    return record_activity(Clock, ENV, trials, env_kwargs=kwargs)


def made(base, rate):
    """An activity whose unit k fires as ``rate(direction, time from the cue)[..., k]`` says, the same in all trials of a direction."""
    time = (np.arange(base.rates.shape[1]) - base.recording.go[:, None]) * 0.01
    direction = np.broadcast_to(base.direction[:, None], time.shape)
    return Activity(np.stack(rate(direction, time), axis=-1).astype(np.float32), base.recording)


def planar(shift=0.0, turn=0.0):
    """Two units prepare the direction, two move; the fifth is the same for all directions."""

    def rate(direction, time):
        d, moving = direction + turn, 1.0 * (time > 0) * np.clip(time, 0, 0.5)
        return [np.cos(d), np.sin(d), moving * np.cos(d), moving * np.sin(d), shift + 0 * d]

    return rate
