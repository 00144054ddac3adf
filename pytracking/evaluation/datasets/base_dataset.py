"""What all readers of benchmarks share: the published lists of ``specs/*.json``, images by number, flags of absence.

A reader lists the sequences that a data set should have and reads none of them: name -> what reads it. So one faulty
sequence hides no other, and ``data_check`` can tell all that is wrong.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ltr.data.media_files import image_files
from ltr.dataset.text_files import read_boxes, read_flags, read_text
from ltr.utils.errors import InputError
from pytracking.evaluation.datasets.sequence import Sequence
from pytracking.video.frame_source import FrameSource, open_images

SPECS = Path(__file__).parent / "specs"

Loaders = dict[str, Callable[[], Sequence]]


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


def read_specs(dataset: str) -> dict[str, SequenceSpec]:
    """The sequences of specs/<dataset>.json: fields by name, a list of names, or names out of another list ("of")."""
    content = json.loads((SPECS / f"{dataset}.json").read_text(encoding="utf-8"))
    listed = content["sequences"]
    if "of" in content:
        whole = read_specs(content["of"])
        return {name: whole[name] for name in listed}
    fields = listed if isinstance(listed, dict) else {name: {} for name in listed}
    return {name: SequenceSpec(**values) for name, values in fields.items()}


def read_annotation(path: Path, spec: SequenceSpec, flag_files: Iterable[Path] = ()) -> NDArray[np.float64]:
    """Boxes [n, 4] of ``path``, NaN where one of ``flag_files`` flags the target as absent, from row ``skip`` on.

    Raises FileNotFoundError, or ValueError where a file is not as published.
    """
    boxes = read_boxes(path)
    if spec.frames not in (None, len(boxes)):
        raise InputError(f"{path}: {len(boxes)} boxes, while {spec.frames} are published")
    for file in flag_files:
        blank(boxes, read_flags(file), file)
    return boxes[spec.skip :]


def blank(boxes: NDArray[np.float64], flags: NDArray[np.bool_], file: Path) -> None:
    """Set the rows of ``boxes`` [n, 4] to NaN where ``flags`` [n], read from ``file``, are set."""
    if len(flags) != len(boxes):
        raise InputError(f"{file}: {len(flags)} flags for {len(boxes)} boxes")
    boxes[flags] = np.nan


def numbered_source(folder: Path, spec: SequenceSpec, rows: int) -> Callable[[], FrameSource]:
    """What opens the ``rows`` images of ``folder`` that belong to the rows of an annotation after ``skip``."""
    return partial(numbered_frames, folder, spec.first + spec.skip, rows)


def numbered_frames(folder: Path, first: int, count: int | None = None) -> FrameSource:
    """Images ``first`` to ``first + count - 1`` (None: to the last) by the number that their names end with.

    Padding and suffix do not matter. Folders hold more images than annotated ones (David, Diving, Freeman3), so the
    number decides, not the order. FileNotFoundError names the first that is missing.
    """
    numbers = ((re.search(r"(\d+)$", path.stem), path) for path in image_files(folder))
    by_number = {int(number[1]): path for number, path in numbers if number}
    last = first + count - 1 if count is not None else max(by_number, default=first)
    missing = next((n for n in range(first, last + 1) if n not in by_number), None)
    if missing is not None:
        raise FileNotFoundError(f"{folder}: no image {missing}, expected {first} to {last}")
    return open_images([by_number[n] for n in range(first, last + 1)], str(folder))


def existing(*candidates: Path) -> Path:
    """The first of several places of the same thing that exists, or the first of all where none does."""
    return next((path for path in candidates if path.exists()), candidates[0])


def read_list(path: Path) -> list[str]:
    """Names, one a line, of a ``list.txt``; FileNotFoundError or ValueError where there are none."""
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such list of sequences")
    names = read_text(path).split()
    if not names:
        raise InputError(f"{path}: names no sequence")
    return names
