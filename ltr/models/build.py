"""Builds a tracking network from its settings."""

from __future__ import annotations

import math

from torch import nn

from ltr.models.backbone import BACKBONES
from ltr.models.bbreg.atom_iou_net import AtomIoUNet
from ltr.models.target_classifier.features import InstanceL2Norm, residual_basic_block, residual_bottleneck
from ltr.models.target_classifier.initializer import FilterInitializerLinear
from ltr.models.target_classifier.kl_optimizer import PrDiMPSteepestDescentNewton
from ltr.models.target_classifier.linear_filter import LinearFilter
from ltr.models.target_classifier.optimizer import DiMPSteepestDescentGN
from ltr.models.tracking.dimpnet import BOX_LAYERS, CLASSIFICATION_LAYER, DiMPnet
from ltr.models.tracking.settings import DiMPnetSettings
from ltr.utils.config import check

BOTTLENECK_CHANNELS = 512  # from this number on, blocks of two 3x3 convolutions would be too large


def build_network(settings: DiMPnetSettings) -> DiMPnet:
    """A tracking network with untrained heads and an untrained backbone."""
    check(settings, "network settings")
    backbone = BACKBONES[settings.backbone](settings.frozen_layers)
    channels = backbone.out_channels
    c = settings.classifier
    width = channels[CLASSIFICATION_LAYER]
    box_branch = AtomIoUNet((channels[BOX_LAYERS[0]], channels[BOX_LAYERS[1]]), settings.box_branch)
    if c.objective == "online":  # ATOM's tracker brings its classifier
        return DiMPnet(backbone, LinearFilter(nn.Identity(), nn.Identity(), InstanceL2Norm()), box_branch)
    head = residual_bottleneck if width >= BOTTLENECK_CHANNELS else residual_basic_block
    norm_scale = 1 / math.sqrt(c.feature_dim * c.filter_size**2)
    features = head(width, c.num_blocks, c.feature_dim, norm_scale)
    initializer = FilterInitializerLinear(
        c.filter_size, c.feature_dim, settings.stride, "zero" if c.objective == "kl" else "identity"
    )
    if c.objective == "kl":
        optimizer: nn.Module = PrDiMPSteepestDescentNewton(c.optimizer, settings.label_sigma, settings.stride)
    else:
        optimizer = DiMPSteepestDescentGN(c.optimizer, settings.label_sigma, settings.stride)
    return DiMPnet(backbone, LinearFilter(initializer, optimizer, features), box_branch)
