"""GOT-10k (Huang et al., TPAMI 2021): ``{train,val}/GOT-10k_{Train,Val}_%06d/`` with pictures ``%08d.jpg`` (from 1),
``groundtruth.txt``, ``absence.label`` and ``cover.label``.

Splits: the official ``train`` (9,335 videos) and ``val`` (180), and pytracking's division of ``train`` for networks
that shall run in the VOT challenge: ``vottrain`` (7,086) to train on and ``votval`` (1,249) to validate on; the other
1,000 may not be used there. The numbers in the lists count from 0, as in pytracking: number i is video i + 1.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ltr.dataset.image_sequences import Layout, read_split, without_absent
from ltr.dataset.text_files import read_boxes, read_flags, read_labels

_TRAIN, _VAL = 9335, 180


def _sequences(root: Path, split: str) -> list[str]:
    del root
    if split == "val":
        return [f"val/GOT-10k_Val_{i:06d}" for i in range(1, _VAL + 1)]
    validation = {int(word) for word in read_split("got10k_votval.txt")}
    excluded = {int(word) for word in read_split("got10k_vot_excluded.txt")}
    everything = set(range(_TRAIN))
    splits = {"train": everything, "vottrain": everything - validation - excluded, "votval": validation}
    if split not in splits:
        raise GOT10K.unknown(split)
    return [f"train/GOT-10k_Train_{i + 1:06d}" for i in sorted(splits[split])]


def _annotations(sequence: str) -> list[str]:
    return [f"{sequence}/{name}" for name in ("groundtruth.txt", "absence.label", "cover.label")]


def _read(root: Path, sequence: str) -> np.ndarray:
    """Absent: said to be, or nothing of it to be seen (cover 0 of 8), or a box without area."""
    truth, absence, cover = (root / file for file in _annotations(sequence))
    return without_absent(read_boxes(truth), {absence: read_flags(absence), cover: read_labels(cover, highest=8) == 0})


GOT10K = Layout(
    "got10k",
    "train, val, vottrain, votval",
    _sequences,
    _annotations,
    _read,
    lambda sequence, i: f"{sequence}/{i + 1:08d}.jpg",
    whole="train",
)
