"""A tracker by name, ready to run: what programs and commands use."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from importlib.metadata import version
from typing import Any

import numpy as np
import torch

from ltr.admin.device import choose_device
from ltr.admin.settings import to_json
from pytracking.features.accelerators import accelerate, choose_accelerator
from pytracking.features.frame_network import FrameNetwork
from pytracking.features.net_wrappers import load_for_tracking
from pytracking.parameter import load_parameters
from pytracking.tracker.base.output import Box, TrackOutput
from pytracking.tracker.dimp.dimp import DiMP


class Tracker:
    """A tracker of one target. Its network is loaded once; ``initialize`` may be called again and again.

    Args:
        name: the tracker, e.g. ``"dimp"``.
        parameter: its parameters, e.g. ``"dimp_ncep_mobile"``, or the path of a .safetensors network.
        device: ``"auto"`` (CUDA where there is one), ``"cpu"``, ``"cuda"``, ``"mps"``, ...
        threads: CPU threads of torch (and of the accelerator) in this process; torch's own choice by default.
        seed: of everything random; the same seed gives the same boxes.
        accelerator: what runs the network: ``"auto"``, ``"torch"`` or ``"openvino"``
            (see :mod:`pytracking.features.accelerators`).
        precision: of the network's arithmetic: ``"f32"``, ``"bf16"`` or ``"f16"``.
        overrides: parameters to change, nested ones by mappings:
            ``Tracker("dimp", "dimp_ncep_mobile", refinement={"num_iterations": 5})``.

    Raises:
        ValueError: unknown tracker, parameters, override, device, accelerator or precision; the message lists what
            exists.
        ImportError: the accelerator is not installed.
        FileNotFoundError: the network's file is missing.
    """

    def __init__(
        self,
        name: str,
        parameter: str,
        device: str = "auto",
        threads: int | None = None,
        seed: int = 0,
        accelerator: str = "auto",
        precision: str = "f32",
        **overrides: Any,
    ) -> None:
        if threads is not None:
            torch.set_num_threads(threads)
        self.name, self.parameter, self.seed = name, parameter, seed
        self.params = override(load_parameters(name, parameter), overrides)
        self.device = choose_device(device)
        self.accelerator, self.precision = choose_accelerator(accelerator, self.device), precision
        network, settings, self._card = load_for_tracking(self.params.network, self.device)
        look = accelerate(FrameNetwork(network), settings.image_size, self.device, self.accelerator, precision)
        self._tracker = DiMP(network, settings, self.params, self.device, seed, look)
        self._started = False

    def initialize(self, frame: np.ndarray, box: Box) -> None:
        """Learn a target.

        Args:
            frame: RGB uint8 ``[H, W, 3]``.
            box: (x, y, w, h) in pixels; must overlap the frame.
        Raises:
            ValueError: the frame or the box is not of this kind.
        """
        check_frame(frame)
        check_box(box, frame)
        self._tracker.initialize(frame, (float(box[0]), float(box[1]), float(box[2]), float(box[3])))
        self._started = True

    def track(self, frame: np.ndarray) -> TrackOutput:
        """Find the target in the next frame (RGB uint8 ``[H, W, 3]``)."""
        if not self._started:
            raise ValueError("track was called before initialize")
        check_frame(frame)
        return self._tracker.track(frame)

    def stamp(self) -> dict[str, Any]:
        """Everything a result depends on, as JSON values: parameters, network, versions, device, seed."""
        versions = {"python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}
        if self.accelerator != "torch":
            versions[self.accelerator] = version(self.accelerator)
        return {
            "tracker": self.name,
            "parameter": self.parameter,
            "settings": to_json(self.params),
            "network_sha256": self._card["sha256"],
            "device": str(self.device),
            "threads": torch.get_num_threads(),
            "accelerator": self.accelerator,
            "precision": self.precision,
            "seed": self.seed,
            "versions": versions,
        }


def override(params: Any, changes: Mapping[str, Any], where: str = "") -> Any:
    """A copy of a (nested) frozen dataclass with some fields changed; ValueError names a field that is unknown or of
    another type.
    """
    known = vars(params)
    values = {}
    for name, value in changes.items():
        if name not in known:
            raise ValueError(f"unknown parameter {where}{name}; known are {', '.join(known)}")
        if is_dataclass(known[name]) and isinstance(value, Mapping):
            value = override(known[name], value, f"{where}{name}.")
        accepted = (float, int) if isinstance(known[name], float) else type(known[name])
        if not isinstance(value, accepted):
            raise ValueError(f"parameter {where}{name}: expected {type(known[name]).__name__}, got {value!r}")
        values[name] = value
    return replace(params, **values)


def check_frame(frame: np.ndarray) -> None:
    """Raise ValueError unless ``frame`` is uint8 ``[H, W, 3]`` with a pixel at least."""
    good = isinstance(frame, np.ndarray) and frame.dtype == np.uint8 and frame.ndim == 3 and frame.shape[2] == 3
    if not (good and frame.size):
        found = f"{frame.dtype} {list(frame.shape)}" if isinstance(frame, np.ndarray) else type(frame).__name__
        raise ValueError(f"frame: expected a numpy array, uint8 [H, W, 3] RGB, got {found}")


def check_box(box: Box, frame: np.ndarray) -> None:
    """Raise ValueError unless ``box`` is (x, y, w, h), finite, with area, and overlaps the frame."""
    height, width = frame.shape[:2]
    if len(box) != 4 or not all(math.isfinite(value) for value in box):
        raise ValueError(f"box: expected four finite numbers x, y, w, h, got {tuple(box)}")
    x, y, w, h = box
    if w <= 0 or h <= 0:
        raise ValueError(f"box: expected a width and height above 0, got {tuple(box)}")
    if x >= width or y >= height or x + w <= 0 or y + h <= 0:
        raise ValueError(f"box: {tuple(box)} lies outside the {width} x {height} frame")
