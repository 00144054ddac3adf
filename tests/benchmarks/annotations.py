"""Time the start of a training on trees of the real sizes: first start (reading) and second (cached).

    python tests/benchmarks/annotations.py [--folder /tmp/trees]

The trees have the official file names, as many sequences and about as many boxes as the real data sets; of the pictures
there are none, for none is touched at the start. Prints one Markdown row per data set: seconds of processor time, which
a busy machine does not change (reading takes one core).
"""

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ltr.dataset.coco_seq import CocoImages
from ltr.dataset.layouts import TRAINED
from ltr.dataset.layouts.image_sequences import ImageSequences
from ltr.dataset.layouts.tracking_net import SETS, VIDEOS_PER_SET, files_of
from ltr.dataset.synthesis.cutouts import CocoCutouts

ROWS = {"lasot": 2506, "got10k": 149, "trackingnet": 471}  # boxes of a video, on average
PICTURES, BOXES = 118_287, 860_001  # of COCO's train2017


def _rows(count: int) -> str:
    return "".join(f"{100 + i % 300},{80.5 + i % 200},{60 + i % 40},{50 + i % 30}\n" for i in range(count))


def write_videos(root: Path, name: str) -> None:
    """Annotation files of every sequence of the training split."""
    layout, rows = TRAINED[name], ROWS[name]
    if name == "trackingnet":
        names = [f"video{i:04}" for i in range(VIDEOS_PER_SET)]
        files = [one for k in range(SETS) for one in files_of(root / f"TRAIN_{k}", names)]
    else:
        files = layout.sequences(root, layout.whole)
    boxes, flags = _rows(rows), {False: ",".join("0" * rows), True: "8\n" * rows}
    for sequence in files:
        for file in sequence.annotations:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(boxes if file == sequence.boxes else flags[file == sequence.cover])


def write_coco(root: Path) -> None:
    """``instances_train2017.json`` with polygons of thirty corners: about as large a file as the real one."""
    angles = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    polygon = [np.stack([130 + 39.88 * np.cos(angles), 110 + 30 * np.sin(angles)], axis=1).round(2).ravel().tolist()]
    content = {
        "images": [{"id": i, "file_name": f"{i:012d}.jpg", "width": 640, "height": 480} for i in range(PICTURES)],
        "categories": [{"id": 1, "name": "thing"}],
        "annotations": [
            {
                "id": i,
                "image_id": i % PICTURES,
                "category_id": 1,
                "iscrowd": 0,
                "bbox": [90.12 + i % 200, 80.0, 79.76, 60.0],
                "area": 4000.5,
                "segmentation": polygon,
            }
            for i in range(BOXES)
        ],
    }
    (root / "train2017").mkdir(parents=True, exist_ok=True)
    (root / "annotations").mkdir(exist_ok=True)
    (root / "annotations" / "instances_train2017.json").write_text(json.dumps(content))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "annotation_trees")
    folder: Path = parser.parse_args().folder
    cache = tempfile.TemporaryDirectory()
    os.environ["EBM_TRACKING_CACHE"] = cache.name
    starts: dict[str, Callable[[], CocoImages | CocoCutouts | ImageSequences]] = {
        name: lambda name=name: ImageSequences(TRAINED[name], folder / name, TRAINED[name].whole) for name in TRAINED
    }
    starts["coco"] = lambda: CocoImages(folder / "coco", split="train2017")
    starts["coco, masks"] = lambda: CocoCutouts(folder / "coco", split="train2017")
    print("| data set | sequences | boxes | first start, s | second start, s |\n|---|--:|--:|--:|--:|")
    for name, start in starts.items():
        if name in TRAINED and not (folder / name).exists():
            write_videos(folder / name, name)
        if name == "coco" and not (folder / name).exists():
            write_coco(folder / name)
        seconds = []
        for _ in range(2):
            begin = time.process_time()
            dataset = start()
            seconds.append(time.process_time() - begin)
        boxes = len(dataset)
        if isinstance(dataset, ImageSequences):
            boxes = sum(map(dataset.num_frames, range(len(dataset))))
        print(f"| {name} | {len(dataset):,} | {boxes:,} | {seconds[0]:.1f} | {seconds[1]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
