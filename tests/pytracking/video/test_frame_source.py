import contextlib
import re
import threading
import time
from dataclasses import replace
from fractions import Fraction
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import av
import numpy as np
import pytest
from av.stream import Disposition

from ltr.data.video_frames import VideoCache
from pytracking.video.frame_source import (
    AudioSource,
    BrokenSourceError,
    FrameSource,
    crop,
    open_frames,
    peek_first,
    slice_frames,
)
from pytracking.video.writer import VideoWriter
from tests.fakes.video_kinds import damage, encode, packet_places
from tests.fakes.videos import (
    number_of,
    numbered_frame,
    numbers_of,
    set_display_matrix,
    write_images,
    write_noise_video,
    write_sounding_video,
    write_uneven_video,
    write_video,
)

FAST_START = {"movflags": "+faststart"}


def test_video_file_gives_rgb_frames_as_often_as_wanted(tmp_path):
    source = open_frames(write_video(tmp_path / "a.mp4", frames=6, fps=30000 / 1001))
    assert (source.length, round(source.fps, 3)) == (6, 29.970)
    assert numbers_of(source) == numbers_of(source) == list(range(6))
    first = next(iter(source))
    assert first.dtype == np.uint8
    assert first.shape == (48, 64, 3)
    np.testing.assert_allclose(first[5, 5], [50, 0, 0], atol=6)


@pytest.mark.parametrize(("matrix", "shown"), [
    ((1, 0, 0, 1), lambda image: image),
    ((0, 1, -1, 0), lambda image: np.rot90(image, -1)),
    ((-1, 0, 0, -1), lambda image: np.rot90(image, 2)),
    ((0, -1, 1, 0), lambda image: np.rot90(image)),
    ((-1, 0, 0, 1), lambda image: image[:, ::-1]),
    ((1, 0, 0, -1), lambda image: image[::-1]),
    ((0, 1, 1, 0), lambda image: image.swapaxes(0, 1)),
    ((0, -1, -1, 0), lambda image: np.rot90(image, 2).swapaxes(0, 1)),
])  # fmt: skip
def test_video_is_turned_and_mirrored_as_its_header_says(tmp_path, matrix, shown):
    path = write_video(tmp_path / "phone.mp4", frames=2)
    set_display_matrix(path, matrix)
    np.testing.assert_allclose(next(iter(open_frames(path))), shown(numbered_frame(0)), atol=30)
    (image,) = VideoCache().read(path, [1])
    np.testing.assert_allclose(image, shown(numbered_frame(1)), atol=30)


def test_a_turn_by_no_quarter_is_told(tmp_path, caplog):
    path = write_video(tmp_path / "askew.mp4", frames=2)
    set_display_matrix(path, (0.7071, 0.7071, -0.7071, 0.7071))
    assert next(iter(open_frames(path))).shape == (48, 64, 3)
    assert "askew.mp4: its header turns it by 45 degrees; it is used as stored" in caplog.text


def test_pixels_that_are_not_square_and_hdr_are_known(tmp_path):
    def written(name, **settings):
        with av.open(str(tmp_path / name), "w") as container:
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for key, value in settings.items():
                setattr(stream.codec_context, key, value)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(numbered_frame(1), format="rgb24")))
            container.mux(stream.encode(None))
        return tmp_path / name

    wide = written("wide.mp4", sample_aspect_ratio=Fraction(4, 3))
    assert (open_frames(wide).pixel_aspect, open_frames(wide).hdr) == (Fraction(4, 3), "")
    set_display_matrix(wide, (0, 1, -1, 0))
    assert open_frames(wide).pixel_aspect == Fraction(3, 4)
    assert open_frames(written("hlg.mp4", color_trc=18)).hdr == "HLG"
    assert open_frames(written("pq.mp4", color_trc=16)).hdr == "PQ"
    assert open_frames(write_video(tmp_path / "a.mp4")).pixel_aspect == 1


def test_a_colon_in_a_name_is_no_protocol(tmp_path, monkeypatch):
    write_sounding_video(tmp_path / "a.mp4", "aac", onset=0).rename(tmp_path / "cam1:front.mp4")
    monkeypatch.chdir(tmp_path)
    source = open_frames("cam1:front.mp4")
    assert (source.name, source.length, len(list(source))) == ("cam1:front.mp4", 50, 50)
    with VideoWriter(tmp_path / "out.mp4", source.fps, source.sound) as writer:
        writer.write(next(iter(source)))


def test_sound_with_a_cover_picture_is_no_video(tmp_path):
    with av.open(str(tmp_path / "song.mp3"), "w") as container:
        audio, cover = (
            container.add_stream("libmp3lame", rate=44100, layout="mono"),
            container.add_stream("png", rate=1),
        )
        cover.width, cover.height, cover.pix_fmt = 16, 16, "rgb24"
        cover.disposition = Disposition.attached_pic
        picture = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), format="rgb24")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 4410), np.int16), format="s16", layout="mono")
        sound.sample_rate = 44100
        for stream, frame in ((cover, picture), (cover, None), (audio, sound), (audio, None)):
            container.mux(stream.encode(frame))
    with pytest.raises(ValueError, match=r"song\.mp3: holds only a cover picture, no video"):
        open_frames(tmp_path / "song.mp3")


def test_images_are_taken_in_numerical_order(tmp_path):
    write_images(tmp_path / "img", ["8.png", "9.png", "10.png", "100.png"])
    (tmp_path / "img" / "notes.txt").write_text("not an image")
    assert numbers_of(open_frames(tmp_path / "img")) == [0, 1, 2, 3]
    assert numbers_of(open_frames(str(tmp_path / "img" / "1*.png"))) == [2, 3]
    assert numbers_of(open_frames(tmp_path / "img" / "9.png")) == [1]


def test_video_cut_short_gives_what_is_there_then_names_file_and_frame(tmp_path):
    whole = write_noise_video(tmp_path / "whole.mp4").read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole[: len(whole) // 2])
    frames = []
    with pytest.raises(BrokenSourceError) as caught:
        frames.extend(open_frames(path))  # keeps what came before the error
    assert 5 <= len(frames) < 20
    assert f"{path}: breaks off at frame {len(frames)}" in str(caught.value)


def test_video_cut_between_two_packets_is_not_taken_for_a_shorter_one(tmp_path):
    path = encode(tmp_path / "a.mp4", options={"bf": "0"})
    with av.open(str(path)) as container, av.open(str(tmp_path / "b.mp4"), "w", options=FAST_START) as copied:
        stream = copied.add_stream_from_template(container.streams.video[0])
        for packet in container.demux(video=0):
            packet.stream = stream
            copied.mux([packet] if packet.size else [])
    begin, _ = packet_places(tmp_path / "b.mp4")[15]
    (tmp_path / "b.mp4").write_bytes((tmp_path / "b.mp4").read_bytes()[:begin])
    source, frames = open_frames(tmp_path / "b.mp4"), []
    assert source.length == 20
    with pytest.raises(BrokenSourceError, match=r"b\.mp4: breaks off at frame 15 of 20: the file is cut short"):
        frames.extend(source)
    assert numbers_of(frames) == list(range(15))


def damaged_video(path):
    """40 frames of noise with a key frame at least every ten; the 15th packet is damaged."""
    encode(path, numbers=range(40), options={"g": "10"}, noise=True)
    begin, size = packet_places(path)[14]
    return damage(path, begin, size)


def test_reading_goes_on_after_damage_and_frames_keep_their_numbers(tmp_path):
    whole = list(open_frames(encode(tmp_path / "whole.mp4", numbers=range(40), options={"g": "10"}, noise=True)))
    source, frames = open_frames(damaged_video(tmp_path / "bad.mp4")), []
    assert source.length == 40
    with pytest.raises(BrokenSourceError, match=r"bad\.mp4: frames (\d+) to (\d+) are damaged and shown as") as caught:
        frames.extend(source)
    first, last = (int(n) for n in re.findall(r"frames (\d+) to (\d+)", str(caught.value))[0])
    assert 10 < first <= last < 28
    for number, (image, right) in enumerate(zip(frames, whole, strict=True)):
        expected = whole[first - 1] if number in range(first, last + 1) else right
        assert np.array_equal(image, expected), number


def test_damage_outside_the_part_used_does_not_count(tmp_path):
    source = open_frames(damaged_video(tmp_path / "bad.mp4"))
    assert len(list(slice_frames(source, 28))) == 12
    assert len(list(slice_frames(slice_frames(source, 2), 26, 34, 2))) == 4
    assert len(list(slice_frames(source, 0, 10))) == 10
    frames = []
    with pytest.raises(BrokenSourceError, match="damaged"):
        frames.extend(slice_frames(source, 5, 30))
    assert len(frames) == 25


def test_damage_at_the_beginning_does_not_shift_numbers(tmp_path):
    path = encode(tmp_path / "bad.mp4", numbers=range(40), options={"g": "10"}, noise=True)
    whole = list(open_frames(path))
    damage(path, *packet_places(path)[0])
    frames = []
    with pytest.raises(BrokenSourceError, match=r"frames 0 to \d+ are damaged"):
        frames.extend(open_frames(path))
    assert len(frames) == 40
    assert np.array_equal(frames[-1], whole[-1])


def test_damage_up_to_the_end_breaks_off(tmp_path):
    path = encode(tmp_path / "bad.mp4", options={"g": "100"}, noise=True)
    damage(path, *packet_places(path)[12])
    frames = []
    with pytest.raises(BrokenSourceError, match=r"breaks off at frame \d+ of 20: damaged data"):
        frames.extend(open_frames(path))
    assert 8 < len(frames) < 16


def test_unreadable_image_names_file_and_frame(tmp_path):
    folder = write_images(tmp_path / "img", ["1.png", "2.png", "3.png"])
    (folder / "2.png").write_bytes(b"")
    frames = iter(open_frames(folder))
    next(frames)
    with pytest.raises(BrokenSourceError, match=r"frame 1: .*2\.png"):
        next(frames)


def test_what_is_no_video_is_refused_by_name(tmp_path):
    for empty in ("", " "):
        with pytest.raises(ValueError, match="the source is empty"):
            open_frames(empty)
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
    assert open_frames(0).name == "camera 0"
    source = open_frames("0")
    assert source.length is None
    frames = iter(source)
    assert next(frames)[0, 0].tolist() == [0, 0, 255]
    next(frames)
    with pytest.raises(BrokenSourceError, match="camera 0: gave no frame 2"):
        next(frames)


def test_part_and_crop(tmp_path):
    source = open_frames(write_video(tmp_path / "a.mp4", frames=6))
    part = slice_frames(source, 2, 5)
    assert part.length == 3
    assert numbers_of(part) == [2, 3, 4]
    assert numbers_of(slice_frames(source, 4)) == [4, 5]
    assert slice_frames(source, 4, 100).length == 2
    every_other = slice_frames(source, 1, 5, 2)
    assert (every_other.length, every_other.fps, numbers_of(every_other)) == (2, source.fps / 2, [1, 3])
    with pytest.raises(ValueError, match="stride: expected 1 or more, got 0"):
        slice_frames(source, stride=0)
    assert next(iter(crop(source, 63, 47))).shape == (47, 63, 3)
    for start, end in ((6, None), (-1, None), (3, 3)):
        with pytest.raises(ValueError, match=f"no frames from {start} "):
            slice_frames(source, start, end)


def test_part_of_a_part_keeps_the_sound_in_step(tmp_path):
    source = open_frames(write_sounding_video(tmp_path / "a.mp4", "aac", onset=0))
    part = slice_frames(slice_frames(source, 10, 50, 2), 5)
    assert part.sound == AudioSource(str(tmp_path / "a.mp4"), pytest.approx(10 / 25 + 5 * 2 / 25))
    assert numbers_of(part)[0] == 0  # frame 20, and numbers go round at 20
    assert open_frames(write_images(tmp_path / "img", ["1.png"])).sound is None


def test_frames_that_do_not_come_evenly_have_times(tmp_path):
    times = [0.0, 0.04, 0.08, 0.5, 0.54, 1.0]
    source = open_frames(write_uneven_video(tmp_path / "a.mp4", times))
    assert (source.length, source.fps) == (6, pytest.approx(5, abs=0.01))
    assert source.times == pytest.approx(times, abs=0.001)
    part = slice_frames(replace(source, sound=AudioSource("a")), 1, 6, 2)
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

    first, source = peek_first(FrameSource("camera", frames, live=True))
    assert (number_of(first), numbers_of(source), source.live, len(passes)) == (0, [0, 1, 2], True, 1)
    assert (numbers_of(source), numbers_of(source), len(passes)) == ([0, 1, 2], [0, 1, 2], 3)
    with pytest.raises(ValueError, match="nothing: has no frames"):
        peek_first(FrameSource("nothing", lambda: iter(())))


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
        assert (source.length, source.live, numbers_of(source)) == (6, False, list(range(6)))
        with pytest.raises(ValueError, match=r"none\.mp4: not a video that FFmpeg can read"):
            open_frames(f"{address}/none.mp4")


@pytest.mark.parametrize("kind", ["http", "file"])
def test_times_of_a_url_are_those_of_its_frames(tmp_path, kind):
    times = [0.0, 0.04, 0.08, 0.5, 0.54, 1.0]
    path = write_uneven_video(tmp_path / "a.mp4", times)
    with served(tmp_path, Files) as address:
        source = open_frames(f"{address}/a.mp4" if kind == "http" else f"file://{path}")
        assert (source.length, source.live, numbers_of(source)) == (6, False, list(range(6)))
        assert source.times == pytest.approx(times, abs=0.001)


class Silent(Files):
    """Never answers."""

    def do_GET(self):
        time.sleep(1)


def test_no_answer_is_called_so(tmp_path, monkeypatch):
    monkeypatch.setattr("ltr.data.video_stream.TIMEOUT", 0.2)
    with served(tmp_path, Silent) as address, pytest.raises(ValueError, match=r"a\.mp4: .*no answer for 0\.2 s"):
        open_frames(f"{address}/a.mp4")


def test_live_stream_has_no_length_and_its_end_is_told(tmp_path):
    write_sounding_video(tmp_path / "a.ts", "aac", onset=0, seconds=0.8)
    with served(tmp_path, Broadcast) as address:
        source = open_frames(f"{address}/a.ts")
        assert (source.length, source.live, source.sound) == (None, True, None)
        frames = []
        with pytest.raises(BrokenSourceError, match=r"a\.ts: breaks off at frame \d+"):
            frames.extend(source)
        assert numbers_of(frames) == list(range(len(frames)))
        assert 15 <= len(frames) <= 20
