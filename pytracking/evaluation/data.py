"""pytracking's name for :mod:`pytracking.evaluation.datasets.sequence`."""

from pytracking.evaluation.datasets.sequence import Sequence

__all__ = ["Sequence"]
