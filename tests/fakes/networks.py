"""Small tracking networks with random weights."""

from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

from ltr.models.bbreg.atom_iou_net import AtomIoUNetSettings
from ltr.models.build import build_network
from ltr.models.target_classifier.optimizer import FilterOptimizerSettings
from ltr.models.tracking.dimpnet import DiMPnet
from ltr.models.tracking.settings import ClassifierSettings, DiMPnetSettings
from ltr.models.weights import NetworkCard, save_network
from pytracking.features.accelerators import FeatureExtractor
from pytracking.parameter.dimp.base import DiMPParams, LocalizationParams
from pytracking.tracker.dimp.dimp import DiMP
from pytracking.tracker.dimp.model import DiMPTracker
from pytracking.tracker.dimp.torch_functions import TorchFunctions

CPU = torch.device("cpu")
SMALL = DiMPnetSettings(
    backbone="efficientnet_lite0",
    frozen_layers=("conv1", "layer1", "layer2", "layer3"),
    search_area=4.0,
    crop_side=128,
    classifier=ClassifierSettings(feature_dim=112, optimizer=FilterOptimizerSettings(num_iter=2)),
    box_branch=AtomIoUNetSettings(reference_dim=8, mid_dim=8, pred_input_dim=8, pred_inter_dim=8),
)

# With random weights no score means anything: the highest peak is the target, always.
ALWAYS_FOUND = LocalizationParams(
    not_found_threshold=-1e9, uncertain_threshold=-1e9, far_threshold=-1e9, distractor_ratio=1e9
)


def small_network(seed: int = 0, settings: DiMPnetSettings = SMALL) -> DiMPnet:
    """A network with random weights, in eval mode; its batch norms have the statistics of noise, so signals survive."""
    net, random_state = _made(seed, settings)
    torch.set_rng_state(random_state)
    return deepcopy(net)


@cache
def _made(seed: int, settings: DiMPnetSettings) -> tuple[DiMPnet, Tensor]:
    """The network and the state of torch's random numbers behind it: to make them takes 0.3 s."""
    torch.manual_seed(seed)
    net = build_network(settings).eval()
    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.train()
        norm.momentum = 1.0
    with torch.no_grad():
        images = torch.rand(1, 4, 3, settings.crop_side, settings.crop_side) * 255
        boxes = torch.full((1, 4, 4), settings.crop_side / 3)
        net(images, images, boxes).energy(boxes[0, :, None] + 10 * torch.rand(4, 8, 4))
    for norm in norms:
        norm.momentum = 0.1
    return net.eval(), torch.get_rng_state()


def dimp_tracker(
    network: DiMPnet,
    settings: DiMPnetSettings,
    params: DiMPParams,
    seed: int = 0,
    device: torch.device = CPU,
    extractor: FeatureExtractor | None = None,
    functions: type[TorchFunctions] = TorchFunctions,
) -> DiMPTracker:
    """A tracker of a network that is in memory, on ``device``; its box branch predicts a log-density."""
    params = params.for_prediction("log_density")
    made = functions(network.requires_grad_(False), settings.crop_side, params.refinement, device, extractor)
    return DiMPTracker(DiMP(made, settings, params), seed)


def write_small_network(path: Path, crop_side: int = SMALL.crop_side, seed: int = 0) -> Path:
    """Save a small network as ``path`` (.safetensors) with its card; the backbone's weights are random, too."""
    settings = replace(SMALL, crop_side=crop_side)
    save_network(small_network(seed, settings), settings, path, NetworkCard(more={"made_for": "tests"}))
    return path
