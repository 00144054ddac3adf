"""Networks on disk: weights as safetensors, with a JSON card beside them. Loading runs no code from a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from ltr.models.bbreg.prediction import BoxPrediction
from ltr.models.build import build_network
from ltr.models.tracking.dimpnet import DiMPnet
from ltr.models.tracking.settings import DiMPnetSettings
from ltr.utils.config import changed, check, load, read_values, to_json
from ltr.utils.errors import InputError
from ltr.utils.files import atomic_write, import_advice


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class NetworkCard:
    """The card of a network, a JSON file beside its weights."""

    network: Mapping[str, Any] | None = None  # its settings, as ltr.utils.config.to_json writes them
    sha256: str = ""  # of the file of weights
    box_branch_predicts: BoxPrediction | None = None  # read it as box_prediction: older cards lack it
    training: Mapping[str, Any] | None = None  # the training's settings
    seed: int | None = None
    data: Mapping[str, Mapping[str, Any]] | None = None  # training data by source (ltr.admin.provenance)
    averaged: tuple[Mapping[str, Any], ...] = ()  # sha256 and training of the networks of which it is the mean
    confidence: Mapping[str, float] | None = None  # pytracking.tracker.dimp.confidence.Calibration of its scores
    more: Mapping[str, Any] = field(default_factory=dict)  # other fields of the file

    @classmethod
    def read(cls, path: Path) -> Self:
        """The card of the network ``path`` (.safetensors); InputError if it is not valid."""
        values = read_values(path.with_suffix(".json"), "card")
        known = {f.name for f in fields(cls)} - {"more"}
        more = {name: value for name, value in values.items() if name not in known}
        values = {name: value for name, value in values.items() if name in known}
        return load(cls, {**values, "more": more}, f"card: {path.with_suffix('.json')}")

    def write(self, path: Path) -> None:
        """Write the card beside the network ``path``, without empty fields."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "more"}
        text = json.dumps({**{name: v for name, v in values.items() if v not in (None, ())}, **self.more}, indent=1)
        atomic_write(path.with_suffix(".json"), lambda temporary: temporary.write_text(text + "\n"))

    @property
    def box_prediction(self) -> BoxPrediction:
        """What the box branch predicts. Cards of older versions name the loss of their training alone."""
        loss = (self.training or {}).get("box_loss")
        of_overlaps = isinstance(loss, Mapping) and loss.get("class") == "IoUPrediction"
        return self.box_branch_predicts or ("overlap" if of_overlaps else "log_density")

    @property
    def training_sequences(self) -> list[str]:
        """Names of the sequences in ``data``; KeyError or TypeError if an entry has none."""
        return [str(each["name"]) for source in (self.data or {}).values() for each in source.get("sequences", ())]


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
