import av
import pytest

from pytracking.evaluation.video import open_frames, part_of
from pytracking.evaluation.video_writer import VideoWriter
from tests.fakes.videos import sound_onset, write_sounding_video, write_video


def copy(source, path):
    with VideoWriter(path, source.fps, source.sound) as writer:
        for frame in source:
            writer.write(frame)


@pytest.mark.parametrize(
    ("suffix", "codec", "kept"), [("mp4", "aac", "aac"), ("mkv", "libmp3lame", "mp3"), ("mov", "pcm_s16le", "aac")]
)
def test_sound_is_kept_and_stays_with_the_pictures(tmp_path, suffix, codec, kept):
    video = write_sounding_video(tmp_path / f"in.{suffix}", codec, onset=1.2)
    copy(open_frames(video), tmp_path / "whole.mp4")
    name, onset, end = sound_onset(tmp_path / "whole.mp4")
    assert (name, onset) == (kept, pytest.approx(1.2, abs=0.05))
    assert end == pytest.approx(2.0, abs=0.06)
    for stride in (1, 4):
        copy(part_of(open_frames(video), 20, 40, stride), tmp_path / "part.mp4")  # seconds 0.8 to 1.6
        name, onset, end = sound_onset(tmp_path / "part.mp4")
        assert (name, onset) == (kept, pytest.approx(0.4, abs=0.05))
        assert end == pytest.approx(0.8, abs=0.06)
        with av.open(str(tmp_path / "part.mp4")) as container:
            assert container.streams.video[0].frames == 20 / stride
            assert float(container.duration / 1_000_000) == pytest.approx(0.8, abs=0.06)


def test_sound_and_pictures_lie_beside_each_other_in_the_file(tmp_path):
    copy(open_frames(write_sounding_video(tmp_path / "in.mp4", "aac", onset=0)), tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        kinds = "".join(packet.stream.type[0] for packet in container.demux() if packet.size)
    assert kinds.rindex("v") > kinds.index("a")
    assert kinds.rindex("a") - kinds.rindex("v") < 10


def test_damaged_sound_ends_with_a_warning(tmp_path, caplog, monkeypatch):
    source = open_frames(write_sounding_video(tmp_path / "in.mp4", "aac", onset=0))

    def damaged(*_):
        raise av.error.InvalidDataError(1, "broken")
        yield

    monkeypatch.setattr("pytracking.evaluation.audio._copied", damaged)
    copy(source, tmp_path / "out.mp4")
    assert len(list(open_frames(tmp_path / "out.mp4"))) == 50
    assert "in.mp4: its sound cannot be read to the end (broken)" in caplog.text


def test_a_silent_video_stays_silent(tmp_path):
    source = open_frames(write_video(tmp_path / "in.mp4"))
    assert source.sound is None
    copy(source, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video"]
