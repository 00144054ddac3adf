from pathlib import Path

import numpy as np
import pytest

from ltr.data.video_frames import VideoCache, count_frames
from tests.fakes.datasets import write_video


def _video(path: Path, count: int) -> list[np.ndarray]:
    """A video whose frames are told apart by their brightness."""
    frames = [np.full((48, 64, 3), 20 + 8 * t, np.uint8) for t in range(count)]
    write_video(path, frames)
    return frames


def test_frames_come_in_the_order_asked_for(tmp_path: Path) -> None:
    frames = _video(tmp_path / "a.mp4", 26)
    assert count_frames(tmp_path / "a.mp4") == 26
    ids = [25, 0, 13, 13, 11]
    for i, image in zip(ids, VideoCache().read(tmp_path / "a.mp4", ids), strict=True):
        assert image.shape == (48, 64, 3)
        assert np.abs(image.astype(int) - frames[i]).mean() < 3


def test_the_least_recently_used_video_is_dropped(tmp_path: Path) -> None:
    for name in "abc":
        _video(tmp_path / f"{name}.mp4", 3)
    cache = VideoCache(max_bytes=1)
    for name in "abca":
        cache.read(tmp_path / f"{name}.mp4", [0])
        assert len(cache._videos) == 1
    roomy = VideoCache()
    for name in "abc":
        roomy.read(tmp_path / f"{name}.mp4", [0])
    assert len(roomy._videos) == 3
    assert roomy._bytes == sum(len(frame) for video in roomy._videos.values() for frame in video)


def test_a_frame_after_the_end_is_refused(tmp_path: Path) -> None:
    _video(tmp_path / "short.mp4", 3)
    with pytest.raises(ValueError, match=r"short\.mp4 ends after 3 frames, frame 3 was asked for"):
        VideoCache().read(tmp_path / "short.mp4", [0, 3])


def test_missing_and_broken_videos_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone\.mp4: no such video"):
        count_frames(tmp_path / "gone.mp4")
    _video(tmp_path / "cut.mp4", 5)
    whole = (tmp_path / "cut.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"cut\.mp4: holds no video"):
        VideoCache().read(tmp_path / "cut.mp4", [0])
