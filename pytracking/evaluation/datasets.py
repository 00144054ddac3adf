"""Data sets by name, read as they are published. Reading one looks at annotations only, never at an image.

Layouts and traps: the toolkits of the benchmarks, pytracking and got10k. What is not in a data set's own files (which
image a first row belongs to, folders shared by sequences, number of rows) is in ``specs/*.json``.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pytracking.evaluation.data import Sequence
from pytracking.evaluation.demo import demo_sequence
from pytracking.evaluation.environment import benchmark_root
from pytracking.evaluation.results import read_boxes, read_flags
from pytracking.evaluation.video import FrameSource, cropped, image_files, open_images, open_video

SPECS = Path(__file__).parent / "specs"
FOLDER = "folder:"
ANNOTATION = "groundtruth_rect.txt"
NFS_RATIO = 8  # 240 fps to 30 fps


@dataclass(frozen=True)
class SequenceSpec:
    """What ``specs/*.json`` says of a sequence.

    frames: rows of the annotation file. first: number of the image of its first row. skip: rows and images left out
    at the start. folder: where the images lie, if not under the sequence's name. annotation: name of the file.
    """

    frames: int
    first: int = 1
    skip: int = 0
    folder: str = ""
    annotation: str = ANNOTATION


def get_dataset(name: str, paths: Path | None = None) -> list[Sequence]:
    """The sequences of ``folder:DIR`` or of a data set in ``DATASETS``.

    paths: the TOML file of ``environment.py``, if not the usual one. Raises ValueError or FileNotFoundError: unknown
    name, unknown path, an annotation that is missing or not as published.
    """
    if name.startswith(FOLDER):
        return read_folder(Path(name.removeprefix(FOLDER)).expanduser())
    if name == "demo":
        return [demo_sequence()]
    if name not in DATASETS:
        raise ValueError(f"unknown data set {name!r}; there are {FOLDER}DIR, demo, {', '.join(DATASETS)}")
    key, read = DATASETS[name]
    return read(benchmark_root(key, paths))


def select(sequences: list[Sequence], which: str | None) -> list[Sequence]:
    """All ``sequences``, or the one of that name or (where no name matches) of that index, from 0."""
    if which is None:
        return sequences
    named = [s for s in sequences if s.name == which]
    if named:
        return named
    if which.isdecimal() and int(which) < len(sequences):
        return [sequences[int(which)]]
    names = ", ".join(s.name for s in sequences[:12]) + (", ..." if len(sequences) > 12 else "")
    raise ValueError(f"no sequence {which!r}: expected an index from 0 to {len(sequences) - 1} or one of {names}")


def read_folder(root: Path) -> list[Sequence]:
    """``root``/<Seq>/groundtruth_rect.txt beside img/*.jpg|png or frames.mp4, in the order of the names."""
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder of sequences")
    annotations = sorted(root.glob(f"*/{ANNOTATION}"))
    if not annotations:
        raise FileNotFoundError(f"{root}: holds no <Sequence>/{ANNOTATION}")
    return [Sequence(p.parent.name, "folder", read_boxes(p), partial(_folder_frames, p.parent)) for p in annotations]


def _folder_frames(folder: Path) -> FrameSource:
    """frames.mp4 (cut to the size in meta.json, since encoders pad odd sides by a pixel), or else img/."""
    video, meta = folder / "frames.mp4", folder / "meta.json"
    if not video.is_file():
        return open_images(image_files(folder / "img"), str(folder))
    source = open_video(video)
    if not meta.is_file():
        return source
    size = json.loads(meta.read_text(encoding="utf-8"))
    return cropped(source, int(size["width"]), int(size["height"]))


def read_otb(root: Path) -> list[Sequence]:
    """OTB-100: <Seq>/img/0001.jpg, <Seq>/groundtruth_rect.txt; Jogging, Skating2 and Human4 have one file a target."""

    def locate(name: str, spec: SequenceSpec) -> tuple[Path, Path]:
        folder = root / (spec.folder or name)
        images = next((folder / sub for sub in ("img", "jpg") if (folder / sub).is_dir()), folder / "img")
        return images, folder / spec.annotation  # KiteSurf is seen with jpg/ too

    return _read_listed("otb", locate)


def read_uav(root: Path) -> list[Sequence]:
    """UAV123: data_seq/UAV123/<folder>/000001.jpg, anno/UAV123/<seq>.txt; NaN where the target is out of view."""
    images, annotations = root / "data_seq" / "UAV123", root / "anno" / "UAV123"
    return _read_listed("uav", lambda name, spec: (images / (spec.folder or name), annotations / f"{name}.txt"))


def read_nfs(root: Path) -> list[Sequence]:
    """Need for Speed at 30 fps, as downloaded (<seq>/30/<seq>/00001.jpg, <seq>/30/<seq>.txt), or in the form that
    pytracking wants (sequences/<seq>/00001.jpg, anno/nfs_<seq>.txt)."""
    sequences = []
    for file in sorted(root.glob("*/30/*.txt")):
        source = partial(_nfs_frames, file.with_suffix(""), len(boxes := _read_nfs_boxes(file)))
        sequences.append(Sequence(file.stem, "nfs", boxes, source))
    for file in sorted(root.glob("anno/nfs_*.txt")):
        name = file.stem.removeprefix("nfs_")
        source = partial(_numbered_frames, root / "sequences" / name, 1, len(boxes := read_boxes(file)))
        sequences.append(Sequence(name, "nfs", boxes, source))
    if not sequences:
        raise FileNotFoundError(f"{root}: holds neither <seq>/30/<seq>.txt nor anno/nfs_<seq>.txt")
    return sequences


def _read_nfs_boxes(file: Path) -> NDArray[np.float64]:
    """Every eighth line: the 30 fps files hold the lines of 240 fps. A line is id, x0, y0, x1, y1, flags, "label"."""
    boxes = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines()[::NFS_RATIO]):
        try:
            x0, y0, x1, y1 = (float(word) for word in line.split()[1:5])
        except ValueError:
            raise ValueError(f"{file}:{number * NFS_RATIO + 1}: expected id, x0, y0, x1, y1, found {line!r}") from None
        boxes.append([x0, y0, x1 - x0, y1 - y0])
    return np.array(boxes).reshape(-1, 4)


def _nfs_frames(folder: Path, count: int) -> FrameSource:
    """The first ``count`` images; ten sequences have one more, any other number means that the rates differ."""
    found = len(image_files(folder))
    if found - count not in (0, 1):
        raise ValueError(f"{folder}: {found} images, expected {count} (every eighth line of {folder.name}.txt)")
    return _numbered_frames(folder, 1, count)


def read_dtb70(root: Path) -> list[Sequence]:
    """DTB70: <Seq>/img/00001.jpg, <Seq>/groundtruth_rect.txt."""
    return _read_listed("dtb70", lambda name, spec: (root / name / "img", root / name / spec.annotation))


def read_lasot(root: Path) -> list[Sequence]:
    """LaSOT's test set: <class>/<class>-<k>/img/00000001.jpg, groundtruth.txt, full_occlusion.txt, out_of_view.txt."""

    def locate(name: str, spec: SequenceSpec) -> tuple[Path, Path]:
        folder = root / name.rsplit("-", 1)[0] / name
        return folder / "img", folder / "groundtruth.txt"

    return _read_listed("lasot", locate, ("full_occlusion.txt", "out_of_view.txt"))


def read_got10k_val(root: Path) -> list[Sequence]:
    """GOT-10k's validation set: val/list.txt, val/<Seq>/00000001.jpg, groundtruth.txt, absence.label."""
    listing = root / "val" / "list.txt"
    if not listing.is_file():
        raise FileNotFoundError(f"{listing}: no such list of sequences")
    sequences = []
    for name in listing.read_text(encoding="utf-8").split():
        folder = root / "val" / name
        boxes = read_boxes(folder / "groundtruth.txt")
        _blank_where_flagged(boxes, folder / "absence.label")
        sequences.append(Sequence(name, "got10k_val", boxes, partial(_numbered_frames, folder, 1, len(boxes))))
    return sequences


def _read_listed(
    dataset: str, locate: Callable[[str, SequenceSpec], tuple[Path, Path]], flag_files: tuple[str, ...] = ()
) -> list[Sequence]:
    """The sequences of specs/<dataset>.json; ``locate`` gives the folder of images and the annotation file."""
    listed = json.loads((SPECS / f"{dataset}.json").read_text(encoding="utf-8"))["sequences"]
    sequences = []
    for name, fields in listed.items():
        spec = SequenceSpec(**fields)
        images, annotation = locate(name, spec)
        boxes = read_boxes(annotation)
        if len(boxes) != spec.frames:
            raise ValueError(f"{annotation}: {len(boxes)} boxes, while {dataset} as published has {spec.frames}")
        for flags in flag_files:
            _blank_where_flagged(boxes, annotation.with_name(flags))
        source = partial(_numbered_frames, images, spec.first + spec.skip, spec.frames - spec.skip)
        sequences.append(Sequence(name, dataset, boxes[spec.skip :], source))
    return sequences


def _blank_where_flagged(boxes: NDArray[np.float64], file: Path) -> None:
    """Set the rows of ``boxes`` [n, 4] to NaN where ``file`` flags the target as absent."""
    flags = read_flags(file)
    if len(flags) != len(boxes):
        raise ValueError(f"{file}: {len(flags)} flags for {len(boxes)} boxes")
    boxes[flags] = np.nan


def _numbered_frames(folder: Path, first: int, count: int) -> FrameSource:
    """Images ``first`` to ``first + count - 1`` by the number in their names, however padded and of whatever suffix.

    Folders hold more images than annotated ones (David, Diving, Freeman3), so the number decides, not the order.
    """
    by_number = {int(p.stem): p for p in image_files(folder) if p.stem.isdecimal()}
    missing = next((n for n in range(first, first + count) if n not in by_number), None)
    if missing is not None:
        raise FileNotFoundError(f"{folder}: no image {missing}, expected {first} to {first + count - 1}")
    return open_images([by_number[n] for n in range(first, first + count)], str(folder))


DATASETS: dict[str, tuple[str, Callable[[Path], list[Sequence]]]] = {  # name -> key in the paths file, reader
    "otb": ("otb", read_otb),
    "uav": ("uav", read_uav),
    "nfs": ("nfs", read_nfs),
    "lasot": ("lasot", read_lasot),
    "got10k_val": ("got10k", read_got10k_val),
    "dtb70": ("dtb70", read_dtb70),
}
