"""The detector: torchvision's Faster R-CNN with a feature pyramid, large (ResNet-50) or small enough for a CPU."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from torch import Tensor, nn
from torchvision.models.detection import FasterRCNN, fasterrcnn_resnet50_fpn
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import TwoMLPHead
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

from ltr.models.backbone import EfficientNetLite0
from ltr.models.detection.settings import DetectorSettings
from ltr.utils.config import check

MOBILE_CHANNELS = 64
MOBILE_LAYERS = {"layer2": "0", "layer3": "1"}  # strides 8 and 16; the pyramid adds 32 ("p6") and 64 ("p7")
BOX_LEVELS = {"mobile": ("0", "1", "p6"), "resnet50": ("0", "1", "2", "3")}  # levels from which boxes are pooled
BOX_STRIDES = {"mobile": (8, 16, 32), "resnet50": (4, 8, 16, 32)}
PYRAMID_CHANNELS = {"mobile": MOBILE_CHANNELS, "resnet50": 256}


class MobilePyramid(nn.Module):
    """EfficientNet-Lite0 and a feature pyramid of 64 channels at strides 8, 16, 32 and 64.

    The batch-norm statistics are frozen at those of ImageNet, because batches of a detector are small.
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = EfficientNetLite0(frozen_layers=("conv1", "layer1"))
        channels = [self.body.out_channels[layer] for layer in MOBILE_LAYERS]
        extra = LastLevelP6P7(MOBILE_CHANNELS, MOBILE_CHANNELS)
        self.fpn = FeaturePyramidNetwork(channels, MOBILE_CHANNELS, extra)
        self.out_channels = MOBILE_CHANNELS  # read by FasterRCNN

    def train(self, mode: bool = True) -> MobilePyramid:
        super().train(mode)
        self.body.eval()
        return self

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Images ``[N, 3, H, W]`` (RGB, 0..255) -> ``{level: [N, 64, H / stride, W / stride]}``."""
        features = self.body(images, tuple(MOBILE_LAYERS))
        return self.fpn(OrderedDict((name, features[layer]) for layer, name in MOBILE_LAYERS.items()))


def _mobile(settings: DetectorSettings, **common: Any) -> FasterRCNN:
    sizes = tuple((size, round(size * 2**0.5)) for size in (24, 48, 96, 192))
    return FasterRCNN(
        MobilePyramid(),
        image_mean=[0.0] * 3,  # the backbone normalizes images of 0..255
        image_std=[1 / 255] * 3,
        rpn_anchor_generator=AnchorGenerator(sizes, ((0.5, 1.0, 2.0),) * len(sizes)),
        rpn_pre_nms_top_n_train=400,
        rpn_post_nms_top_n_train=300,
        rpn_pre_nms_top_n_test=400,
        rpn_post_nms_top_n_test=100,
        rpn_batch_size_per_image=128,
        box_batch_size_per_image=64,
        box_roi_pool=MultiScaleRoIAlign(
            list(BOX_LEVELS["mobile"]), output_size=7, sampling_ratio=2, canonical_scale=round(settings.canonical_size)
        ),
        box_head=TwoMLPHead(MOBILE_CHANNELS * 7**2, 256),
        box_predictor=_BoxPredictor(256, settings.num_classes),
        **common,
    )


class _BoxPredictor(nn.Module):
    """Class scores, and one box per proposal for all classes, which needs less training data."""

    def __init__(self, channels: int, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.cls_score = nn.Linear(channels, num_classes)
        self.bbox_pred = nn.Linear(channels, 4)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.cls_score(x), self.bbox_pred(x).repeat(1, self.num_classes)


def build_detector(settings: DetectorSettings) -> FasterRCNN:
    """An untrained detector that returns all candidates, without non-maximum suppression.

    With ``kind="resnet50"`` its state dict is that of torchvision's model.

    Raises:
        ValueError: bad settings, one message for all.
    """
    check(settings, "detector settings")
    common = {
        "min_size": settings.min_size,
        "max_size": settings.max_size,
        "box_score_thresh": settings.score_threshold,
        "box_nms_thresh": 1.0,  # disables non-maximum suppression
        "box_detections_per_img": settings.max_candidates,
    }
    if settings.kind == "mobile":
        return _mobile(settings, num_classes=None, **common)
    detector = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=settings.num_classes, **common)
    detector.roi_heads.box_roi_pool.canonical_scale = round(settings.canonical_size)
    return detector
