"""Conversion of the user's frames to RGB uint8 arrays."""

from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from ltr.utils.errors import InputError

Channels = Literal["RGB", "BGR"]
Frame = NDArray[Any] | torch.Tensor  # uint8; as_rgb checks it


def as_rgb(frame: Frame, channels: Channels) -> NDArray[np.uint8]:
    """``frame`` as RGB uint8 ``[H, W, 3]``; a view if possible.

    Args:
        frame: uint8, numpy ``[H, W, 3]`` (OpenCV, PIL, PyAV) or torch ``[3, H, W]`` on any device.
        channels: order of its color channels; OpenCV reads BGR, other libraries RGB.
    Raises:
        InputError: another type, dtype or shape, or no pixels.
    """
    if isinstance(frame, torch.Tensor):
        good = frame.dtype == torch.uint8 and frame.ndim == 3 and frame.shape[0] == 3 and _is_dense(frame)
    else:
        good = isinstance(frame, np.ndarray) and frame.dtype == np.uint8 and frame.ndim == 3 and frame.shape[2] == 3
    if not (good and all(frame.shape)):
        expected = "expected uint8, numpy [H, W, 3] or torch [3, H, W]"
        raise InputError(f"frame: {expected}, got {_describe(frame)}{_hint(frame)}")
    array = frame.permute(1, 2, 0).cpu().numpy() if isinstance(frame, torch.Tensor) else frame
    return np.ascontiguousarray(array if channels == "RGB" else array[..., ::-1])


def _is_dense(frame: torch.Tensor) -> bool:
    """Whether ``frame`` stores every pixel."""
    return frame.layout == torch.strided and not frame.is_meta


def _describe(frame: Any) -> str:
    if not isinstance(frame, np.ndarray | torch.Tensor):
        return type(frame).__name__
    kind = "torch" if isinstance(frame, torch.Tensor) else "numpy"
    if isinstance(frame, torch.Tensor) and not _is_dense(frame):
        kind += " meta" if frame.is_meta else f" {str(frame.layout).removeprefix('torch.')}"
    return f"{kind} {str(frame.dtype).removeprefix('torch.')} {list(frame.shape)}"


def _hint(frame: Any) -> str:
    """The end of the error message: how to convert a common kind of invalid frame, or nothing."""
    numpy, tensor = isinstance(frame, np.ndarray), isinstance(frame, torch.Tensor)
    if not (numpy or tensor):
        is_pil = hasattr(frame, "__array_interface__")
        return "; convert a PIL image by np.asarray(image.convert('RGB'))" if is_pil else ""
    if frame.dtype not in (np.uint8, torch.uint8):
        return "; multiply values in 0..1 by 255, divide 16-bit values by 257, and convert to uint8"
    channels = {2: 1, 3: frame.shape[-1 if numpy else 0] if frame.ndim else 0}.get(frame.ndim)
    if channels == 1:
        return f"; make three channels of gray: {'np.dstack([frame] * 3)' if numpy else 'frame.expand(3, -1, -1)'}"
    if channels == 4:
        return f"; leave the alpha channel out: {'frame[..., :3]' if numpy else 'frame[:3]'}"
    if frame.ndim == 3 and frame.shape[0 if numpy else -1] == 3:
        return f"; move the channels: {'frame.transpose(1, 2, 0)' if numpy else 'frame.permute(2, 0, 1)'}"
    return ""
