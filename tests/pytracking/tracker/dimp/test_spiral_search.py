import numpy as np
import pytest

from pytracking.tracker.dimp.spiral_search import spiral_number, spiral_places


def test_the_spiral_goes_clockwise_around_the_origin() -> None:
    rows, columns = np.mgrid[-2:3, -2:3]
    expected = [
        [9, 10, 11, 12, 13],
        [24, 1, 2, 3, 14],
        [23, 8, 0, 4, 15],
        [22, 7, 6, 5, 16],
        [21, 20, 19, 18, 17],
    ]
    np.testing.assert_array_equal(spiral_number(columns, rows), expected)


@pytest.mark.parametrize("origin", [(50.0, 40.0), (3.0, 79.0), (-37.0, 200.0), (130.5, -90.25)])
@pytest.mark.parametrize("step", [13.0, 40.5, 500.0])
def test_the_cells_cover_the_picture_once(origin: tuple[float, float], step: float) -> None:
    width, height = 100, 80
    numbers, centers = spiral_places(origin, step, (width, height))
    assert (np.diff(numbers) > 0).all()
    y, x = np.mgrid[:height, :width] + 0.5
    within = (np.abs(x - centers[:, 0, None, None]) < step / 2) & (np.abs(y - centers[:, 1, None, None]) < step / 2)
    border = (np.abs(x - origin[0]) / step + 0.5) % 1 < 1e-9
    border |= (np.abs(y - origin[1]) / step + 0.5) % 1 < 1e-9
    assert (within.sum(axis=0)[~border] == 1).all()
    rings = np.abs(centers - origin).max(axis=1) / step
    np.testing.assert_allclose(rings, np.sort(rings))


def test_a_place_keeps_its_number_when_the_origin_moves_with_the_scene() -> None:
    before = dict(zip(*(each.tolist() for each in spiral_places((50.0, 40.0), 20.0, (100, 80))), strict=True))
    after = dict(zip(*(each.tolist() for each in spiral_places((57.0, 37.0), 20.0, (100, 80))), strict=True))
    for number in before.keys() & after.keys():
        assert after[number] == pytest.approx([before[number][0] + 7, before[number][1] - 3])
    assert len(before.keys() & after.keys()) > 15
