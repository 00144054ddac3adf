"""The probability that the box is on the target, from what the frames show.

Three models look at the box: the filter that goes on learning, the first frame's filter, and the box branch's energy,
whose modulation comes from the first frame, too. The learned filter's score alone says little, since it soon likes
whatever it follows: it counts multiplied by the first filter's. The probability is a logistic regression on running
means, fitted to the tracker's own runs on training videos (``tests/benchmarks/confidence.py``) for one network: its
coefficients are in the network's card. It decides only what is said, neither where the tracker goes nor what it learns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ltr.utils.config import PositiveFloat, UnitInterval
from pytracking.tracker.base.output import TrackState


@dataclass(frozen=True)
class Evidence:
    """What one frame shows of the box."""

    peak: float  # score of the learned filter, 0..1
    recognition: float  # score of the first frame's filter at the box, 0..1
    energy: float  # of the box in this frame, minus that of the first box in the first frame; NaN if not known

    @property
    def agreement(self) -> float:
        """Geometric mean of both scores, 0..1."""
        return math.sqrt(self.peak * self.recognition)


@dataclass(frozen=True)
class Calibration:
    """Coefficients of the log-odds that the IoU of box and target is above 0.5, and the thresholds of the states."""

    agreement: float
    energy: float
    bias: float
    rate: PositiveFloat = 0.5  # weight of a frame in the running mean
    lost_below: UnitInterval = 0.2  # probability below which the target is said to be lost
    uncertain_below: UnitInterval = 0.5  # and below which it is uncertain

    def log_odds(self, evidence: Evidence, before: float) -> float:
        """The running mean after a frame; ``before``: that of the last one, NaN if there is none."""
        odds = self.agreement * evidence.agreement + self.energy * evidence.energy + self.bias
        return odds if math.isnan(before) else before + self.rate * (odds - before)

    def said(self, log_odds: float, verdict: TrackState) -> tuple[float, TrackState]:
        """Probability and state that are said of a frame; by its ``verdict`` the tracker has moved and learned."""
        probability = (1 + math.tanh(log_odds / 2)) / 2
        if probability < self.lost_below:
            return probability, "lost"
        sure = verdict == "tracking" and probability >= self.uncertain_below
        return probability, "tracking" if sure else "uncertain"
