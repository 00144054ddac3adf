from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ltr.data.crop import CropTransform
from pytracking.parameter.dimp.base import DiMPParams, FarSearchParams
from pytracking.tracker.base.output import TrackOutput
from pytracking.tracker.dimp.far_search import SearchState
from pytracking.tracker.dimp.model import DiMPTracker
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import SMALL, dimp_tracker, small_network

BOX = (30.0, 20.0, 20.0, 20.0)
SIZE = (400, 300)
FRAME = noise_picture(0, *SIZE)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return small_network().requires_grad_(False)


class World:
    """A tracker whose filters see the targets at ``places`` (x, y of their centers), and whose features are alike."""

    def __init__(self, network: nn.Module, similarity: float = 0.9, height: float = 0.8, **changes: Any) -> None:
        params = replace(DiMPParams("unused", far_search=FarSearchParams(min_energy=-1e9)), **changes)
        self.tracker: DiMPTracker = dimp_tracker(network, SMALL, params)  # type: ignore[arg-type]
        self.places: list[tuple[float, float]] = [(40.0, 30.0)]
        self.similarity, self.height = similarity, height
        self.seen: list[CropTransform] = []
        self.batches: list[list[CropTransform]] = []
        functions = self.tracker.dimp.functions
        self._crop, self._extract = functions.crop, functions.extract_features
        functions.crop = self.crop  # type: ignore[method-assign]
        functions.extract_features = self.extract  # type: ignore[method-assign]
        functions.classify_target = self.classify  # type: ignore[method-assign]
        functions.describe = self.describe  # type: ignore[method-assign]

    def crop(self, frame: Any, center: tuple[float, float], scale: float) -> Any:
        crop, transform = self._crop(frame, center, scale)
        self.seen.append(transform)
        return crop, transform

    def extract(self, crops: Sequence[Any]) -> Any:
        self.batches.append(self.seen[-len(crops) :])
        self.seen.clear()
        return self._extract(crops)

    def classify(self, filters: Any, features: Sequence[Any]) -> list[np.ndarray]:
        cells = np.arange(9) - 4.0
        maps = []
        for transform in self.batches[-1]:
            scores = np.zeros((9, 9), np.float32)
            for place in self.places:
                x, y = (np.array(place) - transform.center) / (16 * transform.scale)
                hill = np.exp(-((cells - x) ** 2 + (cells[:, None] - y) ** 2))
                scores = np.maximum(scores, self.height * hill.astype(np.float32))
            maps.append(np.stack([scores, scores]))
        return maps

    def describe(self, sample: torch.Tensor, boxes: np.ndarray) -> np.ndarray:
        first = sample.data_ptr() == self.tracker.started.memory.samples.data_ptr()
        across = 1.0 if first else self.similarity
        return np.tile([across, np.sqrt(1 - across**2)], (len(boxes), 1))

    def lose(self) -> None:
        self.tracker.initialize(FRAME, BOX)
        assert self.track().state == "tracking"
        self.places = []
        assert self.track().state == "lost"

    def track(self) -> TrackOutput:
        return self.tracker.track(FRAME)


def test_what_reappears_far_away_is_found_after_it_was_confirmed(network: nn.Module) -> None:
    world = World(network)
    world.lose()
    assert [len(batch) for batch in world.batches[1:]] == [1, 1]  # one crop while it is seen
    world.places = [(340.0, 250.0)]
    world.batches.clear()
    outputs = [world.track() for _ in range(40)]
    states = [output.state for output in outputs]
    back = states.index("uncertain")
    assert set(states[:back]) == {"lost"}
    assert outputs[back - 1].box == outputs[0].box  # it stays until then
    assert outputs[back].box[0] + outputs[back].box[2] / 2 == pytest.approx(340, abs=6)
    assert outputs[back].box[1] + outputs[back].box[3] / 2 == pytest.approx(250, abs=6)
    assert states[back : back + 11] == ["uncertain"] * 11  # the caution after every loss
    assert states[back + 11] == "tracking"
    assert [len(batch) for batch in world.batches] == [2] * (back + 1) + [1] * (39 - back)
    closer = [batch[1] for batch in world.batches[back - 2 : back + 1]]
    assert all(np.hypot(*(np.array(view.center) - (340, 250))) < 12 for view in closer)
    assert all(view.scale == pytest.approx(20 * 4 / 128, rel=0.3) for view in closer)


@pytest.mark.parametrize(
    "world",
    [{"similarity": 0.3}, {"height": 0.2}, {"search": "near"}, {"far_search": FarSearchParams(min_energy=1e9)}],
    ids=["unlike", "low", "near", "energy"],
)
def test_what_is_not_like_the_target_is_not_taken(network: nn.Module, world: dict[str, Any]) -> None:
    lost = World(network, **{**world, "height": 0.8})
    lost.lose()
    lost.height, lost.places = world.get("height", 0.8), [(340.0, 250.0)]
    assert {lost.track().state for _ in range(40)} == {"lost"}
    extra = {len(batch) - 1 for batch in lost.batches[3:]}
    assert extra == ({0} if world.get("search") == "near" else {1})


def test_what_is_seen_in_two_frames_only_is_not_taken(network: nn.Module) -> None:
    world = World(network)
    world.lose()
    for _ in range(40):
        candidates = world.tracker.started.search.candidates
        world.places = [(340.0, 250.0)] if not len(candidates) or candidates[0, 3] < 2 else []
        assert world.track().state == "lost"


def test_the_search_goes_over_the_whole_picture(network: nn.Module) -> None:
    """Every pixel lies in a crop, at least half a target from its border, and then it begins again."""
    world = World(network, far_search=FarSearchParams(sweep=1000))
    world.lose()
    world.batches.clear()
    cells = []
    while not cells or world.tracker.started.search.cell > cells[-1]:
        cells.append(world.tracker.started.search.cell)
        world.track()
    y, x = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
    covered = np.zeros(x.shape, bool)
    for view in [batch[1] for batch in world.batches[:-1]] + [world.batches[0][0]]:
        half = view.scale * view.side / 2 - 10
        covered |= (np.abs(x - view.center[0]) <= half + 1) & (np.abs(y - view.center[1]) <= half + 1)
    assert covered.all()
    assert world.batches[-1][1].center == pytest.approx(world.batches[0][1].center, abs=1e-3)


def test_a_large_picture_is_searched_in_larger_areas(network: nn.Module) -> None:
    scales = []
    for sweep in (1000, 12, 1):
        world = World(network, far_search=FarSearchParams(sweep=sweep))
        world.lose()
        world.track()
        near, far = world.batches[-1]
        scales.append(far.scale / near.scale)
    assert scales[0] == 1
    assert 1 < scales[1] < 2
    assert scales[2] == 2


def test_places_follow_camera_and_frame_size() -> None:
    search = SearchState(1, (10.0, 20.0), 3, np.array([[30.0, 40.0, 0.8, 1.0]]))
    moved = search.moved((2.0, -1.0)).scaled(np.array([2.0, 3.0]))
    assert moved.origin == (24.0, 57.0)
    np.testing.assert_array_equal(moved.candidates, [[64.0, 117.0, 0.8, 1.0]])
    assert search.after(True, "lost").cell == search.after(False, "uncertain").cell == 3
    assert search.after(False, "uncertain").lost == 0
    assert search.after(False, "tracking").cell == -1


def test_a_search_is_saved_and_restored(network: nn.Module) -> None:
    world = World(network)
    world.lose()
    world.places = [(340.0, 250.0)]
    for _ in range(3):
        world.track()
    saved = world.tracker.state_dict()
    assert saved["search.view"].dtype == np.uint8
    expected = [world.track().state for _ in range(20)]
    world.tracker.load_state_dict(saved)
    assert [world.track().state for _ in range(20)] == expected
    older = {
        name: value for name, value in saved.items() if not name.startswith(("search.", "first_energy", "log_odds"))
    }
    world.tracker.load_state_dict(older)
    assert world.track().state == "lost"
