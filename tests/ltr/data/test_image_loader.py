from pathlib import Path

import numpy as np
import pytest

from ltr.data.image_loader import decode_image, encode_jpeg, load_image
from tests.fakes.datasets import noise_picture, write_picture


def test_channels_are_red_green_blue(tmp_path: Path) -> None:
    picture = np.zeros((8, 6, 3), np.uint8)
    picture[:] = (250, 100, 5)
    write_picture(tmp_path / "a.png", picture)
    np.testing.assert_array_equal(load_image(tmp_path / "a.png"), picture)


def test_jpeg_in_memory_comes_back() -> None:
    picture = noise_picture(0)
    decoded = decode_image(encode_jpeg(picture), "memory")
    assert np.abs(decoded.astype(int) - picture).mean() < 3
    assert len(encode_jpeg(picture, quality=20)) < len(encode_jpeg(picture))


def test_missing_picture_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no such picture: .*gone\.jpg"):
        load_image(tmp_path / "gone.jpg")


@pytest.mark.parametrize("content", [b"", b"no picture at all"])
def test_unreadable_picture_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.jpg").write_bytes(content)
    with pytest.raises(ValueError, match=r"cannot decode picture .*bad\.jpg"):
        load_image(tmp_path / "bad.jpg")
