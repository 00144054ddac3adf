"""What a published data set is, described once for training and evaluation: its sequences, their files, their boxes.

A layout lists the sequences that a data set should have and reads none of them, so one faulty sequence hides no other.
What is not in a data set's own files (which image a first row belongs to, folders shared by sequences, number of rows)
is in ``specs/*.json``. No image is opened here, and torch is not needed.
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
    """What ``specs/*.json`` says of a sequence.

    frames: rows of the annotation file, where they are known. first: number of the image of its first row. skip: rows
    and images left out at the start. folder: where the images lie, if not under the sequence's name. annotation: name
    of the file, if not the usual one.
    """

    frames: int | None = None
    first: int = 1
    skip: int = 0
    folder: str = ""
    annotation: str = ""


@dataclass(frozen=True)
class GroundTruth:
    """The truth of one sequence.

    boxes: float64 [n, 4], x, y, w, h in pixels as published, NaN if there is none. absent: bool [n], where the
    target is flagged as out of sight. image_size: width, height in pixels, where known.
    """

    name: str
    boxes: NDArray[np.float64]
    absent: NDArray[np.bool_]
    image_size: tuple[float, float] | None = None


@dataclass(frozen=True)
class SequenceFiles:
    """Where one sequence keeps what.

    name: its path under the root, or so that one follows from it; the last part is what it is called. boxes: its file
    of boxes. images: the folder of its pictures. flags: files of 0/1, 1 where the target is absent. cover: a file of
    0 to 8 eighths of the target in sight (0: absent), and meta: one that states the size of the images; both are read
    where they exist. first_box_only: no other box is public. picture: the pictures' names, which training relies on;
    evaluation goes by the number that a name ends with.
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
        """The annotation files that a complete copy has."""
        return [self.boxes, *self.flags, *([self.cover] if self.cover else [])]

    def ground_truth(self) -> GroundTruth:
        """What the files say, from row ``skip`` on.

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
        """The image of a box, by the name that a complete copy has for it."""
        return self.images / self.picture.format(self.spec.first + self.spec.skip + row)


def _no_splits(root: Path, split: str) -> list[SequenceFiles]:
    raise InputError(f"{root}: a data set without splits to train on, such as {split!r}")


@dataclass(frozen=True)
class Benchmark:
    """Sequences to evaluate on.

    sequences: root -> them. protocol: the rules that they are scored by (``pytracking/analysis/protocols.py``); none
    for data that other programs score. prefix: before their names, where another data set has the same ones.
    tag: what results are marked with, if not the benchmark's name. writes_nan: the published files hold NaN themselves.
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
        place: what its folder holds, for messages.
        benchmarks: what is evaluated on, by the names that the commands take.
        splits: what a split for training may be called, for errors; empty if there is none.
        sequences: (root, split) -> the sequences that a complete copy has; ValueError for a split that is none.
        whole: a split's name where none is given.
        count: split -> number of sequences of a complete copy, where ``sequences`` only lists those found.
        first_pixel: the number that the files give the first pixel. Training takes it off, while evaluation takes
            boxes as published, as trackers and published results do.
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
    """Names, one a line, of a ``list.txt``; FileNotFoundError or ValueError if there are none."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such list of sequences")
    names = read_text(path).split()
    if not names:
        raise InputError(f"{path}: names no sequence")
    return names


def existing(*candidates: Path) -> Path:
    """The first of several places of the same thing that exists, or the first of all where none does."""
    return next((path for path in candidates if path.exists()), candidates[0])
