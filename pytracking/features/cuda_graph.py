"""Functions of small tensors on a GPU, captured once and replayed: hundreds of kernel launches become one."""

from __future__ import annotations

import threading
from collections.abc import Callable

import torch
from torch import Tensor

WARM_UP = 3  # calls before the capture, as CUDA graphs ask for: libraries set themselves up in the first


class CudaGraph:
    """``function``, captured at the first call; later calls must bring tensors of the same shapes and dtypes.

    Threads may share it: their calls follow one another.

    Args:
        function: tensors on the GPU -> tensors, without waiting for the device, without random numbers. What else it
            reads must stay in the same memory.
    """

    def __init__(self, function: Callable[..., tuple[Tensor, ...]]) -> None:
        self._function = function
        self._graph: torch.cuda.CUDAGraph | None = None
        self._lock = threading.Lock()

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """The function's values, in memory of their own."""
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
        # Other threads may go on using the device meanwhile, as those of the web page do.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            self._outputs = self._function(*self._inputs)
        return graph
