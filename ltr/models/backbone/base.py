"""Base class of the backbones: normalization, output layers and freezing."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable
from typing import ClassVar

import torch
from torch import Tensor, nn

from ltr.models.backbone.folding import fold_batch_norm
from ltr.utils.errors import InputError

LAYERS = ("conv1", "layer1", "layer2", "layer3")


class Backbone(nn.Module):
    """A network cut at ``layer3``; a subclass gives its stages, normalization and pretrained weights.

    Args:
        frozen_layers: layers (of ``LAYERS``) with constant weights and batch-norm statistics.
    """

    out_channels: ClassVar[dict[str, int]]
    mean: ClassVar[tuple[float, float, float]]
    std: ClassVar[tuple[float, float, float]]
    pixel_mean: Tensor
    pixel_std: Tensor

    def __init__(self, frozen_layers: Iterable[str] = ()) -> None:
        super().__init__()
        self.frozen_layers = frozenset(frozen_layers)
        self._folded: dict[str, list[nn.Module]] = {}  # in lists, which are not part of the state dict
        unknown = self.frozen_layers - set(LAYERS)
        if unknown:
            raise InputError(f"frozen_layers: unknown {sorted(unknown)}; layers are {', '.join(LAYERS)}")
        # Not persistent: constants of the class, which pytracking's checkpoints do not contain.
        self.register_buffer("pixel_mean", torch.tensor(self.mean).view(3, 1, 1), persistent=False)
        self.register_buffer("pixel_std", torch.tensor(self.std).view(3, 1, 1), persistent=False)

    def stages(self) -> dict[str, list[nn.Module]]:
        """The modules of each layer, in the order they run."""
        raise NotImplementedError

    def load_pretrained(self) -> None:
        """Load the ImageNet weights; FileNotFoundError states their source."""
        raise NotImplementedError

    def freeze(self) -> None:
        """Stop the gradient of the frozen layers (their batch norm is kept in eval mode by :meth:`train`)."""
        for module in self._frozen_modules():
            module.requires_grad_(False)

    def run_folded(self) -> None:
        """Run the frozen layers before the first trained one in a copy with batch norm folded into the convolutions:
        twice as fast on a CPU.

        Call it after the weights are loaded and the network is moved; the state dict does not change.
        """
        frozen = list(itertools.takewhile(self.frozen_layers.__contains__, LAYERS))
        if frozen:
            twin = copy.deepcopy(self).eval()
            fold_batch_norm(twin)
            folded = twin.stages()
            self._folded = {name: folded[name] for name in frozen}

    def train(self, mode: bool = True) -> Backbone:
        super().train(mode)
        for module in self._frozen_modules():
            module.eval()
        return self

    def _frozen_modules(self) -> list[nn.Module]:
        return [module for name, modules in self.stages().items() if name in self.frozen_layers for module in modules]

    def forward(self, images: Tensor, layers: Iterable[str] = ("layer2", "layer3")) -> dict[str, Tensor]:
        """Images ``[N, 3, H, W]`` (RGB, 0..255, uint8 or float) -> ``{layer: [N, C, H / stride, W / stride]}``."""
        wanted = set(layers)
        x = (images.to(self.pixel_mean.dtype) - self.pixel_mean) / self.pixel_std
        features = {}
        for name, modules in (self.stages() | self._folded).items():
            for module in modules:
                x = module(x)
            if name in wanted:
                features[name] = x
            if len(features) == len(wanted):
                return features
        raise InputError(f"layers: unknown {sorted(wanted - set(features))}; layers are {', '.join(LAYERS)}")
