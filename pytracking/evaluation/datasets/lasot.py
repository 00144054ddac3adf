"""LaSOT's test set and its extension subset."""

from functools import partial
from pathlib import Path

from pytracking.evaluation.datasets.base_dataset import (
    Loaders,
    SequenceSpec,
    existing,
    numbered_source,
    read_annotation,
    read_specs,
)
from pytracking.evaluation.datasets.sequence import Sequence

FLAGS = ("full_occlusion.txt", "out_of_view.txt")


def list_lasot(root: Path, dataset: str = "lasot") -> Loaders:
    """<class>/<class>-<k>/img/00000001.jpg, groundtruth.txt, full_occlusion.txt, out_of_view.txt.

    dataset: the list, "lasot" (280 sequences) or "lasot_extension_subset" (150). Sequences that lie in ``root`` itself
    are found too.
    """
    return {name: partial(_read, root, dataset, name, spec) for name, spec in read_specs(dataset).items()}


def _read(root: Path, dataset: str, name: str, spec: SequenceSpec) -> Sequence:
    folder = existing(root / name.rsplit("-", 1)[0] / name, root / name)
    boxes = read_annotation(folder / "groundtruth.txt", spec, [folder / flags for flags in FLAGS])
    return Sequence(name, dataset, boxes, numbered_source(folder / "img", spec, len(boxes)))
