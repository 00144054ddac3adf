"""LaSOT (Fan et al., CVPR 2019) and its extension subset: ``CLASS/CLASS-K/`` with pictures ``img/%08d.jpg`` (from 1),
``groundtruth.txt``, ``full_occlusion.txt`` and ``out_of_view.txt``.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ltr.data.media_files import number_order
from ltr.dataset.layouts.base import Benchmark, Layout, SequenceFiles, SequenceSpec, existing, read_specs

FLAGS = ("full_occlusion.txt", "out_of_view.txt")
_ANY = SequenceSpec()
_PER_CLASS = 20  # videos, CLASS-1 to CLASS-20


def files_of(folder: Path, spec: SequenceSpec = _ANY) -> SequenceFiles:
    """The sequence in a folder CLASS-K."""
    name = f"{folder.name.rpartition('-')[0]}/{folder.name}"
    flags = tuple(folder / file for file in FLAGS)
    return SequenceFiles(name, folder / "groundtruth.txt", folder / "img", spec, flags)


def _folder(root: Path, name: str) -> Path:
    return root / name.rpartition("-")[0] / name


def _benchmark(dataset: str, root: Path) -> list[SequenceFiles]:
    """Also finds sequences in ``root`` itself."""
    return [files_of(existing(_folder(root, name), root / name), spec) for name, spec in read_specs(dataset).items()]


def _sequences(root: Path, split: str) -> list[SequenceFiles]:
    test = read_specs("lasot")
    if split == "test":
        return [files_of(_folder(root, name), test[name]) for name in sorted(test, key=number_order)]
    if split != "train":
        raise LASOT.unknown(split)
    classes = sorted({name.rpartition("-")[0] for name in test})
    names = [f"{kind}-{i}" for kind in classes for i in range(1, _PER_CLASS + 1)]
    return [files_of(_folder(root, name)) for name in names if name not in test]


LASOT = Layout(
    "lasot",
    "the folder that holds airplane/airplane-1/, ...",
    {"lasot": Benchmark(partial(_benchmark, "lasot"), "lasot")},
    splits="train, test",
    sequences=_sequences,
    whole="train",
    first_pixel=1,
)
LASOT_EXTENSION = Layout(
    "lasot_extension_subset",
    "the folder that holds atv/atv-1/, ...",
    {"lasot_extension_subset": Benchmark(partial(_benchmark, "lasot_extension_subset"), "lasot")},
)
