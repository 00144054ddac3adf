"""The network's arithmetic: its names, and where int8 can be had. Needs no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, get_args

from ltr.utils.errors import InputError

Precision = Literal["f32", "bf16", "f16", "int8"]


def check_precision(name: str, accelerator: str, int8: Path | None = None) -> None:
    """Raise InputError if ``name`` is no :data:`Precision`, or int8 and there is nothing to run in int8.

    Args:
        name: of the precision.
        accelerator: what runs the network.
        int8: the network's graph (see :func:`int8_graph`).
    """
    if name not in get_args(Precision):
        raise InputError(f"unknown precision {name!r}; known are {', '.join(get_args(Precision))}")
    if name == "int8" and accelerator != "openvino":
        raise InputError(f"precision 'int8' needs accelerator openvino, not {accelerator}")
    if name == "int8" and int8 is None:
        raise InputError("precision 'int8': this network has no .int8.xml file beside it (docs/speed.md makes one)")


def int8_graph(network: Path, sha256: str) -> Path | None:
    """The int8 graph beside a .safetensors file; None if there is none, or one of other weights than ``sha256``."""
    path = network.with_suffix(".int8.xml")
    return path if path.is_file() and sha256 and sha256 in path.read_text() else None
