"""UAV123, UAV20L and UAVDT (single object)."""

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


def list_uav(root: Path) -> Loaders:
    """data_seq/UAV123/<folder>/000001.jpg, anno/UAV123/<seq>.txt; NaN where the target is out of view."""
    return _list(root, "uav", root / "anno" / "UAV123")


def list_uav20l(root: Path) -> Loaders:
    """UAV123's images with boxes of their own, anno/UAV20L/<seq>.txt: person2 here is not UAV123's person2_1."""
    return _list(root, "uav20l", root / "anno" / "UAV20L")


def _list(root: Path, dataset: str, annotations: Path) -> Loaders:
    """pytracking's names: the data set's tag before each."""
    images = root / "data_seq" / "UAV123"
    return {
        f"{dataset}_{name}": partial(_read, f"{dataset}_{name}", dataset, annotations / f"{name}.txt", images, name, s)
        for name, s in read_specs(dataset).items()
    }


def list_uavdt(root: Path) -> Loaders:
    """UAV-benchmark-S/<seq>/img000001.jpg and UAV-benchmark-SOT_v1.0/anno/<seq>_gt.txt as the two archives unpack, or
    without these folders; sequences/ and annotations/ are seen too."""
    images = existing(root / "UAV-benchmark-S", root / "sequences", root / "seq", root)
    official = root / "UAV-benchmark-SOT_v1.0" / "anno"
    annotations = existing(official, root / "anno", root / "annotations")
    return {
        name: partial(_read, name, "uavdt", annotations / f"{name}_gt.txt", images, name, spec)
        for name, spec in read_specs("uavdt").items()
    }


def _read(name: str, dataset: str, annotation: Path, images: Path, folder: str, spec: SequenceSpec) -> Sequence:
    boxes = read_annotation(annotation, spec)
    return Sequence(name, dataset, boxes, numbered_source(images / (spec.folder or folder), spec, len(boxes)))
