"""The energy branch: f(x, y) of a box y in an image x, from the features of a frozen detector (paper, Section 4.2)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from external.prroi_pool import prroi_pool2d_batch
from ltr.data.bounding_box_utils import box_to_corners
from ltr.models.density.mixture import Mixture
from ltr.models.detection.settings import BranchSettings
from ltr.models.loss.ebm import Energy
from ltr.models.regression.heads import MixtureHead
from ltr.sampling.detection_batch import BoxSet

# Standard deviations of a learned proposal, in relative box space: the middle one of Table 2's noise at the start, and
# a bound, since nothing else keeps a proposal off boxes of any size while the energy is flat.
START_SIGMA, LARGEST_SIGMA = 0.15, 0.5


class PyramidPool:
    """PrRoIPool of M boxes for each of T targets, each target on one level of the pyramid.

    The level is that of the target's reference box (Lin et al., "Feature Pyramid Networks", equation 1) and stays while
    the boxes move: the energy is continuous in them. All boxes on a level of an image are pooled at once.

    Args:
        maps: ``[N, C, H, W]`` by level.
        strides: pixels per cell, by level; powers of two.
        reference: the T targets.
        canonical_size: sqrt(w h) in pixels from which a box is on the level of stride 16.
    """

    def __init__(
        self, maps: tuple[Tensor, ...], strides: tuple[int, ...], reference: BoxSet, canonical_size: float
    ) -> None:
        size = reference.boxes[:, 2:].clamp(min=1e-3).prod(dim=1).sqrt()
        stride = 16 * 2 ** (size / canonical_size).log2().floor()
        level = torch.bucketize(stride, torch.tensor(strides[1:], dtype=stride.dtype, device=stride.device), right=True)
        group = reference.picture * len(maps) + level
        self._order = group.argsort(stable=True)
        self._back = self._order.argsort()
        numbers, counts = group[self._order].unique_consecutive(return_counts=True)
        self._counts = counts.tolist()
        pictures_and_levels = [divmod(number, len(maps)) for number in numbers.tolist()]
        self._parts = [(maps[level][picture, None], 1 / strides[level]) for picture, level in pictures_and_levels]
        self._channels = maps[0].shape[1]

    def map(self, boxes: Tensor, size: int, function: Callable[[Tensor], Tensor]) -> Tensor:
        """``function`` of the pooled features ``[T * M, size * size * C]`` of boxes ``[T, M, 4]`` (x, y, w, h).

        The function sees the targets in an order of its own, so what it computes (``[T * M, K]``) may mix no rows; the
        result ``[T, M, K]`` is in the order of ``boxes``.
        """
        corners = box_to_corners(boxes)[self._order].split(self._counts)
        pooled = [
            prroi_pool2d_batch(maps, part.flatten(0, 1)[None], size, size, scale)[0].movedim(1, -1).flatten(1)
            for part, (maps, scale) in zip(corners, self._parts, strict=True)
        ]
        empty = boxes.new_zeros(0, size * size * self._channels)
        return function(torch.cat([empty, *pooled])).unflatten(0, boxes.shape[:2])[self._back]


class EnergyBranch(nn.Module):
    """PrRoIPool, two fully connected layers and one energy per class; and, if the settings say so, a learned proposal.

    Args:
        channels: C of the feature maps.
        num_classes: including the background, whose energy is not used.
        settings: widths.
    """

    def __init__(self, channels: int, num_classes: int, settings: BranchSettings) -> None:
        super().__init__()
        self.pool_size = settings.pool_size
        self.fc1 = nn.Linear(channels * settings.pool_size**2, settings.hidden)
        self.fc2 = nn.Linear(settings.hidden, settings.hidden)
        self.fc3 = nn.Linear(settings.hidden, num_classes)
        for layer in (self.fc1, self.fc2):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        nn.init.normal_(self.fc3.weight, std=1e-2)  # flat initial energy: all boxes are equally likely
        nn.init.zeros_(self.fc3.bias)
        self.head = None
        if settings.components is not None:
            self.head = MixtureHead(settings.hidden, settings.components, 4, START_SIGMA, LARGEST_SIGMA)

    def forward(self, pooled: Tensor) -> Tensor:
        """Pooled features ``[..., P * P * C]``, channels last -> energies by class ``[..., num_classes]``."""
        return self.fc3(self.features(pooled))

    def features(self, pooled: Tensor) -> Tensor:
        """Of the pooled ones: ``[..., P * P * C] -> [..., hidden]``."""
        return self.fc2(self.fc1(pooled).relu()).relu()

    def proposal(self, pool: PyramidPool, reference: Tensor) -> Mixture:
        """q(y|x) for T targets, relative to boxes ``reference [T, 4]`` (x, y, w, h); it does not train the features."""
        if self.head is None:
            raise ValueError("branch.components: this branch has no proposal")
        features = pool.map(reference[:, None], self.pool_size, self.features)[:, 0].detach()
        # Their scale is the energy's affair: means that follow it would soon lie many boxes away.
        mixture: Mixture = self.head(nn.functional.layer_norm(features, features.shape[1:]))
        return mixture

    def energy(self, pool: PyramidPool, labels: Tensor) -> Energy:
        """f of boxes (x, y, w, h) around T targets of the classes ``labels [T]``: ``[T, M, 4] -> [T, M]``."""

        def energy(boxes: Tensor) -> Tensor:
            by_class = pool.map(boxes, self.pool_size, self)
            return by_class.gather(-1, labels[:, None, None].expand(*boxes.shape[:2], 1))[..., 0]

        return energy
