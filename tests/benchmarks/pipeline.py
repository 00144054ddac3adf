"""Where the time of a sample goes, from the disk to the batch.

    python tests/benchmarks/pipeline.py [--name super_dimp] [--samples 60]

The data are videos of 1280x720 JPEG files in LaSOT's layout, with targets of 60 to 360 px, made for the purpose. Prints
the samples a second of one worker (processor time of one thread) with pictures decoded whole and no larger than needed,
the share of every stage, and the cost of the augmentations beside torchvision's (transforms v2) on a crop.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import cv2
import numpy as np
import torch
from torchvision.transforms.v2 import functional as v2

from ltr.data.image_loader import LazyImage, decode_image, encode_jpeg
from ltr.data.transforms import apply_color
from ltr.dataset.layouts.image_sequences import ImageSequences
from ltr.dataset.layouts.lasot import LASOT, files_of
from ltr.sampling import processing
from ltr.sampling.processing import DiMPProcessing
from ltr.sampling.sampler import TrackingSampler
from ltr.train_settings import load_settings
from ltr.train_settings.dimp import DiMPTrainSettings
from tests.benchmarks.image_loading import one_thread, write_pictures

FRAMES, SIDES = 40, (60, 100, 160, 240, 360)


def write_videos(root: Path) -> list[str]:
    """A sequence for each size of target; their names."""
    names = []
    for i, side in enumerate(SIDES):
        name = f"shape/shape-{i + 1}"
        folder = root / name
        (folder / "img").mkdir(parents=True)
        for k, path in enumerate(write_pictures(folder / "img", FRAMES)):
            path.rename(path.with_name(f"{k + 1:08}.jpg"))
        (folder / "groundtruth.txt").write_text(
            "".join(f"{300 + 5 * k},{150 + k},{side},{side}\n" for k in range(FRAMES))
        )
        for flags in ("full_occlusion", "out_of_view"):
            (folder / f"{flags}.txt").write_text(",".join("0" * FRAMES))
        names.append(name)
    return names


@contextmanager
def stopwatch(target: Any, name: str, spent: dict[str, float], stage: str) -> Iterator[None]:
    """In the block, the time spent in ``target.name`` is added to ``spent[stage]``."""
    original = getattr(target, name)

    def timed(*arguments: Any, **named: Any) -> Any:
        start = time.process_time()
        try:
            return original(*arguments, **named)
        finally:
            spent[stage] = spent.get(stage, 0.0) + time.process_time() - start

    with mock.patch.object(target, name, timed):
        yield


def time_samples(sampler: TrackingSampler, count: int) -> tuple[float, dict[str, float]]:
    """Seconds of ``count`` samples, and of the stages."""
    spent: dict[str, float] = {}
    with (
        stopwatch(LazyImage, "at_scale", spent, "decode"),
        stopwatch(processing, "sample_crop", spent, "crop"),
        stopwatch(processing, "augment_frame", spent, "augment"),
        stopwatch(processing, "gaussian_label", spent, "label"),
    ):
        start = time.process_time()
        for i in range(count):
            sampler[i]
        return time.process_time() - start, spent


def median_ms(run: Callable[[], object]) -> float:
    """Median processor time of ``run()`` in milliseconds."""
    times = []
    for _ in range(30):
        start = time.process_time()
        run()
        times.append(1e3 * (time.process_time() - start))
    return statistics.median(times)


def compare_transforms(size: int) -> None:
    """OpenCV, as used, beside torchvision's transforms v2."""
    image = np.random.default_rng(0).integers(0, 256, (size, size, 3), dtype=np.uint8)
    tensor = torch.from_numpy(image).permute(2, 0, 1).contiguous()
    matrix = np.eye(3, 4)
    rows: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "flip": (lambda: cv2.flip(image, 1), lambda: v2.horizontal_flip(tensor)),
        "blur": (lambda: cv2.GaussianBlur(image, (0, 0), 1.5), lambda: v2.gaussian_blur(tensor, [13, 13], [1.5, 1.5])),
        "brightness, contrast, saturation": (
            lambda: apply_color(image, matrix),
            lambda: v2.adjust_saturation(v2.adjust_contrast(v2.adjust_brightness(tensor, 1.1), 1.1), 1.1),
        ),
        "JPEG": (lambda: decode_image(encode_jpeg(image, 60), ""), lambda: v2.jpeg(tensor, 60)),
    }
    print(f"\n| {size} px crop | ours, ms | torchvision v2, ms |\n|---|--:|--:|")
    for name, (ours, theirs) in rows.items():
        print(f"| {name} | {median_ms(ours):.2f} | {median_ms(theirs):.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", default="super_dimp")
    parser.add_argument("--samples", type=int, default=60)
    arguments = parser.parse_args()
    one_thread()
    settings = load_settings("dimp", arguments.name)
    assert isinstance(settings, DiMPTrainSettings)
    stages = ("decode", "crop", "augment", "label")
    print(f"| decoding | samples/s | {' | '.join(stages)} | rest |\n|---|--:|{'--:|' * 5}")
    with tempfile.TemporaryDirectory() as folder:
        files = [files_of(Path(folder) / name) for name in write_videos(Path(folder))]
        dataset = ImageSequences(replace(LASOT, sequences=lambda root, split: files), folder, "train")
        sampler = TrackingSampler([(dataset, 1.0)], settings.sampler, DiMPProcessing(settings.processing))
        for label, scale in (("whole", 1.0), ("no larger than needed", None)):
            original = LazyImage.at_scale

            def at_scale(image: LazyImage, wanted: float, scale: float | None = scale) -> tuple[np.ndarray, int]:
                return original(image, scale or wanted)  # noqa: B023 - the same in every turn

            with mock.patch.object(LazyImage, "at_scale", at_scale):
                total, spent = time_samples(sampler, arguments.samples)
            shares = [spent[stage] / total for stage in stages]
            cells = " | ".join(f"{100 * share:.0f} %" for share in (*shares, 1 - sum(shares)))
            print(f"| {label} | {arguments.samples / total:.1f} | {cells} |", flush=True)
    compare_transforms(settings.network.crop_side)


if __name__ == "__main__":
    main()
