"""pytracking's name of :mod:`pytracking.evaluation.datasets.sequence`."""

from pytracking.evaluation.datasets.sequence import Sequence

__all__ = ["Sequence"]
