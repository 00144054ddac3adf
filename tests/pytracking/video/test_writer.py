from pathlib import Path

import av
import numpy as np
import pytest

from pytracking.video.frame_source import open_frames
from pytracking.video.writer import VideoWriter
from tests.fakes.videos import frame_times, numbered_frame, write_video


@pytest.mark.parametrize("size", [(48, 64), (47, 63)])
def test_file_is_h264_of_even_size_that_starts_to_play_before_it_is_loaded(tmp_path, size):
    path = write_video(tmp_path / "new" / "a.mp4", frames=7, height=size[0], width=size[1])
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.pix_fmt) == ("h264", "yuv420p")
        assert (stream.height, stream.width) == (48, 64)
        assert sum(1 for _ in container.decode(stream)) == 7
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert [p.name for p in path.parent.iterdir()] == ["a.mp4"]


def test_colors_survive(tmp_path):
    colors = [(255, 0, 0), (0, 255, 0), (30, 60, 200), (250, 250, 250)]
    frame = np.concatenate([np.full((32, 32, 3), c, np.uint8) for c in colors], axis=1)
    with VideoWriter(tmp_path / "c.mp4", 25) as writer:
        writer.write(frame)
    with av.open(str(tmp_path / "c.mp4")) as container:
        back = next(container.decode(video=0)).to_ndarray(format="rgb24")
    for i, color in enumerate(colors):
        np.testing.assert_allclose(back[16, 32 * i + 16], color, atol=4)


def test_an_error_leaves_no_file(tmp_path):
    def fail():
        with VideoWriter(tmp_path / "a.mp4", None) as writer:
            writer.write(numbered_frame(0))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_bad_use_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"a\.avi: videos are written as \.mp4"):
        VideoWriter(tmp_path / "a.avi", 25)
    with pytest.raises(ValueError, match=r"a\.mp4: no frames to write"), VideoWriter(tmp_path / "a.mp4", 25):
        pass
    (tmp_path / "b.mp4").symlink_to("/dev/null")
    with pytest.raises(ValueError, match=r"b\.mp4: videos are written to regular files"):
        VideoWriter(tmp_path / "b.mp4", 25)


def test_frames_of_another_size_are_fitted_into_that_of_the_first(tmp_path):
    bright = np.full((20, 40, 3), 200, np.uint8)
    with VideoWriter(tmp_path / "a.mp4", 25) as writer:
        writer.write(numbered_frame(0, 48, 64))
        writer.write(bright)
        writer.write(np.full((96, 64, 3), 200, np.uint8))
    _, flat, tall = open_frames(tmp_path / "a.mp4")
    assert flat.shape == tall.shape == (48, 64, 3)
    np.testing.assert_allclose(flat[:, 32, 0], [0] * 8 + [200] * 32 + [0] * 8, atol=12)
    np.testing.assert_allclose(tall[24, :, 0], [0] * 16 + [200] * 32 + [0] * 16, atol=12)


def test_names_with_a_colon_are_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_video(Path("12:30.mp4"), frames=2)
    assert len(list(open_frames(tmp_path / "12:30.mp4"))) == 2


@pytest.mark.parametrize(
    ("fps", "seconds"), [(25 / 60000, 2400), (1e-21, 3600), (0.3, 10 / 3), (30000 / 1001, 0.03337)]
)
def test_any_rate_can_be_written(tmp_path: Path, fps: float, seconds: float) -> None:
    path = write_video(tmp_path / "a.mp4", frames=4, fps=fps)
    assert np.diff(frame_times(path)) == pytest.approx([seconds] * 3, rel=1e-3)
    assert len(list(open_frames(path))) == 4
