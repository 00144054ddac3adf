"""OTB-100 with its subsets, and DTB70, which has the same layout."""

from functools import partial
from pathlib import Path

from ltr.dataset.layouts.base import Benchmark, Layout, SequenceFiles, existing, read_specs


def _list(specs: str, root: Path) -> list[SequenceFiles]:
    """<Seq>/img/0001.jpg, <Seq>/groundtruth_rect.txt; Jogging, Skating2 and Human4 have one file per target."""
    found = []
    for name, spec in read_specs(specs).items():
        folder = root / (spec.folder or name)
        images = existing(folder / "img", folder / "jpg")  # some copies of KiteSurf have jpg/
        found.append(SequenceFiles(name, folder / (spec.annotation or "groundtruth_rect.txt"), images, spec))
    return found


OTB = Layout(
    "otb",
    "the folder that holds Basketball/, Biker/, ... of OTB-100",
    # the tag is "otb" for all: their sequences are the same
    {name: Benchmark(partial(_list, name), "otb", tag="otb") for name in ("otb", "otb50", "otb2013")},
)
DTB70 = Layout(
    "dtb70",
    "the folder that holds Animal1/, Animal2/, ...",
    # some names are OTB's too
    {"dtb70": Benchmark(partial(_list, "dtb70"), "dtb70", prefix="dtb70_")},
)
