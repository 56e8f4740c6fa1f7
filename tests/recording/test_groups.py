"""Groups of subjects: each one's recording is what he gives alone, and learning curves have the interval that they state."""

import numpy as np
import pytest

from reach_gym.acting.one_row import OneRow
from reach_gym.acting.rollout import held_out, make_rows
from reach_gym.planning import MinimumJerkAgent, NaiveAgent
from reach_gym.recording import Group, deviations, group_curve, record, record_group
from reach_gym.recording import subjects as subjects_module
from reach_gym.recording.sessions import DISABLED, record_subjects

CURL, LAB = "reach_gym/CursorReachCurl-v0", "reach_gym/LabReachCurl-v0"
BLOCKS = [
    {"name": "baseline", "trials": 3, "gain": 0.0, "clamp": 0.3},
    {"name": "adaptation", "trials": 6, "catch": 0.3, "clamp": 0.2, "spread": 0.2},
]
KWARGS = {"schedule": BLOCKS, "targets": "center-out", "start": [0, 0]}


class Learner:
    """Each row learns on its own how strongly it is pushed aside; it hears of every transition, and reaches less and less far."""

    def __init__(self, env):
        self.hand, self.env, rows = MinimumJerkAgent(env), env.unwrapped, env.num_envs
        self.curl, self.error, self.heard, self.paid = np.zeros(rows), np.zeros(rows), np.zeros(rows, int), np.zeros(rows)

    def reset(self, starts):
        self.hand.reset(starts)
        self.curl = np.where(starts, 0.98 * self.curl + 600 * self.error, self.curl)
        self.error = np.where(starts, 0.0, self.error)

    def act(self, observations):
        seen = self.env.sense(observations)
        (x, y), (vx, vy), (px, py) = seen.target.T, seen.velocity.T, seen.position.T
        aside = (x * py - y * px) / (np.hypot(x, y) + 1e-9)
        self.error = np.where(np.abs(aside) > np.abs(self.error), aside, self.error)
        return (self.hand.act(observations) + self.curl[:, None] * np.stack([vy, -vx], 1) / 10) * (1 + 0.01 * self.heard[:, None] % 3)

    def observe(self, transition):
        over = transition.terminated | transition.truncated
        self.heard += over
        self.paid += transition.rewards
        # What is told of the end of a trial is its own last moment, and not the first one of the next.
        end = self.env.sense(transition.next_observations).position
        self.error = np.where(over, self.error + 0.005 * end[:, 0], self.error)


def equal(a, b):
    """As recordings are compared: numbers with ==, so that a zero is a zero whatever its sign."""
    first, second = a.arrays(), b.arrays()
    return a.metadata == b.metadata and list(first) == list(second) and all(
        v.dtype == second[k].dtype and np.array_equal(v, second[k], equal_nan=v.dtype.kind == "f") for k, v in first.items()
    )


@pytest.mark.parametrize("agent", [Learner, "naive", NaiveAgent])
@pytest.mark.parametrize("kwargs", [{}, {"observation": "goal", "reward": "sparse"}, {"delay": 2, "sensory_noise": [0.001, 0.01], "history": 2}], ids=["plain", "goal", "late"])
def test_each_subject_of_a_group_is_the_one_recorded_alone(agent, kwargs):
    group = record_group(agent, CURL, 3, seed=4, env_kwargs={**KWARGS, **kwargs}, observe=True)
    assert len(group) == 3 and len({each.steps.sum() for each in group}) > 1
    for i, each in enumerate(group):
        alone = record(agent, CURL, seed=4 + i, env_kwargs={**KWARGS, **kwargs}, session=True)
        assert equal(each, alone) and each.metadata["seed"] == 4 + i and each.trial.tolist() == list(range(9))


def test_learning_goes_on_from_trial_to_trial():
    naive, learner = (record_group(each, CURL, 3, env_kwargs={**KWARGS, "schedule": None}, trials=30) for each in (MinimumJerkAgent, Learner))
    early, late = (np.abs(learner.values(deviations)[:, part]).mean() for part in (slice(0, 1), slice(20, 30)))
    assert early > 0.8 * np.abs(naive.values(deviations)).mean() and late < 0.5 * early


def test_one_after_the_other_is_the_same():
    together, apart = (record_group(Learner, CURL, 2, 1, KWARGS, 5, together) for together in (True, False))
    assert all(map(equal, together, apart))


def test_one_row_is_the_vector_environment_of_one_row():
    kwargs = {**KWARGS, "observation": "goal", "reward": "sparse", "motor_noise": [0.1, 0.1], "backend": "numpy"}
    one, rows = OneRow(CURL, kwargs), make_rows(CURL, 1, kwargs, DISABLED)
    assert one.task == rows.unwrapped.task
    for name in ("observation_space", "action_space", "single_observation_space", "single_action_space"):
        assert getattr(one, name) == getattr(rows, name)
    rng, told = np.random.default_rng(0), []
    for env in (one, rows):
        seen, info = env.reset(seed=[held_out(7)])
        told.append([(seen, *(info[key] for key in sorted(info) if not key.startswith("_")))])
    for _ in range(400):
        action = rng.normal(0, 0.6, (1, 2))
        for each, env in zip(told, (one, rows)):
            *step, info = env.step(action)
            each.append((*step, *(info[key] for key in sorted(info) if not key.startswith("_"))))
            if step[2] | step[3]:
                env.reset(options={"reset_mask": np.array([True])})
    for a, b in zip(*told):
        for x, y in zip(a, b):
            for one_part, other in zip(*(([*v.values()] if isinstance(v, dict) else [v]) for v in (x, y))):
                assert one_part.shape == other.shape and np.array_equal(one_part, other)
    with pytest.raises(ValueError, match=r"`actions` must be finite numbers of shape \(1, 2\)"):
        one.step(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="finite numbers"):
        one.step(np.full((1, 2), np.nan))


class Hasty(NaiveAgent):
    """Leaves before the cue in the first `often` attempts of each trial of the odd rows."""

    often = 2

    def __init__(self, env):
        super().__init__(env)
        self.base, self.attempts, self.number = env.unwrapped, np.zeros(env.num_envs, int), np.full(env.num_envs, -1)

    def reset(self, starts):
        super().reset(starts)
        self.attempts = np.where(starts, self.attempts + 1, self.attempts)

    def observe(self, transition):
        good = transition.truncated | (transition.terminated & (transition.rewards > 0))
        self.attempts[good] = 0

    def act(self, observations):
        calm = super().act(observations)
        hasty = (np.arange(len(calm)) % 2 == 1) & (self.attempts <= self.often)
        return np.where(hasty[:, None], np.float32(1), calm)


def repeating(monkeypatch, flags):
    """A session whose trials are repeated after a false start where the flags say so."""
    monkeypatch.setattr(subjects_module, "repeats_trials", lambda task: True)
    monkeypatch.setattr(subjects_module, "is_repeated", lambda task, trial: flags[trial])


def hasty(trials, rows=2, often=2):
    env = make_rows(LAB, rows, {"reward": "sparse"}, DISABLED)
    agent = type("Hasty", (Hasty,), {"often": often})(env)
    return record_subjects(agent, env, "hasty", list(range(rows)), trials, False)


def test_an_aborted_trial_is_done_again_where_the_table_says_so(monkeypatch):
    counted = hasty(3)
    assert counted[1].false_start.any() and counted[1].trial.tolist() == [0, 1, 2] and "repeated" not in counted[1].metadata
    repeating(monkeypatch, [True, False, True])
    calm, again = hasty(3)
    assert not calm.false_start.any() and "repeated" not in calm.metadata
    assert again.trial.tolist() == [0, 1, 2] and again.metadata["repeated"] == [0, 0, 2] and again.false_start.tolist() == [False, True, False]
    # The same trial once more: its target and its cue are those of a subject who waits.
    target = hasty(3, often=0)[1].target
    assert np.array_equal(again.target, target)


def test_a_trial_is_not_repeated_without_end(monkeypatch):
    repeating(monkeypatch, [True, True])
    _, never = hasty(2, often=1000)
    assert never.false_start.all() and never.metadata["repeated"] == [0] * 9 + [1] * 9


def test_the_curve_of_a_group():
    rng = np.random.default_rng(0)
    truth, held = np.array([0.0, 1.0, -2.0]), {"bootstrap": [], "t": []}
    for k in range(300):
        values = truth + rng.normal(0, [1.0, 0.1, 3.0], (12, 3))
        for name in held:
            curve = group_curve(values, name, seed=k)
            assert np.allclose(curve.mean, values.mean(axis=0)) and (curve.low < curve.mean).all() and (curve.mean < curve.high).all()
            held[name].append((curve.low < truth) & (truth < curve.high))
    assert 0.93 < np.mean(held["t"]) < 0.97 and 0.87 < np.mean(held["bootstrap"]) < 0.96
    again = group_curve(values, seed=5)
    assert all(map(np.array_equal, again, group_curve(values, seed=5)))
    wide, narrow = group_curve(values, "t", 0.99), group_curve(values, "t", 0.5)
    assert ((wide.high - wide.low) > 2 * (narrow.high - narrow.low)).all()


@pytest.mark.parametrize("interval", ["bootstrap", "t"])
def test_the_curve_of_a_group_with_gaps(interval):
    values = np.array([[1.0, np.nan, np.nan, 4.0], [3.0, 5.0, np.nan, 4.0]])
    curve = group_curve(values, interval)
    assert curve.count.tolist() == [2, 1, 0, 2]
    assert np.array_equal(curve.mean, [2.0, 5.0, np.nan, 4.0], equal_nan=True)
    assert np.isnan(curve.low).tolist() == np.isnan(curve.high).tolist() == [False, True, True, False]
    assert curve.low[3] == curve.high[3] == 4.0


def test_a_group_holds_sessions_of_one_length():
    one, two = record("naive", CURL, 1, session=True), record("naive", CURL, 2, session=True)
    group = Group([two, two])
    assert [*group] == [two, two] and group[1] is two and group.values(deviations).shape == (2, 2)
    assert group.curve(deviations).mean.shape == (2,)
    for bad, kind in (([], ValueError), ([one, two], ValueError), ([one, 3], TypeError)):
        with pytest.raises(kind, match="`recordings`"):
            Group(bad)
    with pytest.raises(ValueError, match="`measure` must give one number for each trial"):
        group.values(lambda recording: [1.0])


@pytest.mark.parametrize(
    ("kwargs", "kind", "name"),
    [
        ({"subjects": 0}, ValueError, "subjects"),
        ({"subjects": 1.5}, TypeError, "subjects"),
        ({"subjects": 1001}, ValueError, "subjects"),
        ({"seed": -1}, ValueError, "seed"),
        ({"seed": 2**63 - 1, "subjects": 2}, ValueError, "seed"),
        ({"trials": 0}, ValueError, "trials"),
        ({"together": 1}, TypeError, "together"),
        ({"env_kwargs": {"backend": "fast"}}, ValueError, "backend"),
    ],
)
def test_bad_groups(kwargs, kind, name):
    with pytest.raises(kind, match=f"`{name}`"):
        record_group("naive", CURL, **kwargs)


def test_an_agent_that_exists_cannot_be_made_anew():
    agent = Learner(make_rows(CURL, 1, {}))
    with pytest.raises(ValueError, match="`agent` must be a name or a class"):
        record_group(agent, CURL, 2, together=False)


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        (([1.0, 2.0],), ValueError, "`values` must be of shape"),
        ((np.zeros((0, 3)),), ValueError, "`values` must be of shape"),
        (([[np.inf]],), ValueError, "`values` must be finite or NaN"),
        (([[1.0]], "sem"), ValueError, "`interval` must be one of"),
        (([[1.0]], "t", 1.0), ValueError, "`level` must be between"),
        (([[1.0]], "t", "95"), TypeError, "`level`"),
    ],
)
def test_bad_curves(arguments, kind, words):
    with pytest.raises(kind, match=words):
        group_curve(*arguments)
