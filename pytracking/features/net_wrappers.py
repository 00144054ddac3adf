"""Loading of networks for tracking: by name, with batch norm folded, on the device."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ltr.models.backbone.folding import fold_batch_norm
from ltr.models.tracking.dimpnet import DiMPnet
from ltr.models.tracking.settings import DiMPnetSettings
from ltr.models.weights import NetworkCard, load_network
from ltr.utils.device import place
from ltr.utils.errors import InputError
from pytracking.parameter.dimp.base import NETWORKS, network_path
from pytracking.parameter.dimp.published import missing_weights


def find_network(name: str, networks: Path | None = None) -> Path:
    """The file of the network ``name`` in the folder ``networks`` (None: ``pytracking/networks``), or ``name`` itself
    if it is a .safetensors path."""
    networks = networks or NETWORKS
    path = network_path(name, networks)
    if not name.endswith(".safetensors") and not path.is_file():
        if (missing := missing_weights(name)) is not None:
            raise missing
        known = sorted(file.stem for file in networks.glob("*.safetensors"))
        raise InputError(
            f"unknown network {name!r}; known are {', '.join(known) or 'none'}, or a path to a .safetensors file"
        )
    return path


def load_for_tracking(
    name: str, device: torch.device, changes: Mapping[str, Any] | None = None
) -> tuple[DiMPnet, DiMPnetSettings, NetworkCard]:
    """A network in eval mode, without gradients, batch norm folded; its settings (with ``changes``) and card."""
    network, settings, card = load_network(find_network(name), changes)
    network.requires_grad_(False)
    fold_batch_norm(network)
    place(network, device)
    return network, settings, card
