"""ResNet-18 and ResNet-50 (He et al., 2016) of torchvision, cut at ``layer3``, with torchvision's parameter names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar
from urllib.error import URLError

from torch import nn

from .base import Backbone


class _ResNet(Backbone):
    mean = (123.675, 116.28, 103.53)
    std = (58.395, 57.12, 57.375)
    weights: ClassVar[str]  # their name in torchvision

    def __init__(self, frozen_layers: Iterable[str] = ()) -> None:
        import torchvision  # late: takes seconds, and other backbones do without

        super().__init__(frozen_layers)
        name = type(self).__name__.lower()
        full = torchvision.models.get_model(name, weights=None)
        self.conv1, self.bn1, self.relu, self.maxpool = full.conv1, full.bn1, full.relu, full.maxpool
        self.layer1, self.layer2, self.layer3 = full.layer1, full.layer2, full.layer3
        self.freeze()

    def stages(self) -> dict[str, list[nn.Module]]:
        return {
            "conv1": [self.conv1, self.bn1, self.relu],
            "layer1": [self.maxpool, self.layer1],
            "layer2": [self.layer2],
            "layer3": [self.layer3],
        }

    def load_pretrained(self) -> None:
        """torchvision's ImageNet weights, from its cache or downloaded."""
        import torchvision

        weights = torchvision.models.get_weight(self.weights)
        try:
            state = weights.get_state_dict(progress=True, check_hash=True)
        except (URLError, OSError) as error:
            raise FileNotFoundError(
                f"{type(self).__name__}: the ImageNet weights could not be downloaded ({error}). Put "
                f"{weights.url} into torch.hub.get_dir()/checkpoints (usually ~/.cache/torch/hub/checkpoints)"
            ) from error
        self.load_state_dict({name: value for name, value in state.items() if not name.startswith(("layer4", "fc"))})


class ResNet18(_ResNet):
    """ResNet-18: basic blocks, 64 / 64 / 128 / 256 channels."""

    out_channels: ClassVar = {"conv1": 64, "layer1": 64, "layer2": 128, "layer3": 256}
    weights = "ResNet18_Weights.IMAGENET1K_V1"


class ResNet50(_ResNet):
    """ResNet-50: bottleneck blocks, 64 / 256 / 512 / 1024 channels."""

    out_channels: ClassVar = {"conv1": 64, "layer1": 256, "layer2": 512, "layer3": 1024}
    weights = "ResNet50_Weights.IMAGENET1K_V1"
