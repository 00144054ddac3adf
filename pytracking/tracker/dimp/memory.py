"""Memory of training samples, with weights that decay with age."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ltr.utils.errors import InputError
from pytracking.parameter.dimp.base import MemoryParams
from pytracking.tracker.dimp.functions import Array


@dataclass
class Memory:
    """Training samples: those of the first frame are kept (unless their weight may fall to 0), of the others the oldest
    is replaced first.

    samples: ``[size, 1, C, H, W]``, boxes: ``[size, 1, 4]`` in crop pixels, weights: ``[size, 1]`` with sum 1; the
    first ``count`` are in use. num_init: samples of the first frame. num_added: samples added later, also the replaced.
    """

    samples: Array
    boxes: np.ndarray  # float32
    weights: np.ndarray  # float64
    num_init: int
    num_added: int = 0

    @classmethod
    def start(cls, samples: Array, boxes: np.ndarray) -> Memory:
        """The memory after the first frame: the first n of ``samples`` are set, with ``boxes [n, 4]``.

        Raises:
            InputError: there is no room for a later sample.
        """
        size, num_init = len(samples), len(boxes)
        if num_init >= size:
            raise InputError(f"memory size {size} leaves no room beside {num_init} first-frame samples")
        memory = cls(samples, np.zeros((size, 1, 4), np.float32), np.zeros((size, 1)), num_init)
        memory.boxes[:num_init, 0] = boxes
        memory.weights[:num_init] = 1 / num_init
        return memory

    @property
    def count(self) -> int:
        """Number of samples in use."""
        return min(self.num_init + self.num_added, len(self.weights))

    def add(self, sample: Array, box: np.ndarray, learning_rate: float, params: MemoryParams) -> None:
        """Store a sample (``[1, C, H, W]``, box ``[4]``) with 1 / (1 - ``learning_rate``) times the last one's weight.

        Thus weights decrease geometrically with age. (If each new sample had the weight ``learning_rate``, it would be
        the lightest of a full memory and be replaced by the next one, while the others would stay.)
        """
        floor = params.init_samples_minimum_weight
        kept = self.num_init if floor else 0  # samples that are never replaced
        index = self._index_of(self.num_added, kept)
        before = self.weights[self._index_of(self.num_added - 1, kept)] if self.num_added else learning_rate
        self.weights[index] = before / (1 - learning_rate)
        self.weights /= self.weights.sum()
        self.samples[index] = sample
        self.boxes[index] = box
        self.num_added += 1
        if self.weights[: self.num_init].sum() < floor:
            self.weights[: self.num_init] = floor / self.num_init
            later = self.weights[self.num_init :]
            later *= (1 - floor) / later.sum()

    def _index_of(self, number: int, kept: int) -> int:
        """Index of the added sample ``number`` (from 0); the newest replaces the oldest behind the first ``kept``."""
        return kept + (self.num_init - kept + number) % (len(self.weights) - kept)
