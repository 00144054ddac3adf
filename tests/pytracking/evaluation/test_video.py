import contextlib
import threading
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from pytracking.evaluation import video
from pytracking.evaluation.video import BrokenSourceError, FrameSource, Sound, cropped, open_frames, part_of, peek
from tests.fakes.videos import (
    number_of,
    numbered_frame,
    turn_clockwise,
    write_images,
    write_noise_video,
    write_sounding_video,
    write_uneven_video,
    write_video,
)


def numbers(source):
    return [number_of(frame) for frame in source]


def test_video_file_gives_rgb_frames_as_often_as_wanted(tmp_path):
    source = open_frames(write_video(tmp_path / "a.mp4", frames=6, fps=30000 / 1001))
    assert (source.length, round(source.fps, 3)) == (6, 29.970)
    assert numbers(source) == numbers(source) == list(range(6))
    first = next(iter(source))
    assert first.dtype == np.uint8
    assert first.shape == (48, 64, 3)
    np.testing.assert_allclose(first[5, 5], [50, 0, 0], atol=6)


def test_video_is_turned_as_its_header_says(tmp_path):
    path = write_video(tmp_path / "phone.mp4", frames=2)
    turn_clockwise(path)
    first = next(iter(open_frames(path)))
    assert first.shape == (64, 48, 3)
    np.testing.assert_allclose(first, np.rot90(numbered_frame(0), -1), atol=30)
    assert first[5, -5, 0] > 40  # the red quarter was top left


def test_images_are_taken_in_numerical_order(tmp_path):
    write_images(tmp_path / "img", ["8.png", "9.png", "10.png", "100.png"])
    (tmp_path / "img" / "notes.txt").write_text("not an image")
    assert numbers(open_frames(tmp_path / "img")) == [0, 1, 2, 3]
    assert numbers(open_frames(str(tmp_path / "img" / "1*.png"))) == [2, 3]
    assert numbers(open_frames(tmp_path / "img" / "9.png")) == [1]


def test_video_cut_short_gives_what_is_there_then_names_file_and_frame(tmp_path):
    whole = write_noise_video(tmp_path / "whole.mp4").read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) // 2])
    frames = []
    with pytest.raises(BrokenSourceError) as caught:
        frames.extend(open_frames(path))  # keeps what came before the error
    assert 5 <= len(frames) < 20
    assert f"{path}: breaks off at frame {len(frames)}" in str(caught.value)


def test_video_cut_between_two_packets_is_not_taken_for_a_shorter_one(tmp_path, monkeypatch):
    path = write_video(tmp_path / "a.mp4", frames=6)
    decoded = video._open_container

    def without_last_packets(url):
        container = decoded(url)
        packets = [p for p in container.demux(container.streams.video[0]) if p.size][:4]
        return _Container(container, packets)

    monkeypatch.setattr(video, "_open_container", without_last_packets)
    with pytest.raises(BrokenSourceError, match=r"a\.mp4: breaks off at frame \d of 6: the file is cut short"):
        list(video.FrameSource("a", lambda: video._read_video(str(path), tolerant=False)))


class _Container:
    """A container whose data ends after ``packets``."""

    def __init__(self, container, packets):
        self.streams, self.container, self.packets = container.streams, container, packets

    def demux(self, stream):
        return iter(self.packets)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.container.close()


def test_damaged_data_in_the_middle_is_an_error(tmp_path):
    data = bytearray(write_noise_video(tmp_path / "bad.mp4").read_bytes())
    middle = len(data) // 2
    data[middle : middle + 9000] = b"\x55" * 9000
    (tmp_path / "bad.mp4").write_bytes(data)
    with pytest.raises(BrokenSourceError, match=r"bad\.mp4: breaks off at frame \d+"):
        list(open_frames(tmp_path / "bad.mp4"))


def test_unreadable_image_names_file_and_frame(tmp_path):
    folder = write_images(tmp_path / "img", ["1.png", "2.png", "3.png"])
    (folder / "2.png").write_bytes(b"")
    frames = iter(open_frames(folder))
    next(frames)
    with pytest.raises(BrokenSourceError, match=r"frame 1: .*2\.png"):
        next(frames)


def test_what_is_no_video_is_refused_by_name(tmp_path):
    (tmp_path / "text.mp4").write_text("hello")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"text\.mp4: not a video that FFmpeg can read"):
        open_frames(tmp_path / "text.mp4")
    with pytest.raises(FileNotFoundError, match="empty: holds no images"):
        open_frames(tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match=r"none\.mp4: no such video file or image folder"):
        open_frames(tmp_path / "none.mp4")
    with pytest.raises(FileNotFoundError, match=r"\*\.jpg: holds no images"):
        open_frames(str(tmp_path / "*.jpg"))
    with pytest.raises(ValueError, match="http"):
        open_frames("http://127.0.0.1:9/none.mp4")


class _Camera:
    """Two blue frames (BGR, as OpenCV gives them), then nothing."""

    def __init__(self, index):
        self.left = 2

    def isOpened(self):
        return True

    def read(self):
        self.left -= 1
        return self.left >= 0, np.full((4, 4, 3), (255, 0, 0), np.uint8)

    def release(self):
        pass


def test_camera_frames_are_rgb_and_its_end_is_told(monkeypatch):
    monkeypatch.setattr("cv2.VideoCapture", _Camera)
    source = open_frames("0")
    assert source.length is None
    frames = iter(source)
    assert next(frames)[0, 0].tolist() == [0, 0, 255]
    next(frames)
    with pytest.raises(BrokenSourceError, match="camera 0: gave no frame 2"):
        next(frames)


def test_part_and_crop(tmp_path):
    source = open_frames(write_video(tmp_path / "a.mp4", frames=6))
    part = part_of(source, 2, 5)
    assert part.length == 3
    assert numbers(part) == [2, 3, 4]
    assert numbers(part_of(source, 4)) == [4, 5]
    assert part_of(source, 4, 100).length == 2
    every_other = part_of(source, 1, 5, 2)
    assert (every_other.length, every_other.fps, numbers(every_other)) == (2, source.fps / 2, [1, 3])
    with pytest.raises(ValueError, match="stride: expected 1 or more, got 0"):
        part_of(source, stride=0)
    assert next(iter(cropped(source, 63, 47))).shape == (47, 63, 3)
    for start, end in ((6, None), (-1, None), (3, 3)):
        with pytest.raises(ValueError, match=f"no frames from {start} to {end}"):
            part_of(source, start, end)


def test_part_of_a_part_keeps_the_sound_in_step(tmp_path):
    source = open_frames(write_sounding_video(tmp_path / "a.mp4", "aac", onset=0))
    part = part_of(part_of(source, 10, 50, 2), 5)
    assert part.sound == Sound(str(tmp_path / "a.mp4"), pytest.approx(10 / 25 + 5 * 2 / 25))
    assert numbers(part)[0] == 0  # frame 20, and numbers go round at 20
    assert open_frames(write_images(tmp_path / "img", ["1.png"])).sound is None


def test_frames_that_do_not_come_evenly_have_times(tmp_path):
    times = [0.0, 0.04, 0.08, 0.5, 0.54, 1.0]
    source = open_frames(write_uneven_video(tmp_path / "a.mp4", times))
    assert (source.length, source.fps) == (6, pytest.approx(5, abs=0.01))
    assert source.times == pytest.approx(times, abs=0.001)
    part = part_of(replace(source, sound=Sound("a")), 1, 6, 2)
    assert part.times == pytest.approx([0.0, 0.46, 0.96], abs=0.001)
    assert part.sound.start == pytest.approx(0.04, abs=0.001)
    almost_even = [i / 25 + (0.01 if i % 3 else 0) for i in range(12)]
    source = open_frames(write_uneven_video(tmp_path / "b.mp4", almost_even))
    assert (source.length, source.times) == (12, None)


def test_frames_are_counted_where_the_header_does_not_say(tmp_path):
    source = open_frames(write_sounding_video(tmp_path / "a.mkv", "aac", onset=0))
    assert (source.length, source.fps, source.times) == (50, 25, None)


def test_peek_takes_no_frame_away():
    passes = []

    def frames():
        passes.append(1)
        yield from map(numbered_frame, range(3))

    first, source = peek(FrameSource("camera", frames, live=True))
    assert (number_of(first), numbers(source), source.live, len(passes)) == (0, [0, 1, 2], True, 1)
    with pytest.raises(ValueError, match="nothing: has no frames"):
        peek(FrameSource("nothing", lambda: iter(())))


@contextlib.contextmanager
def served(folder, handler):
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Files(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Broadcast(Files):
    """Sends a file as a camera does: without saying how long it is."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError), open(self.translate_path(self.path), "rb") as file:
            self.wfile.write(file.read())


def test_http_video_is_read_like_a_file(tmp_path):
    write_video(tmp_path / "a.mp4", frames=6)
    with served(tmp_path, Files) as address:
        source = open_frames(f"{address}/a.mp4")
        assert (source.length, source.live, numbers(source)) == (6, False, list(range(6)))
        with pytest.raises(ValueError, match=r"none\.mp4: not a video that FFmpeg can read"):
            open_frames(f"{address}/none.mp4")


def test_live_stream_has_no_length_and_its_end_is_told(tmp_path):
    write_sounding_video(tmp_path / "a.ts", "aac", onset=0, seconds=0.8)
    with served(tmp_path, Broadcast) as address:
        source = open_frames(f"{address}/a.ts")
        assert (source.length, source.live, source.sound) == (None, True, None)
        frames = []
        with pytest.raises(BrokenSourceError, match=r"a\.ts: breaks off at frame \d+"):
            frames.extend(source)
        assert [number_of(frame) for frame in frames] == list(range(len(frames)))
        assert 15 <= len(frames) <= 20
