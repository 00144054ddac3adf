"""Crops on the network's device: a frame is copied to a GPU once for all targets."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ltr.data.crop import CropTransform, plan_crop, sample_crop
from ltr.utils.device import upload


def to_device(frame: np.ndarray, device: torch.device) -> np.ndarray | Tensor:
    """A copy of the frame on a GPU; for other devices the frame itself. For :func:`crop_frame`."""
    if device.type != "cuda":
        return frame
    return upload(torch.from_numpy(np.require(frame, requirements=["C", "W"])), device)


def crop_frame(
    frame: np.ndarray | Tensor, center: tuple[float, float], scale: float, crop_side: int
) -> tuple[Tensor, CropTransform]:
    """:func:`ltr.data.crop.sample_crop` of a frame from :func:`to_device`; the crop stays on its device."""
    if isinstance(frame, Tensor):
        return sample_crop_of_tensor(frame, center, scale, crop_side)
    crop, transform = sample_crop(frame, center, scale, crop_side)
    return torch.from_numpy(crop), transform


def sample_crop_of_tensor(
    image: Tensor, center: tuple[float, float], scale: float, crop_side: int
) -> tuple[Tensor, CropTransform]:
    """:func:`ltr.data.crop.sample_crop` on any device.

    Colors differ by OpenCV's rounding: of block averages to integers and, before 5.0, of weights to 1/32.

    Args:
        image: RGB ``uint8 [H, W, 3]``.
        center, scale, crop_side: as for ``sample_crop``.

    Returns:
        The crop, ``uint8 [S, S, 3]`` on the same device, and the transform that maps boxes.
    """
    transform, plan = plan_crop((image.shape[1], image.shape[0]), center, scale, crop_side)
    patch = plan.cut(image).permute(2, 0, 1)[None].float()
    if plan.factor > 1:
        right, bottom = plan.padding
        patch = F.avg_pool2d(F.pad(patch, (0, right, 0, bottom), mode="replicate"), plan.factor)
    pixel = torch.arange(crop_side, device=image.device)
    # grid_sample's coordinates run from -1 to 1 between the edges of the patch.
    x, y = (
        (2 * (start + plan.step * pixel) + 1) / length - 1
        for start, length in zip(plan.start, reversed(patch.shape[2:]), strict=True)
    )
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)[None]
    crop = F.grid_sample(patch, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return crop[0].permute(1, 2, 0).round().to(torch.uint8), transform
