"""Conversion of the user's frames to RGB uint8 arrays."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

import numpy as np
from numpy.typing import NDArray

from ltr.utils.errors import InputError

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    Frame = NDArray[Any] | Tensor | Image  # uint8; as_rgb checks it

Channels = Literal["RGB", "BGR"]
DEEP_MODES = ("I", "F")  # of PIL images with more than 8 bits a channel: I, I;16, I;16B, F, ...


def as_rgb(frame: Frame, channels: Channels) -> NDArray[np.uint8]:
    """``frame`` as RGB uint8 ``[H, W, 3]``; a view if possible.

    Args:
        frame: uint8, numpy ``[H, W, 3]`` (OpenCV, PyAV) or torch ``[3, H, W]`` on any device, or a PIL image. Gray
            frames have one channel or no axis of channels; a fourth channel (alpha) is ignored.
        channels: order of its color channels; OpenCV reads BGR, other libraries RGB. A PIL image knows its own.
    Raises:
        InputError: another type, dtype or shape, or no pixels.
    """
    if _is_picture(frame):
        if frame.mode.startswith(DEEP_MODES) or not all(frame.size):
            expected = "expected a PIL image with pixels of 8 bits a channel"
            raise InputError(f"frame: {expected}, got mode {frame.mode}, {frame.size[0]} x {frame.size[1]}")
        try:
            return np.array(frame.convert("RGB"))
        except (ValueError, OSError) as error:  # closed, damaged, or of a rare mode
            raise InputError(f"frame: a PIL image of mode {frame.mode} that has no RGB pixels: {error}") from error
    array = _channels_last(frame)
    if array is None:
        expected = "expected uint8, numpy [H, W, 3] or torch [3, H, W], or a PIL image"
        raise InputError(f"frame: {expected}, got {_describe(frame)}{_hint(frame)}")
    if array.shape[2] == 1:
        return np.repeat(array, 3, axis=2)
    return np.ascontiguousarray(array[..., :3] if channels == "RGB" else array[..., 2::-1])


def _channels_last(frame: Any) -> NDArray[np.uint8] | None:
    """An array or tensor as ``[H, W, 1, 3 or 4]``; None for anything else."""
    if _is_tensor(frame):
        if not _is_dense(frame) or str(frame.dtype) != "torch.uint8" or frame.ndim not in (2, 3):
            return None
        frame = (frame[None] if frame.ndim == 2 else frame).permute(1, 2, 0).cpu().numpy()
    if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8 or frame.ndim not in (2, 3):
        return None
    array = frame[..., None] if frame.ndim == 2 else frame
    return array if array.size and array.shape[2] in (1, 3, 4) else None


# A frame of a library that was never imported does not exist; so neither of the two is imported for the question.


def _is_tensor(frame: Any) -> TypeGuard[Tensor]:
    return isinstance(frame, getattr(sys.modules.get("torch"), "Tensor", ()))


def _is_picture(frame: Any) -> TypeGuard[Image]:
    return isinstance(frame, getattr(sys.modules.get("PIL.Image"), "Image", ()))


def _is_dense(frame: Tensor) -> bool:
    """Whether ``frame`` stores every pixel."""
    return str(frame.layout) == "torch.strided" and not frame.is_meta


def _describe(frame: Any) -> str:
    if _is_tensor(frame):
        kind = "torch"
        if not _is_dense(frame):
            kind += " meta" if frame.is_meta else f" {str(frame.layout).removeprefix('torch.')}"
    elif isinstance(frame, np.ndarray):
        kind = "numpy"
    else:
        return type(frame).__name__
    return f"{kind} {str(frame.dtype).removeprefix('torch.')} {list(frame.shape)}"


def _hint(frame: Any) -> str:
    """The end of the error message: how to convert a common kind of invalid frame, or nothing."""
    if not (isinstance(frame, np.ndarray) or _is_tensor(frame)):
        return ""
    if str(frame.dtype).removeprefix("torch.") != "uint8":
        return "; multiply values in 0..1 by 255, divide 16-bit values by 257, and convert to uint8"
    numpy = isinstance(frame, np.ndarray)
    if frame.ndim == 3 and frame.shape[0 if numpy else -1] in (1, 3, 4):
        return f"; move the channels: {'frame.transpose(1, 2, 0)' if numpy else 'frame.permute(2, 0, 1)'}"
    return ""
