"""A small evaluation on disk, and the reference results of the shared data."""

import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

TRUTH = np.column_stack([np.arange(40.0), np.arange(40.0), np.full(40, 20.0), np.full(40, 10.0)]) + 1


@pytest.fixture
def boxes() -> np.ndarray:
    """Boxes [40, 4] of a target that moves by one pixel a frame."""
    return TRUTH.copy()


@pytest.fixture
def write_boxes(tmp_path: Path) -> Callable[..., Path]:
    """``write_boxes(folder, Seq=array, ...)`` writes ``<Seq>.txt`` files below the test's folder and returns theirs."""

    def write(folder: str, **sequences: np.ndarray) -> Path:
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for name, array in sequences.items():
            np.savetxt(tmp_path / folder / f"{name}.txt", array, fmt="%.4f", delimiter=",")
        return tmp_path / folder

    return write


@pytest.fixture(scope="session")
def reference(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with OTB100, UAV123, LaSOT, DTB70 and targets.json, unpacked."""
    folder = tmp_path_factory.mktemp("eval_reference")
    with tarfile.open(shared / "data" / "eval_reference.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return next(folder.rglob("targets.json")).parent
