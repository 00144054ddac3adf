"""GOT-10k's validation and test sets, and TrackingNet's test set."""

from functools import partial
from pathlib import Path

from ltr.dataset.text_files import read_boxes, read_flags, read_labels, read_resolution
from pytracking.evaluation.datasets.base_dataset import Loaders, blank, numbered_frames, read_list, read_specs
from pytracking.evaluation.datasets.sequence import Sequence


def list_got10k(root: Path, subset: str) -> Loaders:
    """<subset>/list.txt, <subset>/<Seq>/00000001.jpg, groundtruth.txt; of the test set the first box alone is public.

    subset: "val", with absence.label, cover.label and meta_info.ini, or "test".
    """
    folder = root / subset
    return {name: partial(_read_got10k, folder / name, subset) for name in read_list(folder / "list.txt")}


def _read_got10k(folder: Path, subset: str) -> Sequence:
    boxes = read_boxes(folder / "groundtruth.txt")
    if subset == "test":
        return Sequence(folder.name, "got10k_test", boxes[:1], partial(numbered_frames, folder, 1))
    absence, cover = folder / "absence.label", folder / "cover.label"
    blank(boxes, read_flags(absence), absence)
    if cover.is_file():  # 0 to 8 eighths of the target visible: the toolkit leaves out frames of 0
        blank(boxes, read_labels(cover, highest=8) == 0, cover)
    source = partial(numbered_frames, folder, 1, len(boxes))
    meta = folder / "meta_info.ini"
    size = read_resolution(meta) if meta.is_file() else None
    return Sequence(folder.name, "got10k_val", boxes, source, size)


def list_trackingnet(root: Path) -> Loaders:
    """TEST/frames/<seq>/0.jpg, TEST/anno/<seq>.txt; the first box alone is public. Numbers start at 0, unpadded."""
    return {name: partial(_read_trackingnet, root / "TEST", name) for name in read_specs("trackingnet")}


def _read_trackingnet(folder: Path, name: str) -> Sequence:
    first_box = read_boxes(folder / "anno" / f"{name}.txt")[:1]
    return Sequence(name, "trackingnet", first_box, partial(numbered_frames, folder / "frames" / name, 0))
