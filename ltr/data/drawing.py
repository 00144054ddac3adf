"""Images of training samples: crops with boxes, labels and scores."""

from __future__ import annotations

import cv2
import numpy as np
from torch import Tensor

from ltr.data.batch import TrackingBatch

_TRAIN_COLOR, _TEST_COLOR = (0, 255, 0), (255, 160, 0)


def draw_batch(batch: TrackingBatch, heat: Tensor | None = None, samples: int | None = None) -> np.ndarray:
    """RGB image ``uint8``, a row per sample: train crops (green boxes), then test crops (orange boxes, heat red).

    Args:
        batch: on the CPU.
        heat: maps ``[G, B, K, K]`` drawn over the test crops, red from 1; by default the labels.
        samples: number of samples to draw; None: all.
    """
    rows = []
    maps = batch.test_labels if heat is None else heat
    for i in range(len(batch.ids))[:samples]:
        train = [
            _draw_crop(image[i], box[i], _TRAIN_COLOR)
            for image, box in zip(batch.train_images, batch.train_boxes, strict=True)
        ]
        test = [
            _draw_crop(image[i], box[i], _TEST_COLOR, label[i])
            for image, box, label in zip(batch.test_images, batch.test_boxes, maps, strict=True)
        ]
        rows.append(np.concatenate(train + test, axis=1))
    return np.concatenate(rows)


def _draw_crop(image: Tensor, box: Tensor, color: tuple[int, int, int], label: Tensor | None = None) -> np.ndarray:
    picture = np.ascontiguousarray(image.permute(1, 2, 0).numpy())
    if label is not None:
        side = picture.shape[0]
        # Score (i, j) sits at y = stride i, x = stride j, the last one at the far edge of the crop.
        grid = np.linspace(0, label.shape[-1] - 1, side, dtype=np.float32)
        heat = cv2.remap(label.clamp(0, 1).numpy(), *np.meshgrid(grid, grid), cv2.INTER_LINEAR)[..., None]
        picture = (picture * (1 - 0.5 * heat) + np.array([255, 0, 0]) * 0.5 * heat).astype(np.uint8)
    x, y, w, h = box.tolist()
    cv2.rectangle(picture, (round(x), round(y)), (round(x + w) - 1, round(y + h) - 1), color, 1)
    return picture
