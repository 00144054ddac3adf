"""VOT short-term, in the toolkit's layout (since 2018) or the older one; regions become axis-aligned boxes."""

import re
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ltr.data.media_files import numbered_images
from ltr.dataset.layouts.base import Benchmark, Layout, SequenceFiles, read_list
from ltr.dataset.text_files import read_text
from ltr.utils.errors import InputError

_NO_BOX = (np.nan,) * 4


class _VotFiles(SequenceFiles):
    def read_boxes(self) -> NDArray[np.float64]:
        """A box for each image: missing rows are unknown, as in the toolkit."""
        boxes = []
        for number, line in enumerate(read_text(self.boxes).rstrip().splitlines(), start=1):
            try:
                boxes.append(region_box(line))
            except ValueError as error:
                raise InputError(f"{self.boxes}:{number}: {error}") from None
        images = self.pictures(None)
        if len(boxes) > len(images):
            raise InputError(f"{self.boxes}: {len(boxes)} regions for {len(images)} images in {images[0].parent}")
        return np.array(boxes + [_NO_BOX] * (len(images) - len(boxes)), np.float64)

    def pictures(self, count: int | None) -> list[Path]:
        """In the folder that the file ``sequence`` names, else in color/, else beside the boxes."""
        about = self.images / "sequence"
        pattern = re.search(r"^channels\.color\s*=\s*(\S+)", read_text(about) if about.is_file() else "", re.MULTILINE)
        if pattern:
            place = self.images / pattern[1]
            folder = place.parent if "%" in place.name else place
        else:
            folder = self.images / "color" if (self.images / "color").is_dir() else self.images
        return numbered_images(folder, 1, count)


def _list(root: Path) -> list[SequenceFiles]:
    """list.txt, <seq>/groundtruth.txt (or groundtruth_<id>.txt for several objects), <seq>/color/00000001.jpg, or
    <seq>/00000001.jpg in the older form; a file ``sequence`` may name the image folder."""
    found: list[SequenceFiles] = []
    for name in read_list(root / "list.txt"):
        folder = root / name
        objects = sorted(folder.glob("groundtruth_*.txt")) or [folder / "groundtruth.txt"]
        found += [_VotFiles(name + file.stem.removeprefix("groundtruth"), file, folder) for file in objects]
    return found


def region_box(text: str) -> tuple[float, float, float, float]:
    """The axis-aligned box x, y, w, h around a VOT region; NaN for a special code and an empty mask.

    Four numbers are a box, six or more corners of a polygon, x1,y1,x2,y2,..., a single one a code (unknown), and
    ``mx0,y0,w,h,runs...`` is a mask: runs of 0, 1, 0, ... through the rows of the w x h px at x0, y0.
    """
    text = text.strip()
    try:
        if text.startswith("m"):
            return _mask_box([int(word) for word in text[1:].split(",")])
        numbers = np.array([float(word) for word in text.split(",")])
    except ValueError:
        numbers = np.empty(0)
    if not (np.isfinite(numbers).all() or np.isnan(numbers).all()):
        numbers = np.empty(0)
    if len(numbers) == 1:
        return _NO_BOX
    if len(numbers) == 4:
        return _as_box(numbers)
    if len(numbers) < 6 or len(numbers) % 2:
        raise InputError(f"expected x,y,w,h, a polygon x1,y1,x2,y2,x3,y3,... or a mask m..., found {text[:60]!r}")
    low, high = numbers.reshape(-1, 2).min(axis=0), numbers.reshape(-1, 2).max(axis=0)
    return _as_box(np.concatenate([low, high - low]))


def _mask_box(words: Sequence[int]) -> tuple[float, float, float, float]:
    x0, y0, width, _, *runs = words
    ends = [0, *accumulate(runs)]
    spans = [(begin, end - 1) for begin, end in zip(ends[1::2], ends[2::2], strict=False) if end > begin]
    if min(runs, default=0) < 0 or (spans and width < 1):
        raise InputError("no mask")
    if not spans:
        return _NO_BOX
    rows = [position // width for span in spans for position in span]
    whole = any(first // width < last // width for first, last in spans)  # a run over a line's end touches both sides
    columns = [0, width - 1] if whole else [position % width for span in spans for position in span]
    x, y = x0 + min(columns), y0 + min(rows)
    return float(x), float(y), float(max(columns) - min(columns) + 1), float(max(rows) - min(rows) + 1)


def _as_box(numbers: NDArray[np.float64]) -> tuple[float, float, float, float]:
    x, y, w, h = numbers.tolist()
    return x, y, w, h


VOT = Layout(
    "vot",
    "the folder that holds list.txt and ants1/, ...",
    # OTB has Basketball, VOT basketball: the same file on case-insensitive disks
    {"vot": Benchmark(_list, prefix="vot_")},
)
