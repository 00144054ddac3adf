"""A DiMP tracker run by PyTorch: its network on a device, with an accelerator."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import version

import torch

from ltr.models.card import NetworkCard
from ltr.models.tracking.dimpnet import DiMPnet
from ltr.models.tracking.settings import DiMPnetSettings
from ltr.utils.config import check, load
from ltr.utils.device import choose_device, set_threads
from ltr.utils.errors import InputError
from pytracking.features import fork_guard
from pytracking.features.accelerators import accelerate, choose_accelerator
from pytracking.features.frame_network import FrameNetwork
from pytracking.features.net_wrappers import load_for_tracking
from pytracking.features.precision import int8_graph
from pytracking.parameter.dimp.base import DiMPParams
from pytracking.parameter.dimp.published import find_network
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.dimp.backend import Backend, of_network
from pytracking.tracker.dimp.confidence import Calibration
from pytracking.tracker.dimp.torch_functions import TorchFunctions

Prepare = Callable[[DiMPnet, DiMPnetSettings], DiMPnetSettings]


def load_torch(params: DiMPParams, config: TrackerConfig, prepare: Prepare | None = None) -> Backend:
    """Load the network of ``params``.

    prepare: changes a loaded network and returns its settings; by default it must have a classifier of its own.
    """
    fork_guard.TORCH.check()
    if config.threads is not None:
        set_threads(config.threads)
    device = choose_device(config.device)
    accelerator = choose_accelerator(config.accelerator, device)
    network, settings, card = load_for_tracking(params.network, device, of_network(params))
    params = params.for_prediction(card.box_prediction)
    if prepare is not None:
        settings = prepare(network, settings)
    elif settings.classifier.objective == "online":
        raise InputError(f"{params.network}: has no classifier of its own; it is for tracker atom")
    size = settings.crop_side
    int8 = int8_graph(find_network(params.network), card.sha256)
    extractor = accelerate(FrameNetwork(network), size, device, accelerator, config.precision, int8)
    versions = {"torch": str(torch.__version__)}
    if accelerator != "torch":
        versions[accelerator] = version(accelerator)
    return Backend(
        TorchFunctions(network, size, params.refinement, device, extractor),
        settings,
        params,
        read_calibration(card, settings, params),
        card.sha256,
        device=str(device),
        threads=torch.get_num_threads(),
        accelerator=accelerator,
        versions=versions,
    )


def read_calibration(card: NetworkCard, settings: DiMPnetSettings, params: DiMPParams) -> Calibration | None:
    """The card's: it is of the network's own classifier, and of the energies of posterior means."""
    fits = settings.classifier.objective != "online" and params.refinement.method == "mean"
    if card.confidence is None or not fits:
        return None
    where = f"card of {params.network}: confidence"
    calibration = load(Calibration, card.confidence, where)
    check(calibration, where)
    return calibration
