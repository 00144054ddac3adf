"""UAV123, UAV20L and UAVDT (single object)."""

from functools import partial
from pathlib import Path

from ltr.dataset.layouts.base import Benchmark, Layout, SequenceFiles, existing, read_specs


def _list_uav(dataset: str, folder: str, root: Path) -> list[SequenceFiles]:
    """data_seq/UAV123/<folder>/000001.jpg, anno/UAV123/<seq>.txt, NaN where the target is out of view.

    UAV20L has UAV123's images with its own boxes, anno/UAV20L/<seq>.txt: its person2 is not UAV123's person2_1.
    """
    images = root / "data_seq" / "UAV123"
    return [
        SequenceFiles(name, root / "anno" / folder / f"{name}.txt", images / (spec.folder or name), spec)
        for name, spec in read_specs(dataset).items()
    ]


def _list_uavdt(root: Path) -> list[SequenceFiles]:
    """UAV-benchmark-S/<seq>/img000001.jpg and UAV-benchmark-SOT_v1.0/anno/<seq>_gt.txt as the two archives unpack, or
    without these folders; or sequences/ and annotations/."""
    images = existing(root / "UAV-benchmark-S", root / "sequences", root / "seq", root)
    annotations = existing(root / "UAV-benchmark-SOT_v1.0" / "anno", root / "anno", root / "annotations")
    return [
        SequenceFiles(name, annotations / f"{name}_gt.txt", images / name, spec)
        for name, spec in read_specs("uavdt").items()
    ]


UAV = Layout(
    "uav",
    "the folder that holds data_seq/UAV123/, anno/UAV123/ and anno/UAV20L/",
    {
        name: Benchmark(partial(_list_uav, name, folder), "uav", prefix=f"{name}_", writes_nan=True)
        for name, folder in (("uav", "UAV123"), ("uav20l", "UAV20L"))
    },
)
UAVDT = Layout(
    "uavdt",
    "the folder that holds UAV-benchmark-S/ and UAV-benchmark-SOT_v1.0/",
    {"uavdt": Benchmark(_list_uavdt, "uavdt")},
)
