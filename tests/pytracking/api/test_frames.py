from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from ltr.utils.errors import InputError
from pytracking.api.frames import as_rgb

RGB = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
TENSOR = torch.from_numpy(RGB).permute(2, 0, 1)


@pytest.mark.parametrize("frame", [RGB, TENSOR, TENSOR.contiguous(), np.asfortranarray(RGB)])
def test_arrays_and_tensors_become_one_kind(frame: Any) -> None:
    rgb = as_rgb(frame, "RGB")
    np.testing.assert_array_equal(rgb, RGB)
    assert rgb.flags.c_contiguous
    np.testing.assert_array_equal(as_rgb(frame, "BGR"), RGB[..., ::-1])


def test_nothing_is_copied_where_nothing_changes() -> None:
    assert np.shares_memory(as_rgb(RGB, "RGB"), RGB)


@pytest.mark.parametrize(
    ("frame", "mend"),
    [
        (RGB[..., 0], "np.dstack([frame] * 3)"),
        (RGB[..., :1], "np.dstack([frame] * 3)"),
        (TENSOR[0], "frame.expand(3, -1, -1)"),
        (TENSOR[:1], "frame.expand(3, -1, -1)"),
        (np.zeros((5, 6, 4), np.uint8), "frame[..., :3]"),
        (torch.zeros(4, 5, 6, dtype=torch.uint8), "frame[:3]"),
        (np.zeros((3, 5, 6), np.uint8), "frame.transpose(1, 2, 0)"),
        (torch.zeros(5, 6, 3, dtype=torch.uint8), "frame.permute(2, 0, 1)"),
        (Image.fromarray(RGB).convert("L"), "np.asarray(image.convert('RGB'))"),
    ],
)
def test_what_mends_a_frame_is_said_and_does(frame: Any, mend: str) -> None:
    with pytest.raises(ValueError, match="; ") as error:
        as_rgb(frame, "RGB")
    assert mend in str(error.value)
    assert as_rgb(eval(mend, {"np": np, "frame": frame, "image": frame}), "RGB").ndim == 3


@pytest.mark.parametrize(
    ("frame", "kind"), [(TENSOR.to_sparse(), "torch sparse_coo uint8"), (TENSOR.to("meta"), "torch meta uint8")]
)
def test_tensors_without_their_pixels_are_refused(frame: torch.Tensor, kind: str) -> None:
    with pytest.raises(InputError, match=rf"got {kind} \[3, 2, 3\]"):
        as_rgb(frame, "RGB")


def test_floats_are_told_what_uint8_is() -> None:
    with pytest.raises(ValueError, match=r"got numpy float32 \[2, 3, 3\]; multiply values in 0\.\.1 by 255"):
        as_rgb(RGB.astype(np.float32), "RGB")


@pytest.mark.parametrize(
    ("frame", "found"),
    [
        (RGB.astype(np.float32), r"numpy float32 \[2, 3, 3\]"),
        (RGB[..., 0], r"numpy uint8 \[2, 3\]"),
        (np.zeros((10, 10, 4), np.uint8), r"numpy uint8 \[10, 10, 4\]"),
        (np.zeros((0, 10, 3), np.uint8), r"numpy uint8 \[0, 10, 3\]"),
        (TENSOR.float(), r"torch float32 \[3, 2, 3\]"),
        (torch.zeros(10, 10, 3, dtype=torch.uint8), r"torch uint8 \[10, 10, 3\]"),
        (None, "NoneType"),
        ([[1, 2, 3]], "list"),
    ],
)
def test_frames_of_another_kind(frame: Any, found: str) -> None:
    with pytest.raises(
        ValueError, match=rf"frame: expected uint8, numpy \[H, W, 3\] or torch \[3, H, W\], got {found}"
    ):
        as_rgb(frame, "RGB")
