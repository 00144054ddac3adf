from pathlib import Path

import numpy as np
import pytest

from ltr.data import video_frames
from ltr.data.pyav import av
from ltr.data.video_frames import VideoCache, count_frames, read_frames
from ltr.data.video_scan import scan_video
from ltr.data.video_stream import BrokenSourceError
from tests.fakes.datasets import write_video
from tests.fakes.video_kinds import copy_packets, damage, encode, packet_places


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


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_a_file_cut_without_encoding_again_is_whole(tmp_path: Path, name: str) -> None:
    """Its last frames have a gap in their times, where B-frames were left out."""
    options = {"x264-params": "bframes=3:b-adapt=0:b-pyramid=normal:keyint=100:scenecut=0"}
    whole, gaps = encode(tmp_path / f"whole{name}", numbers=range(34), options=options, noise=True), 0
    for kept in range(24, 33):
        path = copy_packets(whole, tmp_path / f"{kept}{name}", lambda i, packet, n=kept: [packet] if i < n else [])
        with av.open(str(path)) as container:
            decoded = list(container.decode(video=0))
        times = [frame.time - (decoded[0].time or 0) for frame in decoded if frame.time is not None]
        gaps += times[-1] > (len(times) - 0.5) / 25
        info = scan_video(path)
        frames = list(read_frames(info))
        assert info.length == len(frames) == len(decoded) == kept
        for frame, right in zip(frames, decoded, strict=True):
            assert np.array_equal(frame, right.to_ndarray(format="rgb24"))
        shown = info.times or [i / (info.fps or 0) for i in range(kept)]
        assert shown == pytest.approx(times, abs=0.02)
    assert gaps


@pytest.mark.parametrize("damaged", [5, 14, 22])
def test_damage_in_a_cut_file_keeps_the_numbers(tmp_path: Path, damaged: int) -> None:
    """The decoder holds back frames that it read before the damaged packet, key frames too."""
    options = {"x264-params": "bframes=3:b-adapt=0:b-pyramid=normal:keyint=10:scenecut=0"}
    source = encode(tmp_path / "whole.mp4", numbers=range(40), options=options, noise=True)
    path = copy_packets(source, tmp_path / "a.mp4", lambda i, packet: [packet] if i < 32 else [])
    whole, frames = list(read_frames(scan_video(path))), []
    damage(path, *packet_places(path)[damaged])
    with pytest.raises(
        BrokenSourceError, match=r"a\.mp4: frames \d+ to \d+ are damaged and shown as the last whole one$"
    ):
        frames.extend(read_frames(scan_video(path)))
    wrong = [i for i, (frame, right) in enumerate(zip(frames, whole, strict=True)) if not np.array_equal(frame, right)]
    assert wrong == list(range(wrong[0], (damaged // 10 + 1) * 10))


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("b_frames.mp4", "libx264", {"g": "40", "bf": "3"}),
        ("open.mp4", "libx264", {"g": "30", "bf": "3", "x264-params": "open-gop=1"}),
        ("one_key.mkv", "libx264", {"g": "999"}),
        ("a.webm", "libvpx", {"g": "40", "auto-alt-ref": "1", "lag-in-frames": "10"}),
        ("a.avi", "mpeg4", {"g": "20"}),
        ("a.ts", "libx264", {"g": "40", "bf": "3"}),
        ("a.mov", "mjpeg", {}),
        ("uneven.mkv", "libx264", {"g": "40", "bf": "2"}),
    ],
)
def test_frames_read_from_the_middle_are_those_read_from_the_beginning(
    tmp_path: Path, name: str, codec: str, options: dict[str, str]
) -> None:
    ticks = [i + i // 3 for i in range(150)] if name.startswith("uneven") else None
    path = encode(tmp_path / name, codec, [i % 20 for i in range(150)], options, ticks, noise=codec != "mjpeg")
    info = scan_video(path)
    whole = list(read_frames(info))
    assert len(whole) == info.length == 150
    for start in (51, 79, 80, 81, 100, 149):
        got = list(read_frames(info, range(start, min(start + 5, 150))))
        assert [np.array_equal(a, b) for a, b in zip(got, whole[start:], strict=False)] == [True] * len(got)
        assert len(got) == min(5, 150 - start)
    assert np.array_equal(list(read_frames(info, [60, 149]))[1], whole[149])


def test_only_what_follows_a_close_key_frame_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = encode(tmp_path / "a.mp4", numbers=[i % 20 for i in range(300)], options={"g": "25"})
    info, decoded = scan_video(path), []
    decode = video_frames.decode
    monkeypatch.setattr(video_frames, "decode", lambda *a: (decoded.append(f) or f for f in decode(*a)))
    next(read_frames(info, range(280, 300)))
    assert 25 <= len(decoded) <= 60
