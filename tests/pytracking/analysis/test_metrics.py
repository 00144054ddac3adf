import numpy as np
import pytest

from pytracking.analysis import metrics
from tests.reference import tracking_metrics as loops


@pytest.fixture
def boxes() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    truth = np.hstack([rng.uniform(0, 50, (200, 2)), rng.uniform(1, 40, (200, 2))])
    return truth + rng.normal(0, 6, (200, 4)).clip(-0.9 * truth), truth


def test_overlaps_and_errors_agree_with_loops_over_frames(boxes: tuple[np.ndarray, np.ndarray]) -> None:
    a, b = boxes
    pairs = list(zip(a.tolist(), b.tolist(), strict=True))
    np.testing.assert_allclose(metrics.iou(a, b), [loops.iou(p, t) for p, t in pairs], atol=1e-12)
    np.testing.assert_allclose(metrics.center_error(a, b), [loops.center_error(p, t) for p, t in pairs], atol=1e-12)
    expected = [loops.center_error(p, t, (t[2], t[3])) for p, t in pairs]
    for divide_first in (False, True):
        np.testing.assert_allclose(metrics.normalized_center_error(a, b, divide_first), expected, atol=1e-12)


def test_overlap_of_known_boxes() -> None:
    a = np.array([[0, 0, 2, 2], [0, 0, 2, 2], [0, 0, 2, 2], [5, 5, 0, 0], [np.nan] * 4], float)
    b = np.array([[1, 0, 2, 2], [0, 0, 2, 2], [2, 0, 2, 2], [5, 5, 0, 0], [0, 0, 1, 1]], float)
    np.testing.assert_allclose(metrics.iou(a, b), [1 / 3, 1, 0, 0, np.nan])


def test_a_truth_without_a_side_has_no_unit_of_length() -> None:
    a, b = np.array([[0.0, 0, 2, 2]] * 2), np.array([[0.0, 0, 0, 2], [0, 0, 2, -2]])
    for divide_first in (False, True):
        assert np.isinf(metrics.normalized_center_error(a, b, divide_first)).all()


def test_a_curve_counts_values_above_and_at_its_thresholds() -> None:
    values, thresholds = np.array([0.0, 0.5, 0.5, 1.0]), (0.0, 0.5, 1.0)
    np.testing.assert_array_equal(metrics.success_curve(values, thresholds), [0.75, 0.25, 0.0])
    np.testing.assert_array_equal(metrics.success_curve(values, thresholds, strict=False), [1.0, 0.75, 0.25])
    np.testing.assert_array_equal(metrics.precision_curve(values, thresholds), [0.25, 0.75, 1.0])


def test_sentinels_hit_and_miss_at_every_threshold() -> None:
    np.testing.assert_array_equal(metrics.precision_curve(np.array([-1.0, np.inf]), (0.0, 50.0)), [0.5, 0.5])


def test_areas_of_known_curves() -> None:
    curve = np.array([[1.0, 0.5, 0.0], [1.0, 1.0, 1.0]])
    np.testing.assert_allclose(metrics.area_under_curve(curve), [0.5, 1.0])
    np.testing.assert_allclose(metrics.area_under_curve(curve, trapezoid=True), [0.5, 1.0])
    assert metrics.area_under_curve(np.array([1.0, 1.0, 0.0]), trapezoid=True) == pytest.approx(0.75)


def test_the_curve_is_read_at_the_nearest_threshold() -> None:
    thresholds = [0.05 * i for i in range(21)]
    assert metrics.at_threshold(np.arange(21.0), thresholds, 0.75) == 15


def test_inputs_are_not_modified(boxes: tuple[np.ndarray, np.ndarray]) -> None:
    a, b = boxes
    before = a.copy(), b.copy()
    metrics.iou(a, b), metrics.normalized_center_error(a, b, True)
    metrics.success_curve(a[:, 0], (0.0,))
    np.testing.assert_array_equal(np.stack([a, b]), np.stack(before))
