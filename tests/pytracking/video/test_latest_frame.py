import threading

import pytest

from pytracking.video.frame_source import BrokenSourceError, FrameSource, open_video
from pytracking.video.latest_frame import LatestFrameReader
from tests.fakes.videos import number_of, numbered_frame, write_video


def test_the_newest_frame_is_given_and_none_twice():
    more, read = threading.Event(), threading.Event()

    def frames():
        yield numbered_frame(0)
        more.wait(10)
        for number in range(1, 20):
            yield numbered_frame(number)
        read.set()

    with LatestFrameReader(FrameSource("made", frames)) as live:
        assert number_of(next(live)) == 0
        more.set()
        assert read.wait(10)
        assert [number_of(image) for image in live] == [19]
        assert next(live, None) is None


def test_a_file_stands_in_for_a_camera(tmp_path):
    with LatestFrameReader(open_video(write_video(tmp_path / "a.mp4", frames=4, fps=200))) as live:
        numbers = [number_of(image) for image in live]
    assert numbers == sorted(set(numbers))
    assert numbers[-1] == 3


def test_what_breaks_is_told_after_the_last_frame():
    def frames():
        yield numbered_frame(7)
        raise BrokenSourceError("camera 0: gave no frame 1")

    with LatestFrameReader(FrameSource("made", frames)) as live:
        assert number_of(next(live)) == 7
        with pytest.raises(BrokenSourceError, match="gave no frame 1"):
            next(live)


def test_leaving_ends_the_reading():
    reading = threading.Event()

    def frames():
        while True:
            reading.set()
            yield numbered_frame(1)

    with LatestFrameReader(FrameSource("made", frames)) as live:
        assert reading.wait(10)
    assert not live._thread.is_alive()
