"""TrackingNet (Müller et al., ECCV 2018): ``TRAIN_K/anno/SEQ.txt`` and ``TRAIN_K/frames/SEQ/N.jpg`` (from 0).

A split selects some of the twelve training sets of 2,511 videos: ``0-11`` (all), ``0-3`` (pytracking's choice), ``5``.
The evaluation uses ``TEST``, of which only the first box is public.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ltr.dataset.layouts.base import Benchmark, Layout, SequenceFiles, SequenceSpec, read_specs

SETS = 12
VIDEOS_PER_SET = 2511
_FROM_0 = SequenceSpec(first=0)


def chosen_sets(split: str) -> range:
    """The training sets of a split ``A-B`` or ``A``."""
    match = re.fullmatch(r"(\d+)(?:-(\d+))?", split)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (SETS, SETS)
    if not first <= last < SETS:
        raise TRACKINGNET.unknown(split)
    return range(first, last + 1)


def files_of(part: Path, names: Iterable[str], first_box_only: bool = False) -> list[SequenceFiles]:
    """The sequences of these names in the folder TRAIN_K or TEST."""
    boxes, images = part / "anno", part / "frames"
    return [
        SequenceFiles(
            f"{part.name}/{name}",
            boxes / f"{name}.txt",
            images / name,
            _FROM_0,
            first_box_only=first_box_only,
            picture="{}.jpg",
        )
        for name in names
    ]


def _test(root: Path) -> list[SequenceFiles]:
    return files_of(root / "TEST", read_specs("trackingnet"), first_box_only=True)


def _sequences(root: Path, split: str) -> list[SequenceFiles]:
    """The sequences found in ``anno``: too many names to ship."""
    found = []
    for part in (root / f"TRAIN_{k}" for k in chosen_sets(split)):
        if not (part / "anno").is_dir():
            raise FileNotFoundError(f"trackingnet {split}: {part / 'anno'} does not exist")
        found += files_of(part, sorted(path.stem for path in (part / "anno").glob("*.txt")))
    return found


TRACKINGNET = Layout(
    "trackingnet",
    "the folder that holds TEST/frames/ and TEST/anno/",
    {"trackingnet": Benchmark(_test, "trackingnet")},
    splits="0-11, 0-3, 5 and so on",
    sequences=_sequences,
    whole=f"0-{SETS - 1}",
    count=lambda split: VIDEOS_PER_SET * len(chosen_sets(split)),
)
