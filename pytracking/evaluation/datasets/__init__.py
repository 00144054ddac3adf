"""Data sets for tracking and scoring, each read from its own layout."""

from pytracking.evaluation.datasets.registry import get_dataset, list_dataset, select

__all__ = ["get_dataset", "list_dataset", "select"]
