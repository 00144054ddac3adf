"""Check of exported graphs: each one, run by ONNX Runtime, against the values that PyTorch gave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ltr.utils.errors import InputError
from pytracking.features.graph_folder import Manifest
from pytracking.features.graph_session import GraphSessions

CHECK = "check"
TOLERANCE = 1e-4  # of the largest value of an array


def verify(folder: Path) -> Iterator[tuple[str, float]]:
    """Names of graphs, and the largest difference as a part of the largest value.

    Raises:
        FileNotFoundError, InputError: no such folder, a file that is damaged, or without check vectors.
    """
    manifest = Manifest.read(folder)
    manifest.check_files(folder)
    if not (folder / CHECK).is_dir():
        raise InputError(f"{folder}: was exported without check vectors (--no-check)")
    sessions = GraphSessions(folder, manifest)
    for name, graph in manifest.graphs.items():
        given = [np.load(folder / CHECK / name / f"{each}.npy") for each in graph.inputs]
        results = sessions.run(name, *given)
        expected = [np.load(folder / CHECK / name / f"{each}.npy") for each in graph.outputs]
        yield name, max(map(_difference, results, expected))


def _difference(got: np.ndarray, expected: np.ndarray) -> float:
    if got.shape != expected.shape or not np.isfinite(got).all():
        return np.inf
    return float(np.abs(got - expected).max() / max(np.abs(expected).max(), 1e-6))
