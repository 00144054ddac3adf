from itertools import permutations

import numpy as np
import pytest

from pytracking.tracker.dimp.distractors import MOST, REACH, REMEMBERED, Distractors

SIZE = 10.0


def _after(distractors: Distractors, *places: tuple[float, float]) -> Distractors:
    return distractors.after(np.array(places, float).reshape(-1, 2), np.linspace(0.5, 0.1, len(places)), SIZE)


def _places(distractors: Distractors) -> dict[int, tuple[float, ...]]:
    return {
        int(i): tuple(place) for i, place in zip(distractors.shown.ids, distractors.shown.places.tolist(), strict=True)
    }


def test_ids_stay_with_their_places_whatever_the_order_of_the_peaks() -> None:
    distractors = _after(_after(Distractors(), (0, 0), (30, 0)), (31, 1), (1, 0), (70, 5))
    assert _places(distractors) == {1: (1, 0), 2: (31, 1), 3: (70, 5)}
    np.testing.assert_array_equal(distractors.ages, [2, 2, 1])


def test_a_motion_that_all_share_swaps_nothing() -> None:
    """All have moved by 0.6 target sizes, the second to where the first was."""
    distractors = _after(_after(Distractors(), (0, 0), (-6, 0)), (6, 0), (0, 0))
    assert _places(distractors) == {1: (6, 0), 2: (0, 0)}


def test_two_that_cross_go_on_as_before() -> None:
    distractors = Distractors()
    for t in range(-5, 6):
        distractors = _after(distractors, (4.0 * t, 1), (-4.0 * t, -1))
    assert _places(distractors) == {1: (20, 1), 2: (-20, -1)}


@pytest.mark.parametrize(("hidden", "id"), [(1, 1), (REMEMBERED, 1), (REMEMBERED + 1, 2)])
def test_one_that_is_hidden_keeps_its_id_for_a_while(hidden: int, id: int) -> None:
    distractors = Distractors()
    for _ in range(REMEMBERED):
        distractors = _after(distractors, (5, 5))
    for _ in range(hidden):
        distractors = _after(distractors)
        assert not len(distractors.shown.ids)
    assert _places(_after(distractors, (6, 5))) == {id: (6, 5)}


def test_what_was_seen_once_is_soon_forgotten() -> None:
    distractors = _after(Distractors(), (5, 5))
    for _ in range(3):
        distractors = _after(distractors)
    assert not len(distractors.ids)
    assert _places(_after(distractors, (5, 5))) == {2: (5, 5)}


def test_matching_is_the_cheapest_of_all() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        before, now = rng.uniform(0, 20, (2, 4, 2))
        distractors = _after(Distractors(), *map(tuple, before))
        costs = ((before[:, None] - now) ** 2).sum(axis=-1) / SIZE**2
        limited = np.minimum(costs, REACH**2)
        cheapest = min(sum(limited[i, j] for i, j in enumerate(order)) for order in permutations(range(4)))
        found = distractors.after(now, np.ones(4), SIZE)
        at = {tuple(place): int(i) for i, place in zip(found.shown.ids, found.shown.places.tolist(), strict=True)}
        kept = {at[tuple(place)]: j for j, place in enumerate(now.tolist()) if at[tuple(place)] <= 4}
        total = sum(costs[i - 1, j] for i, j in kept.items()) + REACH**2 * (4 - len(kept))
        assert total == pytest.approx(cheapest)


def test_they_are_not_too_many_and_grow_with_the_picture() -> None:
    distractors = Distractors()
    for t in range(20):
        distractors = _after(distractors, *((100.0 * t, 30.0 * i) for i in range(4)))
    assert len(distractors.ids) == MOST
    larger = distractors.scaled(np.array([2.0, 3.0]))
    np.testing.assert_allclose(larger.places, distractors.places * [2, 3])
