"""Accelerators of the network: PyTorch, which always works, or OpenVINO, twice as fast on a CPU (``docs/speed.md``)."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import inspect
import io
import os
import sys
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
from ltr.utils.files import atomic_write, cache_folder
from pytracking.features import fork_guard
from pytracking.features.cuda_graph import CudaGraph
from pytracking.utils.extras import install_hint

Accelerator = Literal["auto", "torch", "openvino"]
Precision = Literal["f32", "bf16", "f16", "int8"]
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


def check_precision(name: str, accelerator: str, int8: Path | None = None) -> None:
    """Raise InputError if ``name`` is no :data:`Precision`, or int8 and there is nothing to run in int8.

    Args:
        accelerator: of :func:`choose_accelerator`.
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
    """A network compiled by OpenVINO for the CPU, with torch's number of threads."""

    def __init__(self, network: nn.Module | Path, crop_side: int, precision: str = "f32") -> None:
        """network: or its int8 graph."""
        fork_guard.OPENVINO.check()
        config = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": torch.get_num_threads(),
            "INFERENCE_PRECISION_HINT": "f32" if precision == "int8" else precision,
            "ENABLE_CPU_PINNING": False,  # else all processes of this machine share the same cores
        }
        # In its own thread: OpenVINO sets an alternate signal stack for the thread that compiles first, and frees it
        # with the last network. Python handles signals on that stack: if another thread released the network, the next
        # signal (Ctrl-C, SIGCHLD) would crash the process.
        with ThreadPoolExecutor(1) as compiler:
            self._model = compiler.submit(_compile, network, crop_side, config).result()
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


def _compile(network: nn.Module | Path, crop_side: int, config: dict[str, Any]) -> Any:
    """The network or graph, compiled; kept on disk, because the conversion takes seconds."""
    openvino = _openvino()
    core = openvino.Core()
    processor = [core.get_property("CPU", name) for name in ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")]
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA")
    key = f"{_fingerprint(network, crop_side)} {sorted(config.items())} {processor} {limit}"
    path = cache_folder() / f"{hashlib.sha256(key.encode()).hexdigest()}.blob"
    with suppress(OSError, RuntimeError):  # absent, or of no use
        return core.import_model(path.read_bytes(), "CPU", config)
    graph = core.read_model(network) if isinstance(network, Path) else openvino_graph(network, crop_side)
    graph.reshape([1, crop_side, crop_side, 3])  # a graph of fixed shapes is 10 % faster
    model = core.compile_model(graph, "CPU", config)
    with suppress(OSError):  # a cache that cannot be written is no error
        model.export_model(blob := io.BytesIO())
        atomic_write(path, lambda temporary: temporary.write_bytes(blob.getvalue()))
    return model


def openvino_graph(network: nn.Module, crop_side: int, any_side: bool = False) -> Any:
    """The network converted for crops of ``crop_side`` pixels, or of any side that is a multiple of 16."""
    crop = torch.zeros(1, crop_side, crop_side, 3, dtype=torch.uint8)
    side = 16 * torch.export.Dim("cells", min=4, max=64)
    shapes = ({1: side, 2: side},) if any_side else None
    return _openvino().convert_model(torch.export.export(network, (crop,), dynamic_shapes=shapes))


def _fingerprint(network: nn.Module | Path, crop_side: int) -> str:
    """Hash of everything the graph depends on: weights, code, versions, size."""
    digest = hashlib.sha256(f"{crop_side} {torch.__version__} {importlib.metadata.version('openvino')}".encode())
    if isinstance(network, Path):
        digest.update(network.read_bytes() + network.with_suffix(".bin").read_bytes())
        return digest.hexdigest()
    own = {Path(inspect.getfile(type(module))) for module in network.modules()} | {Path(__file__)}
    for source in sorted(own | set(Path(ltr.models.__path__[0]).rglob("*.py"))):
        digest.update(source.read_bytes())
    for name, value in network.state_dict().items():
        digest.update(name.encode() + value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()
