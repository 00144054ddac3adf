"""The frames that programs hand in, as the one kind that trackers work on."""

from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

Channels = Literal["RGB", "BGR"]
Frame = NDArray[np.uint8] | torch.Tensor


def as_rgb(frame: Frame, channels: Channels) -> NDArray[np.uint8]:
    """``frame`` as RGB uint8 ``[H, W, 3]``; a view where that is possible.

    Args:
        frame: uint8, numpy ``[H, W, 3]`` (OpenCV, PIL, PyAV) or torch ``[3, H, W]`` on any device.
        channels: the order of its colours; OpenCV reads BGR, all others RGB.
    Raises:
        ValueError: another type, dtype or shape, or no pixel.
    """
    if isinstance(frame, torch.Tensor):
        good = frame.dtype == torch.uint8 and frame.ndim == 3 and frame.shape[0] == 3
    else:
        good = isinstance(frame, np.ndarray) and frame.dtype == np.uint8 and frame.ndim == 3 and frame.shape[2] == 3
    if not (good and all(frame.shape)):
        raise ValueError(f"frame: expected uint8, numpy [H, W, 3] or torch [3, H, W], got {_describe(frame)}")
    array = frame.permute(1, 2, 0).cpu().numpy() if isinstance(frame, torch.Tensor) else frame
    return np.ascontiguousarray(array if channels == "RGB" else array[..., ::-1])


def _describe(frame: Any) -> str:
    if not isinstance(frame, np.ndarray | torch.Tensor):
        return type(frame).__name__
    kind = "torch" if isinstance(frame, torch.Tensor) else "numpy"
    return f"{kind} {str(frame.dtype).removeprefix('torch.')} {list(frame.shape)}"
