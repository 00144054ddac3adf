"""Need for Speed at 30 fps, as downloaded or repacked for pytracking."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ltr.data.media_files import image_files
from ltr.dataset.layouts.base import Benchmark, Layout, SequenceFiles, read_specs
from ltr.dataset.text_files import read_text
from ltr.utils.errors import InputError

RATIO = 8  # 240 fps to 30 fps


class _OfficialFiles(SequenceFiles):
    """A sequence as downloaded."""

    def read_boxes(self) -> NDArray[np.float64]:
        """Every eighth line: the 30 fps files hold the lines of 240 fps, each id, x0, y0, x1, y1, flags, "label"."""
        lines = read_text(self.boxes).rstrip().splitlines()
        blank = next((number for number, line in enumerate(lines, start=1) if not line.strip()), None)
        if blank is not None:
            raise InputError(f"{self.boxes}:{blank}: a blank line shifts those after it")
        boxes = []
        for number, line in enumerate(lines[::RATIO]):
            try:
                x0, y0, x1, y1 = (float(word) for word in line.split()[1:5])
            except ValueError:
                where = f"{self.boxes}:{number * RATIO + 1}"
                raise InputError(f"{where}: expected id, x0, y0, x1, y1, found {line!r}") from None
            boxes.append([x0, y0, x1 - x0, y1 - y0])
        return np.array(boxes).reshape(-1, 4)

    def pictures(self, count: int | None) -> list[Path]:
        """Ten sequences have one image more than boxes; other differences mean another frame rate."""
        found = len(image_files(self.images))
        if count is not None and found - count not in (0, 1):
            raise InputError(
                f"{self.images}: {found} images, expected {count} (every eighth line of {self.boxes.name})"
            )
        return super().pictures(count)


def _list(root: Path) -> list[SequenceFiles]:
    """<seq>/30/<seq>/00001.jpg, <seq>/30/<seq>.txt as downloaded, or sequences/<seq>/00001.jpg, anno/nfs_<seq>.txt.

    The boxes of the two forms differ slightly.
    """
    if (root / "anno").is_dir():
        return [
            SequenceFiles(name, root / "anno" / f"nfs_{name}.txt", root / "sequences" / name, spec)
            for name, spec in read_specs("nfs").items()
        ]
    places = {name: root / name / "30" / name for name in read_specs("nfs")}
    return [_OfficialFiles(name, place.with_suffix(".txt"), place) for name, place in places.items()]


NFS = Layout(
    "nfs",
    "the folder that holds airboard_1/30/, ... as downloaded, or sequences/ and anno/",
    {"nfs": Benchmark(_list, "nfs", prefix="nfs_")},  # pytracking's names
)
