"""Need for Speed at 30 fps, as downloaded or repacked for pytracking."""

from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ltr.data.media_files import image_files
from ltr.dataset.text_files import read_text
from ltr.utils.errors import InputError
from pytracking.evaluation.datasets.base_dataset import (
    Loaders,
    SequenceSpec,
    numbered_frames,
    numbered_source,
    read_annotation,
    read_specs,
)
from pytracking.evaluation.datasets.sequence import Sequence
from pytracking.video.frame_source import FrameSource

RATIO = 8  # 240 fps to 30 fps


def list_nfs(root: Path) -> Loaders:
    """<seq>/30/<seq>/00001.jpg, <seq>/30/<seq>.txt as downloaded, or sequences/<seq>/00001.jpg, anno/nfs_<seq>.txt.

    The boxes of the two forms differ slightly. Names are pytracking's, with ``nfs_`` before each.
    """
    read = _read_repacked if (root / "anno").is_dir() else _read_official
    return {f"nfs_{name}": partial(read, root, name, spec) for name, spec in read_specs("nfs").items()}


def _read_repacked(root: Path, name: str, spec: SequenceSpec) -> Sequence:
    boxes = read_annotation(root / "anno" / f"nfs_{name}.txt", spec)
    return Sequence(f"nfs_{name}", "nfs", boxes, numbered_source(root / "sequences" / name, spec, len(boxes)))


def _read_official(root: Path, name: str, spec: SequenceSpec) -> Sequence:
    folder = root / name / "30" / name
    boxes = _read_corners(folder.with_suffix(".txt"))
    return Sequence(f"nfs_{name}", "nfs", boxes, partial(_frames, folder, len(boxes)))


def _read_corners(file: Path) -> NDArray[np.float64]:
    """Every eighth line: the 30 fps files hold the lines of 240 fps. A line is id, x0, y0, x1, y1, flags, "label"."""
    lines = read_text(file).rstrip().splitlines()
    blank = next((number for number, line in enumerate(lines, start=1) if not line.strip()), None)
    if blank is not None:
        raise InputError(f"{file}:{blank}: a blank line shifts those after it")
    boxes = []
    for number, line in enumerate(lines[::RATIO]):
        try:
            x0, y0, x1, y1 = (float(word) for word in line.split()[1:5])
        except ValueError:
            raise InputError(f"{file}:{number * RATIO + 1}: expected id, x0, y0, x1, y1, found {line!r}") from None
        boxes.append([x0, y0, x1 - x0, y1 - y0])
    return np.array(boxes).reshape(-1, 4)


def _frames(folder: Path, count: int) -> FrameSource:
    """The first ``count`` images; ten sequences have one more, any other number means that the rates differ."""
    found = len(image_files(folder))
    if found - count not in (0, 1):
        raise InputError(f"{folder}: {found} images, expected {count} (every eighth line of {folder.name}.txt)")
    return numbered_frames(folder, 1, count)
