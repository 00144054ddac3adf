"""Backbones: uint8 or float RGB images in 0..255 -> a dict of feature maps by layer name.

``layer1``, ``layer2`` and ``layer3`` have strides 4, 8 and 16 in every backbone. Feature (i, j) sits at pixel
(stride * i, stride * j), because every strided convolution is padded evenly on both sides.
"""

from .base import Backbone
from .efficientnet_lite import EfficientNetLite0, EfficientNetLite2
from .resnet import ResNet18, ResNet50

BACKBONES: dict[str, type[Backbone]] = {
    "efficientnet_lite0": EfficientNetLite0,
    "efficientnet_lite2": EfficientNetLite2,
    "resnet18": ResNet18,
    "resnet50": ResNet50,
}

__all__ = ["BACKBONES", "Backbone", "EfficientNetLite0", "EfficientNetLite2", "ResNet18", "ResNet50"]
