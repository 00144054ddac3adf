"""GOT-10k (Huang et al., TPAMI 2021): ``{train,val}/GOT-10k_{Train,Val}_%06d/`` with pictures ``%08d.jpg`` (from 1),
``groundtruth.txt``, ``absence.label``, ``cover.label`` and ``meta_info.ini``.

Splits: the official ``train`` (9,335 videos) and ``val`` (180), and pytracking's division of ``train`` for networks
in the VOT challenge: ``vottrain`` (7,086) for training and ``votval`` (1,249) for validation; the other 1,000 are not
allowed there. The lists count from 0, as in pytracking: number i is video i + 1.
The evaluation uses ``val/list.txt`` and ``test/list.txt``; of the test set only the first box is public.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ltr.dataset.layouts import base
from ltr.dataset.layouts.base import Benchmark, Layout, SequenceFiles, read_list

ABSENCE, COVER, META = "absence.label", "cover.label", "meta_info.ini"
_TRAIN, _VAL = 9335, 180


def files_of(root: Path, name: str) -> SequenceFiles:
    """The sequence of the folder ``name``. Absent: flagged, or not visible (cover 0 of 8)."""
    folder = root / name
    truth, flags = folder / "groundtruth.txt", (folder / ABSENCE,)
    return SequenceFiles(name, truth, folder, flags=flags, cover=folder / COVER)


def _validation(root: Path) -> list[SequenceFiles]:
    found = (files_of(root, f"val/{name}") for name in read_list(root / "val" / "list.txt"))
    return [replace(files, meta=files.images / META) for files in found]


def _test(root: Path) -> list[SequenceFiles]:
    folder = root / "test"
    return [
        SequenceFiles(name, folder / name / "groundtruth.txt", folder / name, first_box_only=True)
        for name in read_list(folder / "list.txt")
    ]


def _numbers(file: str) -> set[int]:
    return {int(word) for word in (base.SPECS / file).read_text(encoding="utf-8").split()}


def _sequences(root: Path, split: str) -> list[SequenceFiles]:
    if split == "val":
        return [files_of(root, f"val/GOT-10k_Val_{i:06d}") for i in range(1, _VAL + 1)]
    validation, excluded = _numbers("got10k_votval.txt"), _numbers("got10k_vot_excluded.txt")
    everything = set(range(_TRAIN))
    splits = {"train": everything, "vottrain": everything - validation - excluded, "votval": validation}
    if split not in splits:
        raise GOT10K.unknown(split)
    return [files_of(root, f"train/GOT-10k_Train_{i + 1:06d}") for i in sorted(splits[split])]


GOT10K = Layout(
    "got10k",
    "the folder that holds val/ and test/ of GOT-10k",
    {"got10k_val": Benchmark(_validation, "got10k"), "got10k_test": Benchmark(_test)},
    splits="train, val, vottrain, votval",
    sequences=_sequences,
    whole="train",
)
