"""Small pyramids with boxes, and pictures of rectangles to detect."""

import json
from pathlib import Path

import numpy as np
import torch
from torch import Generator

from ltr.sampling.detection_batch import BoxSet, DetectionBatch
from tests.fakes.datasets import noise_picture, write_picture

STRIDES = (8, 16, 32)
CANONICAL_SIZE = 64.0
CHANNELS = 6


def random_boxes(num_boxes: int, num_pictures: int, generator: Generator) -> BoxSet:
    """Boxes of all sizes in pictures of 128 x 128 pixels; three classes."""
    size = 8 + 100 * torch.rand(num_boxes, 2, generator=generator)
    corner = (128 - size) * torch.rand(num_boxes, 2, generator=generator)
    return BoxSet(
        boxes=torch.cat([corner, size], dim=1),
        labels=torch.randint(1, 4, (num_boxes,), generator=generator),
        scores=torch.rand(num_boxes, generator=generator),
        picture=torch.randint(0, num_pictures, (num_boxes,), generator=generator),
    )


def random_batch(seed: int, num_pictures: int = 3, num_boxes: int = 12) -> DetectionBatch:
    """Random maps of three levels, with true boxes and candidates."""
    g = Generator().manual_seed(seed)
    maps = tuple(torch.randn(num_pictures, CHANNELS, 128 // s, 128 // s, generator=g) for s in STRIDES)
    truth, candidates = (random_boxes(num_boxes, num_pictures, g) for _ in range(2))
    return DetectionBatch(maps, truth, candidates, torch.full((num_pictures, 2), 0.5), list(range(num_pictures)))


def write_rectangles(root: Path, num_pictures: int, seed: int = 0) -> Path:
    """A COCO-format folder: ``light`` and ``dark`` rectangles, one or two a picture of 160 x 120, on smooth noise."""
    rng = np.random.default_rng(seed)
    images, annotations = [], []
    for number in range(num_pictures):
        picture = 80 + noise_picture(seed + number) // 4
        images.append({"id": number, "file_name": f"{number}.png", "width": 160, "height": 120, "dataset": "drawn"})
        for _ in range(int(rng.integers(1, 3))):
            w, h = (int(side) for side in rng.integers(24, 70, 2))
            x, y = int(rng.integers(0, 160 - w)), int(rng.integers(0, 120 - h))
            category = int(rng.integers(1, 3))
            picture[y : y + h, x : x + w] = 250 if category == 1 else 5
            box = {"bbox": [x, y, w, h], "area": w * h, "category_id": category, "iscrowd": 0}
            annotations.append({"id": len(annotations) + 1, "image_id": number, **box})
        write_picture(root / "images" / f"{number}.png", picture)
    categories = [{"id": 1, "name": "light"}, {"id": 2, "name": "dark"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (root / "annotations.json").write_text(json.dumps(content))
    return root
