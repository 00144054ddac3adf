from dataclasses import replace

import pytest
import torch
from torchvision.models.resnet import BasicBlock, Bottleneck

from ltr.models.backbone import BACKBONES
from ltr.models.build import build_network
from tests.fakes.networks import SMALL


@pytest.mark.parametrize("backbone", BACKBONES)
def test_builds_on_every_backbone(backbone: str) -> None:
    with torch.device("meta"):  # no weights are drawn
        net = build_network(replace(SMALL, backbone=backbone))
    assert type(net.feature_extractor) is BACKBONES[backbone]
    assert not any(parameter.requires_grad for parameter in net.feature_extractor.parameters())


@pytest.mark.parametrize(("backbone", "block"), [("resnet18", BasicBlock), ("resnet50", Bottleneck)])
def test_wide_features_have_bottleneck_blocks(backbone: str, block: type) -> None:
    settings = replace(SMALL, backbone=backbone, classifier=replace(SMALL.classifier, num_blocks=1))
    with torch.device("meta"):
        net = build_network(settings)
    assert type(net.classifier.feature_extractor[0]) is block


def test_unknown_backbone_and_other_problems_come_together() -> None:
    with pytest.raises(
        ValueError, match=r"crop_side: .*got 90; backbone: unknown 'vgg'; known are efficientnet_lite0, "
    ):
        build_network(replace(SMALL, backbone="vgg", crop_side=90))
