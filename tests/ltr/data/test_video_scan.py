"""Counts and times are those of the frames that are shown: each kind of file is made, scanned and read."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ltr.data.video_frames import count_frames, read_frames
from ltr.data.video_scan import scan_video
from ltr.data.video_stream import BrokenSourceError
from tests.fakes.video_kinds import copy_packets, cut, encode, join, with_hidden_frames
from tests.fakes.videos import number_of

UNEVEN = [0, 1, 2, 3, 10, 11, 12, 15, 16, 17]


def _dropping(tmp: Path) -> Path:
    return encode(tmp / "a.avi", "mjpeg", range(10), ticks=UNEVEN)


def _dropping_with_b_frames(tmp: Path) -> Path:
    return encode(tmp / "a.avi", "mpeg4", range(10), {"bf": "2", "g": "6"}, UNEVEN)


def _h264_in_avi(tmp: Path) -> Path:
    return encode(tmp / "a.avi", options={"bf": "2"})


def _raw(tmp: Path) -> Path:
    return encode(tmp / "a.h264")


def _hidden(tmp: Path) -> Path:
    shown = encode(tmp / "shown.webm", "libvpx", options={"auto-alt-ref": "0", "g": "100"})
    return with_hidden_frames(shown, tmp / "a.webm", [3, 9])


def _edited(tmp: Path) -> Path:
    """An edit list leaves out the frames before the fifth."""

    def earlier(i, packet):  # type: ignore[no-untyped-def]
        shift = round(5 / 25 / float(packet.time_base))
        packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
        return [packet]

    return copy_packets(encode(tmp / "whole.mp4"), tmp / "a.mp4", earlier)


def _between_keys(tmp: Path) -> Path:
    """Begins with frames that need those before: B-frames 7 and 8 are predicted from 6 and 9."""
    whole = encode(tmp / "whole.ts", "mpeg2video", options={"bf": "2", "g": "9"})
    return copy_packets(whole, tmp / "a.ts", lambda i, packet: [packet] if i >= 5 else [])


def _refreshed(tmp: Path) -> Path:
    """No key frames, but columns of them: the first whole picture comes late."""
    options = {"x264-params": "intra-refresh=1:keyint=12:bframes=0"}
    whole = encode(tmp / "whole.ts", options=options)
    return copy_packets(whole, tmp / "a.mp4", lambda i, packet: [packet] if i >= 5 else [])


def _joined(tmp: Path) -> Path:
    first, second = encode(tmp / "1.ts"), encode(tmp / "2.ts", numbers=range(3, 18))
    return join(tmp / "a.ts", first, second)


def _interlaced(tmp: Path) -> Path:
    """A program stream, which tells the times of some pictures only."""
    return encode(tmp / "a.mpg", "mpeg2video", options={"flags": "+ildct+ilme", "bf": "2"})


def _uneven(tmp: Path) -> Path:
    return encode(tmp / "a.mkv", numbers=range(10), ticks=UNEVEN)


TWENTY = list(range(20))
FROM_FIVE = list(range(5, 20))


@pytest.mark.parametrize(
    ("make", "numbers", "ticks"),
    [
        (_dropping, range(10), UNEVEN),
        (_dropping_with_b_frames, range(10), UNEVEN),
        (_h264_in_avi, TWENTY, TWENTY),
        (_raw, TWENTY, TWENTY),
        (_hidden, None, TWENTY),
        (_edited, FROM_FIVE, range(15)),
        (_between_keys, range(9, 20), range(11)),
        (_refreshed, range(14, 20), range(6)),
        (_joined, [*TWENTY, *range(3, 18)], range(35)),
        (_uneven, range(10), UNEVEN),
        (_interlaced, TWENTY, TWENTY),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
def test_counts_and_times_are_those_of_the_frames_shown(
    tmp_path: Path, make: Callable[[Path], Path], numbers: list[int] | None, ticks: list[int]
) -> None:
    info = scan_video(make(tmp_path))
    frames = [number_of(frame) for frame in read_frames(info)]
    assert info.length == count_frames(info.source) == len(frames) == len(ticks)
    times = info.times or [i / (info.fps or 0) for i in range(info.length)]
    assert times == pytest.approx([tick / 25 for tick in ticks], abs=0.0011)
    assert numbers is None or frames == list(numbers)


def test_parts_that_change_their_size_are_scaled_to_the_first(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = join(tmp_path / "a.ts", encode(tmp_path / "1.ts"), encode(tmp_path / "2.ts", size=(128, 96)))
    frames = list(read_frames(scan_video(path)))
    assert {frame.shape for frame in frames} == {(48, 64, 3)}
    assert [number_of(frame) for frame in frames] == [*TWENTY, *TWENTY]
    assert caplog.text.count("a.ts: its frames change from 64 x 48 to 128 x 96 px") == 1


@pytest.mark.parametrize(("name", "codec", "why"), [
    ("a.mkv", "libx264", r"the file is cut short \(it ends after 0\.\d of 1\.6 s"),
    ("a.webm", "libvpx", r"the file is cut short \(it ends after 0\.\d of 1\.6 s"),
    ("a.flv", "libx264", "damaged data"),  # its last packet
    ("a.avi", "mjpeg", r"the file is cut short \(its header counts 40 frames"),
])  # fmt: skip
def test_a_cut_file_is_told(tmp_path: Path, name: str, codec: str, why: str) -> None:
    path = cut(encode(tmp_path / name, codec, range(40), {"g": "10", "auto-alt-ref": "0"}, noise=True), 0.5)
    info, frames = scan_video(path), []
    with pytest.raises(BrokenSourceError, match=rf"a\.\w+: .*breaks off at frame \d+.*: {why}"):
        frames.extend(read_frames(info))
    assert len(frames) in range(10, 25)


def test_a_broadcast_may_end_within_a_frame(tmp_path: Path) -> None:
    path = cut(encode(tmp_path / "a.ts", numbers=range(40), options={"g": "10", "bf": "0"}, noise=True), 0.5)
    info = scan_video(path)
    assert info.length == len(list(read_frames(info))) in range(10, 25)


def test_length_of_a_whole_file_is_not_doubted_for_its_sound(tmp_path: Path) -> None:
    """A header counts the sound that goes on after the last picture."""
    from tests.fakes.videos import write_sounding_video

    info = scan_video(write_sounding_video(tmp_path / "a.mkv", "aac", onset=0))
    assert (info.length, info.fps, info.times, info.cut, info.has_sound) == (50, 25, None, "", True)
