"""Visual tracking: run, evaluate and visualize trackers.

import pytracking
from pytracking import MultiTracker, Tracker

for output in pytracking.track("clip.mp4", (x, y, w, h)):  # left, top, width, height in pixels of the first frame
    print(output.box, output.score, output.state)

tracker = Tracker()                          # DiMP with the shipped network
tracker.initialize(frame, (x, y, w, h))      # RGB uint8 [H, W, 3]; a box in pixels
output = tracker.track(next_frame)           # output.box, output.score, output.state

targets = MultiTracker(tracker)              # any number of targets, one network
target_id = targets.add(frame, (x, y, w, h))
outputs = targets.track(next_frame)          # {target_id: output}
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytracking.api.multi_tracker import MultiTracker
    from pytracking.api.tracker import Tracker
    from pytracking.pipeline.one_target import track
    from pytracking.tracker.base.output import TrackOutput

    __version__: str

__all__ = ["MultiTracker", "TrackOutput", "Tracker", "__version__", "track"]

_HOMES = {
    "MultiTracker": "pytracking.api.multi_tracker",
    "TrackOutput": "pytracking.tracker.base.output",
    "Tracker": "pytracking.api.tracker",
    "__version__": "pytracking.utils.extras",
    "track": "pytracking.pipeline.one_target",
}


def __getattr__(name: str) -> Any:
    # Late, since the analysis of results needs no torch.
    if name not in _HOMES:
        raise AttributeError(f"module 'pytracking' has no attribute {name!r}")
    globals()[name] = found = getattr(import_module(_HOMES[name]), name)
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
