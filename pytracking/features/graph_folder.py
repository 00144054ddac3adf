"""A folder of ONNX graphs that ``pytracking export`` writes: the numerical functions of a tracker, and a manifest.

The graphs share one file of weights. ``manifest.json`` says everything else that a tracker needs: settings of the
network, parameters, constants, shapes. Needs neither torch nor onnx.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from ltr.utils.config import load, read_values, to_json
from ltr.utils.errors import InputError
from ltr.utils.files import sha256

MANIFEST, WEIGHTS = "manifest.json", "weights.bin"
FORMAT = 1


@dataclass(frozen=True)
class ArraySpec:
    """An input or output of a graph."""

    dtype: str  # of numpy
    shape: tuple[int | str, ...]  # a letter is any number, the same for all arrays of a call


@dataclass(frozen=True)
class GraphSpec:
    """A graph, and its arrays by name, in order."""

    file: str
    inputs: Mapping[str, ArraySpec]
    outputs: Mapping[str, ArraySpec]


@dataclass(frozen=True)
class Manifest:
    """What the folder holds, and everything of a tracker that is in no graph."""

    network: str  # its name
    network_sha256: str  # of the .safetensors file
    weights: str  # float16 or float32: how they are stored; all arithmetic is float32
    opset: int
    settings: Mapping[str, Any]  # of the network: ltr.models.tracking.settings.DiMPnetSettings
    params: Mapping[str, Any]  # of the tracker: pytracking.parameter.dimp.base.DiMPParams
    calibration: Mapping[str, Any] | None  # pytracking.tracker.dimp.confidence.Calibration
    graphs: Mapping[str, GraphSpec]
    constants: Mapping[str, Any]  # of the modules of the frame logic
    steps: tuple[str, ...]  # of the pre-processing, in words
    files: Mapping[str, str]  # SHA-256 of every file, by its path in the folder
    versions: Mapping[str, str]  # of what wrote it
    format: int = FORMAT

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The manifest in ``folder``; FileNotFoundError or InputError if there is none."""
        path = folder / MANIFEST
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing: expected a folder that pytracking export wrote")
        values = read_values(path, "manifest")
        if values.get("format") != FORMAT:
            raise InputError(f"{path}: expected format {FORMAT}, got {values.get('format')!r}: export the graphs again")
        return load(cls, values, str(path))

    def write(self, folder: Path) -> None:
        """Write it into ``folder``."""
        (folder / MANIFEST).write_text(json.dumps(to_json(self), indent=1) + "\n", encoding="utf-8")

    def is_of(self, network: Path) -> bool:
        """Whether the graphs were made from the .safetensors file ``network`` as it is now, by its card."""
        return bool(read_values(network.with_suffix(".json"), "card").get("sha256") == self.network_sha256)

    @property
    def graph_files(self) -> list[str]:
        """The files that run the tracker."""
        return [WEIGHTS, *(graph.file for graph in self.graphs.values())]

    def check_files(self, folder: Path, names: Iterable[str] | None = None) -> None:
        """Raise InputError if a file is missing or is not the one that was written; None: all of them."""
        for name in self.files if names is None else names:
            path = folder / name
            if not path.is_file() or sha256(path) != self.files.get(name):
                raise InputError(f"{path}: is missing, damaged or of another export: its SHA-256 differs")
