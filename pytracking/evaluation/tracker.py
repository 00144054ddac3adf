"""pytracking's name for :mod:`pytracking.api.tracker`."""

from pytracking.api.tracker import Tracker

__all__ = ["Tracker"]
