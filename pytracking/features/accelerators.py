"""Accelerators of the network: PyTorch, which always works, or OpenVINO, twice as fast on a CPU (``docs/speed.md``)."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

import ltr.models
from ltr.utils.errors import InputError
from pytracking.features.cuda_graph import CudaGraph
from pytracking.features.openvino_graph import OpenVinoGraph, import_openvino
from pytracking.features.precision import check_precision
from pytracking.utils.extras import install_hint

Accelerator = Literal["auto", "torch", "openvino"]
FeatureExtractor = Callable[[Tensor], tuple[Tensor, ...]]
"""Crops ``uint8 [n, S, S, 3]`` -> maps ``[n, ...]``, float32 for every precision."""

_DTYPES = {"bf16": torch.bfloat16, "f16": torch.float16}


def choose_accelerator(name: str, device: torch.device) -> str:
    """``torch`` or ``openvino`` for a name of :data:`Accelerator`.

    Raises:
        InputError: unknown, or not for this device.
        ImportError: openvino is not installed.
    """
    installed = importlib.util.find_spec("openvino") is not None
    if name == "auto":
        return "openvino" if installed and device.type == "cpu" else "torch"
    if name not in get_args(Accelerator):
        raise InputError(f"unknown accelerator {name!r}; known are {', '.join(get_args(Accelerator))}")
    if name == "openvino" and device.type != "cpu":
        raise InputError(f"accelerator 'openvino' runs on the CPU, not on {device}; use --accelerator torch there")
    if name == "openvino" and not installed:
        hint = f"{install_hint('fast')} (or use --accelerator torch)"
        raise ImportError(f"accelerator 'openvino' is not installed: {hint}")
    return name


def accelerate(
    network: nn.Module,
    crop_side: int,
    device: torch.device,
    accelerator: str = "auto",
    precision: str = "f32",
    int8: Path | None = None,
) -> FeatureExtractor:
    """The network prepared for crops of ``crop_side`` pixels.

    Args:
        network: RGB crops ``uint8 [n, S, S, 3]`` -> a tuple of maps ``[n, ...]``; in eval mode, on ``device``, without
            gradients.
        crop_side: S.
        device: of the crops and the maps.
        accelerator: see :func:`choose_accelerator`.
        precision: of the arithmetic, see :func:`check_precision`. ``bf16``, ``f16`` and ``int8`` change boxes
            slightly; OpenVINO uses the first two if the processor supports them, and float32 otherwise.
        int8: the same network as an int8 graph.
    """
    accelerator = choose_accelerator(accelerator, device)
    check_precision(precision, accelerator, int8)
    if accelerator == "openvino":
        return OpenVinoNetwork(int8 if int8 and precision == "int8" else network, crop_side, precision)
    extractor: FeatureExtractor = network if precision == "f32" else _autocast(network, device, _DTYPES[precision])
    return _captured(extractor) if device.type == "cuda" else extractor


def _autocast(network: nn.Module, device: torch.device, dtype: torch.dtype) -> FeatureExtractor:
    def extractor(crops: Tensor) -> tuple[Tensor, ...]:
        with torch.autocast(device.type, dtype):
            maps = network(crops)
        return tuple(each.float() for each in maps)

    return extractor


def _captured(extractor: FeatureExtractor) -> FeatureExtractor:
    """``extractor`` as one CUDA graph for each number of crops, captured at its first call."""
    graphs: dict[int, CudaGraph] = {}

    def replayed(crops: Tensor) -> tuple[Tensor, ...]:
        return graphs.setdefault(len(crops), CudaGraph(extractor))(crops)

    return replayed


class OpenVinoNetwork:
    """A network, or its int8 graph, compiled by OpenVINO for the CPU, with torch's number of threads."""

    def __init__(self, network: nn.Module | Path, crop_side: int, precision: str = "f32") -> None:
        shape = (1, crop_side, crop_side, 3)
        threads = torch.get_num_threads()
        if isinstance(network, Path):
            self._run = OpenVinoGraph.of_files(network, network.with_suffix(".bin"), shape, threads, precision)
        else:
            key = _fingerprint(network)
            self._run = OpenVinoGraph(lambda: openvino_graph(network, crop_side), key, shape, threads, precision)

    def __call__(self, crops: Tensor) -> tuple[Tensor, ...]:
        """One crop at a time: on a CPU a batch is no faster, and the graph has fixed shapes."""

        def extract(crop: Tensor) -> tuple[Tensor, ...]:
            return tuple(map(torch.from_numpy, self._run(crop.numpy())))

        return tuple(torch.cat(maps) for maps in zip(*map(extract, crops.split(1)), strict=True))


def openvino_graph(network: nn.Module, crop_side: int, any_side: bool = False) -> Any:
    """The network converted for crops of ``crop_side`` pixels, or of any side that is a multiple of 16."""
    crop = torch.zeros(1, crop_side, crop_side, 3, dtype=torch.uint8)
    side = 16 * torch.export.Dim("cells", min=4, max=64)
    shapes = ({1: side, 2: side},) if any_side else None
    return import_openvino().convert_model(torch.export.export(network, (crop,), dynamic_shapes=shapes))


def _fingerprint(network: nn.Module) -> str:
    """Hash of the network's weights and code, and of what exports it."""
    digest = hashlib.sha256(torch.__version__.encode())
    own = {Path(inspect.getfile(type(module))) for module in network.modules()} | {Path(__file__)}
    for source in sorted(own | set(Path(ltr.models.__path__[0]).rglob("*.py"))):
        digest.update(source.read_bytes())
    for name, value in network.state_dict().items():
        digest.update(name.encode() + value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
