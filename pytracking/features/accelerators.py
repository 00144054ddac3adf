"""Accelerators of the network: PyTorch, which always works, or OpenVINO, twice as fast on a CPU (``docs/speed.md``)."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import inspect
import sys
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

import ltr.models
from ltr.utils.errors import InputError
from ltr.utils.files import cache_folder
from pytracking.features import fork_guard
from pytracking.features.cuda_graph import CudaGraph
from pytracking.utils.extras import install_hint

Accelerator = Literal["auto", "torch", "openvino"]
Precision = Literal["f32", "bf16", "f16"]
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
    network: nn.Module, crop_side: int, device: torch.device, accelerator: str = "auto", precision: str = "f32"
) -> FeatureExtractor:
    """The network prepared for crops of ``crop_side`` pixels.

    Args:
        network: RGB crops ``uint8 [n, S, S, 3]`` -> a tuple of maps ``[n, ...]``; in eval mode, on ``device``, without
            gradients.
        crop_side: S.
        device: of the crops and the maps.
        accelerator: see :func:`choose_accelerator`.
        precision: of the arithmetic. ``bf16`` and ``f16`` change boxes slightly; OpenVINO uses them if the processor
            supports them, and float32 otherwise.
    """
    if precision not in get_args(Precision):
        raise InputError(f"unknown precision {precision!r}; known are {', '.join(get_args(Precision))}")
    if choose_accelerator(accelerator, device) == "openvino":
        return OpenVinoNetwork(network, crop_side, precision)
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
    """A network compiled by OpenVINO for the CPU, with torch's number of threads."""

    def __init__(self, network: nn.Module, crop_side: int, precision: str = "f32") -> None:
        fork_guard.OPENVINO.check()
        config = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "INFERENCE_PRECISION_HINT": precision,
            "ENABLE_CPU_PINNING": False,  # else all processes of this machine share the same cores
        }
        graph = _graph(network, crop_side)
        # In its own thread: OpenVINO sets an alternate signal stack for the thread that compiles first, and frees it
        # with the last network. Python handles signals on that stack: if another thread released the network, the next
        # signal (Ctrl-C, SIGCHLD) would crash the process.
        with ThreadPoolExecutor(1) as compiler:
            self._model = compiler.submit(_openvino().Core().compile_model, graph, "CPU", config).result()
        self._of_thread = threading.local()  # trackers that share the network may run in different threads

    def __call__(self, crops: Tensor) -> tuple[Tensor, ...]:
        """One crop at a time: on a CPU a batch is no faster, and the graph has fixed shapes."""
        fork_guard.OPENVINO.check()
        if not hasattr(self._of_thread, "request"):
            self._of_thread.request = self._model.create_infer_request()
        infer = self._of_thread.request.infer

        def extract(crop: Tensor) -> tuple[Tensor, ...]:
            return tuple(map(torch.from_numpy, infer({0: crop.numpy()}, share_inputs=True).values()))

        return tuple(torch.cat(maps) for maps in zip(*map(extract, crops.split(1)), strict=True))


def _openvino() -> Any:
    """The package without its telemetry, which would report every start and conversion to its vendor."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: the import of it fails
    import openvino

    return openvino


def _graph(network: nn.Module, crop_side: int) -> Any:
    """The network as an OpenVINO graph, cached on disk because the conversion takes seconds."""
    openvino = _openvino()
    path = cache_folder() / f"{_fingerprint(network, crop_side)}.xml"
    if path.is_file():
        return openvino.Core().read_model(path)
    crop = torch.zeros(1, crop_side, crop_side, 3, dtype=torch.uint8)
    graph = openvino.convert_model(torch.export.export(network, (crop,)))
    with suppress(OSError):  # a cache that cannot be written is no error
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as temporary:
            openvino.save_model(graph, Path(temporary) / path.name, compress_to_fp16=False)
            for suffix in (".bin", ".xml"):  # the .xml file last, since its presence is tested
                Path(temporary, path.name).with_suffix(suffix).replace(path.with_suffix(suffix))
    return graph


def _fingerprint(network: nn.Module, crop_side: int) -> str:
    """Hash of everything the graph depends on: weights, code, versions, size."""
    digest = hashlib.sha256(f"{crop_side} {torch.__version__} {importlib.metadata.version('openvino')}".encode())
    own = {Path(inspect.getfile(type(module))) for module in network.modules()}
    for source in sorted(own | set(Path(ltr.models.__path__[0]).rglob("*.py"))):
        digest.update(source.read_bytes())
    for name, value in network.state_dict().items():
        digest.update(name.encode() + value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
