"""Crops cut where the network is: a frame is brought to a GPU once, whatever the number of its targets."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ltr.data.crop import CropTransform, plan_crop, sample_crop
from ltr.utils.device import upload


def bring(frame: np.ndarray, device: torch.device) -> np.ndarray | Tensor:
    """A frame where :func:`cut` takes it: a GPU has its own copy, elsewhere it stays what it is."""
    if device.type != "cuda":
        return frame
    return upload(torch.from_numpy(np.require(frame, requirements=["C", "W"])), device)


def cut(
    frame: np.ndarray | Tensor, centre: tuple[float, float], scale: float, crop_side: int
) -> tuple[Tensor, CropTransform]:
    """:func:`ltr.data.crop.sample_crop` of a frame that was brought; the crop, ``uint8 [S, S, 3]``, lies beside it."""
    if isinstance(frame, Tensor):
        return sample_crop_of_tensor(frame, centre, scale, crop_side)
    crop, transform = sample_crop(frame, centre, scale, crop_side)
    return torch.from_numpy(crop), transform


def sample_crop_of_tensor(
    image: Tensor, centre: tuple[float, float], scale: float, crop_side: int
) -> tuple[Tensor, CropTransform]:
    """As :func:`ltr.data.crop.sample_crop`, on any device.

    The colours differ by what OpenCV rounds: block averages to whole grey values, and before 5.0 weights to
    1/32.

    Args:
        image: RGB ``uint8 [H, W, 3]``.
        centre, scale, crop_side: as there.

    Returns:
        The crop, ``uint8 [S, S, 3]`` on the same device, and the transform that maps boxes.
    """
    transform, plan = plan_crop((image.shape[1], image.shape[0]), centre, scale, crop_side)
    patch = plan.cut(image).permute(2, 0, 1)[None].float()
    if plan.factor > 1:
        right, bottom = plan.padding
        patch = F.avg_pool2d(F.pad(patch, (0, right, 0, bottom), mode="replicate"), plan.factor)
    pixel = torch.arange(crop_side, device=image.device)
    # grid_sample counts from -1 to 1 over the patch, from edge to edge.
    x, y = (
        (2 * (start + plan.step * pixel) + 1) / length - 1
        for start, length in zip(plan.start, reversed(patch.shape[2:]), strict=True)
    )
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), dim=-1)[None]
    crop = F.grid_sample(patch, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return crop[0].permute(1, 2, 0).round().to(torch.uint8), transform
