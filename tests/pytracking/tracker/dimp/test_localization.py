from dataclasses import replace

import numpy as np
import pytest

from pytracking.parameter.dimp.base import LocalizationParams
from pytracking.tracker.dimp.localization import (
    Localization,
    MotionContext,
    Offset,
    _window,
    localize,
    subcell_argmax,
)

CELLS = 19
PARAMS = LocalizationParams(
    not_found_threshold=0.25,
    uncertain_threshold=0.4,
    far_threshold=0.5,
    found_again_threshold=0.35,
    distractor_ratio=0.8,
    swap_ratio=0.6,
    swap_margin=0.5,  # of 3.6 cells
    hard_negative_ratio=0.5,
    neighborhood_scale=2.2,
    displacement_scale=0.8,  # of half of the nine cells' radius: 3.6 cells
)
Hill = tuple[float, float, float]  # row, column, height


def _scores(*hills: Hill) -> np.ndarray:
    """Parabolas of height h, 0.1 h lower in the next cell, on a ground of -0.1."""
    rows, columns = np.mgrid[:CELLS, :CELLS]
    scores = np.full((CELLS, CELLS), -0.1)
    for row, column, height in hills:
        scores = np.maximum(scores, height * (1 - 0.1 * ((rows - row) ** 2 + (columns - column) ** 2)))
    return scores


NO_CONTEXT = MotionContext()


def _judge(scores: np.ndarray, target_size: tuple[float, float], context: MotionContext = NO_CONTEXT) -> Localization:
    return localize(scores, target_size, context, PARAMS)


def _localize(*hills: Hill, context: MotionContext = NO_CONTEXT) -> Localization:
    return _judge(_scores(*hills), (3.6, 3.6), context)


@pytest.mark.parametrize("place", [(9.0, 9.0), (9.3, 8.6), (4.45, 12.51), (0.0, 18.0)])
def test_peak_lies_between_cells(place: tuple[float, float]) -> None:
    assert subcell_argmax(_scores((*place, 0.9))) == pytest.approx(place, abs=1e-9)


def test_peak_on_a_plateau_or_border_stays_on_its_cell() -> None:
    assert subcell_argmax(np.ones((5, 5))) == (0, 0)
    assert subcell_argmax(_scores((-0.4, 5, 0.9))) == pytest.approx((0, 5))


def test_sure_target() -> None:
    found = _localize((10.25, 8.5, 0.9))
    assert found.displacement == pytest.approx((-0.5, 1.25))  # (x, y) from cell (9, 9)
    assert found.score == pytest.approx(_scores((10.25, 8.5, 0.9)).max())
    assert (found.state, found.hard_negative) == ("tracking", False)


@pytest.mark.parametrize(
    ("height", "state"), [(0.24, "lost"), (0.26, "uncertain"), (0.39, "uncertain"), (0.41, "tracking")]
)
def test_weak_peaks(height: float, state: str) -> None:
    assert _localize((9, 9, height)).state == state


def test_lost_even_with_a_secondsubcell_argmax() -> None:
    assert _localize((9, 9, 0.2), (2, 2, 0.19)).state == "lost"


def test_of_two_peaks_the_near_one_is_the_target() -> None:
    far_is_higher = _localize((9, 16, 0.9), (9, 8, 0.8))
    assert far_is_higher.displacement == pytest.approx((-1, 0), abs=1e-9)
    assert far_is_higher.score == pytest.approx(0.8)
    near_is_higher = _localize((9, 8, 0.9), (9, 16, 0.8))
    assert near_is_higher.displacement == pytest.approx((-1, 0))
    assert near_is_higher.score == pytest.approx(0.9)
    for found in (far_is_higher, near_is_higher):
        assert (found.state, found.hard_negative) == ("tracking", True)


def test_distances_are_from_the_target_s_last_place() -> None:
    """As where the crop was moved into the frame: all the same, two cells to the right and three up."""
    for place_known in (True, False):
        for hills in (((9, 9, 0.9),), ((9, 11, 0.8), (9, 4, 0.9)), ((9, 13, 0.45),), ((10, 9, 0.6), (14, 9, 0.9))):
            context = MotionContext(place_known=place_known, motion=(1.0, 0.5), distractors=((0.0, 4.0),))
            moved = replace(context, last_place=(2.0, -3.0), distractors=((2.0, 1.0),))
            found = _localize(*hills, context=context)
            again = _localize(*((y - 3, x + 2, height) for y, x, height in hills), context=moved)
            assert again.displacement == pytest.approx(np.add(found.displacement, (2, -3)))
            assert (again.state, again.hard_negative) == (found.state, found.hard_negative)


@pytest.mark.parametrize(
    ("column", "height", "context", "found"),
    [
        (12, 0.3, MotionContext(), True),
        (12, 0.3, MotionContext(lost=1), False),
        (12, 0.4, MotionContext(lost=1), True),
        (13, 0.45, MotionContext(), False),
        (13, 0.55, MotionContext(), True),
        (13, 0.45, MotionContext(lost=1), False),
        (13, 0.55, MotionContext(lost=1), True),
        (13, 0.3, MotionContext(place_known=False), True),
        (13, 0.3, MotionContext(place_known=False, lost=1), False),
        (13, 0.4, MotionContext(place_known=False, lost=1), True),
    ],
)
def test_far_away_and_after_a_loss_a_peak_has_to_be_higher(
    column: int, height: float, context: MotionContext, found: bool
) -> None:
    assert (_localize((9, column, height), context=context).state != "lost") == found


@pytest.mark.parametrize(
    ("column", "context", "found"),
    [
        (15, MotionContext(), False),
        (15, MotionContext(motion=(3.0, 0.0)), True),  # on as before
        (15, MotionContext(motion=(-3.0, 0.0)), False),
        (15, MotionContext(motion=(2.0, 0.0)), False),  # 4 cells more
        (10, MotionContext(motion=(8.0, 0.0)), True),  # it may stop, too
        (16, MotionContext(motion=(2.0, 0.0), lost=1), True),
        (18, MotionContext(motion=(2.0, 0.0), lost=1), False),
        (2, MotionContext(motion=(2.0, 0.0), lost=1), False),
    ],
)
def test_target_may_move_on_as_before(column: int, context: MotionContext, found: bool) -> None:
    assert (_localize((9, column, 0.45), context=context).state != "lost") == found


def test_near_peak_is_taken_where_the_highest_is_too_low_to_be_far_away() -> None:
    found = _localize((9, 16, 0.45), (9, 8, 0.42))
    assert found.displacement == pytest.approx((-1, 0), abs=1e-9)
    assert (found.score, found.state) == (pytest.approx(0.42), "uncertain")
    assert not found.hard_negative
    assert found.distractors == (pytest.approx((7, 0)),)


@pytest.mark.parametrize(
    ("near", "distractors", "chosen"),
    [
        (0.6, (), 4),  # nothing was there: the target has moved fast
        (0.6, ((5.0, 0.0),), 0),  # it was there before
        (0.6, ((-5.0, 3.0), (4.5, -1.0)), 0),
        (0.6, ((-5.0, 3.0),), 4),  # it was somewhere else
        (0.6, ((3.0, 5.0),), 0),  # or has it come from there?
        (0.5, ((5.0, 0.0),), 4),  # the near one is too low: 0.5 < 0.6 * 0.9
    ],
)
def test_peak_that_was_another_thing_before_is_not_the_target(
    near: float, distractors: tuple[Offset, ...], chosen: float
) -> None:
    found = _localize((9, 13, 0.9), (9, 9, near), context=MotionContext(distractors=distractors))
    assert found.displacement == pytest.approx((chosen, 0), abs=1e-6)
    assert (found.state, found.hard_negative) == ("tracking", True)
    assert found.score == pytest.approx(0.9 if chosen == 4 else near)


def test_rival_that_is_still_there_has_not_swapped() -> None:
    context = MotionContext(distractors=((5.0, 4.0),))
    still_there = _localize((9, 13, 0.9), (9, 9, 0.6), (13, 15, 0.3), context=context)
    assert still_there.displacement == pytest.approx((4, 0), abs=1e-6)
    gone = _localize((9, 13, 0.9), (9, 9, 0.6), context=context)
    assert gone.displacement == pytest.approx((0, 0), abs=1e-6)


def test_camera_that_moves_swaps_nothing() -> None:
    """Both peaks have moved by 4 cells: the target to where the rival was."""
    found = _localize((9, 13, 0.9), (9, 17, 0.65), context=MotionContext(distractors=((4.0, 0.0),)))
    assert found.displacement == pytest.approx((4, 0), abs=1e-6)


@pytest.mark.parametrize(("side", "chosen"), [(3.6, (4.0, 0.0)), (2.0, (0.0, 3.9))])
def test_margin_of_a_swap_counts_in_target_sizes(side: float, chosen: Offset) -> None:
    """Swapped, both have moved less by 1.16 cells in sum; half a target's side is 1.8, or 1."""
    scores = _scores((9, 13, 0.9), (12.9, 9, 0.7))
    found = _judge(scores, (side, side), MotionContext(distractors=((2.6, 1.8),)))
    assert found.displacement == pytest.approx(chosen, abs=0.01)


def test_swap_is_not_looked_for_where_the_last_place_is_not_known() -> None:
    context = MotionContext(place_known=False, distractors=((4.0, 0.0),))
    assert _localize((9, 13, 0.9), (9, 9, 0.6), context=context).displacement == pytest.approx((4, 0), abs=1e-6)


def test_peaks_are_apart_and_in_order() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        scores = rng.random((CELLS, CELLS))
        found = _judge(scores, (2.0, 3.0))
        places = [found.displacement, *found.distractors]
        heights = [scores[round(y) + 9, round(x) + 9] for x, y in places]
        assert len(places) == 5
        assert sorted(heights[1:], reverse=True) == pytest.approx(heights[1:])
        for i, one in enumerate(places):
            for other in places[:i]:
                apart = np.abs(np.subtract(one, other))
                assert apart[0] > 2.2 - 1 or apart[1] > 3.3 - 1


@pytest.mark.parametrize("hills", [((9, 8, 0.9), (9, 12, 0.85)), ((9, 1, 0.9), (9, 17, 0.85))])
def test_two_near_or_two_far_peaks_are_not_learned_from(hills: tuple[Hill, Hill]) -> None:
    found = _judge(_scores(*hills), (1.5, 1.5))
    assert (found.state, found.hard_negative) == ("uncertain", False)
    assert found.displacement == pytest.approx((hills[0][1] - 9, 0))


@pytest.mark.parametrize(("second", "hard"), [(0.60, True), (0.40, False), (0.22, False)])
def test_lower_second_peak_is_a_hard_negative(second: float, hard: bool) -> None:
    found = _localize((9, 9, 0.9), (9, 16, second))
    assert (found.state, found.hard_negative) == ("tracking", hard)
    assert found.displacement == pytest.approx((0, 0))


def test_where_the_last_place_is_not_known_the_highest_peak_is_the_target() -> None:
    for far, near in ((0.9, 0.8), (0.9, 0.85), (0.8, 0.9)):
        found = _localize((9, 16, far), (9, 8, near), context=MotionContext(place_known=False))
        assert found.displacement == pytest.approx((7 if far > near else -1, 0), abs=0.1)
        assert (found.state, found.hard_negative) == ("tracking", True)
        assert found.score == pytest.approx(0.9)


def test_hard_negatives_are_themselves_above_the_threshold() -> None:
    assert not _localize((9, 9, 0.45), (9, 16, 0.24)).hard_negative


def test_peaks_within_the_target_are_no_distractors() -> None:
    one_target = _judge(_scores((9, 7, 0.9), (9, 11, 0.85)), (7, 7))
    assert (one_target.state, one_target.hard_negative) == ("tracking", False)


def test_target_that_fills_the_map_leaves_no_room_for_others() -> None:
    found = _judge(_scores((9, 9, 0.9)), (30, 30))
    assert (found.state, found.hard_negative) == ("tracking", False)


def test_scores_are_not_changed() -> None:
    scores = _scores((9, 16, 0.9), (9, 8, 0.8))
    before = scores.copy()
    _judge(scores, (3, 3))
    np.testing.assert_array_equal(scores, before)


def test_a_window_prefers_the_peak_near_the_last_place() -> None:
    """As pytracking's window_output: a Hann window chooses; scores stay as they are."""
    hills = (9.0, 15.0, 0.8), (9.0, 10.0, 0.7)
    plain = replace(PARAMS, far_threshold=0.25, distractor_ratio=100.0, displacement_scale=10.0)
    assert localize(_scores(*hills), (2, 2), NO_CONTEXT, plain).displacement == pytest.approx((6, 0))
    found = localize(_scores(*hills), (2, 2), NO_CONTEXT, replace(plain, window=True))
    assert found.displacement == pytest.approx((1, 0))
    assert found.score == pytest.approx(0.7)
    assert found.hard_negative  # the other one, not weighted by the window
    moved = MotionContext(last_place=(5.0, 0.0))  # a crop that was moved into the frame
    assert localize(_scores(*hills), (2, 2), moved, replace(plain, window=True)).displacement == pytest.approx((6, 0))


def test_the_window_is_hann_s() -> None:
    np.testing.assert_allclose(_window(CELLS, NO_CONTEXT), np.outer(*[np.hanning(CELLS + 2)[1:-1]] * 2), atol=1e-12)
