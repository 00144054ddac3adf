"""OTB-100 with its subsets, and DTB70, which is laid out like it."""

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

ANNOTATION = "groundtruth_rect.txt"


def list_otb(root: Path, version: str = "otb") -> Loaders:
    """<Seq>/img/0001.jpg, <Seq>/groundtruth_rect.txt; Jogging, Skating2 and Human4 have one file a target.

    version: the list, "otb" (OTB-100), "otb50" or "otb2013". The tag is "otb" for all: their sequences are the same.
    """
    return {name: partial(_read, root, "otb", name, spec) for name, spec in read_specs(version).items()}


def list_dtb70(root: Path) -> Loaders:
    """<Seq>/img/00001.jpg, <Seq>/groundtruth_rect.txt. Some names are OTB's too, hence ``dtb70_`` before each."""
    specs = read_specs("dtb70")
    return {f"dtb70_{name}": partial(_read, root, "dtb70", name, spec, "dtb70_") for name, spec in specs.items()}


def _read(root: Path, dataset: str, name: str, spec: SequenceSpec, prefix: str = "") -> Sequence:
    folder = root / (spec.folder or name)
    boxes = read_annotation(folder / (spec.annotation or ANNOTATION), spec)
    images = existing(folder / "img", folder / "jpg")  # KiteSurf is seen with jpg/
    return Sequence(prefix + name, dataset, boxes, numbered_source(images, spec, len(boxes)))
