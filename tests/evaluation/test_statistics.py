"""The statistics agree with rliable's definitions on fixed arrays.

The expected numbers come from those definitions by other ways: by hand, by SciPy's `trim_mean` and `mannwhitneyu`, which rliable
uses, and by enumerating every resample.
"""

import itertools

import numpy as np
import pytest
from scipy import stats

from reach_gym.evaluation import statistics

RUNS = np.array([[0.1, 0.9, 0.4], [0.3, 1.1, 0.2], [0.2, 0.7, 0.6], [0.0, 1.3, 0.4], [0.5, 0.8, 0.5]])
OTHERS = np.array([[0.2, 0.8, 0.4], [0.2, 0.9, 0.1], [0.1, 1.0, 0.3]])


def test_the_interquartile_mean_by_hand():
    # 8 scores: the two lowest and the two highest go.
    assert statistics.interquartile_mean([[5.0, 1.0], [2.0, 8.0], [3.0, 100.0], [4.0, -50.0]]) == (2 + 3 + 4 + 5) / 4
    # 5 scores: floor(5 / 4) = 1 goes on either side.
    assert statistics.interquartile_mean([[1.0], [2.0], [3.0], [4.0], [50.0]]) == 3.0
    assert statistics.interquartile_mean([[7.0]]) == 7.0


@pytest.mark.parametrize("shape", [(1, 1), (3, 1), (5, 3), (4, 6), (10, 7)])
def test_the_interquartile_mean_is_a_trimmed_mean(shape):
    scores = np.random.default_rng(sum(shape)).normal(size=shape)
    assert statistics.interquartile_mean(scores) == pytest.approx(stats.trim_mean(scores, 0.25, axis=None), abs=1e-12)


@pytest.mark.parametrize("count", [2, 3, 5, 10, 11, 14, 40, 1000])
def test_the_interval_of_a_mean_is_students(count):
    values = np.random.default_rng(count).normal(3, 2, count)
    low, high = stats.t.interval(0.95, count - 1, values.mean(), stats.sem(values))
    assert statistics.mean_interval(values) == pytest.approx((values.mean(), low, high), rel=1e-3)


def test_a_single_value_has_no_interval():
    value, low, high = statistics.mean_interval([4.0])
    assert value == 4 and np.isnan(low) and np.isnan(high)
    for bad in ([], [np.nan, 1.0]):
        with pytest.raises(ValueError, match="`values`"):
            statistics.mean_interval(bad)


@pytest.mark.parametrize("hits,count", [(0, 7), (7, 7), (3, 10), (499, 500)])
def test_the_interval_of_a_share_is_wilsons(hits, count):
    low, high = stats.binomtest(hits, count).proportion_ci(method="wilson")
    assert statistics.share_interval(np.arange(count) < hits) == pytest.approx((hits / count, low, high), abs=1e-6)


def test_coverage_of_few_runs_is_what_the_command_measures():
    from benchmarks.coverage import KINDS, SEEDS, TASKS, measured

    kinds = dict(zip(("mean", "improvement"), KINDS, strict=False))
    assert TASKS == statistics._COVERED_TASKS and SEEDS == (*range(2, statistics.ENOUGH + 1),)
    for kind, seeds, tasks in (("mean", 3, 1), ("mean", 3, 8), ("mean", 2, 4), ("mean", 9, 2), ("improvement", 3, 1), ("improvement", 2, 8)):
        # 400 experiments tell a share to 0.025, one standard error.
        assert measured(kinds[kind], seeds, tasks, 400) == pytest.approx(statistics.coverage(kind, seeds, tasks), abs=0.06)
    assert measured("mean by task (Student)", 3, 1, 1000) == pytest.approx(0.95, abs=0.02)


def test_coverage_by_hand():
    assert statistics.coverage("mean", 3, 8) == statistics.coverage("mean", 3, 100) == 0.86
    assert statistics.coverage("mean", 3, 7) == statistics.coverage("mean", 3, 4) and statistics.coverage("mean", 3, 1) == 0.70
    assert statistics.coverage("mean", 1, 5) == 0 and statistics.coverage("mean", 10, 1) is None
    assert [len(rows) for rows in statistics._COVERED.values()] == [statistics.ENOUGH - 2] * 2
    for kind, runs, tasks in (("median", 3, 1), ("mean", 0, 1), ("mean", 3, 0)):
        with pytest.raises(ValueError, match="must be"):
            statistics.coverage(kind, runs, tasks)


def test_many_resamples_are_compared_some_at_a_time(monkeypatch):
    whole = statistics.improvement_interval(RUNS, OTHERS)
    monkeypatch.setattr(statistics, "_PAIRS", 100)
    assert statistics.improvement_interval(RUNS, OTHERS) == whole


def test_the_probability_of_improvement_by_hand():
    assert statistics.probability_of_improvement([[1.0], [3.0]], [[2.0], [2.0]]) == 0.5
    assert statistics.probability_of_improvement([[3.0, 0.0]], [[2.0, 0.0]]) == 0.75  # a win and a tie
    assert statistics.probability_of_improvement(RUNS, RUNS) == 0.5


def test_the_probability_of_improvement_is_that_of_mann_and_whitney():
    expected = np.mean(
        [stats.mannwhitneyu(RUNS[:, task], OTHERS[:, task], alternative="greater").statistic / 15 for task in range(3)]
    )
    assert statistics.probability_of_improvement(RUNS, OTHERS) == pytest.approx(expected, abs=1e-12)
    assert statistics.probability_of_improvement(OTHERS, RUNS) == pytest.approx(1 - expected, abs=1e-12)


def test_profiles_are_shares_strictly_above_by_hand():
    profile = statistics.performance_profile(RUNS, [-1.0, 0.0, 0.4, 0.45, 1.3])
    assert profile.share.tolist() == [1.0, 14 / 15, 8 / 15, 8 / 15, 0.0]
    assert (profile.low <= profile.share).all() and (profile.share <= profile.high).all() and profile.low[2] < profile.high[2]


def test_the_bootstrap_resamples_runs_within_tasks():
    # Two runs on two tasks have 4 x 4 equally likely resamples, and all of them can be enumerated.
    scores = np.array([[0.0, 10.0], [1.0, 14.0]])
    every = [
        np.mean([scores[a, 0], scores[b, 0], scores[c, 1], scores[d, 1]])
        for a, b, c, d in itertools.product((0, 1), repeat=4)
    ]
    drawn = statistics._resampled(scores, np.random.default_rng(0), 20_000).mean(axis=(1, 2))
    values, counts = np.unique(drawn.round(9), return_counts=True)
    expected, often = np.unique(np.round(every, 9), return_counts=True)
    assert values.tolist() == expected.tolist()
    assert np.allclose(counts / 20_000, often / 16, atol=0.01)


def test_intervals_are_percentiles_of_that_bootstrap():
    scores = np.random.default_rng(1).normal(1.0, 0.5, (6, 4))
    generator, estimates = np.random.default_rng(2), []
    for _ in range(4000):
        resample = np.stack([generator.choice(scores[:, task], 6) for task in range(4)], axis=1)
        estimates.append(stats.trim_mean(resample, 0.25, axis=None))
    low, high = np.percentile(estimates, [2.5, 97.5])
    found = statistics.interval(scores, resamples=4000)
    assert found.value == pytest.approx(stats.trim_mean(scores, 0.25, axis=None))
    assert found.low == pytest.approx(low, abs=0.02) and found.high == pytest.approx(high, abs=0.02)
    assert found.low < found.value < found.high


def test_the_same_seed_gives_the_same_bits_and_another_one_does_not():
    scores = np.random.default_rng(0).normal(size=(6, 5))
    assert statistics.interval(scores, 3) == statistics.interval(scores, 3) != statistics.interval(scores, 4)
    assert statistics.improvement_interval(RUNS, OTHERS) == statistics.improvement_interval(RUNS, OTHERS)


def test_the_interval_of_an_improvement_holds_it():
    found = statistics.improvement_interval(RUNS, OTHERS)
    assert found.value == statistics.probability_of_improvement(RUNS, OTHERS) and 0 <= found.low < found.value < found.high <= 1


@pytest.mark.parametrize("bad", [[], [1.0], [[]], [[np.nan]], [[np.inf]], [[[1.0]]]])
def test_what_is_no_matrix_of_scores_is_refused(bad):
    for function in (statistics.interquartile_mean, statistics.interval, lambda x: statistics.performance_profile(x, [0.0])):
        with pytest.raises(ValueError, match="`scores`"):
            function(bad)


def test_other_tasks_cannot_be_compared():
    with pytest.raises(ValueError, match="as many tasks, got 3 and 2"):
        statistics.probability_of_improvement(RUNS, OTHERS[:, :2])
