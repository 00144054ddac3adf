from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ltr.data.crop import CropMode
from ltr.data.transforms import AugmentationSettings, ColorJitter
from ltr.dataset.base_video_dataset import FrameSet
from ltr.models.build import build_network
from ltr.sampling.processing import DiMPProcessing, JitterSettings, ProcessingSettings
from pytracking.parameter.dimp.base import DiMPParams, LocalizationParams, MemoryParams
from pytracking.tracker.base.output import Box, TrackOutput
from pytracking.tracker.dimp.debug import DebugRecorder
from pytracking.tracker.dimp.model import DiMPTracker
from tests.benchmarks.memory_growth import resident_mib
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import ALWAYS_FOUND, SMALL, dimp_tracker, small_network

ALWAYS_LOST = replace(ALWAYS_FOUND, not_found_threshold=1e9)
ALWAYS_UNCERTAIN = replace(ALWAYS_FOUND, uncertain_threshold=1e9)
BOX = (60.0, 40.0, 32.0, 28.0)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return small_network().requires_grad_(False)


class Counter(nn.Module):
    """Passes calls on to a filter optimizer and keeps (samples, steps) of each."""

    def __init__(self, optimizer: nn.Module) -> None:
        super().__init__()
        self.optimizer = optimizer
        self.calls: list[tuple[int, int | None]] = []

    def forward(
        self, filter: Tensor, feat: Tensor, boxes: Tensor, weight: Tensor | None = None, num_iter: int | None = None
    ) -> list[Tensor]:
        self.calls.append((len(feat), num_iter))
        return self.optimizer(filter, feat, boxes, weight, num_iter)

    def confidence(self, scores: Tensor) -> Tensor:
        return self.optimizer.confidence(scores)  # type: ignore[operator]


def _params(localization: LocalizationParams = ALWAYS_FOUND, refine: bool = True, **changes: object) -> DiMPParams:
    base = DiMPParams(network="unused")
    refinement = replace(base.refinement, enabled=refine)
    return replace(base, localization=localization, refinement=refinement, **changes)  # type: ignore[arg-type]


def _tracker(network: nn.Module, params: DiMPParams, seed: int = 0) -> DiMPTracker:
    return dimp_tracker(network, SMALL, params, seed)  # type: ignore[arg-type]


def _scene(x: float, y: float, seed: int = 0) -> np.ndarray:
    """A picture of 200 x 150 px with a striped block of 32 x 28 px at (x, y)."""
    frame = noise_picture(seed, 200, 150) // 2
    block = np.zeros((28, 32, 3), np.uint8)
    block[::4], block[1::4], block[:, ::8] = (255, 230, 20), (240, 40, 200), (20, 250, 250)
    left, top = round(x), round(y)
    frame[top : top + 28, left : left + 32] = block
    return frame


def _run(
    tracker: DiMPTracker, frames: list[np.ndarray], box: tuple[float, float, float, float] = BOX
) -> list[TrackOutput]:
    tracker.initialize(frames[0], box)
    return [tracker.track(frame) for frame in frames[1:]]


@pytest.mark.parametrize("step", [(3, 2), (-3, -2), (0, 0)])
def test_follows_a_block_on_imagenet_features(step: tuple[int, int]) -> None:
    """Without a systematic shift: standing still it is exact, moving it lags by the same to either side."""
    network = build_network(SMALL).eval().requires_grad_(False)
    try:
        network.feature_extractor.load_pretrained()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    path = [(75 + step[0] * t, 60 + step[1] * t) for t in range(-5, 6)]
    start = (*map(float, path[0]), 32.0, 28.0)
    outputs = _run(_tracker(network, _params(refine=False)), [_scene(*place) for place in path], start)
    for (x, y), output in zip(path[1:], outputs, strict=True):
        assert output.state == "tracking"
        assert output.box == pytest.approx((x, y, 32, 28), abs=5 if any(step) else 0.5)
        assert 0 <= output.score <= 1


STILL = JitterSettings(center=0.0, scale=0.0)
PLAIN = AugmentationSettings(flip=0, grayscale=0, color=ColorJitter(0, 0, 0, 0), blur=0, noise=0, jpeg=0, cutout=0)


@pytest.mark.parametrize("crop_mode", ["replicate", "inside", "inside_major"])
@pytest.mark.parametrize("box", [(2.0, 100.0, 32.0, 28.0), (120.0, 3.0, 70.0, 60.0)])  # the second is made smaller
def test_a_search_region_is_that_of_the_training(network: nn.Module, crop_mode: CropMode, box: Box) -> None:
    """The crop is the training's, pixel by pixel, and the target is found at its place in it."""
    settings, frame = replace(SMALL, crop_mode=crop_mode), _scene(*box[:2])
    frames = FrameSet([frame], np.array([box], np.float32))
    processing = DiMPProcessing(ProcessingSettings(STILL, STILL, augmentation=PLAIN), settings, settings.score_grid)
    sample = processing(frames, frames, np.random.default_rng(0))
    assert sample is not None
    tracker = dimp_tracker(network, settings, _params(LocalizationParams(), refine=False))  # type: ignore[arg-type]
    tracker.debug = recorder = DebugRecorder()
    hill = replace(settings.score_grid, sigma=3.0).label(sample.test_boxes)[0].numpy()  # nearly a parabola
    tracker.dimp.functions.classify_target = lambda filters, features: [np.stack([hill] * 2)]  # type: ignore[method-assign]
    tracker.initialize(frame, box)
    memory = tracker.started.memory
    np.testing.assert_allclose(memory.boxes[0, 0], sample.train_boxes[0], atol=1e-3)
    output = tracker.track(frame)
    assert recorder.frame is not None
    np.testing.assert_array_equal(recorder.frame.crop, sample.test_images[0].permute(1, 2, 0))
    np.testing.assert_allclose(memory.boxes[memory.count - 1, 0], sample.test_boxes[0], atol=0.3)
    assert output.state == "tracking"
    assert output.box == pytest.approx(box, abs=0.3)


def test_lost_target_stays_where_it_was(network: nn.Module) -> None:
    outputs = _run(_tracker(network, _params(ALWAYS_LOST)), [_scene(60 + 4 * t, 40) for t in range(4)])
    assert [output.state for output in outputs] == ["lost"] * 3
    assert [output.box for output in outputs] == [BOX] * 3
    assert [output.box_std for output in outputs] == [None] * 3


def test_uncertain_target_moves_but_is_neither_resized_nor_learned(network: nn.Module) -> None:
    tracker = _tracker(network, _params(ALWAYS_UNCERTAIN))
    outputs = _run(tracker, [_scene(60 + 4 * t, 40) for t in range(4)])
    assert {output.state for output in outputs} == {"uncertain"}
    assert all(output.box[2:] == pytest.approx(BOX[2:]) for output in outputs)
    assert outputs[-1].box[0] > BOX[0] + 4
    assert tracker.started.memory.count == tracker.started.memory.num_init


def test_uncertain_target_is_refined_where_that_is_set(network: nn.Module) -> None:
    params = _params(ALWAYS_UNCERTAIN)
    tracker = _tracker(network, replace(params, refinement=replace(params.refinement, when_uncertain=True)))
    outputs = _run(tracker, [_scene(60 + 4 * t, 40) for t in range(4)])
    assert {output.state for output in outputs} == {"uncertain"}
    assert len({output.box[2] for output in outputs}) == 3
    assert tracker.started.memory.count == tracker.started.memory.num_init


def test_first_samples_with_dropped_channels_are_learned(network: nn.Module) -> None:
    params = _params()
    tracker = _tracker(network, replace(params, augmentation=replace(params.augmentation, dropout_copies=2)))
    plain = _tracker(network, params)
    for each in (tracker, plain):
        each.initialize(_scene(60, 40), BOX)
    memory, count = tracker.started.memory, plain.started.memory.count
    assert memory.count == memory.num_init == count + 2
    np.testing.assert_array_equal(memory.boxes[count : count + 2, 0], memory.boxes[[0, 0], 0])
    assert not np.allclose(tracker.started.filter, plain.started.filter)


def test_sure_target_is_refined_and_learned(network: nn.Module) -> None:
    tracker = _tracker(network, _params())
    outputs = _run(tracker, [_scene(60 + 2 * t, 40) for t in range(4)])
    assert len({output.box[2] for output in outputs}) == 3
    assert all(output.box_std and min(output.box_std) > 0 for output in outputs)
    assert tracker.started.memory.count == tracker.started.memory.num_init + 3


def test_deviations_are_in_pixels_of_the_picture(network: nn.Module) -> None:
    frames = [_scene(60, 40), _scene(62, 40)]
    (small,) = _run(_tracker(network, _params()), frames)
    x, y, w, h = (2 * value for value in BOX)
    (large,) = _run(
        _tracker(network, _params()), [frame.repeat(2, axis=0).repeat(2, axis=1) for frame in frames], (x, y, w, h)
    )
    assert small.box_std
    assert large.box_std
    np.testing.assert_allclose(large.box_std, 2 * np.array(small.box_std), rtol=0.1)


@pytest.mark.parametrize("factor", [0.7, 1.6])
def test_a_box_that_drifted_is_drawn_to_the_first_ones_size(factor: float) -> None:
    """In pixels of the picture, whatever the crop that follows the last size makes of them; here f likes all alike."""
    network = small_network().requires_grad_(False)
    network.bb_regressor.iou_predictor.weight.zero_()
    tracker = _tracker(network, _params())
    tracker.initialize(_scene(60, 40), BOX)
    tracker.started.box *= [1, 1, factor, factor]
    sizes = [tracker.track(_scene(60, 40)).box[2:] for _ in range(60)]
    assert sizes[-1] == pytest.approx(BOX[2:], rel=0.02)


@pytest.mark.parametrize(
    ("memory", "updates"),
    [
        (MemoryParams(init_iter=4, train_skipping=3, update_iter=2), [(3, 2), (6, 2)]),
        (MemoryParams(init_iter=4), [(5, 1)]),  # the default: frames of nearly the same length
    ],
)
def test_filter_is_updated_when_it_is_time(
    network: nn.Module, memory: MemoryParams, updates: list[tuple[int, int]]
) -> None:
    params = _params(refine=False, memory=memory)
    tracker = _tracker(small_network().requires_grad_(False), params)
    counter = Counter(network.classifier.filter_optimizer)  # type: ignore[arg-type, union-attr]
    tracker.dimp.functions.network.classifier.filter_optimizer = counter  # type: ignore[assignment]
    _run(tracker, [_scene(60, 40)] * 8)
    first = tracker.started.memory.num_init
    assert counter.calls == [(first, 4), *((first + added, steps) for added, steps in updates)]


def test_hard_negatives_are_learned_at_once(network: nn.Module) -> None:
    """Any second peak counts as one here."""
    always_hard = replace(ALWAYS_FOUND, hard_negative_ratio=-1e9, neighborhood_scale=0.5)
    tracker = _tracker(small_network().requires_grad_(False), _params(always_hard, refine=False))
    counter = Counter(tracker.dimp.functions.network.classifier.filter_optimizer)
    tracker.dimp.functions.network.classifier.filter_optimizer = counter  # type: ignore[assignment]
    _run(tracker, [_scene(60, 40)] * 3)
    steps = tracker.dimp.params.memory.hard_negative_iter
    assert [call[1] for call in counter.calls[1:]] == [steps, steps]
    assert float(tracker.started.memory.weights[tracker.started.memory.count - 1, 0]) == pytest.approx(
        tracker.dimp.params.memory.hard_negative_learning_rate
    )


def test_where_the_nearer_peak_is_chosen_its_box_is_refined(
    network: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    near, far, width = (9, 8), (9, 16), 18
    boxes = []
    for heights in ({near: 0.8, far: 0.9}, {near: 0.8}):
        scores = np.zeros((width, width), np.float32)
        for place, height in heights.items():
            scores[place] = height
        tracker = _tracker(network, replace(_params(), localization=LocalizationParams(neighborhood_scale=0.5)))
        monkeypatch.setattr(
            tracker.dimp.functions, "classify_target", lambda filters, features, scores=scores: [np.stack([scores] * 2)]
        )
        boxes.append(_run(tracker, [_scene(60, 40)] * 2)[0].box)
    assert boxes[0] == pytest.approx(boxes[1], abs=1e-4)
    assert boxes[0][2] != BOX[2]


def test_other_peaks_are_candidates_with_ids(network: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    """One goes on to the right; where the target is lost, none is named, and then it has its id again."""
    params = _params(LocalizationParams(neighborhood_scale=0.5), refine=False, search="near")
    tracker = _tracker(network, params)
    cell = SMALL.stride * tracker.dimp._search_region(np.array(BOX), (200, 150))[1]
    maps = []
    for peaks in ({14: 0.4}, {15: 0.5, 2: 0.3}, {}, {15: 0.4}):
        scores = np.zeros((18, 18), np.float32)
        for column, height in ({9: 0.9} | peaks if peaks else {}).items():
            scores[9, column] = height
        maps.append(scores)
    left = iter(maps)
    monkeypatch.setattr(
        tracker.dimp.functions, "classify_target", lambda filters, features: [np.stack([next(left)] * 2)]
    )
    tracker.initialize(_scene(60, 40), BOX)
    found = []
    for _ in maps:
        tracker.started.box = np.array(BOX)
        output = tracker.track(_scene(60, 40))
        found.append(
            [(other.id, round((other.box[0] - output.box[0]) / cell), other.score) for other in output.candidates]
        )
        assert all(other.box[2:] == pytest.approx(output.box[2:]) for other in output.candidates)
    score = pytest.approx
    assert found == [[(1, 5, score(0.4))], [(1, 6, score(0.5)), (2, -7, score(0.3))], [], [(1, 6, score(0.4))]]


def test_what_the_first_filter_does_not_recognise_is_followed_but_not_believed(network: nn.Module) -> None:
    thresholds = replace(ALWAYS_FOUND, recognition_rate=0.3)
    frames = [_scene(60 + t, 40) for t in range(9)]
    expected = _run(_tracker(network, _params(thresholds)), frames)
    tracker = _tracker(network, _params(thresholds))
    tracker.initialize(frames[0], BOX)
    tracker.started.first_filter = torch.zeros_like(tracker.started.filter)
    outputs = []
    for frame in frames[1:]:
        assert tracker.started.identity_score == pytest.approx(0.7 ** len(outputs))
        outputs.append(tracker.track(frame))
    np.testing.assert_allclose([output.box for output in outputs], [output.box for output in expected], atol=1e-3)
    assert all(output.score <= 0.7 ** (i + 1) + 1e-9 for i, output in enumerate(outputs))


def test_what_is_found_after_a_loss_is_followed_but_not_learned_from_at_once(
    network: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A peak nearby does not count more then, either: the second, far one is a little higher in every frame."""
    thresholds = LocalizationParams(neighborhood_scale=0.5, probation_after=2, probation_frames=3)
    tracker = _tracker(network, _params(thresholds, refine=False, search="near"))
    seen = np.zeros((18, 18), np.float32)
    seen[9, 9], seen[9, 16] = 0.8, 0.9
    heights = [1, 0, 1, 0, 0, 1, 1, 1, 1]  # lost once, and then twice in a row
    maps = iter([seen * height for height in heights])
    monkeypatch.setattr(
        tracker.dimp.functions, "classify_target", lambda filters, features: [np.stack([next(maps)] * 2)]
    )
    tracker.initialize(_scene(60, 40), BOX)
    told, learned, steps = [], [], []
    for _ in heights:
        x, count = float(tracker.started.box[0]), tracker.started.memory.count
        told.append(tracker.track(_scene(60, 40)).state)
        learned.append(tracker.started.memory.count - count)
        steps.append(float(tracker.started.box[0]) - x)
    assert told == ["tracking", "lost", "tracking", "lost", "lost", *["uncertain"] * 3, "tracking"]
    assert learned == [1, 0, 1, 0, 0, 0, 0, 0, 1]
    assert [step > 50 for step in steps] == [False] * 5 + [True] + [False] * 3  # to the frame's border, at once


@pytest.mark.parametrize("max_outside", [0.0, 0.5])
@pytest.mark.parametrize("box", [(-40.0, 30.0, 44.0, 40.0), (190.0, 140.0, 60.0, 60.0)])
def test_centre_stays_near_the_frame(
    network: nn.Module, box: tuple[float, float, float, float], max_outside: float
) -> None:
    frames = [noise_picture(seed, 200, 150) for seed in range(4)]
    for output in _run(_tracker(network, _params(max_outside=max_outside)), frames, box):
        x, y, w, h = output.box
        reach_x, reach_y = (max_outside - 0.5) * w, (max_outside - 0.5) * h
        assert -reach_x - 1e-3 <= x + w / 2 <= 200 + reach_x + 1e-3
        assert -reach_y - 1e-3 <= y + h / 2 <= 150 + reach_y + 1e-3


@pytest.mark.parametrize("box", [(50.0, 50.0, 1.0, 1.0), (50.0, 50.0, 0.5, 30.0), (-300.0, -300.0, 900.0, 800.0)])
def test_size_stays_sensible(network: nn.Module, box: tuple[float, float, float, float]) -> None:
    params = _params(min_target_size=4.0)
    for output in _run(_tracker(network, params), [_scene(60, 40)] * 3, box):
        assert np.isfinite(output.box).all()
        assert 4 <= output.box[2] <= 200
        assert 4 <= output.box[3] <= 150


def test_same_seed_same_boxes_and_other_seed_others(network: nn.Module) -> None:
    frames = [_scene(60 + 2 * t, 40) for t in range(4)]
    runs = [_run(_tracker(network, _params(), seed), frames) for seed in (3, 3, 4)]
    assert runs[0] == runs[1]
    assert runs[0][0].box != runs[2][0].box


def test_initialized_again_it_is_as_new(network: nn.Module) -> None:
    used = _tracker(network, _params())
    _run(used, [noise_picture(seed, 120, 90) for seed in range(4)], (20.0, 20.0, 30.0, 30.0))
    frames = [_scene(60 + 2 * t, 40) for t in range(4)]
    assert _run(used, frames) == _run(_tracker(network, _params()), frames)


def test_frames_and_weights_are_not_changed(network: nn.Module) -> None:
    frames = [_scene(60 + t, 40) for t in range(3)]
    copies = [frame.copy() for frame in frames]
    weights = {name: value.clone() for name, value in network.state_dict().items()}
    _run(_tracker(network, _params()), frames)
    for frame, copy in zip(frames, copies, strict=True):
        np.testing.assert_array_equal(frame, copy)
    assert all(torch.equal(value, weights[name]) for name, value in network.state_dict().items())


def test_gradients_switched_off_by_the_caller_do_not_matter(network: nn.Module) -> None:
    frames = [_scene(60 + 2 * t, 40) for t in range(3)]
    expected = _run(_tracker(network, _params()), frames)
    with torch.no_grad():
        assert _run(_tracker(network, _params()), frames) == expected
    with torch.inference_mode():
        assert _run(_tracker(network, _params()), frames) == expected


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="needs Linux's /proc")
def test_memory_stays_flat(network: nn.Module) -> None:
    """Short here; tests/benchmarks/memory_growth.py does the same with the shipped network for 10,000 frames."""
    tracker, frames = _tracker(network, _params()), [_scene(60 + t % 20, 40) for t in range(20)]
    tracker.initialize(frames[0], BOX)
    sizes = []
    for _ in range(2):
        for number in range(120):
            tracker.track(frames[number % 20])
        sizes.append(resident_mib())
    assert sizes[1] - sizes[0] < 5
