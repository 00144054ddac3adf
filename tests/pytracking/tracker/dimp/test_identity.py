"""Whether what is followed is still the target."""

import numpy as np
import pytest

from pytracking.parameter.dimp.base import LocalizationParams
from pytracking.tracker.dimp.identity import Reacquisition, local_max_score, verify_state

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
    assert local_max_score(scores, displacement) == (0.7 if seen else 0.0)
    assert local_max_score(scores * 10, displacement) == (1.0 if seen else 0.0)


@pytest.mark.parametrize(
    ("state", "identity_score", "expected"),
    [
        ("tracking", 0.21, "tracking"),
        ("tracking", 0.19, "uncertain"),
        ("tracking", 0.09, "lost"),
        ("uncertain", 0.9, "uncertain"),
        ("uncertain", 0.09, "lost"),
        ("lost", 0.9, "lost"),
    ],
)
def test_the_worse_of_both_is_verify_state(state: str, identity_score: float, expected: str) -> None:
    assert verify_state(state, identity_score, PARAMS) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("frames", "after", "length", "expected"),
    [  # L: lost, f: found; x: not learned from
        ("ffff", 1, 2, "...."),
        ("LLff", 3, 2, "...."),
        ("LLLfffff", 3, 2, "...xx..."),
        ("LfLfff", 1, 2, ".x.xx."),
        ("LLfLfff", 2, 2, "..x.x.."),  # a short loss stops the clock
        ("LLfLLfff", 2, 2, "..x..xx."),  # a long one starts it again
        ("LLLff", 3, 0, "....."),
    ],
)
def test_what_is_found_after_a_loss_is_not_learned_from_for_some_frames(
    frames: str, after: int, length: int, expected: str
) -> None:
    params = LocalizationParams(probation_after=after, probation_frames=length)
    reacquisition, held = Reacquisition(), ""
    for frame in frames:
        held += "x" if reacquisition.is_active and frame == "f" else "."
        reacquisition = reacquisition.after(frame == "L", params)
    assert held == expected
