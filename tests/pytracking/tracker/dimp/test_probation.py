"""How long what is found after a loss is on probation."""

import pytest

from pytracking.parameter.dimp.base import LocalizationParams
from pytracking.tracker.dimp.probation import Probation


@pytest.mark.parametrize(
    ("frames", "after", "length", "expected"),
    [  # L: lost, f: found; x: on probation
        ("ffff", 1, 2, "...."),
        ("LLff", 3, 2, "...."),
        ("LLLfffff", 3, 2, "...xx..."),
        ("LfLfff", 1, 2, ".x.xx."),
        ("LLfLfff", 2, 2, "..x.x.."),  # a short loss stops the clock
        ("LLfLLfff", 2, 2, "..x..xx."),  # a long one starts it again
        ("LLLff", 3, 0, "....."),
    ],
)
def test_probation(frames: str, after: int, length: int, expected: str) -> None:
    params = LocalizationParams(probation_after=after, probation_frames=length)
    probation, held = Probation(), ""
    for frame in frames:
        held += "x" if probation.holds and frame == "f" else "."
        probation = probation.after(frame == "L", params)
    assert held == expected
