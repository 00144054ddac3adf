"""The training samples of the running tracker, with weights that forget."""

from __future__ import annotations

import torch
from torch import Tensor

from ltr.admin.device import upload
from pytracking.parameter.dimp.base import MemoryParams


class Memory:
    """At most ``params.size`` samples; the first frame's are kept for ever, of the others the oldest goes first.

    Args:
        features: ``[n, 1, C, H, W]``, of the first frame's samples.
        boxes: ``[n, 1, 4]`` in crop pixels.
        params: size and learning rates.
    """

    def __init__(self, features: Tensor, boxes: Tensor, params: MemoryParams) -> None:
        self.params = params
        self.num_init = self.count = len(features)
        if self.num_init >= params.size:
            raise ValueError(f"memory size {params.size} leaves no room beside {self.num_init} first-frame samples")
        self._added = 0  # later samples, so far
        self._features = features.new_zeros((params.size, *features.shape[1:]))
        self._boxes = boxes.new_zeros((params.size, *boxes.shape[1:]))
        self._weights = torch.zeros(params.size, dtype=torch.float64)
        self._features[: self.count] = features
        self._boxes[: self.count] = boxes
        self._weights[: self.count] = 1 / self.count

    def add(self, feature: Tensor, box: Tensor, learning_rate: float) -> None:
        """Store a sample (``[1, C, H, W]``, box ``[1, 4]``), 1 / (1 - ``learning_rate``) times the last one's weight.

        So weights fall geometrically with age. (Giving every new sample the weight ``learning_rate`` would leave it the
        lightest of a full memory, to be replaced by the next, and the rest there for ever.)
        """
        newest = self._place(self._added - 1)
        index = self._place(self._added)
        before = self._weights[newest] if self._added else learning_rate
        self._weights[index] = before / (1 - learning_rate)
        self._weights /= self._weights.sum()
        self._features[index] = feature
        self._boxes[index] = box
        self._added += 1
        self.count = min(self.count + 1, self.params.size)
        floor = self.params.init_samples_minimum_weight
        if self._weights[: self.num_init].sum() < floor:
            self._weights[: self.num_init] = floor / self.num_init
            later = self._weights[self.num_init :]
            later *= (1 - floor) / later.sum()

    def _place(self, number: int) -> int:
        """Where the later sample ``number`` (from 0) lies: the newest takes the place of the oldest."""
        return self.num_init + number % (self.params.size - self.num_init)

    @property
    def features(self) -> Tensor:
        """``[n, 1, C, H, W]``, a view."""
        return self._features[: self.count]

    @property
    def boxes(self) -> Tensor:
        """``[n, 1, 4]`` in crop pixels, a view."""
        return self._boxes[: self.count]

    @property
    def weights(self) -> Tensor:
        """``[n, 1]``, float32 on the features' device; they sum to 1."""
        return upload(self._weights[: self.count, None].float(), self._features.device)

    def state_dict(self) -> dict[str, Tensor]:
        """What is stored, as tensors; :meth:`from_state_dict` takes it."""
        weights = self._weights[: self.count]
        numbers = torch.tensor([self.num_init, self._added])
        return {"features": self.features, "boxes": self.boxes, "weights": weights, "numbers": numbers}

    @classmethod
    def from_state_dict(cls, state: dict[str, Tensor], params: MemoryParams) -> Memory:
        """The memory that :meth:`state_dict` was called on."""
        num_init, added = state["numbers"].tolist()
        memory = cls(state["features"][:num_init], state["boxes"][:num_init], params)
        memory.count, memory._added = len(state["features"]), added
        memory.features[:] = state["features"]
        memory.boxes[:] = state["boxes"]
        memory._weights[: memory.count] = state["weights"].cpu()
        return memory
