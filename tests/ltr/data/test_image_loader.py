import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jpeg4py
import numpy as np
import pytest
from PIL import Image

from ltr.data.image_loader import LazyImage, decode_image, encode_jpeg, jpeg_decoder, load_image
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


def _missing() -> None:
    raise OSError("Could not load libjpeg-turbo library")


@pytest.fixture(params=["jpeg4py", "opencv"])
def decoder(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Both ways to decode JPEG."""
    jpeg_decoder.cache_clear()
    if request.param == "opencv":
        monkeypatch.setattr(jpeg4py, "initialize", _missing)
    elif jpeg_decoder() != "jpeg4py":
        pytest.skip("needs libturbojpeg")
    assert jpeg_decoder() == request.param
    yield request.param
    jpeg_decoder.cache_clear()


_WITHOUT_LIBRARY = """
import cffi

def missing(*arguments):
    raise OSError("no such library")

cffi.FFI.dlopen = missing
import gc, sys
from ltr.data.image_loader import jpeg_decoder, load_image
picture = load_image(sys.argv[1])
gc.collect()
print(jpeg_decoder(), picture.shape, abs(picture.astype(int) - (200, 120, 40)).max() <= 3)
"""


def test_without_libturbojpeg_nothing_is_said(tmp_path: Path, repository: Path) -> None:
    """jpeg4py's half-made objects would print a traceback when they are collected."""
    picture = np.full((16, 24, 3), (200, 120, 40), np.uint8)
    (tmp_path / "a.jpg").write_bytes(encode_jpeg(picture))
    command = [sys.executable, "-W", "error", "-c", _WITHOUT_LIBRARY, str(tmp_path / "a.jpg")]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("opencv (16, 24, 3) True\n", "")


def test_what_decodes_is_logged_once(decoder: str, caplog: pytest.LogCaptureFixture) -> None:
    jpeg_decoder.cache_clear()
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            jpeg_decoder()
    assert len(caplog.records) == 1
    assert ("OpenCV" if decoder == "opencv" else "libturbojpeg") in caplog.text


def _ramp(width: int, height: int) -> np.ndarray:
    x, y = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    return np.stack([255 * x / width, 255 * y / height, np.full_like(x, 90)], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("reduction", [1, 2, 4, 8])
def test_reduced_pictures_are_means_of_blocks(decoder: str, reduction: int) -> None:
    picture = _ramp(173, 94)  # no multiples
    reduced = decode_image(encode_jpeg(picture, 98), "memory", reduction)
    assert reduced.shape == (-(-94 // reduction), -(-173 // reduction), 3)
    rows, columns = 94 // reduction, 173 // reduction
    whole = picture[: rows * reduction, : columns * reduction].astype(float)
    expected = whole.reshape(rows, reduction, columns, reduction, 3).mean(axis=(1, 3))
    assert np.abs(reduced[:rows, :columns] - expected).mean() < 2


def test_a_truncated_jpeg_is_named(decoder: str, tmp_path: Path) -> None:
    encoded = encode_jpeg(noise_picture(1))
    path = tmp_path / "cut.jpg"
    path.write_bytes(encoded[: len(encoded) * 2 // 3])
    with pytest.raises(ValueError, match=r"cannot decode picture .*cut\.jpg: the JPEG file is truncated"):
        load_image(path)
    path.write_bytes(encoded[:100] + encoded[-2:])
    with pytest.raises(ValueError, match=r"cannot decode picture .*cut\.jpg"):
        load_image(path)


def test_harmless_oddities_are_forgiven(decoder: str) -> None:
    """Some bytes before a marker, as some cameras write them."""
    encoded = encode_jpeg(noise_picture(1))
    odd = encoded[:-2] + b"\x00" * 7 + encoded[-2:]
    assert np.array_equal(decode_image(odd, "memory"), decode_image(encoded, "memory"))


@pytest.mark.parametrize("trailer", [bytes(50_000), b"\xff\xd8 a video or another picture \xff\xd9" * 2000])
def test_what_comes_behind_a_picture_does_not_count(decoder: str, trailer: bytes) -> None:
    """Cameras pad files to a fixed size, and phones append a video."""
    for picture in (noise_picture(1, 32, 24), noise_picture(2, 64, 48)):
        encoded = encode_jpeg(picture)
        np.testing.assert_array_equal(decode_image(encoded + trailer, "memory"), decode_image(encoded, "memory"))


def test_the_end_of_a_thumbnail_is_not_that_of_the_picture(decoder: str) -> None:
    encoded = encode_jpeg(noise_picture(1))
    thumbnail = b"\xff\xec" + (2 + len(encode_jpeg(noise_picture(1, 16, 16)))).to_bytes(2, "big")
    thumbnail += encode_jpeg(noise_picture(1, 16, 16))
    whole = encoded[:2] + thumbnail + encoded[2:]
    np.testing.assert_array_equal(decode_image(whole, "memory"), decode_image(encoded, "memory"))
    with pytest.raises(ValueError, match="the JPEG file is truncated"):
        decode_image(whole[:-5], "memory")


def test_progressive_pictures_are_whole(decoder: str, tmp_path: Path) -> None:
    Image.fromarray(_ramp(60, 40)).save(tmp_path / "a.jpg", progressive=True, quality=95)
    assert np.abs(load_image(tmp_path / "a.jpg") - _ramp(60, 40).astype(int)).mean() < 2
    assert LazyImage(tmp_path / "a.jpg").size == (60, 40)


def test_a_profile_before_the_camera_data_hides_no_turn(decoder: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "turned.jpg"
    Image.fromarray(_ramp(60, 40)).save(path, exif=exif, quality=95)
    encoded = path.read_bytes()
    path.write_bytes(encoded[:2] + b"\xff\xe2\x01\x02" + bytes(256) + encoded[2:])
    assert load_image(path).shape == (60, 40, 3)
    assert LazyImage(path).size == (40, 60)


@pytest.mark.parametrize("suffix", ["png", "webp", "tif"])
def test_turned_pictures_of_other_formats_have_the_size_they_are_decoded_to(tmp_path: Path, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / f"turned.{suffix}"
    Image.fromarray(_ramp(60, 40)).save(path, exif=exif)
    height, width = load_image(path).shape[:2]
    assert LazyImage(path).size == (width, height)


@pytest.mark.parametrize("suffix", ["png", "webp", "tif"])
def test_a_file_of_several_pictures_is_no_frame(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"stack.{suffix}"
    pictures = [Image.fromarray(noise_picture(i, 16, 12)) for i in range(3)]
    pictures[0].save(path, save_all=True, append_images=pictures[1:])
    with pytest.raises(ValueError, match=rf"stack\.{suffix}: it holds 3 images, expected one image per file"):
        load_image(path)


def test_thumbnails_and_second_views_are_no_frames(tmp_path: Path) -> None:
    picture = Image.fromarray(noise_picture(1, 16, 12))
    reduced = Image.new("RGB", (8, 6))
    reduced.encoderinfo = {"tiffinfo": {254: 1}}
    picture.save(tmp_path / "with_thumbnail.tif", save_all=True, append_images=[reduced])
    np.testing.assert_array_equal(load_image(tmp_path / "with_thumbnail.tif"), noise_picture(1, 16, 12))
    picture.save(tmp_path / "stereo.mpo", save_all=True, append_images=[picture])
    assert load_image(tmp_path / "stereo.mpo").shape == (12, 16, 3)


def test_pictures_of_a_turned_camera_are_turned(decoder: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise
    path = tmp_path / "turned.jpg"
    Image.fromarray(_ramp(60, 40)).save(path, exif=exif, quality=95)
    assert load_image(path).shape == (60, 40, 3)
    assert LazyImage(path).size == (40, 60)


def test_gray_and_png_pictures(decoder: str, tmp_path: Path) -> None:
    gray = noise_picture(1)[..., 0]
    Image.fromarray(gray).save(tmp_path / "gray.jpg", quality=95)
    assert np.abs(load_image(tmp_path / "gray.jpg") - gray[..., None].astype(int)).mean() < 3
    write_picture(tmp_path / "a.png", noise_picture(1))
    assert load_image(tmp_path / "a.png", 2).shape == (60, 80, 3)


@pytest.mark.parametrize(("scale", "reduction"), [(0.3, 1), (1.99, 1), (2.0, 2), (3.9, 2), (5.0, 4), (30.0, 8)])
def test_lazy_pictures_are_no_larger_than_needed(tmp_path: Path, scale: float, reduction: int) -> None:
    write_picture(tmp_path / "a.jpg", _ramp(160, 120))
    image = LazyImage(tmp_path / "a.jpg")
    assert image.size == (160, 120)
    pixels, divisor = image.at_scale(scale)
    assert (pixels.shape, divisor) == ((120 // reduction, 160 // reduction, 3), reduction)


def test_lazy_pictures_are_decoded_once(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.jpg", _ramp(160, 120))
    image = LazyImage(tmp_path / "a.jpg")
    half = image.at_scale(2.5)
    assert image.at_scale(2.1)[0] is half[0]
    whole = image.at_scale(1.0)
    assert whole[1] == 1
    assert image.at_scale(2.5)[0] is whole[0]  # a larger one is there already
    np.testing.assert_array_equal(np.asarray(image), load_image(tmp_path / "a.jpg"))


def test_lazy_pictures_name_their_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no such picture: .*gone\.jpg"):
        _ = LazyImage(tmp_path / "gone.jpg").size
    (tmp_path / "bad.jpg").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"cannot decode picture .*bad\.jpg"):
        _ = LazyImage(tmp_path / "bad.jpg").size
