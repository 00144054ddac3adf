"""What the number that a box branch gives for a box means."""

from typing import Literal

BoxPrediction = Literal["log_density", "overlap"]
"""log_density: f(x, y) of p(y|x) = exp f(x, y) / Z(x), of the energy-based losses. overlap: 2 IoU - 1 with the target's
box (ATOM, DiMP)."""
