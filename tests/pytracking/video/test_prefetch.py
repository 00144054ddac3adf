import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from pytracking.video.frame_source import BrokenSourceError, FrameSource, Image, open_frames, slice_frames
from pytracking.video.prefetch import AHEAD, prefetch
from tests.fakes.videos import numbered_frame, write_video


def _counted(number: int, made: list[int], fail: bool = False) -> FrameSource:
    """``number`` frames, whose numbers are written down when they are made; then an error if ``fail``."""

    def frames() -> Iterator[Image]:
        for i in range(number):
            made.append(i)
            yield numbered_frame(i)
        if fail:
            raise BrokenSourceError("breaks off")

    return FrameSource("counted", frames, number, 25.0)


def test_the_same_frames_in_the_same_order_as_often_as_wanted(tmp_path: Path) -> None:
    source = slice_frames(open_frames(write_video(tmp_path / "v.mp4", frames=9)), 2)
    ahead = prefetch(source)
    assert (ahead.name, ahead.length, ahead.fps) == (source.name, source.length, source.fps)
    for _ in range(2):
        np.testing.assert_array_equal(list(ahead), list(source))


def test_an_error_comes_after_the_last_good_frame() -> None:
    frames = iter(prefetch(_counted(3, [], fail=True)))
    assert len(list(islice(frames, 3))) == 3
    with pytest.raises(BrokenSourceError, match="breaks off"):
        next(frames)


def test_frames_are_made_while_nobody_asks_but_not_all_of_them() -> None:
    made: list[int] = []
    frames = iter(prefetch(_counted(100, made)))
    next(frames)
    deadline = time.monotonic() + 20
    while len(made) < AHEAD + 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert len(made) == AHEAD + 2  # one taken, AHEAD waiting, one in the decoder's hand
    frames.close()  # type: ignore[attr-defined]


def test_who_stops_early_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    frames = iter(prefetch(_counted(100, [])))
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def test_no_frames() -> None:
    assert list(prefetch(_counted(0, []))) == []
