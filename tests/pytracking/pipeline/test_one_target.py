import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ltr.utils.errors import InputError
from pytracking import Tracker, TrackOutput, track
from pytracking.video.frame_source import open_frames
from pytracking.video.writer import VideoWriter
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import write_small_network

BOX = (60.0, 40.0, 32.0, 28.0)
FRAMES = [np.roll(noise_picture(0, 200, 150), 4 * number, axis=1) for number in range(4)]


@pytest.fixture(scope="module")
def tracker(tmp_path_factory: pytest.TempPathFactory) -> Tracker:
    return Tracker("dimp", write_small_network(tmp_path_factory.mktemp("networks") / "small.safetensors"), "cpu")


def step_by_step(tracker: Tracker, frames: list[Any], box: Any = BOX) -> list[TrackOutput]:
    """What the tracker's own calls give."""
    target = tracker.clone()
    target.initialize(frames[0], box)
    return [TrackOutput(box, 1.0, "tracking"), *map(target.track, frames[1:])]


def test_a_video_file_in_one_call(tracker: Tracker, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, 25) as writer:
        for frame in FRAMES:
            writer.write(frame)
    expected = step_by_step(tracker, list(open_frames(path)))
    assert list(track(path, BOX, tracker)) == list(track(str(path), np.array(BOX), tracker)) == expected
    bgr = Tracker.from_config(tracker.config, "BGR")
    assert list(track(path, BOX, bgr)) == expected, "files are read in the order of colors that the tracker expects"


@pytest.mark.parametrize(
    "frames",
    [
        FRAMES,
        np.stack(FRAMES),
        torch.from_numpy(np.stack(FRAMES)).movedim(-1, 1),
        [Image.fromarray(frame) for frame in FRAMES],
    ],
)
def test_frames_of_every_kind(tracker: Tracker, frames: Any) -> None:
    assert list(track(frames, BOX, tracker)) == step_by_step(tracker, FRAMES)


def test_frames_are_read_when_their_output_is_asked_for(tracker: Tracker) -> None:
    read = []

    def frames() -> Iterator[np.ndarray]:
        for number, frame in enumerate(FRAMES):
            read.append(number)
            yield frame

    outputs = track(frames(), BOX, tracker)
    assert read == [0]
    assert next(outputs).box == BOX
    assert read == [0]
    next(outputs)
    assert read == [0, 1]


@pytest.mark.parametrize("read", [0, 2])
def test_leaving_early_closes_the_video(tracker: Tracker, tmp_path: Path, read: int) -> None:
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, 25) as writer:
        for frame in FRAMES:
            writer.write(frame)
    before = open_files(path)
    outputs = track(path, BOX, tracker)
    for _ in range(read):
        next(outputs)
    assert open_files(path) > before
    outputs.close()
    assert open_files(path) == before
    for _ in track(path, BOX, tracker):
        break
    assert open_files(path) == before
    with pytest.raises(InputError, match="box: expected four finite numbers"):
        track(path, (1, 2, 3), tracker)
    assert open_files(path) == before


def open_files(path: Path) -> int:
    """How often this process has ``path`` open."""
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("needs /proc")
    links = (file for file in Path("/proc/self/fd").iterdir() if file.is_symlink())
    return sum(os.readlink(file) == str(path) for file in links if os.path.lexists(file))


def test_frames_that_are_given_can_be_gone_on_with(tracker: Tracker) -> None:
    frames = iter(FRAMES)
    outputs = track((frame for frame in frames), BOX, tracker)
    outputs.close()
    assert next(frames) is FRAMES[1]


@pytest.mark.parametrize(
    ("video", "box", "message"),
    [
        ([], BOX, "video: there are no frames"),
        (3.5, BOX, "video: expected a file, folder, URL, camera or frames, got float"),
        (FRAMES, (1, 2, 3), "box: expected four finite numbers"),
        (FRAMES, (500, 2, 30, 40), "lies outside the 200 x 150 frame"),
        ([FRAMES[0].astype(float)], BOX, "frame: expected uint8"),
        ([None], BOX, "frame: expected uint8.*got NoneType"),
        (FRAMES[0], BOX, "video: expected frames, one after another, got a single frame"),
        (FRAMES[0][..., 0], BOX, "got a single frame"),
        (torch.from_numpy(FRAMES[0]).movedim(-1, 0), BOX, "got a single frame"),
    ],
)
def test_mistakes_are_told_at_once(video: Any, box: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        track(video, box)


@pytest.mark.parametrize("tracker", ["dimp", Tracker])
def test_a_tracker_of_another_kind_is_refused(tracker: Any) -> None:
    with pytest.raises(InputError, match="tracker: expected a Tracker, as Tracker"):
        track(FRAMES, BOX, tracker)


def test_a_video_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.mp4: no such video"):
        track("none.mp4", BOX)
