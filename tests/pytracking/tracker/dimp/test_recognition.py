"""What the first frame's filter says of where the tracker is."""

import numpy as np
import pytest

from pytracking.parameter.dimp.base import LocalizationParams
from pytracking.tracker.dimp.recognition import believed, score_near

PARAMS = LocalizationParams(not_found_threshold=0.1, uncertain_threshold=0.2)


@pytest.mark.parametrize(
    ("row", "column", "displacement", "seen"),
    [
        (9, 9, (0.0, 0.0), True),
        (3, 14, (5.0, -6.0), True),
        (3, 14, (-6.0, 5.0), False),  # x is the column
        (9, 10, (0.4, 0.0), True),  # the neighbours count
        (9, 11, (0.4, 0.0), False),
        (0, 18, (9.4, -9.4), True),  # up to the border
        (0, 18, (30.0, -30.0), True),
    ],
)
def test_the_highest_score_nearby(row: int, column: int, displacement: tuple[float, float], seen: bool) -> None:
    scores = np.full((19, 19), -0.2)
    scores[row, column] = 0.7
    assert score_near(scores, displacement) == (0.7 if seen else 0.0)
    assert score_near(scores * 10, displacement) == (1.0 if seen else 0.0)


@pytest.mark.parametrize(
    ("state", "recognition", "expected"),
    [
        ("tracking", 0.21, "tracking"),
        ("tracking", 0.19, "uncertain"),
        ("tracking", 0.09, "lost"),
        ("uncertain", 0.9, "uncertain"),
        ("uncertain", 0.09, "lost"),
        ("lost", 0.9, "lost"),
    ],
)
def test_the_worse_of_both_is_believed(state: str, recognition: float, expected: str) -> None:
    assert believed(state, recognition, PARAMS) == expected  # type: ignore[arg-type]
