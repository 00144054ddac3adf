"""What only a GPU can show: captured functions give what the plain ones give. Skipped where there is none."""

import numpy as np
import pytest
import torch

from pytracking.features.accelerators import accelerate
from pytracking.features.cuda_graph import CudaGraph
from pytracking.features.frame_network import FrameNetwork
from pytracking.parameter.dimp.base import DiMPParams, LocalizationParams
from pytracking.tracker.dimp.dimp import DiMP
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import SMALL, small_network

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
ALWAYS_FOUND = LocalizationParams(not_found_threshold=-1e9, uncertain_threshold=-1e9, distractor_ratio=1e9)


def test_a_captured_function_follows_its_inputs() -> None:
    graph = CudaGraph(lambda x, y: (x @ y, x.sum()))
    for seed in range(3):
        torch.manual_seed(seed)
        x, y = torch.randn(4, 5, device="cuda"), torch.randn(5, 6, device="cuda")
        torch.testing.assert_close(graph(x, y), (x @ y, x.sum()))


def test_the_tracker_gives_the_boxes_of_the_cpu() -> None:
    tracks = []
    for device in (torch.device("cpu"), torch.device("cuda")):
        network = small_network().requires_grad_(False).to(device)
        look = accelerate(FrameNetwork(network), SMALL.image_size, device, "torch")
        tracker = DiMP(network, SMALL, DiMPParams("unused", localization=ALWAYS_FOUND), device, look=look)
        tracker.initialize(noise_picture(0, 200, 150), (60.0, 40.0, 32.0, 28.0))
        tracks.append([tracker.track(noise_picture(0, 200, 150)).box for _ in range(4)])
    np.testing.assert_allclose(tracks[1], tracks[0], atol=0.1)
