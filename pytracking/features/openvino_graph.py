"""A graph compiled by OpenVINO for the CPU. Needs no torch."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import numpy as np

from ltr.utils.files import atomic_write, cache_folder, sha256
from pytracking.features import fork_guard


def import_openvino() -> Any:
    """The package without its telemetry, which would report every start and conversion to its vendor."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: the import of it fails
    import openvino

    return openvino


class OpenVinoGraph:
    """A graph with one input; threads may share it.

    Args:
        read: gives the OpenVINO model; called if the compiled one is not in the cache folder.
        key: hash of everything the model depends on.
        shape: of the input: a graph of fixed shapes is 10 % faster than one of any.
        threads: of the CPU.
        precision: of the arithmetic: f32, bf16 or f16; float32 where the processor has no other. int8: as the graph is.
    """

    def __init__(
        self, read: Callable[[], Any], key: str, shape: Sequence[int], threads: int, precision: str = "f32"
    ) -> None:
        fork_guard.OPENVINO.check()
        config = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": threads,
            "INFERENCE_PRECISION_HINT": "f32" if precision == "int8" else precision,
            "ENABLE_CPU_PINNING": False,  # else all processes of this machine share the same cores
        }
        # In its own thread: OpenVINO sets an alternate signal stack for the thread that compiles first, and frees it
        # with the last network. Python handles signals on that stack: if another thread released the network, the next
        # signal (Ctrl-C, SIGCHLD) would crash the process.
        with ThreadPoolExecutor(1) as compiler:
            self._model = compiler.submit(_compile, read, key, list(shape), config).result()
        self._of_thread = threading.local()  # trackers that share the network may run in different threads

    @classmethod
    def of_files(cls, graph: Path, weights: Path, shape: Sequence[int], threads: int, precision: str = "f32") -> Self:
        """The graph in a file that OpenVINO reads, and the file of its weights."""
        key = sha256(graph) + sha256(weights)
        return cls(lambda: import_openvino().Core().read_model(graph), key, shape, threads, precision)

    def __call__(self, array: np.ndarray) -> list[np.ndarray]:
        """The outputs for one input, as views of arrays that the next call overwrites."""
        fork_guard.OPENVINO.check()
        if not hasattr(self._of_thread, "request"):
            self._of_thread.request = self._model.create_infer_request()
        return list(self._of_thread.request.infer({0: array}, share_inputs=True).values())


def _compile(read: Callable[[], Any], key: str, shape: list[int], config: dict[str, Any]) -> Any:
    """The compiled model; kept on disk, because reading or converting and compiling takes seconds."""
    openvino = import_openvino()
    core = openvino.Core()
    processor = [core.get_property("CPU", name) for name in ("FULL_DEVICE_NAME", "OPTIMIZATION_CAPABILITIES")]
    limit = os.environ.get("ONEDNN_MAX_CPU_ISA")
    everything = f"{key} {openvino.__version__} {shape} {sorted(config.items())} {processor} {limit}"
    path = cache_folder() / f"{hashlib.sha256(everything.encode()).hexdigest()}.blob"
    with suppress(OSError, RuntimeError):  # absent, or of no use
        return core.import_model(path.read_bytes(), "CPU", config)
    graph = read()
    graph.reshape(shape)
    model = core.compile_model(graph, "CPU", config)
    with suppress(OSError):  # a cache that cannot be written is no error
        model.export_model(blob := io.BytesIO())
        atomic_write(path, lambda temporary: temporary.write_bytes(blob.getvalue()))
    return model
