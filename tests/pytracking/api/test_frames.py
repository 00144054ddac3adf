from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ltr.utils.errors import InputError
from pytracking.api.frames import as_rgb

RGB = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
RGBA = np.dstack([RGB, np.full((2, 3), 7, np.uint8)])
GRAY = RGB[..., 1]
TENSOR = torch.from_numpy(RGB).permute(2, 0, 1)


@pytest.mark.parametrize(
    "frame",
    [RGB, TENSOR, TENSOR.contiguous(), np.asfortranarray(RGB), RGBA, torch.from_numpy(RGBA).permute(2, 0, 1)],
)
def test_arrays_and_tensors_become_one_kind(frame: Any) -> None:
    rgb = as_rgb(frame, "RGB")
    np.testing.assert_array_equal(rgb, RGB)
    assert rgb.flags.c_contiguous
    np.testing.assert_array_equal(as_rgb(frame, "BGR"), RGB[..., ::-1])


@pytest.mark.parametrize(
    "frame", [GRAY, GRAY[..., None], torch.tensor(GRAY), torch.tensor(GRAY)[None], Image.fromarray(GRAY)]
)
@pytest.mark.parametrize("channels", ["RGB", "BGR"])
def test_gray_becomes_three_equal_channels(frame: Any, channels: Any) -> None:
    rgb = as_rgb(frame, channels)
    np.testing.assert_array_equal(rgb, np.dstack([GRAY] * 3))
    assert rgb.flags.c_contiguous


@pytest.mark.parametrize("picture", [Image.fromarray(RGB), Image.fromarray(RGBA)])
@pytest.mark.parametrize("channels", ["RGB", "BGR"])
def test_pictures_know_their_colors(picture: Image.Image, channels: Any) -> None:
    rgb = as_rgb(picture, channels)
    np.testing.assert_array_equal(rgb, RGB)
    assert rgb.flags.writeable, "torch warns of arrays that are not"


def test_pictures_with_a_palette_have_its_colors() -> None:
    picture = Image.new("P", (4, 3), 1)
    picture.putpalette([0, 0, 0, 200, 100, 50])
    np.testing.assert_array_equal(as_rgb(picture, "RGB"), np.full((3, 4, 3), (200, 100, 50), np.uint8))


@pytest.mark.parametrize("mode", ["I", "F", "I;16", "I;16B"])
def test_pictures_of_more_than_8_bits_are_refused(mode: str) -> None:
    with pytest.raises(InputError, match=f"8 bits a channel, got mode {mode}, 4 x 3"):
        as_rgb(Image.new(mode, (4, 3)), "RGB")


def test_pictures_without_pixels_are_refused() -> None:
    with pytest.raises(InputError, match="with pixels of 8 bits a channel, got mode RGB, 0 x 3"):
        as_rgb(Image.new("RGB", (0, 3)), "RGB")


def test_nothing_is_copied_where_nothing_changes() -> None:
    assert np.shares_memory(as_rgb(RGB, "RGB"), RGB)


@pytest.mark.parametrize(
    ("frame", "mend"),
    [
        (np.zeros((3, 5, 6), np.uint8), "frame.transpose(1, 2, 0)"),
        (np.zeros((1, 5, 6), np.uint8), "frame.transpose(1, 2, 0)"),
        (torch.zeros(5, 6, 3, dtype=torch.uint8), "frame.permute(2, 0, 1)"),
        (torch.zeros(5, 6, 4, dtype=torch.uint8), "frame.permute(2, 0, 1)"),
    ],
)
def test_what_mends_a_frame_is_said_and_does(frame: Any, mend: str) -> None:
    with pytest.raises(InputError, match="; ") as error:
        as_rgb(frame, "RGB")
    assert mend in str(error.value)
    assert as_rgb(eval(mend, {"frame": frame}), "RGB").ndim == 3


@pytest.mark.parametrize(
    ("frame", "kind"), [(TENSOR.to_sparse(), "torch sparse_coo uint8"), (TENSOR.to("meta"), "torch meta uint8")]
)
def test_tensors_without_their_pixels_are_refused(frame: torch.Tensor, kind: str) -> None:
    with pytest.raises(InputError, match=rf"got {kind} \[3, 2, 3\]"):
        as_rgb(frame, "RGB")


def test_floats_are_told_what_uint8_is() -> None:
    with pytest.raises(InputError, match=r"got numpy float32 \[2, 3, 3\]; multiply values in 0\.\.1 by 255"):
        as_rgb(RGB.astype(np.float32), "RGB")


@pytest.mark.parametrize(
    ("frame", "found"),
    [
        (RGB.astype(np.float32), r"numpy float32 \[2, 3, 3\]"),
        (RGB[0, 0], r"numpy uint8 \[3\]"),
        (np.zeros((10, 10, 2), np.uint8), r"numpy uint8 \[10, 10, 2\]"),
        (np.zeros((0, 10, 3), np.uint8), r"numpy uint8 \[0, 10, 3\]"),
        (np.zeros((0, 10), np.uint8), r"numpy uint8 \[0, 10\]"),
        (TENSOR.float(), r"torch float32 \[3, 2, 3\]"),
        (torch.zeros(10, 10, 3, dtype=torch.uint8), r"torch uint8 \[10, 10, 3\]"),
        (None, "NoneType"),
        ([[1, 2, 3]], "list"),
    ],
)
def test_frames_of_another_kind(frame: Any, found: str) -> None:
    with pytest.raises(
        InputError,
        match=rf"frame: expected uint8, numpy \[H, W, 3\] or torch \[3, H, W\], or a PIL image, got {found}",
    ):
        as_rgb(frame, "RGB")


def test_pictures_that_cannot_be_read_are_refused() -> None:
    closed = Image.new("RGB", (4, 3))
    closed.close()
    for picture in (closed, Image.new("La", (4, 3))):
        with pytest.raises(InputError, match=f"a PIL image of mode {picture.mode} that has no RGB pixels"):
            as_rgb(picture, "RGB")
