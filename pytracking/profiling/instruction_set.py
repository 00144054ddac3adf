"""The processor's vector instructions, which times depend on as much as on its clock."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import cv2

from pytracking.utils.extras import is_installed

LIMIT = "ONEDNN_MAX_CPU_ISA"  # environment variable; heeded by OpenVINO's and PyTorch's convolutions
_WIDEST = {"avx512_f": "AVX-512", "avx2": "AVX2", "avx": "AVX", "sse4_1": "SSE4.1", "sve": "SVE", "neon": "NEON"}
_FOR_NETWORKS = {
    "avx512_vnni": "VNNI",
    "avx_vnni": "AVX-VNNI",
    "avx512_bf16": "BF16",
    "amx_tile": "AMX",
    "dot": "DOT",
    "i8mm": "I8MM",
    "bf16": "BF16",
}
_IN_OPENCV = {"avx512_f": 256, "avx2": 11, "avx": 10, "neon": 100}  # its enumeration CpuFeatures


def instruction_set(capabilities: Mapping[str, Any] | None = None, environment: Mapping[str, str] = os.environ) -> str:
    """The widest vector instructions and those for networks of low precision: "AVX2", or "AVX-512, VNNI, BF16, AMX".

    A limit that the environment sets is named, too.

    Args:
        capabilities: as of ``torch.cpu.get_capabilities``; None: this processor's.
    """
    found = _capabilities() if capabilities is None else capabilities
    widest = [name for key, name in _WIDEST.items() if found.get(key)][:1] or ["no vector instructions known"]
    text = ", ".join(widest + [name for key, name in _FOR_NETWORKS.items() if found.get(key)])
    limit = environment.get(LIMIT)
    return f"{text}; {LIMIT}={limit}" if limit else text


def _capabilities() -> Mapping[str, Any]:
    """PyTorch's, or without it OpenCV's; those before PyTorch 2.12 may know the widest instructions only."""
    if not is_installed("torch"):
        return {key: cv2.checkHardwareSupport(number) for key, number in _IN_OPENCV.items()}
    import torch

    if hasattr(torch.cpu, "get_capabilities"):
        return torch.cpu.get_capabilities()
    return {{"AVX512": "avx512_f", "AVX2": "avx2"}.get(torch.backends.cpu.get_cpu_capability(), "neon"): True}
