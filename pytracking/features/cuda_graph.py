"""CUDA graphs: functions captured once and replayed, so that hundreds of kernel launches become one."""

from __future__ import annotations

import threading
from collections.abc import Callable

import torch
from torch import Tensor

WARM_UP = 3  # calls before the capture, in which libraries initialize, as CUDA graphs require


class CudaGraph:
    """``function``, captured at the first call; later calls must have tensors of the same shapes and dtypes.

    Threads may share it: calls are serialized.

    Args:
        function: tensors on the GPU -> tensors, without synchronization and random numbers. Other tensors that it reads
            must stay at the same address.
    """

    def __init__(self, function: Callable[..., tuple[Tensor, ...]]) -> None:
        self._function = function
        self._graph: torch.cuda.CUDAGraph | None = None
        self._lock = threading.Lock()

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The function's values, as copies."""
        with self._lock:
            graph = self._graph = self._graph or self._capture(inputs)
            for place, value in zip(self._inputs, inputs, strict=True):
                place.copy_(value, non_blocking=True)
            graph.replay()
            return tuple(value.clone() for value in self._outputs)

    def _capture(self, inputs: tuple[Tensor, ...]) -> torch.cuda.CUDAGraph:
        self._inputs = [value.clone() for value in inputs]
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                self._function(*self._inputs)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        # Other threads, as those of the web page, may use the device during the capture.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            self._outputs = self._function(*self._inputs)
        return graph
