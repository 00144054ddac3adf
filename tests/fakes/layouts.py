"""Tiny trees in the official layouts of the large data sets: two sequences of three frames each."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ltr.dataset.layouts import got10k, lasot
from ltr.dataset.layouts.base import Layout, SequenceFiles
from tests.fakes.datasets import draw_box, moving_boxes, noise_picture, write_picture

NUM_FRAMES = 3
RED = (220, 20, 20)


FILES: dict[str, Callable[[Path, str], SequenceFiles]] = {
    "lasot": lambda root, name: lasot.files_of(root / name),
    "got10k": got10k.files_of,
}


def only(layout: Layout, *names: str) -> Layout:
    """The layout of a copy that holds these sequences alone, whatever the split is called."""
    files_of = FILES[layout.name]
    return replace(layout, sequences=lambda root, split: [files_of(root, name) for name in names])


def _write_frames(root: Path, files: list[str], shift: int = 0) -> list[tuple[int, int, int, int]]:
    """Pictures with a moving red box; the boxes, with ``shift`` added to x and y."""
    boxes = moving_boxes(len(files))
    for file, box in zip(files, boxes, strict=True):
        write_picture(root / file, draw_box(noise_picture(7), box, RED))
    return [(x + shift, y + shift, w, h) for x, y, w, h in boxes]


def _write_lines(path: Path, rows: list[tuple[float, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(",".join(map(str, row)) + "\n" for row in rows))


def write_lasot(root: Path, sequences: tuple[str, ...] = ("airplane/airplane-2", "zebra/zebra-1")) -> Path:
    """Boxes from 1; the last frame of every sequence is out of view and holds an arbitrary box."""
    for sequence in sequences:
        boxes = _write_frames(root, [f"{sequence}/img/{i + 1:08d}.jpg" for i in range(NUM_FRAMES)], shift=1)
        _write_lines(root / sequence / "groundtruth.txt", [*boxes[:-1], (0, 0, 5, 5)])
        (root / sequence / "full_occlusion.txt").write_text("0,0,0")
        (root / sequence / "out_of_view.txt").write_text("0,0,1")
    return root


def write_got10k(
    root: Path, sequences: tuple[str, ...] = ("train/GOT-10k_Train_000001", "train/GOT-10k_Train_000002")
) -> Path:
    """The last frame of every sequence is covered."""
    for sequence in sequences:
        boxes = _write_frames(root, [f"{sequence}/{i + 1:08d}.jpg" for i in range(NUM_FRAMES)])
        _write_lines(root / sequence / "groundtruth.txt", [tuple(map(float, box)) for box in boxes])
        (root / sequence / "absence.label").write_text("0\n0\n0\n")
        (root / sequence / "cover.label").write_text("8\n7\n0\n")
    return root


def write_trackingnet(root: Path, sequences: tuple[str, ...] = ("TRAIN_0/-a_1", "TRAIN_1/b_0")) -> Path:
    """The last frame of every sequence has a box without area."""
    for sequence in sequences:
        part, name = sequence.split("/")
        boxes = _write_frames(root, [f"{part}/frames/{name}/{i}.jpg" for i in range(NUM_FRAMES)])
        _write_lines(root / part / "anno" / f"{name}.txt", [*boxes[:-1], (10.5, 10, 0, 0)])
    return root


def write_coco_split(root: Path, split: str = "tiny2017", images: str = "images/tiny2017") -> Path:
    """Two pictures with one box each and a crowd, as COCO is published; ``images`` is their folder."""
    box = moving_boxes(1)[0]
    for i in (1, 2):
        write_picture(root / images / f"{i:012d}.jpg", draw_box(noise_picture(i), box, RED))
    content = {
        "images": [{"id": i, "file_name": f"{i:012d}.jpg", "width": 160, "height": 120} for i in (1, 2)],
        "categories": [{"id": 3, "name": "thing"}],
        "annotations": [
            {"id": 10 + i, "image_id": i, "category_id": 3, "bbox": list(box), "iscrowd": 0} for i in (1, 2)
        ]
        + [{"id": 13, "image_id": 2, "category_id": 3, "bbox": [1, 1, 90, 90], "iscrowd": 1}],
    }
    (root / "annotations").mkdir(parents=True)
    (root / "annotations" / f"instances_{split}.json").write_text(json.dumps(content))
    return root
