"""LaSOT (Fan et al., CVPR 2019): ``CLASS/CLASS-K/`` with pictures ``img/%08d.jpg`` (from 1), ``groundtruth.txt``,
``full_occlusion.txt`` and ``out_of_view.txt``.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ltr.dataset.image_sequences import Layout, read_split, without_absent
from ltr.dataset.text_files import read_boxes, read_flags

_PER_CLASS = 20  # videos, CLASS-1 to CLASS-20


def _sequences(root: Path, split: str) -> list[str]:
    del root
    test = read_split("lasot_test.txt")
    if split == "test":
        chosen = test
    elif split == "train":
        classes = sorted({name.rpartition("-")[0] for name in test})
        held_out = set(test)
        names = [f"{kind}-{i}" for kind in classes for i in range(1, _PER_CLASS + 1)]
        chosen = [name for name in names if name not in held_out]
    else:
        raise LASOT.unknown(split)
    return [f"{name.rpartition('-')[0]}/{name}" for name in chosen]


def _annotations(sequence: str) -> list[str]:
    return [f"{sequence}/{name}.txt" for name in ("groundtruth", "full_occlusion", "out_of_view")]


def _read(root: Path, sequence: str) -> np.ndarray:
    """Pixels are counted from 1 in the files. Absent: fully occluded or out of view, or a box without area."""
    truth, occlusion, out_of_view = (root / file for file in _annotations(sequence))
    absent = {path: read_flags(path) for path in (occlusion, out_of_view)}
    return without_absent(read_boxes(truth), absent) - np.array([1, 1, 0, 0], np.float32)


LASOT = Layout(
    "lasot",
    "train, test",
    _sequences,
    _annotations,
    _read,
    lambda sequence, i: f"{sequence}/img/{i + 1:08d}.jpg",
    whole="train",
)
