"""Loading of networks for tracking: by name, with batch norm folded, on the device."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from ltr.models.backbone.folding import fold_batch_norm
from ltr.models.tracking.dimpnet import DiMPnet
from ltr.models.tracking.settings import DiMPnetSettings
from ltr.models.weights import NetworkCard, load_network
from ltr.utils.device import place
from pytracking.parameter.dimp.published import find_network


def load_for_tracking(
    name: str, device: torch.device, changes: Mapping[str, Any] | None = None
) -> tuple[DiMPnet, DiMPnetSettings, NetworkCard]:
    """A network in eval mode, without gradients, batch norm folded; its settings (with ``changes``) and card."""
    network, settings, card = load_network(find_network(name), changes)
    network.requires_grad_(False)
    fold_batch_norm(network)
    place(network, device)
    return network, settings, card
