"""Description of a published data set for training and evaluation: sequences, files, boxes.

A layout lists the sequences of a complete data set without reading them, so one faulty sequence does not hide others.
Information that is not in a data set's files (image of the first row, folders shared by sequences, number of rows) is
in ``specs/*.json``. No image is opened here, and torch is not needed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ltr.data.media_files import numbered_images
from ltr.dataset.text_files import read_boxes, read_flags, read_labels, read_resolution, read_text
from ltr.utils.errors import InputError

SPECS = Path(__file__).parent / "specs"


@dataclass(frozen=True)
class SequenceSpec:
    """The fields of a sequence in ``specs/*.json``.

    frames: rows of the annotation file, if known. first: number of the image of its first row. skip: rows and images
    skipped at the start. folder: of the images, if not the sequence's name. annotation: name of the file, if not the
    usual one.
    """

    frames: int | None = None
    first: int = 1
    skip: int = 0
    folder: str = ""
    annotation: str = ""


@dataclass(frozen=True)
class GroundTruth:
    """The ground truth of one sequence.

    boxes: float64 [n, 4], x, y, w, h in pixels as published, NaN if there is none. absent: bool [n], frames flagged
    as target absent. image_size: width, height in pixels, if known.
    """

    name: str
    boxes: NDArray[np.float64]
    absent: NDArray[np.bool_]
    image_size: tuple[float, float] | None = None


@dataclass(frozen=True)
class SequenceFiles:
    """The files of one sequence.

    name: its path under the root, or a name that determines it; the last part is the sequence's name. boxes: file of
    boxes. images: folder of the images. flags: files of 0/1, 1 where the target is absent. cover: file of the visible
    eighths of the target, 0 to 8 (0: absent), and meta: file with the image size; both are read if they exist.
    first_box_only: no other box is public. picture: format of the image names, for training; evaluation uses the number
    at the end of a name.
    """

    name: str
    boxes: Path
    images: Path = Path()
    spec: SequenceSpec = SequenceSpec()
    flags: tuple[Path, ...] = ()
    cover: Path | None = None
    meta: Path | None = None
    first_box_only: bool = False
    picture: str = "{:08d}.jpg"

    @property
    def annotations(self) -> list[Path]:
        """The annotation files of a complete copy."""
        return [self.boxes, *self.flags, *([self.cover] if self.cover else [])]

    def ground_truth(self) -> GroundTruth:
        """The content of the files, from row ``skip`` on.

        Raises:
            FileNotFoundError: a file is missing.
            ValueError: a file is broken, or not as published.
        """
        boxes = self.read_boxes()
        if self.spec.frames not in (None, len(boxes)):
            raise InputError(f"{self.boxes}: {len(boxes)} boxes, while {self.spec.frames} are published")
        flagged = {file: read_flags(file) for file in self.flags}
        if self.cover and self.cover.is_file():
            flagged[self.cover] = read_labels(self.cover, highest=8) == 0
        absent = np.zeros(len(boxes), bool)
        for file, flags in flagged.items():
            if len(flags) != len(boxes):
                raise InputError(f"{file}: {len(flags)} flags for {len(boxes)} boxes of {self.boxes}")
            absent |= flags
        size = read_resolution(self.meta) if self.meta and self.meta.is_file() else None
        rows = slice(self.spec.skip, self.spec.skip + 1 if self.first_box_only else None)
        return GroundTruth(self.name, boxes[rows], absent[rows], size)

    def read_boxes(self) -> NDArray[np.float64]:
        """All boxes of the file, float64 [n, 4]."""
        return read_boxes(self.boxes)

    def pictures(self, count: int | None) -> list[Path]:
        """The images of the first ``count`` boxes (None: all images); FileNotFoundError names the first missing."""
        return numbered_images(self.images, self.spec.first + self.spec.skip, count)

    def picture_of(self, row: int) -> Path:
        """The image of a box, by its name in a complete copy."""
        return self.images / self.picture.format(self.spec.first + self.spec.skip + row)


def _no_splits(root: Path, split: str) -> list[SequenceFiles]:
    raise InputError(f"{root}: a data set without splits to train on, such as {split!r}")


@dataclass(frozen=True)
class Benchmark:
    """Sequences to evaluate on.

    sequences: root -> sequences. protocol: name of the scoring rules (``pytracking/analysis/protocols.py``); empty for
    data that other programs score. prefix: of the names, if another data set has the same ones. tag: mark of the
    results, if not the benchmark's name. writes_nan: the published files contain NaN.
    """

    sequences: Callable[[Path], list[SequenceFiles]]
    protocol: str = ""
    prefix: str = ""
    tag: str = ""
    writes_nan: bool = False


@dataclass(frozen=True)
class Layout:
    """A published data set.

    Args:
        name: of the data set; the key of its folder in the paths file, and the kind of a source of training.
        place: content of its folder, for messages.
        benchmarks: for evaluation, by their names in the commands.
        splits: names of the training splits, for errors; empty if there are none.
        sequences: (root, split) -> the sequences of a complete copy; ValueError for an unknown split.
        whole: the default split.
        count: split -> number of sequences of a complete copy, if ``sequences`` lists only those found.
        first_pixel: index of the first pixel in the files. Training subtracts it; evaluation uses boxes as published,
            as trackers and published results do.
    """

    name: str
    place: str
    benchmarks: Mapping[str, Benchmark] = field(default_factory=dict)
    splits: str = ""
    sequences: Callable[[Path, str], list[SequenceFiles]] = _no_splits
    whole: str = ""
    count: Callable[[str], int] | None = None
    first_pixel: int = 0

    def unknown(self, split: str) -> InputError:
        """The error for a split that does not exist."""
        return InputError(f"{self.name} has no split {split!r}; there are {self.splits}")


def read_specs(dataset: str) -> dict[str, SequenceSpec]:
    """The sequences of specs/<dataset>.json: fields by name, a list of names, or names out of another list ("of")."""
    content = json.loads((SPECS / f"{dataset}.json").read_text(encoding="utf-8"))
    listed = content["sequences"]
    if "of" in content:
        whole = read_specs(content["of"])
        return {name: whole[name] for name in listed}
    fields = listed if isinstance(listed, dict) else {name: {} for name in listed}
    return {name: SequenceSpec(**values) for name, values in fields.items()}


def read_list(path: Path) -> list[str]:
    """Names, one per line, of a ``list.txt``; FileNotFoundError or ValueError if there are none."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such list of sequences")
    names = read_text(path).split()
    if not names:
        raise InputError(f"{path}: names no sequence")
    return names


def existing(*candidates: Path) -> Path:
    """The first of ``candidates`` that exists, or else the first one."""
    return next((path for path in candidates if path.exists()), candidates[0])
