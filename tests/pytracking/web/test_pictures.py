import io

import numpy as np
import pytest
from PIL import Image as Pillow

from ltr.data.image_loader import encode_jpeg
from pytracking.web.pictures import MAX_SCANS, MAX_SIDE, SHOWN_SIDE, decode_picture, encode_picture
from tests.fakes.videos import numbered_frame


def encoded(image, kind):
    buffer = io.BytesIO()
    Pillow.fromarray(image).save(buffer, kind)
    return buffer.getvalue()


def test_colors_and_size_survive():
    frame = numbered_frame(5, height=40, width=70)
    found = decode_picture(encode_jpeg(frame))
    assert found.dtype == np.uint8
    assert found.shape == (40, 70, 3)
    assert np.abs(found.astype(int) - frame).mean() < 3  # red would be 50 off if it were taken for blue
    assert found[:18, :33, 0].mean() - found[:18, :33, 2].mean() == pytest.approx(50, abs=4)


def test_grey_jpegs_become_three_channels():
    grey = np.full((20, 30), 77, np.uint8)
    assert np.abs(decode_picture(encoded(grey, "JPEG")).astype(int) - 77).max() <= 1


def test_what_is_refused():
    whole = encode_jpeg(numbered_frame(1))
    for bad in (b"", b"\xff\xd8\xff", whole[: len(whole) // 2], b"x" * 500, encoded(numbered_frame(1), "PNG")):
        with pytest.raises(ValueError, match="the picture is not a complete JPEG"):
            decode_picture(bad)


@pytest.mark.parametrize(
    ("side", "message"),
    [(8000, f"8000 x 8000 pixels; the limit is {MAX_SIDE}"), (65500, "DecompressionBombError")],
)
def test_a_small_file_that_promises_a_huge_picture_is_not_decoded(side, message):
    jpeg = bytearray(encode_jpeg(numbered_frame(1)))
    sizes = jpeg.index(b"\xff\xc0") + 5  # after marker, length (2) and precision (1): height and width
    jpeg[sizes : sizes + 4] = 2 * side.to_bytes(2, "big")
    with pytest.raises(ValueError, match=message):
        decode_picture(bytes(jpeg))


def progressive(scans):
    """A picture whose last scan comes until there are so many."""
    buffer = io.BytesIO()
    Pillow.fromarray(numbered_frame(5)).save(buffer, "JPEG", progressive=True)
    jpeg = buffer.getvalue()
    last = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    return jpeg[:-2] + last * (scans - jpeg.count(b"\xff\xda")) + b"\xff\xd9"


def test_progressive_pictures_are_read_and_those_that_take_minutes_are_not():
    assert np.abs(decode_picture(progressive(10)).astype(int) - numbered_frame(5)).mean() < 3
    assert decode_picture(progressive(MAX_SCANS)).shape == (48, 64, 3)
    with pytest.raises(ValueError, match=f"the picture has more than {MAX_SCANS} scans"):
        decode_picture(progressive(MAX_SCANS + 1))


@pytest.mark.parametrize(
    ("shape", "shown"), [((50, 80), (50, 80)), ((1080, 1920), (540, 960)), ((2000, 500), (960, 240))]
)
def test_pictures_for_the_page_are_small(shape, shown):
    jpeg = encode_picture(np.zeros((*shape, 3), np.uint8))
    assert decode_picture(jpeg).shape[:2] == shown
    assert max(shown) <= SHOWN_SIDE
