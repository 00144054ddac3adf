"""Data sets to track and to score, each read from its own layout."""

from pytracking.evaluation.datasets.registry import get_dataset, list_dataset, select

__all__ = ["get_dataset", "list_dataset", "select"]
