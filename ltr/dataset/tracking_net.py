"""TrackingNet (Müller et al., ECCV 2018): ``TRAIN_K/anno/SEQ.txt`` and ``TRAIN_K/frames/SEQ/N.jpg`` (from 0).

A split is a choice of the twelve training sets of 2,511 videos: ``0-11`` (all), ``0-3`` (pytracking's choice), ``5``.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ltr.dataset.image_sequences import Layout, without_absent
from ltr.dataset.text_files import read_boxes

SETS = 12
VIDEOS_PER_SET = 2511


def chosen_sets(split: str) -> range:
    """The training sets of a split ``A-B`` or ``A``."""
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", split)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (SETS, SETS)
    if not first <= last < SETS:
        raise TRACKINGNET.unknown(split)
    return range(first, last + 1)


def _sequences(root: Path, split: str) -> list[str]:
    """What lies in ``anno``: there are too many names to ship. Named TRAIN_K/SEQ."""
    found = []
    for k in chosen_sets(split):
        folder = root / f"TRAIN_{k}" / "anno"
        if not folder.is_dir():
            raise FileNotFoundError(f"trackingnet {split}: {folder} does not exist")
        found += sorted(f"TRAIN_{k}/{path.stem}" for path in folder.glob("*.txt"))
    return found


def _annotations(sequence: str) -> list[str]:
    part, name = sequence.split("/")
    return [f"{part}/anno/{name}.txt"]


def _read(root: Path, sequence: str) -> np.ndarray:
    return without_absent(read_boxes(root / _annotations(sequence)[0]), {})


def _frame(sequence: str, i: int) -> str:
    part, name = sequence.split("/")
    return f"{part}/frames/{name}/{i}.jpg"


TRACKINGNET = Layout(
    "trackingnet",
    "0-11, 0-3, 5 and so on",
    _sequences,
    _annotations,
    _read,
    _frame,
    whole=f"0-{SETS - 1}",
    count=lambda split: VIDEOS_PER_SET * len(chosen_sets(split)),
)
