"""The filter over the target's angle."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from pytracking.parameter.dimp.base import DiMPParams
from pytracking.tracker.dimp.functions import BoxQuery, RefinedBox
from pytracking.tracker.dimp.rotation import ANGLES, SPREAD, TURN, UPRIGHT, Rotation, log_turned
from pytracking.tracker.dimp.torch_functions import TorchFunctions
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import ALWAYS_FOUND, SMALL, dimp_tracker, small_network

SHAPES = [(60.0, 80.0), (50.0, 50.0), (110.0, 280.0), (300.0, 60.0)]


def _outline_size(first: np.ndarray, angle: float) -> np.ndarray:
    """(w, h) around the points of an ellipse that is turned."""
    t = np.linspace(0, 2 * np.pi, 10_000)
    x, y = first[0] / 2 * np.cos(t), first[1] / 2 * np.sin(t)
    cos, sin = np.cos(angle), np.sin(angle)
    return np.array([np.ptp(cos * x - sin * y), np.ptp(sin * x + cos * y)])


def test_turned_sizes_are_those_of_an_ellipse() -> None:
    first = np.array([30.0, 70.0])
    expected = [_outline_size(first, angle) for angle in ANGLES]
    np.testing.assert_allclose(first * np.exp(log_turned(first)), expected, rtol=1e-4)


def _density(log_ratio: float) -> float:
    """Student's t with two degrees of freedom, without its constant factor."""
    return float((1 + (log_ratio / SPREAD) ** 2 / 2) ** -1.5)


def _plain_filter(first: np.ndarray, sizes: list[np.ndarray]) -> list[float]:
    """Probabilities of the angles in the frame after those ``sizes``: Bayes' rule, state by state."""
    last = len(ANGLES) - 1
    now = [1.0] + [0.0] * last
    for size in sizes:
        likely = []
        for angle in ANGLES:
            (log_w, log_h) = np.log(size / _outline_size(first, angle))
            likely.append(_density((log_w + log_h) / 2) * _density(log_w - log_h))
        now = [p * q for p, q in zip(now, likely, strict=True)]
        now = [p / sum(now) for p in now]
        after = [0.0] * len(ANGLES)
        for i, p in enumerate(now):
            after[0] += UPRIGHT * p
            for j, part in ((i, 1 - 2 * TURN), (min(i + 1, last), TURN), (max(i - 1, 0), TURN)):
                after[j] += (1 - UPRIGHT) * part * p
        now = after
    return now


def test_the_filter_is_bayes_rule() -> None:
    first, rotation = np.array([30.0, 70.0]), Rotation()
    draws = np.random.default_rng(0)
    sizes = [_outline_size(first, np.radians(4.0 * i)) * draws.uniform(0.9, 1.1, 2) for i in range(20)]
    for size in sizes:
        rotation = rotation.after(size, first)
    np.testing.assert_allclose(rotation.probabilities, _plain_filter(first, sizes), rtol=1e-3, atol=1e-9)


def test_a_target_that_has_not_turned_is_expected_exactly_as_in_the_first_frame() -> None:
    for first in np.random.default_rng(0).uniform(1, 900, (100, 2)):
        assert Rotation().expected_size(first).tolist() == first.tolist()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("growth", [1.0, 1.02])
def test_an_upright_target_is_expected_as_in_the_first_frame_also_where_it_comes_nearer(
    shape: tuple[float, float], growth: float
) -> None:
    first, rotation = np.array(shape), Rotation()
    for frame in range(60):
        rotation = rotation.after(first * growth**frame, first)
    np.testing.assert_allclose(rotation.expected_size(first), first, rtol=0.04)


@pytest.mark.parametrize("shape", SHAPES)
def test_it_follows_a_target_that_turns_and_turns_back(shape: tuple[float, float]) -> None:
    first, rotation = np.array(shape), Rotation()
    for frame in [*range(40), *range(40, -1, -1)]:
        size = _outline_size(first, np.radians(1.5 * frame))
        np.testing.assert_allclose(rotation.expected_size(first), size, rtol=0.2)
        rotation = rotation.after(size, first)
    np.testing.assert_allclose(rotation.expected_size(first), first, rtol=0.04)


def test_a_box_like_no_turned_one_leaves_probabilities() -> None:
    first = np.array([30.0, 40.0])
    rotation = Rotation().after(first * 1e4, first).after(first * 1e-4, first)
    assert rotation.probabilities.sum() == pytest.approx(1)
    assert (rotation.probabilities >= 0).all()


@pytest.mark.parametrize("on", [False, True])
def test_the_prior_is_around_the_expected_size_where_that_is_set(on: bool) -> None:
    """Each frame's size is what the boxes before it say."""
    sizes: list[np.ndarray] = []

    class Recorder(TorchFunctions):
        def refine_target_box(self, queries: Sequence[BoxQuery]) -> list[RefinedBox]:
            sizes.extend(query.expected_size for query in queries)
            return super().refine_target_box(queries)

    base = DiMPParams(network="unused", localization=ALWAYS_FOUND)
    params = replace(base, refinement=replace(base.refinement, rotation=on))
    tracker, rotation = dimp_tracker(small_network(), SMALL, params, functions=Recorder), Rotation()
    first = np.array([24.0, 48.0])
    box = np.array([60.0, 40.0, *first])
    tracker.initialize(noise_picture(0, 200, 150), (60.0, 40.0, 24.0, 48.0))
    for number in range(1, 4):
        expected = rotation.expected_size(first) / tracker.dimp._search_region(box, (200, 150))[1]
        sizes.clear()
        box = np.array(tracker.track(noise_picture(number, 200, 150)).box)
        rotation = rotation.after(box[2:], first) if on else rotation
        np.testing.assert_allclose(sizes, [expected], rtol=1e-6)
    assert (rotation.expected_size(first) != first).any() == on
    np.testing.assert_allclose(tracker.started.rotation.probabilities, rotation.probabilities, rtol=1e-6)
