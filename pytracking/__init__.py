"""Run, score and look at visual trackers.

from pytracking import MultiTracker, Tracker

tracker = Tracker("dimp", "dimp_ncep_mobile")
tracker.initialize(frame, (x, y, w, h))      # RGB uint8 [H, W, 3]; a box in pixels
output = tracker.track(next_frame)           # output.box, output.score, output.state

targets = MultiTracker(tracker)              # any number of targets, one network
target_id = targets.add(frame, (x, y, w, h))
outputs = targets.track(next_frame)          # {target_id: output}
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytracking.evaluation.multi_tracker import MultiTracker
    from pytracking.evaluation.tracker import Tracker
    from pytracking.tracker.base.output import TrackOutput

__all__ = ["MultiTracker", "TrackOutput", "Tracker"]

_HOMES = {
    "MultiTracker": "pytracking.evaluation.multi_tracker",
    "TrackOutput": "pytracking.tracker.base.output",
    "Tracker": "pytracking.evaluation.tracker",
}


def __getattr__(name: str) -> Any:
    # Late, because the analysis of results must not wait for torch.
    if name not in _HOMES:
        raise AttributeError(f"module 'pytracking' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
