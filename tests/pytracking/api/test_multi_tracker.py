import copy
import gc
import pickle
import threading
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytracking import MultiTracker, Tracker, TrackOutput
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import write_small_network
from tests.fakes.trackers import FakeTracker

FRAMES = [noise_picture(seed, 200, 150) for seed in range(4)]
BOXES = [(60.0, 40.0, 32.0, 28.0), (100.0, 70.0, 40.0, 30.0)]


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Tracker:
    path = write_small_network(tmp_path_factory.mktemp("networks") / "small.safetensors")
    localization = {"not_found_threshold": -1e9, "uncertain_threshold": -1e9, "distractor_ratio": 1e9}
    return Tracker("dimp", str(path), device="cpu", localization=localization)


@pytest.fixture
def targets() -> MultiTracker:
    return MultiTracker(FakeTracker())


def test_every_target_gets_what_a_tracker_of_its_own_gives(tracker: Tracker) -> None:
    targets = MultiTracker(tracker)
    assert targets.track(FRAMES[0]) == {}
    alone = [tracker.clone() for _ in BOXES]
    alone[0].initialize(FRAMES[0], BOXES[0])
    assert targets.add(FRAMES[0], BOXES[0]) == 0
    assert targets.track(FRAMES[1]) == {0: alone[0].track(FRAMES[1])}
    alone[1].initialize(FRAMES[1], BOXES[1])
    assert targets.add(FRAMES[1], BOXES[1]) == 1  # comes later
    for frame in FRAMES[2:]:
        assert targets.track(frame) == {0: alone[0].track(frame), 1: alone[1].track(frame)}
    assert not tracker._started


def test_ids(targets: MultiTracker) -> None:
    frame = FRAMES[0]
    assert [targets.add(frame, BOXES[0]) for _ in range(3)] == [0, 1, 2]
    targets.remove(2)
    assert targets.add(frame, BOXES[0]) == 3  # a number is given once
    assert targets.add(frame, BOXES[1], target_id=7) == 7
    assert targets.add(frame, BOXES[1]) == 8
    assert targets.add(frame, BOXES[1], target_id=2) == 2
    assert targets.ids == list(targets.track(frame)) == [0, 1, 2, 3, 7, 8]
    with pytest.raises(ValueError, match=r"no target 5; known targets are \[0, 1, 2, 3, 7, 8\]"):
        targets.remove(5)
    assert type(targets.add(frame, BOXES[1], target_id=np.int64(9))) is int  # type: ignore[arg-type]
    targets.clear()
    assert targets.ids == []
    assert targets.add(frame, BOXES[0]) == 0


@pytest.mark.parametrize("target_id", [-1, 1.5, 2.0, "car", True, [1]])
def test_ids_of_another_kind(targets: MultiTracker, target_id: Any) -> None:
    with pytest.raises(ValueError, match=r"^target_id: expected a whole number of 0 or more, got "):
        targets.add(FRAMES[0], BOXES[0], target_id=target_id)
    assert targets.ids == []


def test_copies_are_refused_in_words(targets: MultiTracker) -> None:
    for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="a MultiTracker cannot be pickled or copied: make another one"):
            duplicate(targets)


def test_a_target_that_is_removed_is_freed_at_once(tracker: Tracker) -> None:
    """Not when Python next looks for cycles: its memory is some 20 MB."""
    targets = MultiTracker(tracker)
    targets.add(FRAMES[0], BOXES[0])
    targets.track(FRAMES[1])
    learned = weakref.ref(targets[0]._tracker)
    assert learned() is not None
    gc.disable()
    try:
        targets.remove(0)
        assert learned() is None
    finally:
        gc.enable()


def test_a_known_id_is_learned_anew(targets: MultiTracker) -> None:
    targets.add(FRAMES[0], BOXES[0])
    targets.track(FRAMES[1])
    targets.add(FRAMES[1], BOXES[1], target_id=0)
    fresh = FakeTracker()
    fresh.initialize(FRAMES[1], BOXES[1])
    assert targets.track(FRAMES[2]) == {0: fresh.track(FRAMES[2])}


def test_a_bad_box_changes_nothing(tracker: Tracker) -> None:
    targets = MultiTracker(tracker)
    targets.add(FRAMES[0], BOXES[0])
    with pytest.raises(ValueError, match="lies outside"):
        targets.add(FRAMES[0], (500.0, 1.0, 20.0, 20.0), target_id=0)
    assert len(targets.track(FRAMES[1])) == 1
    assert targets.add(FRAMES[1], BOXES[1]) == 1


def test_running_targets_are_saved_and_restored(tracker: Tracker, tmp_path: Path) -> None:
    targets, path = MultiTracker(tracker), tmp_path / "targets.safetensors"
    targets.add(FRAMES[0], BOXES[0])
    targets.add(FRAMES[0], BOXES[1], target_id=4)
    targets.track(FRAMES[1])
    targets.save(path)
    restored = MultiTracker(tracker)
    restored.add(FRAMES[0], BOXES[1])
    restored.restore(path)
    for frame in FRAMES[2:]:
        assert restored.track(frame) == targets.track(frame)
    assert restored.add(FRAMES[3], BOXES[0]) == 5
    with pytest.raises(ValueError, match=r"targets\.safetensors: holds 2 targets; MultiTracker restores them"):
        tracker.clone().restore(path)
    targets.remove(0)
    targets.save(path)
    one = tracker.clone()
    one.restore(path)
    assert one.track(FRAMES[0]) == targets.track(FRAMES[0])[4]


class SlowTracker(FakeTracker):
    """Notes how many threads are inside a tracker at once."""

    inside, most = 0, 0

    def clone(self) -> "SlowTracker":
        return SlowTracker(slow=0.001)

    def track(self, frame: np.ndarray) -> TrackOutput:
        SlowTracker.inside += 1
        SlowTracker.most = max(SlowTracker.most, SlowTracker.inside)
        output = super().track(frame)
        SlowTracker.inside -= 1
        return output


def test_calls_from_threads_wait_for_each_other() -> None:
    targets = MultiTracker(SlowTracker())

    def use() -> None:
        for frame in FRAMES * 3:
            added = targets.add(frame, BOXES[0])
            assert added in targets.track(frame)
            targets.remove(added)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert SlowTracker.most == 1
    assert targets.ids == []
    assert targets.add(FRAMES[0], BOXES[0]) == 48  # no number was given twice
