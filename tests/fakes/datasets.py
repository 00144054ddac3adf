"""Writers of tiny data sets: COCO-format folders, sequence folders of videos and of pictures."""

import json
from pathlib import Path

import av
import cv2
import numpy as np
from pycocotools import mask as coco_mask

WIDTH, HEIGHT = 160, 120


def noise_picture(seed: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A smooth random RGB picture ``uint8 [height, width, 3]``."""
    coarse = np.random.default_rng(seed).integers(0, 256, (height // 10, width // 10, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)


def draw_box(picture: np.ndarray, box: tuple[int, int, int, int], color: tuple[int, int, int]) -> np.ndarray:
    """A copy of ``picture`` with a filled rectangle (x, y, w, h)."""
    x, y, w, h = box
    drawn = picture.copy()
    drawn[y : y + h, x : x + w] = color
    return drawn


def write_picture(path: Path, picture: np.ndarray) -> None:
    """Write an RGB picture; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


def rectangle_polygon(box: tuple[float, float, float, float]) -> list[list[float]]:
    """COCO's polygon notation of a box."""
    x, y, w, h = box
    return [[x, y, x + w, y, x + w, y + h, x, y + h]]


def rectangle_mask(box: tuple[int, int, int, int], width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """``uint8 [height, width]``, 1 inside the box."""
    mask = np.zeros((height, width), np.uint8)
    x, y, w, h = box
    mask[y : y + h, x : x + w] = 1
    return mask


def rectangle_rle(box: tuple[int, int, int, int]) -> dict:
    """COCO's compressed run lengths of a box, as in masks.json."""
    rle = coco_mask.encode(np.asfortranarray(rectangle_mask(box)))
    return {"size": rle["size"], "counts": rle["counts"].decode()}


# (picture, box, category, segmentation, crowd) of the fake COCO folder: two usable boxes with masks, one without a
# mask, then a tiny one, a thin one, one as large as the picture, one cut off by the border, and a crowd.
COCO_BOXES = [
    (1, (30, 20, 40, 50), 1, rectangle_polygon((30, 20, 40, 50)), 0),
    (2, (50, 40, 36, 30), 1, rectangle_rle((50, 40, 36, 30)), 0),
    (2, (100, 60, 30, 30), 2, [], 0),
    (1, (5, 5, 8, 8), 1, rectangle_polygon((5, 5, 8, 8)), 0),
    (1, (10, 100, 140, 14), 1, rectangle_polygon((10, 100, 140, 14)), 0),
    (3, (1, 1, 158, 118), 2, rectangle_polygon((1, 1, 158, 118)), 0),
    (3, (0, 40, 40, 40), 2, rectangle_polygon((0, 40, 40, 40)), 0),
    (3, (60, 40, 40, 40), 2, rectangle_rle((60, 40, 40, 40)), 1),
]
COCO_SOURCES = {1: "first", 2: "second", 3: "third"}  # field `dataset` of the pictures


def write_coco(root: Path) -> Path:
    """Three pictures with :data:`COCO_BOXES`, every box filled with red."""
    pictures = {i: noise_picture(i) for i in COCO_SOURCES}
    for image_id, box, *_ in COCO_BOXES[:3]:
        pictures[image_id] = draw_box(pictures[image_id], box, (220, 20, 20))
    for image_id, picture in pictures.items():
        write_picture(root / "images" / f"{image_id}.jpg", picture)
    content = {
        "images": [
            {"id": i, "file_name": f"{i}.jpg", "width": WIDTH, "height": HEIGHT, "dataset": source}
            for i, source in COCO_SOURCES.items()
        ],
        "categories": [{"id": 1, "name": "brick"}, {"id": 2, "name": "stone"}],
        "annotations": [
            {
                "id": number,
                "image_id": image_id,
                "bbox": list(box),
                "category_id": category,
                "segmentation": segmentation,
                "iscrowd": crowd,
            }
            for number, (image_id, box, category, segmentation, crowd) in enumerate(COCO_BOXES, start=1)
        ],
    }
    (root / "annotations.json").write_text(json.dumps(content))
    return root


def write_video(path: Path, frames: list[np.ndarray]) -> None:
    """H.264 with a key frame every 12, as the real packed sequences are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "12", "g": "12"})
        stream.width, stream.height, stream.pix_fmt = frames[0].shape[1], frames[0].shape[0], "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def moving_boxes(num_frames: int) -> list[tuple[int, int, int, int]]:
    """A box that moves and grows."""
    return [(30 + 3 * t, 24 + 2 * t, 30 + t, 28 + t) for t in range(num_frames)]


def write_boxes(folder: Path, boxes: list[tuple[float, ...]]) -> None:
    """``groundtruth_rect.txt``."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [",".join(f"{value:.2f}" for value in box) for box in boxes]
    (folder / "groundtruth_rect.txt").write_text("\n".join(lines) + "\n")


def write_sequences(root: Path, num_frames: int = 16, prefix: str = "") -> Path:
    """``film`` (frames.mp4, masks.json; frames 3 and 4 absent: NaN and zero) and ``stills`` (img/*.png)."""
    boxes = moving_boxes(num_frames)
    frames = [draw_box(noise_picture(7), box, (20, 220, 20)) for box in boxes]
    write_video(root / f"{prefix}film" / "frames.mp4", frames)
    written: list[tuple[float, ...]] = list(boxes)
    written[3], written[4] = (float("nan"),) * 4, (0.0,) * 4
    write_boxes(root / f"{prefix}film", written)
    masks = [None if t in (3, 4) else rectangle_rle(box) for t, box in enumerate(boxes)]
    (root / f"{prefix}film" / "masks.json").write_text(json.dumps(masks))
    for t in range(4):
        write_picture(root / f"{prefix}stills" / "img" / f"{t + 1:04}.png", frames[t])
    write_boxes(root / f"{prefix}stills", boxes[:4])
    return root
