"""Networks on disk: weights as safetensors, with a JSON card beside them. Loading runs no code from a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from ltr.models.build import build_network
from ltr.models.card import NetworkCard
from ltr.models.tracking.dimpnet import DiMPnet
from ltr.models.tracking.settings import DiMPnetSettings
from ltr.utils.config import changed, check, load, to_json
from ltr.utils.errors import InputError
from ltr.utils.files import atomic_write, check_regular, import_advice, sha256


def save_weights(state: Mapping[str, torch.Tensor], path: Path) -> None:
    """Write tensors as safetensors, atomically, with the user's default file permissions."""
    atomic_write(path, lambda temporary: temporary.write_bytes(save(dict(state))))


def save_network(
    network: DiMPnet,
    settings: DiMPnetSettings,
    path: Path,
    card: NetworkCard,
    dtype: torch.dtype = torch.float16,
) -> None:
    """Write ``path`` (.safetensors, floating weights as ``dtype``) and its ``card`` with settings and SHA-256."""
    state = {
        name: (value.to(dtype) if value.is_floating_point() else value).contiguous()
        for name, value in network.state_dict().items()
    }
    save_weights(state, path)
    replace(card, network=to_json(settings), sha256=sha256(path)).write(path)


def load_network(path: Path, changes: Mapping[str, Any] | None = None) -> tuple[DiMPnet, DiMPnetSettings, NetworkCard]:
    """The network of ``path`` (.safetensors) in float32 and eval mode, its settings, and its card.

    changes: of settings that do not affect the weights, as ``{"crop_side": 352}``.
    """
    card_path = path.with_suffix(".json")
    if path.suffix != ".safetensors":
        raise InputError(
            f"{path}: expected a network of this toolkit, a .safetensors file with its card (.json) beside it; "
            + import_advice(path)
        )
    check_regular(path)
    if not path.is_file():
        raise FileNotFoundError(f"network file {path} is missing")
    with path.open("rb") as file:
        if file.read(2) in (b"PK", b"\x80\x02"):
            raise InputError(f"{path}: holds what torch.save writes, not safetensors; {import_advice(path)}")
    if not card_path.is_file():
        raise FileNotFoundError(f"{card_path} is missing: the card of {path.name}, which is written and moved with it")
    card = NetworkCard.read(path)
    settings = load(DiMPnetSettings, card.network, f"{card_path}: network")
    check(settings, f"{card_path}: network")
    settings = changed(settings, changes or {}, "parameters")
    check(settings, "parameters")
    try:
        state = load_file(path)
    except SafetensorError as error:
        raise InputError(f"{path}: not a network written by this toolkit ({error!r})") from error
    if card.sha256 != sha256(path):
        raise InputError(
            f"{path}: does not match the sha256 in {card_path.name}; the file is damaged or was replaced, "
            "or its writing broke off"
        )
    network = build_network(settings)
    state = {name: value.float() if value.is_floating_point() else value for name, value in state.items()}
    if settings.classifier.objective == "kl":  # the initializer was a constant zero in older versions
        untrained = network.classifier.filter_initializer.state_dict(prefix="classifier.filter_initializer.")
        state = {**untrained, **state}
    load_weights(network, state, path)
    return network.eval(), settings, card


def load_weights(network: torch.nn.Module, state: dict[str, torch.Tensor], source: Path) -> None:
    """Load ``state`` into ``network``; one ValueError lists every name and shape that does not fit."""
    own = network.state_dict()
    problems = [f"missing {name}" for name in own if name not in state]
    problems += [f"unknown {name}" for name in state if name not in own]
    problems += [
        f"{name} has shape {list(state[name].shape)}, expected {list(own[name].shape)}"
        for name in own
        if name in state and state[name].shape != own[name].shape
    ]
    if problems:
        shown = "; ".join(problems[:5]) + (f"; and {len(problems) - 5} more" if len(problems) > 5 else "")
        raise InputError(f"{source}: does not fit the network: {shown}")
    network.load_state_dict(state)
