"""Intervals, tests and power: scipy as oracle, and simulations of what they promise, with scores of the real spread."""

import numpy as np
import pytest
from scipy import stats

from pytracking.analysis.statistics import (
    detectable_difference,
    difference_intervals,
    holm,
    score_intervals,
    sign_flip_p,
    student_quantile,
    weighted_mean,
)

RNG = np.random.default_rng()


@pytest.fixture(autouse=True)
def seeded() -> None:
    """The same numbers in each test, whatever ran before."""
    RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state


def skewed_scores(sequences: int, trials: int) -> np.ndarray:
    """Scores [trials, sequences] like those of a good tracker, mean 71.4, standard deviation 16.7, long to the left."""
    return 100 * RNG.beta(4.5, 1.8, (trials, sequences))


def real_differences(sequences: int, trials: int, spread: float = 14.0) -> np.ndarray:
    """Differences [trials, sequences] of two equally good trackers: many small ones, some large."""
    return RNG.laplace(0, spread / np.sqrt(2), (trials, sequences))


def covered(intervals: np.ndarray, truth: float) -> float:
    return 100 * float(((intervals[:, 0] <= truth) & (truth <= intervals[:, 1])).mean())


@pytest.mark.parametrize("sequences", [30, 280])
def test_95_of_100_intervals_of_skewed_scores_hold_the_truth(sequences: int) -> None:
    scores = skewed_scores(sequences, 2000)
    intervals = score_intervals(list(scores[:, None]), np.ones(sequences), resamples=2500)
    assert 94 <= covered(intervals, 100 * 4.5 / 6.3) <= 96
    missed = [float((intervals[:, 0] > 100 * 4.5 / 6.3).mean()), float((intervals[:, 1] < 100 * 4.5 / 6.3).mean())]
    assert max(missed) < 0.035  # on both sides


@pytest.mark.parametrize(("sequences", "spread"), [(30, 10.0), (280, 18.0)])
def test_95_of_100_intervals_of_differences_hold_the_truth(sequences: int, spread: float) -> None:
    difference = 5 + real_differences(sequences, 2000, spread)
    second = RNG.uniform(20, 80, difference.shape)
    pairs = list(zip((difference + second)[:, None], second[:, None], strict=True))
    intervals = difference_intervals(pairs, np.ones(sequences), resamples=2500)
    assert 94 <= covered(intervals, 5.0) <= 96


def test_several_runs_are_a_sample_too() -> None:
    """Runs that differ as a whole (other training seeds): not drawn, they would be missed. Five are few."""
    sequences = 100
    means = RNG.normal(70, 10, (1000, 1, sequences)) + RNG.normal(0, 2, (1000, 5, 1))
    scores = means + RNG.normal(0, 3, (1000, 5, sequences))
    intervals = score_intervals(list(scores), np.ones(sequences), resamples=1000)
    assert 91 <= covered(intervals, 70.0) <= 97
    assert covered(score_intervals(list(scores.mean(1, keepdims=True)), np.ones(sequences), 1000), 70.0) < 88


@pytest.mark.parametrize("sequences", [10, 30, 100])
def test_5_of_100_comparisons_of_equal_trackers_show_a_difference(sequences: int) -> None:
    p = sign_flip_p(real_differences(sequences, 3000), np.ones(sequences), resamples=3000)
    assert 0.04 <= (p < 0.05).mean() <= 0.06


@pytest.mark.parametrize("sequences", [30, 100])
def test_a_detectable_difference_is_detected_in_80_of_100(sequences: int) -> None:
    noise, weights = RNG.normal(0, 14, (2000, sequences)), np.ones(sequences)
    stated = np.mean([detectable_difference(row, weights) for row in noise])
    assert stated == pytest.approx(2.8 * 14 / np.sqrt(sequences), rel=0.06)
    p = sign_flip_p(noise + stated, weights, resamples=1000)
    assert 0.77 <= (p < 0.05).mean() <= 0.83


def test_the_best_of_eight_equal_trackers_is_no_better() -> None:
    """Why all pairs count where the data chose the baseline: over the others alone, 11 % would show a difference."""
    trials, trackers, sequences = 300, 8, 60
    scores = RNG.normal(0, 12, (trials, 1, sequences)) + RNG.normal(0, 10, (trials, trackers, sequences))
    pairs = [(a, b) for a in range(trackers) for b in range(a)]
    differences = np.stack([scores[:, a] - scores[:, b] for a, b in pairs], axis=1)
    p = sign_flip_p(differences.reshape(-1, sequences), np.ones(sequences), resamples=1000).reshape(trials, len(pairs))
    best = scores.mean(axis=2).argmax(axis=1)
    of_the_best = [[p[i, k] for k, pair in enumerate(pairs) if best[i] in pair] for i in range(trials)]
    wrong = np.mean([holm(p[i]).min() < 0.05 for i in range(trials)])
    assert wrong <= 0.06 < np.mean([holm(np.array(row)).min() < 0.05 for row in of_the_best])


def test_scipys_bootstrap_finds_the_same_intervals() -> None:
    scores, other = skewed_scores(150, 1)[0], skewed_scores(150, 1)[0]
    (ours,) = score_intervals([scores[None]], np.ones(150))
    theirs = stats.bootstrap((scores,), np.mean, n_resamples=9999, method="BCa", rng=RNG).confidence_interval
    assert ours == pytest.approx(list(theirs), abs=0.03 * (ours[1] - ours[0]))
    (ours,) = difference_intervals([(scores[None], other[None])], np.ones(150))
    theirs = stats.bootstrap(
        (scores, other), lambda a, b, axis: (a - b).mean(axis), n_resamples=9999, method="percentile", paired=True,
        vectorized=True, rng=RNG,
    ).confidence_interval  # fmt: skip
    assert ours == pytest.approx(list(theirs), abs=0.03 * (ours[1] - ours[0]))


@pytest.mark.parametrize(("sequences", "tolerance"), [(9, 1e-9), (13, 1e-9), (50, 0.02)])
def test_scipys_permutation_test_finds_the_same_p(sequences: int, tolerance: float) -> None:
    differences = real_differences(sequences, 3) + np.array([[0.0], [2], [4]])
    for ours, row in zip(sign_flip_p(differences, np.ones(sequences)), differences, strict=True):
        theirs = stats.permutation_test(
            (row, np.zeros_like(row)), lambda a, b, axis: (a - b).mean(axis), permutation_type="samples",
            n_resamples=9999, vectorized=True, rng=RNG,
        )  # fmt: skip
        assert ours == pytest.approx(theirs.pvalue, abs=tolerance)


def test_student_quantiles() -> None:
    for freedom in (4, 5, 8, 20, 300):
        for p in (0.025, 0.8, 0.975):
            assert student_quantile(p, freedom) == pytest.approx(stats.t.ppf(p, freedom), abs=0.01)


def test_holms_correction_by_hand() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm(np.array([0.9, 0.6])) == pytest.approx([1.0, 1.0])


def test_sequences_without_a_score_are_left_out() -> None:
    scores = skewed_scores(60, 1)
    holes = np.insert(scores, [5, 20], np.nan, axis=1)
    (whole,), (with_holes,) = (score_intervals([x], np.ones(x.shape[1])) for x in (scores, holes))
    assert with_holes == pytest.approx(whole, abs=0.05 * (whole[1] - whole[0]))
    assert sign_flip_p(holes - 70, np.ones(62)) == pytest.approx(sign_flip_p(scores - 70, np.ones(60)), abs=0.02)


def test_a_mean_over_frames_is_a_ratio() -> None:
    """Its standard error by linearisation (the delta method)."""
    scores, frames = skewed_scores(200, 1), RNG.integers(50, 2000, 200).astype(float)
    mean = weighted_mean(scores, frames)[0]
    assert mean == pytest.approx(np.average(scores[0], weights=frames))
    error = np.sqrt((frames**2 * (scores[0] - mean) ** 2).sum()) / frames.sum()
    (interval,) = score_intervals([scores], frames)
    assert interval[1] - interval[0] == pytest.approx(2 * 1.96 * error, rel=0.06)


def test_equal_scores_have_no_spread_and_few_sequences_no_interval() -> None:
    assert score_intervals([np.full((1, 9), 95.0)], np.ones(9)).tolist() == [[95.0, 95.0]]
    assert np.isnan(score_intervals([skewed_scores(4, 1)], np.ones(4))).all()
    assert np.isnan(detectable_difference(real_differences(4, 1)[0], np.ones(4)))
    assert sign_flip_p(np.zeros((1, 30)), np.ones(30)).tolist() == [1.0]


def test_the_same_scores_give_the_same_numbers() -> None:
    runs = [np.stack([skewed_scores(40, 1)[0] for _ in range(3)]) for _ in range(2)]
    for _ in range(2):
        first = score_intervals(runs, np.ones(40)), sign_flip_p(runs[0] - runs[1], np.ones(40))
        score_intervals([skewed_scores(7, 1)], np.ones(7))
        again = score_intervals(runs, np.ones(40)), sign_flip_p(runs[0] - runs[1], np.ones(40))
        assert all((a == b).all() for a, b in zip(first, again, strict=True))
