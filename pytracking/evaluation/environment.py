"""pytracking's name for :mod:`pytracking.evaluation.datasets.environment`."""

from pytracking.evaluation.datasets.environment import BENCHMARKS, benchmark_root, paths_file

__all__ = ["BENCHMARKS", "benchmark_root", "paths_file"]
