"""Building a tracker from a :class:`TrackerConfig`, in commands and worker processes."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import cv2

from pytracking.features.gpu import sees_gpu
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.families import complete, load_parameters

if TYPE_CHECKING:
    from pytracking.api.tracker import Tracker

TrackerBuilder = Callable[[TrackerConfig], "Tracker"]  # picklable, for workers


def build_tracker(config: TrackerConfig) -> Tracker:
    """Set this process's CPU threads and GPU, and build the tracker of ``config``.

    What is in memory then is taken out of Python's garbage collection, once a process: a full collection looks at all
    objects of the imported libraries, and takes as long as ten frames.

    Raises as :class:`~pytracking.api.tracker.Tracker`.
    """
    config.check()
    load_parameters(complete(config))  # reports unknown names before the slow import of torch

    from pytracking.api.tracker import Tracker

    if config.threads is not None:
        cv2.setNumThreads(config.threads)
        if "torch" in sys.modules:  # else whatever imports it sets them
            sys.modules["torch"].set_num_threads(config.threads)
    if config.device in ("auto", "cuda") and "LOCAL_RANK" in os.environ and sees_gpu():
        _take_own_gpu()
    tracker = Tracker.from_config(config)
    if not gc.get_freeze_count():
        gc.freeze()
    return tracker


def _take_own_gpu() -> None:
    """Select this process's GPU by LOCAL_RANK, which ``parallel.py`` sets.

    The device is still called "cuda": results do not depend on which GPU it was, so any process can resume them.
    """
    import torch

    torch.cuda.set_device(int(os.environ["LOCAL_RANK"]) % torch.cuda.device_count())
