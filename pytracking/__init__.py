"""Run, score and look at visual trackers.

from pytracking import Tracker

tracker = Tracker("dimp", "dimp_ncep_mobile")
tracker.initialize(frame, (x, y, w, h))      # RGB uint8 [H, W, 3]; a box in pixels
output = tracker.track(next_frame)           # output.box, output.score, output.state
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytracking.evaluation.tracker import Tracker
    from pytracking.tracker.base.output import TrackOutput

__all__ = ["TrackOutput", "Tracker"]


def __getattr__(name: str) -> Any:
    # Late, because the analysis of results must not wait for torch.
    if name == "Tracker":
        from pytracking.evaluation.tracker import Tracker

        return Tracker
    if name == "TrackOutput":
        from pytracking.tracker.base.output import TrackOutput

        return TrackOutput
    raise AttributeError(f"module 'pytracking' has no attribute {name!r}")
