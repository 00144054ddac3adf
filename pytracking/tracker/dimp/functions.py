"""Interface of the numerical functions that the tracking logic in :mod:`pytracking.tracker.dimp.dimp` calls.

The logic needs no autograd, no device and no torch. There are two sets of these functions:
:class:`~pytracking.tracker.dimp.torch_functions.TorchFunctions` in PyTorch, for every network and device, and
:class:`~pytracking.tracker.dimp.graph_functions.GraphFunctions` by ONNX graphs on a CPU. ``Array`` is the
implementation's array type; numpy arrays are on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from ltr.data.crop import CropTransform
from pytracking.parameter.dimp.base import BoxLearningParams

Array = Any
Modulation = tuple[Array, Array]
BoxEnergy = Callable[[np.ndarray], np.ndarray]
"""Boxes ``[M, 4]`` (x, y, w, h; crop pixels) -> f(x, y) ``[M]``."""


@dataclass(frozen=True)
class CropFeatures:
    """The network's features of one crop."""

    sample: Array  # classification features, [1, C, S / 16, S / 16]
    maps: tuple[Array, Array]  # of the box branch, channels last: [S / 8, S / 8, D] and [S / 16, S / 16, D]


@dataclass(frozen=True)
class BoxQuery:
    """A box to refine."""

    features: CropFeatures
    modulation: Modulation
    box: np.ndarray  # (x, y, w, h) in crop pixels, [4]
    expected_size: np.ndarray  # (w, h) that the prior is around, in crop pixels, [2]
    generator: Any


@dataclass(frozen=True)
class RefinedBox:
    """A refined box, in crop pixels."""

    box: np.ndarray  # (x, y, w, h), [4]
    std: np.ndarray | None  # standard deviation of x, y, w and h, [4]; None if the method gives none
    value: float  # of the objective at the box; of the posterior mean: the energy's mean


class DiMPFunctions(Protocol):
    """Pure functions of arrays; the network is constant. S is the side of a crop, K of a score map."""

    def new_generator(self, seed: int) -> Any:
        """A random number generator."""

    def save_generator(self, generator: Any) -> np.ndarray:
        """Its state as torch saves it, uint8 ``[5056]``."""

    def load_generator(self, state: np.ndarray) -> Any:
        """The generator of a saved state; ValueError, TypeError or RuntimeError if it is none."""

    def place(self, values: np.ndarray) -> Array:
        """A copy of a numpy array where the network is."""

    def to_array(self, values: np.ndarray) -> Array:
        """A numpy array as an ``Array``."""

    def load_frame(self, frame: np.ndarray) -> Array:
        """The frame, RGB uint8 ``[H, W, 3]``, for :meth:`crop`."""

    def crop(self, frame: Array, center: tuple[float, float], scale: float) -> tuple[Array, CropTransform]:
        """The square around ``center`` at ``scale`` image pixels per crop pixel: uint8 ``[S, S, 3]``."""

    def extract_features(self, crops: Sequence[Array]) -> list[CropFeatures]:
        """The network's features of crops."""

    def dropout(self, sample: Array, copies: int, part: float, generator: Any) -> list[Array]:
        """Copies of a sample ``[1, C, H, W]`` without random channels, ``part`` of them on average."""

    def new_memory(self, samples: Sequence[Array], size: int) -> Array:
        """An array for ``size`` samples, ``[size, 1, C, H, W]``, that begins with ``samples``."""

    def learn_filter(self, samples: Array, boxes: np.ndarray, num_iter: int) -> Array:
        """A filter from samples ``[n, 1, C, H, W]`` with boxes ``[n, 1, 4]`` (crop pixels)."""

    def update_filter(
        self, filter: Array, samples: Array, boxes: np.ndarray, weights: np.ndarray, num_iter: int
    ) -> Array:
        """``filter`` after optimizer steps on samples with ``weights`` ``[n, 1]``."""

    def classify_target(
        self, filters: Sequence[tuple[Array, Array]], features: Sequence[CropFeatures]
    ) -> list[np.ndarray]:
        """Score maps ``[2, K, K]`` for each crop and its pair of filters."""

    def describe(self, sample: Array, boxes: np.ndarray) -> np.ndarray:
        """Appearance of what is in boxes ``[n, 4]`` (crop pixels) of a sample ``[1, C, H, W]``: their mean features
        ``[n, C]``, of length 1."""

    def get_iou_modulation(self, crop: Array, box: np.ndarray) -> Modulation:
        """Modulation vectors of the target at ``box`` ``[4]`` (crop pixels)."""

    def finetune_modulation(
        self,
        modulation: Modulation,
        features: Sequence[CropFeatures],
        boxes: np.ndarray,
        params: BoxLearningParams,
        generator: Any,
    ) -> Modulation:
        """``modulation`` fine-tuned on the target at ``boxes`` ``[n, 4]`` (crop pixels) of n crops."""

    def refine_target_box(self, queries: Sequence[BoxQuery]) -> list[RefinedBox]:
        """The boxes of ``queries`` refined by their energies."""

    def energy(self, query: BoxQuery) -> BoxEnergy:
        """The energy that :meth:`refine_target_box` uses."""
