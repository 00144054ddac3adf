"""Golden tracks: the fast tracker against the plain one, with whatever weights are shipped.

A tracker amplifies rounding: which start is among the best three, whether a step is kept and OpenCV's fixed-point warp
are decided by last digits, and the plain tracker parts by pixels from itself when the first box is moved by 1e-4 px. So
the fast one takes every step from where the plain one is and must arrive at the same box; left alone, it must stay
close.
"""

import importlib.util
from dataclasses import dataclass, field, replace
from itertools import islice

import numpy as np
import pytest
import torch

from ltr.data.bounding_box_utils import box_iou
from ltr.models.weights import load_network
from pytracking.evaluation.datasets.demo import demo_sequence
from pytracking.evaluation.datasets.registry import get_dataset, select
from pytracking.evaluation.datasets.sequence import Sequence
from pytracking.features.accelerators import accelerate
from pytracking.features.frame_network import FrameNetwork
from pytracking.features.net_wrappers import find_network, load_for_tracking
from pytracking.features.precision import int8_graph
from pytracking.parameter.dimp.base import AscentParams, DiMPParams, RefinementParams
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.base.output import TrackOutput
from pytracking.tracker.dimp.backend import load_backend
from pytracking.tracker.dimp.dimp import DiMP
from pytracking.tracker.dimp.model import DiMPTracker
from pytracking.tracker.families import load_parameters
from tests.fakes.networks import dimp_tracker
from tests.reference.plain_tracker import PlainFunctions

PIXELS = 0.01  # largest difference of a box's corner or side after one step
SCORE = 1e-4
INT8_BOX, INT8_SCORE = 0.03, 0.15  # the same in int8; of boxes in target sizes
OVERLAP = 0.9  # mean IoU of the tracks, each left alone
FRAMES = 12  # two updates of the filter among them
CPU = torch.device("cpu")
needs_openvino = pytest.mark.skipif(importlib.util.find_spec("openvino") is None, reason="openvino is not installed")
PARAMS = load_parameters(TrackerConfig("dimp", "dimp_ncep_mobile"))
# All starts count, and few steps: which are the best three, and which late steps are kept, may be decided by rounding.
CLIMB = AscentParams(num_boxes=10, top_k=10, num_iterations=2)
ASCENT = replace(PARAMS, refinement=RefinementParams(method="ascent", ascent=CLIMB))


def _plain(params: DiMPParams = PARAMS) -> DiMPTracker:
    network, settings, _ = load_network(find_network(params.network))
    return dimp_tracker(network, settings, params, functions=PlainFunctions)


def _fast(accelerator: str = "auto", params: DiMPParams = PARAMS, precision: str = "f32") -> DiMPTracker:
    """accelerator: of PyTorch's functions; ``graphs ...``: the functions of the ONNX graphs."""
    kind, _, name = accelerator.rpartition(" ")
    if kind == "graphs":
        backend = load_backend(params, TrackerConfig(accelerator=name, precision=precision, threads=1))
        return DiMPTracker(DiMP(backend.functions, backend.settings, backend.params))
    network, settings, card = load_for_tracking(params.network, CPU)
    int8 = int8_graph(find_network(params.network), card.sha256)
    extractor = accelerate(FrameNetwork(network), settings.crop_side, CPU, accelerator, precision, int8)
    return dimp_tracker(network, settings, params, extractor=extractor)


@dataclass(frozen=True)
class Clip:
    """The first frames of a sequence, and what the plain tracker makes of them, by its parameters."""

    sequence: Sequence
    images: list[np.ndarray]
    plain_runs: dict[DiMPParams, "PlainRun"] = field(default_factory=dict)

    def plain(self, params: DiMPParams = PARAMS) -> "PlainRun":
        if params not in self.plain_runs:
            tracker = _plain(params)
            tracker.initialize(self.images[0], self.sequence.first_box)
            states, outputs = [tracker.state_dict()], []
            for image in self.images[1:]:
                outputs.append(tracker.track(image))
                states.append(tracker.state_dict())
            self.plain_runs[params] = PlainRun(states, outputs)
        return self.plain_runs[params]


@dataclass(frozen=True)
class PlainRun:
    """The tracker's states: after the first frame and after every other one, and what it said of those."""

    states: list[dict[str, np.ndarray]]
    outputs: list[TrackOutput]


# The second turns and grows, the third is small.
@pytest.fixture(params=["demo", "MotorRolling", "Girl"], scope="module")
def clip(request: pytest.FixtureRequest) -> Clip:
    if request.param == "demo":
        sequence = demo_sequence()
    else:
        folder = request.getfixturevalue("shared") / "data" / "dev_sequences"
        sequence = select(get_dataset(f"folder:{folder}"), request.param)[0]
    return Clip(sequence, list(islice(sequence.open(), sequence.start, sequence.start + FRAMES)))


@pytest.mark.parametrize(
    ("accelerator", "params"),
    [
        *[(name, PARAMS) for name in ("torch", "auto", "graphs onnxruntime", "graphs openvino")],
        ("torch", ASCENT),
    ],
    ids=["torch", "auto", "onnxruntime", "openvino", "ascent"],
)
def test_every_step_of_the_fast_tracker_is_that_of_the_plain_one(
    clip: Clip, accelerator: str, params: DiMPParams
) -> None:
    if "openvino" in accelerator:
        pytest.importorskip("openvino")
    plain, fast = clip.plain(params), _fast(accelerator, params)
    fast.initialize(clip.images[0], clip.sequence.first_box)
    # Not the filter: the 40 steps of steepest descent that it takes multiply rounding by up to a million.
    samples = "memory.samples"
    np.testing.assert_allclose(fast.state_dict()[samples], plain.states[0][samples], rtol=0, atol=1e-5)
    for frame, (image, expected) in enumerate(zip(clip.images[1:], plain.outputs, strict=True), start=1):
        fast.load_state_dict(plain.states[frame - 1])  # go on from where the plain one is
        output = fast.track(image)
        assert output.state == expected.state
        assert output.score == pytest.approx(expected.score, abs=SCORE)
        np.testing.assert_allclose(output.box, expected.box, rtol=0, atol=PIXELS)
        filter = plain.states[frame]["filter"]
        np.testing.assert_allclose(fast.state_dict()["filter"], filter, rtol=0, atol=1e-3 * np.abs(filter).max())


@needs_openvino
@pytest.mark.parametrize("accelerator", ["openvino", "graphs openvino"])
def test_every_step_in_int8_is_near_that_of_the_plain_one(clip: Clip, accelerator: str) -> None:
    plain, fast = clip.plain(), _fast(accelerator, precision="int8")
    fast.initialize(clip.images[0], clip.sequence.first_box)
    for frame, (image, expected) in enumerate(zip(clip.images[1:], plain.outputs, strict=True), start=1):
        fast.load_state_dict(plain.states[frame - 1])
        output = fast.track(image)
        assert output.state == expected.state
        assert output.score == pytest.approx(expected.score, abs=INT8_SCORE)
        size = (expected.box[2] * expected.box[3]) ** 0.5
        np.testing.assert_allclose(output.box, expected.box, rtol=0, atol=INT8_BOX * size)


@pytest.mark.parametrize(
    ("accelerator", "precision"),
    [
        ("auto", "f32"),
        pytest.param("auto", "int8", marks=needs_openvino),
        ("graphs onnxruntime", "f32"),
        pytest.param("graphs openvino", "int8", marks=needs_openvino),
    ],
)
def test_left_alone_it_stays_close(clip: Clip, accelerator: str, precision: str) -> None:
    fast = _fast(accelerator, precision=precision)
    fast.initialize(clip.images[0], clip.sequence.first_box)
    boxes = torch.tensor([fast.track(image).box for image in clip.images[1:]])
    assert box_iou(torch.tensor([output.box for output in clip.plain().outputs]), boxes).mean() > OVERLAP
