import json
from dataclasses import replace

import pytest

from pytracking.video.frame_source import FrameSource, open_video
from pytracking.web.video_playback import VideoPlayback, open_demo
from tests.fakes.videos import number_of, numbered_frame, write_noise_video, write_video


def film_of(frames, fps=None):
    return VideoPlayback(
        FrameSource("made", lambda: iter([numbered_frame(i) for i in range(frames)]), frames, fps), (64, 48)
    )


def test_plays_every_frame_and_stops_at_the_end(tmp_path):
    film = VideoPlayback(open_video(write_video(tmp_path / "a.mp4", frames=3)), (64, 48))
    told = {"type": "video", "width": 64, "height": 48, "frames": 3, "fps": 25.0, "suggestion": None}
    assert json.loads(film.message()) == told
    assert film.delay(0.0) is None
    film.play()
    seen = []
    while (image := film.read()) is not None:
        assert film.playing
        seen.append((film.number, number_of(image)))
    assert seen == [(0, 0), (1, 1), (2, 2)]
    assert not film.playing
    assert json.loads(film.ended_message()) == {"type": "ended", "frames": 3, "broken": ""}
    film.play()  # from the start
    assert film.playing
    assert number_of(film.read()) == 0


@pytest.mark.parametrize("decoded", [True, False], ids=["video file", "frames one by one"])
def test_seeking(tmp_path, decoded):
    source = open_video(write_video(tmp_path / "a.mp4", frames=6)) if decoded else film_of(6).source
    film = VideoPlayback(source, (64, 48))
    for wanted, got in ((4, 4), (0, 0), (2, 2), (99, 5)):
        film.seek(wanted)
        assert (number_of(film.read()), film.number) == (got, got)
    film.seek(4)
    assert [number_of(film.read()), number_of(film.read()), film.read()] == [4, 5, None]


def test_frames_of_a_video_of_unknown_length_are_sought_too():
    film = VideoPlayback(replace(film_of(6).source, length=None), (64, 48))
    film.seek(3)
    assert number_of(film.read()) == film.number == 3


def test_the_demo_offers_its_target():
    film = open_demo()
    x, y, w, h = film.suggestion
    assert min(x, y, w, h) > 0
    assert x + w < film.size[0]
    assert film.read().shape == (film.size[1], film.size[0], 3)


def test_pace(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("pytracking.web.video_playback.time.monotonic", lambda: clock[0])
    film = film_of(9, fps=10)
    film.play()
    film.read()
    assert film.delay(100.0) == 0
    film.read()
    assert film.delay(100.0) == pytest.approx(0.1)
    assert film.delay(100.3) == 0
    clock[0] = 105.0  # it was stopped, or the tracker slow: no frames are made up for
    film.read()
    film.read()
    assert film.delay(105.0) == pytest.approx(0.1)
    film.playing = False
    assert film.delay(105.0) is None


def test_a_damaged_video_says_so(tmp_path):
    path = write_noise_video(tmp_path / "cut.mp4")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    film = VideoPlayback(open_video(path), (64, 48))
    frames = 0
    while film.read() is not None:
        frames += 1
    ended = json.loads(film.ended_message())
    assert ended["frames"] == frames >= 5
    assert "breaks off at frame" in ended["broken"]
