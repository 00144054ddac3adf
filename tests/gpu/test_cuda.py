"""What only a GPU can show: captured functions give what the plain ones give. Skipped where there is none."""

import warnings

import numpy as np
import pytest
import torch

from pytracking.features.accelerators import accelerate
from pytracking.features.cuda_graph import CudaGraph
from pytracking.features.frame_crop import crop_frame, to_device
from pytracking.features.frame_network import FrameNetwork
from pytracking.parameter.dimp.base import DiMPParams
from pytracking.tracker.base.output import TrackOutput
from pytracking.tracker.dimp.model import DiMPTracker
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import ALWAYS_FOUND, SMALL, dimp_tracker, small_network

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
CPU, CUDA = torch.device("cpu"), torch.device("cuda")
PICTURE = noise_picture(0, 200, 150)
BOXES = [(60.0, 40.0, 32.0, 28.0), (90.0, 70.0, 30.0, 24.0), (20.0, 90.0, 40.0, 30.0)]
FRAMES = 12  # with an update of the filter among them


def test_a_captured_function_follows_its_inputs() -> None:
    graph = CudaGraph(lambda x, y: (x @ y, x.sum()))
    for seed in range(3):
        torch.manual_seed(seed)
        x, y = torch.randn(4, 5, device="cuda"), torch.randn(5, 6, device="cuda")
        torch.testing.assert_close(graph(x, y), (x @ y, x.sum()))


def _tracker(device: torch.device) -> DiMPTracker:
    network = small_network().requires_grad_(False).to(device)
    extractor = accelerate(FrameNetwork(network), SMALL.crop_side, device, "torch")
    params = DiMPParams("unused", localization=ALWAYS_FOUND)
    return dimp_tracker(network, SMALL, params, device=device, extractor=extractor)


def test_the_tracker_gives_the_boxes_of_the_cpu() -> None:
    tracks = []
    for device in (CPU, CUDA):
        tracker = _tracker(device)
        tracker.initialize(PICTURE, BOXES[0])
        tracks.append([tracker.track(PICTURE).box for _ in range(4)])
    np.testing.assert_allclose(tracks[1], tracks[0], atol=0.1)


def track_batch(trackers: list[DiMPTracker], frame: np.ndarray) -> list[TrackOutput]:
    """As ``DiMPModel.track_batch``."""
    return trackers[0].dimp.track([each.started for each in trackers], frame, [each.debug for each in trackers])


def test_targets_in_one_batch_get_the_boxes_of_each_alone() -> None:
    together, alone = [], []
    first = _tracker(CUDA)
    for box in BOXES:
        trackers = [DiMPTracker(first.dimp) for _ in range(2)]
        for tracker, group in zip(trackers, (together, alone), strict=True):
            tracker.initialize(PICTURE, box)
            group.append(tracker)
    for _ in range(4):
        boxes = [output.box for output in track_batch(together, PICTURE)]
        np.testing.assert_allclose(boxes, [tracker.track(PICTURE).box for tracker in alone], atol=0.1)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.filterwarnings("always:called a synchronizing CUDA operation")
def test_a_frame_waits_for_the_device_twice(count: int) -> None:
    trackers = [_tracker(CUDA) for _ in range(count)]
    for tracker, box in zip(trackers, BOXES, strict=False):
        tracker.initialize(PICTURE, box)
    track_batch(trackers, PICTURE)  # captures the graphs
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as caught:
            for _ in range(FRAMES):
                track_batch(trackers, PICTURE)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert len([warning for warning in caught if "synchronizing" in str(warning.message)]) == 2 * FRAMES


def test_a_crop_is_that_of_the_cpu() -> None:
    expected, _ = crop_frame(PICTURE, (60.0, 40.0), 1.7, 64)
    crop, _ = crop_frame(to_device(PICTURE, CUDA), (60.0, 40.0), 1.7, 64)
    assert (crop.cpu().int() - expected.int()).abs().max() <= 1
