import numpy as np
import pytest

from pytracking.profiling.paired_blocks import Ratio, paired_ratio


def test_a_constant_ratio_has_no_width_however_slow_the_machine_is() -> None:
    machine = np.random.default_rng(0).uniform(1, 5, 300)
    assert paired_ratio(3.0 * machine, 2.0 * machine) == Ratio(1.5, 1.5, 1.5)


def test_one_slow_block_of_both_does_not_count_more_than_others() -> None:
    base, times = np.full(300, 2.0), np.full(300, 1.0)
    base[:10], times[:10] = 2000.0, 1000.0
    assert paired_ratio(base, times).value == 2.0
    assert paired_ratio(times, base).value == 0.5


def test_the_interval_holds_the_true_ratio_as_often_as_it_says() -> None:
    """Lognormal frame times on a machine whose speed wanders: 95 % of 400 intervals hold the true 1.25."""
    rng = np.random.default_rng(1)
    hits, widths = 0, []
    for _ in range(400):
        machine = np.exp(np.cumsum(rng.normal(0, 0.05, 300)))
        base, times = (mean * machine * rng.lognormal(0, 0.2, 300) for mean in (1.25, 1.0))
        ratio = paired_ratio(base, times)
        hits += ratio.low <= 1.25 <= ratio.high
        widths.append(ratio.high - ratio.low)
    assert 0.92 <= hits / 400 <= 0.97
    # of the mean of 300 differences of two logarithms with standard deviations 0.2, twice 1.96 standard errors
    assert np.mean(widths) == pytest.approx(1.25 * 2 * 1.96 * 0.2 * (2 / 300) ** 0.5, rel=0.1)


def test_few_frames() -> None:
    assert paired_ratio(np.array([2.0]), np.array([1.0])) == Ratio(2.0, 2.0, 2.0)
    few = paired_ratio(np.array([2.0, 3.0, 2.5]), np.ones(3))
    assert 2.0 <= few.low < few.value < few.high <= 3.0
