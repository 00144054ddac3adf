"""Networks on disk: weights as safetensors, everything else as JSON beside them. Loading runs no code from a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from ltr.models.build import build_network
from ltr.models.tracking.dimpnet import DiMPnet
from ltr.models.tracking.settings import DiMPnetSettings
from ltr.utils.config import renamed
from ltr.utils.errors import InputError
from ltr.utils.files import atomic_write

T = TypeVar("T")
_FOREIGN_CARD = (json.JSONDecodeError, UnicodeDecodeError, RecursionError, KeyError, TypeError, AttributeError)


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def from_dict(cls: type[T], values: dict[str, Any], where: str) -> T:
    """Rebuild a (nested) settings dataclass from JSON; ``where`` names the file in errors."""
    hints = get_type_hints(cls)
    names = {field.name for field in fields(cls)}  # type: ignore[arg-type]
    unknown = sorted(set(values) - names)
    if unknown:
        raise InputError(f"{where}: unknown {cls.__name__} fields {unknown}; known are {sorted(names)}")

    def convert(name: str, value: Any) -> Any:
        if is_dataclass(hints[name]) and isinstance(value, dict):
            return from_dict(hints[name], value, where)
        value = tuple(value) if isinstance(value, list) else value
        if not _is_of(value, hints[name]):
            raise InputError(f"{where}: {cls.__name__}.{name}: expected {hints[name]}, got {value!r:.60}")
        return value

    return cls(**{name: convert(name, value) for name, value in values.items()})


def _is_of(value: Any, hint: Any) -> bool:
    """Whether ``value`` is of the type of a field: a number, text, a choice, or a tuple of one of them."""
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    if get_origin(hint) is tuple:
        return isinstance(value, tuple) and all(_is_of(item, get_args(hint)[0]) for item in value)
    if isinstance(value, bool) or not isinstance(hint, type):
        return hint is bool
    return isinstance(value, (int, float) if hint is float else hint)


def save_weights(state: Mapping[str, torch.Tensor], path: Path) -> None:
    """Write tensors as safetensors, atomically, with the user's own file permissions (``save_file`` takes stricter)."""
    atomic_write(path, lambda temporary: temporary.write_bytes(save(dict(state))))


def save_network(network: DiMPnet, settings: DiMPnetSettings, path: Path, card: dict[str, Any]) -> None:
    """Write ``path`` (.safetensors, floating weights in half precision) and its card ``path`` (.json)."""
    state = {
        name: (value.half() if value.is_floating_point() else value).contiguous()
        for name, value in network.state_dict().items()
    }
    save_weights(state, path)
    text = json.dumps({"network": asdict(settings), "sha256": sha256(path), **card}, indent=1)
    atomic_write(path.with_suffix(".json"), lambda temporary: temporary.write_text(text + "\n"))


def load_network(path: Path) -> tuple[DiMPnet, DiMPnetSettings, dict[str, Any]]:
    """The network of ``path`` (.safetensors) in float32 and eval mode, its settings, and its card."""
    card_path = path.with_suffix(".json")
    if path.suffix != ".safetensors":
        raise InputError(
            f"{path}: expected a network of this toolkit, a .safetensors file with its card (.json) beside it"
        )
    if not path.is_file():
        raise FileNotFoundError(f"network file {path} is missing")
    if not card_path.is_file():
        raise FileNotFoundError(f"{card_path} is missing: the card of {path.name}, which is written and moved with it")
    try:
        card = json.loads(card_path.read_text(encoding="utf-8"))
        network_values = renamed(card["network"], DiMPnetSettings.OLD_NAMES, str(card_path))
        settings = from_dict(DiMPnetSettings, network_values, str(card_path))
        state = load_file(path)
    except (*_FOREIGN_CARD, SafetensorError) as error:
        raise InputError(f"{path}: not a network written by this toolkit ({error!r})") from error
    if card.get("sha256") != sha256(path):
        raise InputError(
            f"{path}: does not match the sha256 in {card_path.name}; the file is damaged or was replaced, "
            "or its writing broke off"
        )
    try:
        network = build_network(settings)
    except InputError as error:
        raise InputError(f"{card_path}: {error}") from None
    load_weights(
        network,
        {name: value.float() if value.is_floating_point() else value for name, value in state.items()},
        path,
    )
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
