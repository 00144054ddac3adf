import asyncio
from pathlib import Path

import pytest

from pytracking.web import uploads
from pytracking.web.uploads import NotAVideoError, NotStoredError, TooLargeError, looks_like_video, open_upload, store
from tests.fakes.videos import write_noise_video, write_video


def stored(path, *chunks):
    async def pieces():
        for chunk in chunks:
            yield chunk

    asyncio.run(store(pieces(), path))
    return path


@pytest.mark.parametrize(
    "head",
    [
        b"\x00\x00\x00\x20ftypisom",
        b"\x00\x00\x00\x14ftypqt  ",
        b"\x1aE\xdf\xa3" + b"\x00" * 8,
        b"RIFF\x00\x00\x00\x00AVI ",
    ],
)
def test_containers_that_are_taken(head):
    assert looks_like_video(head)


@pytest.mark.parametrize(
    "head", [b"#EXTM3U\n#EXT", b"ffconcat ver", b"RIFF\0\0\0\0WAVE", b"<?xml versio", b"%PDF-1.7 abc"]
)
def test_what_is_not(head, tmp_path):
    assert not looks_like_video(head)
    with pytest.raises(NotAVideoError, match="not an MP4, MOV, WebM, MKV or AVI video"):
        stored(tmp_path / "a", head)
    assert list(tmp_path.iterdir()) == []


def test_a_video_in_pieces_arrives_whole(tmp_path):
    whole = write_video(tmp_path / "in.mp4", frames=4).read_bytes()
    path = stored(tmp_path / "stored", whole[:3], whole[3:5], whole[5:], b"")
    assert path.read_bytes() == whole
    film = open_upload(path)
    assert film.size == (64, 48)
    assert film.source.length == 4


def test_too_large_is_noticed_on_the_way(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_BYTES", 1000)
    with pytest.raises(TooLargeError, match="larger than"):
        stored(tmp_path / "a", b"\x00\x00\x00\x20ftypisom", b"x" * 500, b"x" * 500)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told(tmp_path):
    (tmp_path / "a").symlink_to("/dev/full")
    with pytest.raises(NotStoredError, match="cannot store the video: No space left on device"):
        stored(tmp_path / "a", b"\x00\x00\x00\x20ftypisom", b"x" * 100000)
    assert list(tmp_path.iterdir()) == []


def test_a_connection_that_breaks_is_no_full_disk(tmp_path):
    async def broken():
        yield b"\x00\x00\x00\x20ftypisom"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        asyncio.run(store(broken(), tmp_path / "a"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"\x00\x00\x00"])
def test_nothing_is_no_video(tmp_path, data):
    with pytest.raises(NotAVideoError):
        stored(tmp_path / "a", data)


def test_right_beginning_wrong_rest(tmp_path):
    path = stored(tmp_path / "a", b"\x00\x00\x00\x20ftypisom" + b"x" * 300)
    with pytest.raises(NotAVideoError, match=r"^not a video that FFmpeg can read") as caught:
        open_upload(path)
    assert str(tmp_path) not in str(caught.value)


def test_a_video_cut_before_its_first_frame(tmp_path):
    path = write_noise_video(tmp_path / "a.mp4")
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"mdat") + 20])
    with pytest.raises(NotAVideoError, match="no frame that can be read"):
        open_upload(path)


def test_frames_that_are_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_SIDE", 50)
    with pytest.raises(NotAVideoError, match="64 x 48 px; the limit is 50"):
        open_upload(write_video(tmp_path / "a.mp4"))
