"""The bookkeeping of captured functions, with a stand-in for CUDA; tests/gpu has the real thing."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import numpy as np
import pytest
import torch
from torch import Tensor

from pytracking.features import accelerators
from pytracking.features.accelerators import accelerate
from pytracking.features.cuda_graph import WARM_UP, CudaGraph
from pytracking.parameter.dimp.base import DiMPParams
from pytracking.tracker.dimp.torch_functions import TorchFunctions
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import ALWAYS_FOUND, SMALL, dimp_tracker, small_network

PICTURES = [noise_picture(seed, 200, 150) for seed in range(4)]


class FakeCuda:
    """A stream that does nothing, and a graph that runs the function again on the captured inputs, in place."""

    graph: CudaGraph

    def __init__(self) -> None:
        self.replays = 0

    def replay(self) -> None:
        self.replays += 1
        for place, value in zip(self.graph._outputs, self.graph._function(*self.graph._inputs), strict=True):
            place.copy_(value)

    def wait_stream(self, other: object) -> None:
        pass


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeCuda:
    fake = FakeCuda()

    @contextmanager
    def graph(captured: FakeCuda, capture_error_mode: str) -> Iterator[None]:
        yield

    monkeypatch.setattr(torch.cuda, "CUDAGraph", lambda: fake)
    monkeypatch.setattr(torch.cuda, "Stream", lambda: fake)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: fake)
    monkeypatch.setattr(torch.cuda, "stream", lambda stream: nullcontext())
    monkeypatch.setattr(torch.cuda, "graph", graph)
    return fake


def test_it_captures_once_and_follows_its_inputs(fake: FakeCuda) -> None:
    calls = []

    def double(x: Tensor) -> tuple[Tensor]:
        calls.append(x.data_ptr())
        return (2 * x,)

    fake.graph = graph = CudaGraph(double)
    given = [torch.full((3,), float(i)) for i in range(4)]
    results = [graph(x)[0] for x in given]
    for x, result in zip(given, results, strict=True):  # the earlier results, too: they were not overwritten
        torch.testing.assert_close(result, 2 * x)
    assert fake.replays == 4
    assert len(set(calls)) == 1  # always the graph's own memory
    assert len(calls) == WARM_UP + 1 + fake.replays


def test_on_a_gpu_every_number_of_crops_has_a_graph(fake: FakeCuda, monkeypatch: pytest.MonkeyPatch) -> None:
    def network(crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return crops.float(), crops + 1, crops + 2

    made = []

    class Graph(CudaGraph):
        def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
            fake.graph = self
            made.append(self)
            return super().__call__(*inputs)

    monkeypatch.setattr(accelerators, "CudaGraph", Graph)
    extractor = accelerate(network, 8, torch.device("cuda"))  # type: ignore[arg-type]
    for number in (3, 1, 3):
        crops = torch.arange(number, dtype=torch.uint8).view(-1, 1, 1, 1).expand(number, 8, 8, 3)
        sample, map8, map16 = extractor(crops)
        torch.testing.assert_close(sample, crops.float())
        torch.testing.assert_close(map8, crops + 1)
        torch.testing.assert_close(map16, crops + 2)
    assert made[0] is made[2] is not made[1]


def test_a_tracker_on_a_gpu_finds_what_it_finds_on_a_cpu(fake: FakeCuda, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its refinement replayed (so all that changes comes in as an argument), its crops cut out of tensors."""
    network = small_network()
    boxes = []
    for on_gpu in (False, True):
        tracker = dimp_tracker(network, SMALL, DiMPParams("unused", localization=ALWAYS_FOUND))
        tracker.initialize(PICTURES[0], (60.0, 40.0, 32.0, 28.0))
        functions = tracker.dimp.functions
        assert isinstance(functions, TorchFunctions)
        if on_gpu:
            monkeypatch.setattr(functions, "load_frame", torch.from_numpy)
            functions._refine_one = fake.graph = CudaGraph(functions._refine)
        first = tracker.track(PICTURES[1]).box
        tracker.started.box *= [1, 1, 1.5, 1.5]  # another size, another crop
        boxes.append([first, tracker.track(PICTURES[2]).box])
    assert fake.replays == 2
    np.testing.assert_allclose(boxes[1], boxes[0], atol=0.05)
