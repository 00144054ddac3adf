import av
import pytest

from pytracking.video.frame_source import AudioSource, open_frames, slice_frames
from pytracking.video.writer import VideoWriter
from tests.fakes.video_kinds import encode
from tests.fakes.videos import number_of, numbered_frame, sound_onset, write_sounding_video, write_video


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
        copy(slice_frames(open_frames(video), 20, 40, stride), tmp_path / "part.mp4")  # seconds 0.8 to 1.6
        name, onset, end = sound_onset(tmp_path / "part.mp4")
        assert (name, onset) == (kept, pytest.approx(0.4, abs=0.05))
        assert end == pytest.approx(0.8, abs=0.06)
        with av.open(str(tmp_path / "part.mp4")) as container:
            assert container.streams.video[0].frames == 20 / stride
            assert float(container.duration / 1_000_000) == pytest.approx(0.8, abs=0.06)


def test_sound_begins_with_the_first_frame_that_is_shown(tmp_path):
    """Which is not that of the first packet, where a recording begins between key frames."""
    whole = encode(tmp_path / "whole.ts", "mpeg2video", options={"bf": "2", "g": "9"})
    sounding = write_sounding_video(tmp_path / "sound.mp4", "aac", onset=0.6, seconds=0.8)
    with (
        av.open(str(whole)) as pictures,
        av.open(str(sounding)) as sound,
        av.open(str(tmp_path / "in.ts"), "w") as file,
    ):
        inputs = (pictures.streams.video[0], sound.streams.audio[0])
        begin = pictures.streams.video[0].start_time * pictures.streams.video[0].time_base
        targets = [file.add_stream_from_template(stream) for stream in inputs]
        for stream, target in zip(inputs, targets, strict=True):
            for i, packet in enumerate(p for p in stream.container.demux(stream) if p.size):
                if stream.type == "video" and i < 5:
                    continue
                shift = round(begin / packet.time_base) if stream.type == "audio" else 0
                packet.pts, packet.dts, packet.stream = packet.pts + shift, packet.dts + shift, target
                file.mux(packet)
    source = open_frames(tmp_path / "in.ts")
    assert [number_of(frame) for frame in source] == list(range(9, 20))
    copy(source, tmp_path / "out.mp4")
    assert sound_onset(tmp_path / "out.mp4")[1] == pytest.approx(0.6 - 9 / 25, abs=0.05)


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

    monkeypatch.setattr("pytracking.video.audio._copied", damaged)
    copy(source, tmp_path / "out.mp4")
    assert len(list(open_frames(tmp_path / "out.mp4"))) == 50
    assert "in.mp4: its sound is left out (broken)" in caplog.text


@pytest.mark.parametrize(
    ("name", "codec", "rate", "layout"),
    [
        ("in.avi", "pcm_s16le", 44100, "stereo"),  # AVI says how many channels, not which
        ("in.mkv", "pcm_s16le", 44100, "7.1"),
        ("in.mov", "pcm_s16le", 192000, "mono"),
        ("in.mov", "pcm_s16le", 5512, "mono"),
        ("in.mov", "pcm_s16le", 48000, "7.1"),
    ],
)
def test_any_rate_and_any_channels_become_aac(tmp_path, caplog, name, codec, rate, layout):
    video = write_sounding_video(tmp_path / name, codec, 0.5, 1.0, rate, layout)
    copy(open_frames(video), tmp_path / "out.mp4")
    name, onset, end = sound_onset(tmp_path / "out.mp4")
    assert (name, onset) == ("aac", pytest.approx(0.5, abs=0.05))
    assert end == pytest.approx(1.0, abs=0.06)
    assert caplog.text == ""


def replace_bytes(path, old, new):
    data = path.read_bytes()
    assert data.count(old) == 1
    path.write_bytes(data.replace(old, new))


def test_sound_that_cannot_be_read_is_left_out(tmp_path, caplog):
    unknown = write_sounding_video(tmp_path / "unknown.mkv", "aac", onset=0)
    replace_bytes(unknown, b"A_AAC", b"A_XYZ")
    odd = write_sounding_video(tmp_path / "odd.mov", "pcm_s16le", 0, 2.0, 48000, "7.1")
    tag = b"chan" + bytes(4)  # then the layout: by a bitmap, or one of Apple's, which FFmpeg has no name for
    replace_bytes(odd, tag + bytes.fromhex("00010000 0000063f"), tag + bytes.fromhex("00800008 00000000"))
    for source in (unknown, odd):
        copy(open_frames(source), tmp_path / "out.mp4")
        assert len(list(open_frames(tmp_path / "out.mp4"))) == 50
        assert open_frames(tmp_path / "out.mp4").sound is None
    assert "unknown.mkv: its sound is left out (FFmpeg does not know its codec)" in caplog.text
    assert "odd.mov: its sound is left out (its 8 channels have a custom order)" in caplog.text


@pytest.mark.parametrize("codec", ["aac", "mp2"])
def test_sound_whose_times_go_back_ends_there(tmp_path, caplog, codec):
    one = write_sounding_video(tmp_path / "one.ts", codec, 0.0, 1.0)
    (tmp_path / "joined.ts").write_bytes(2 * one.read_bytes())
    with VideoWriter(tmp_path / "out.mp4", 25, AudioSource(str(tmp_path / "joined.ts"))) as writer:
        for number in range(50):
            writer.write(numbered_frame(number % 20))
    assert len(list(open_frames(tmp_path / "out.mp4"))) == 50
    assert sound_onset(tmp_path / "out.mp4")[2] == pytest.approx(1.0, abs=0.1)
    assert "its times go back, as where files are joined" in caplog.text
    assert len(caplog.records) == 1


def test_a_silent_video_stays_silent(tmp_path):
    source = open_frames(write_video(tmp_path / "in.mp4"))
    assert source.sound is None
    copy(source, tmp_path / "out.mp4")
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video"]
