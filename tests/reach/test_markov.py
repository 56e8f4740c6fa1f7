"""With latency and noise off, the observation determines the future: two states that look the same go on alike under every action.

A state is a trial's after some steps; the other one differs in what only `get_state` tells. Left out is what the future is to decide:
when the cue comes, where a target is that does not show yet, the field, and the trials to come. A `force_lag` hides the force that the
hand has built up, which only a `history` shows, so there is none here.
"""

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import Phase as Search
from hypothesis import strategies as st

from reach_gym.reach.env import CursorReachEnv
from reach_gym.reach.rows import COUNT, STREAM
from reach_gym.reach.rules import Phase

# Short phases, so that a random moment often is one in which something changes.
SHORT = {"target_onset": 0.05, "go_delay": (0.0, 0.06), "time_limit": 0.35, "radius": 0.03, "speed_limit": 0.6, "hold": 0.08, "hold_radius": 0.004}
TIMES = (COUNT.step, COUNT.go, COUNT.left)
PARTS = (COUNT.step, COUNT.go, COUNT.held, COUNT.left, COUNT.false_start)

tasks = st.fixed_dictionaries(
    {
        "false_start": st.sampled_from(["fail", "abort", "ignore"]),
        "reward": st.sampled_from(["shaped", "sparse", "dense"]),
        "movement_time": st.sampled_from([None, (0.05, 0.15), (0.0, 0.1)]),
        "field": st.sampled_from([None, "curl_ccw"]),
    }
)
moments = st.tuples(st.integers(0, 2**32), st.integers(0, 45), st.sampled_from([0.0, 0.5, 0.9, 1.0]))
# Another moment of the same trial, or the same parts of the state with other numbers.
changes = st.one_of(
    st.tuples(st.just(TIMES), st.integers(-5, 5)),
    st.tuples(st.lists(st.sampled_from(PARTS), min_size=1, max_size=3, unique=True), st.integers(-4, 4)),
    st.tuples(st.just(()), st.integers(1, 9)),
)


def action_of(info, random, skill):
    """Between a random action and one that reaches the target, and that rests while there is no cue."""
    going = info["phase"] == Phase.MOVE or random.random() < 0.2
    reach = [10 * (info[f"target_{a}"] - info[f"cursor_{a}"]) - 2 * info[f"hand_v{a}"] for a in "xy"]
    return going * np.clip(skill * np.array(reach) + (1 - skill) * random.normal(0, 1, 2), -1, 1)


def trial_at(keywords, moment):
    """The environment after some steps of a trial, and its info; `None` where the trial has ended before."""
    seed, steps, skill = moment
    env, random = CursorReachEnv(**keywords), np.random.default_rng(seed)
    _, info = env.reset(seed=seed)
    for _ in range(steps):
        _, _, terminated, truncated, info = env.step(action_of(info, random, skill))
        if terminated or truncated:
            return None
    return env, info


def changed(state, change):
    """A copy of a `state` with other numbers, and with another key of the noise that there is not."""
    lines, by = change
    counts, streams = list(state["counts"]), list(state["streams"])
    for line in lines:
        counts[line] = counts[line] + by if line != COUNT.false_start else 1 - counts[line]
    if not lines:
        streams[STREAM.noise] += by
    past = [[value + by for value in moment] for moment in state["past"]]
    return {**state, "counts": counts, "streams": streams, "past": past}


def looks(env):
    return env._trial.see()  # what `step` would have returned


def decided(*envs):
    """Whether it does not depend on the future's draws in which way they go on: when the cue comes."""
    times = [(counts[COUNT.step], counts[COUNT.go]) for counts in (env.get_state()["counts"] for env in envs)]
    return all(step >= go for step, go in times) or times[0] == times[1]


def futures(env, other, info, random, skill):
    """Both go on under the same actions, until both trials have ended; whether all is the same."""
    ended = False
    while not ended:
        action = action_of(info, random, skill)
        (seen, *one, info), (look, *two, _) = env.step(action), other.step(action)
        if not np.array_equal(seen, look) or one != two:
            return False
        ended = one[1] or one[2]
    return True


def search(found, examples, phases):
    """Looks for two states that look the same and go on in different ways; counts what it has seen."""

    @settings(max_examples=examples, deadline=None, phases=phases, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(tasks, moments, changes, st.integers(0, 2**32), st.sampled_from([0.0, 0.7, 1.0]))
    def check(task, moment, change, seed, skill):
        keywords = {**SHORT, **task}
        begun = trial_at(keywords, moment)
        assume(begun is not None)
        env, info = begun
        state, other = env.get_state(), CursorReachEnv(**keywords)
        try:
            other.set_state(changed(state, change))
        except ValueError:
            found["refused"] += 1
            return
        found["different"] += 1
        if other._trial.now is None or not decided(env, other) or not np.array_equal(looks(env), looks(other)):
            return
        found["alike"] += change[0] != ()
        found["moved"] += state["counts"][COUNT.left] > 0
        found["held"] += state["counts"][COUNT.held] > 0
        found["false starts"] += state["counts"][COUNT.false_start]
        assert futures(env, other, info, np.random.default_rng(seed), skill)

    check()


def test_two_states_that_look_the_same_have_the_same_future():
    found = Counter()
    search(found, 800, list(Search))
    assert found["alike"] > 100 and found["different"] > 2 * found["alike"]
    assert min(found["moved"], found["held"], found["false starts"]) > 2


def test_a_cue_that_goes_out_hides_whether_it_has_come():
    """As in the paper: after the pulse, moving is allowed; before it, at the same time since the last event, it is not."""
    keywords = {"cue": "pulse", "go_pulse": 0.01, "target_onset": 0.05, "go_delay": (0.06, 0.2)}
    waiting, going = CursorReachEnv(**keywords), CursorReachEnv(**keywords)
    waiting.reset(seed=1, options={"target": (0.05, 0.0)})
    state = waiting.get_state()
    for env, step, go in ((waiting, 8, 20), (going, 14, 11)):
        counts = list(state["counts"])
        counts[COUNT.step], counts[COUNT.go] = step, go
        env.set_state({**state, "counts": counts})
    assert np.array_equal(looks(waiting), looks(going))
    ends = [[env.step((1.0, 0.0))[0][10] for _ in range(9)][-1] for env in (waiting, going)]
    assert ends == [1, 0]  # a false start


def masked(signal, monkeypatch):
    """Without one number of the observation."""
    blind = looks

    def seen(env):
        told = blind(env).copy()
        told[signal] = 0
        return told

    monkeypatch.setattr("tests.reach.test_markov.looks", seen)


def holds(counts):
    return counts[COUNT.held] == 1


def moves(counts):
    return counts[COUNT.step] > counts[COUNT.go] + 2


@pytest.mark.parametrize(
    "signal, keywords, when, lines, skill",
    [
        (7, {}, moves, (COUNT.step, COUNT.left), 0.0),
        (8, {"movement_time": (0.05, 0.15), "false_start": "ignore"}, moves, (COUNT.left,), 1.0),
        (9, {}, holds, (COUNT.held,), 1.0),
    ],
    ids=["clock", "time since leaving", "hold"],
)
def test_without_one_of_the_rules_signals_it_would_not(signal, keywords, when, lines, skill, monkeypatch):
    """Each is needed: here are two states that only it tells apart. The false start is told by the first two, and shown to be plain."""
    keywords = {**SHORT, **keywords}
    begun = (trial_at(keywords, (0, steps, 1.0)) for steps in range(45))
    env, info = next((env, info) for env, info in begun if when(env.get_state()["counts"]))
    state, other = env.get_state(), CursorReachEnv(**keywords)
    other.set_state(changed(state, (lines, 2)))
    assert np.flatnonzero(looks(env) != looks(other)).tolist() == [signal]
    masked(signal, monkeypatch)
    assert np.array_equal(looks(env), looks(other)) and decided(env, other)
    assert not futures(env, other, info, np.random.default_rng(0), skill)
