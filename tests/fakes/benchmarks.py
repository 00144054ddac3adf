"""Every benchmark as it lies on disk, tiny: a sequence or two each, and the list of sequences cut to them."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from ltr.dataset.layouts import base as listing
from tests.fakes.videos import write_images

ROWS = "".join(f"{i},2,30,40\n" for i in range(1, 4))
LASOT_FLAGS = {"full_occlusion.txt": "0,1,0", "out_of_view.txt": "0\n0\n0\n"}  # both layouts are seen


def images(folder: Path, numbers: Iterable[int], name: str = "{:08d}.jpg") -> None:
    """Numbered frames 0, 1, ... under the names of ``numbers``."""
    write_images(folder, [name.format(number) for number in numbers])


def text(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def _otb(root: Path) -> None:
    images(root / "David" / "img", range(299, 304), "{:04d}.jpg")  # more images than rows
    text(root / "David" / "groundtruth_rect.txt", ROWS)
    images(root / "Human4" / "img", range(1, 4), "{:04d}.jpg")
    text(root / "Human4" / "groundtruth_rect.2.txt", ROWS.replace(",", "\t"))


def _uav(root: Path) -> None:
    images(root / "data_seq" / "UAV123" / "car1", range(1, 6), "{:06d}.jpg")
    text(root / "anno" / "UAV123" / "car1_2.txt", "1,2,30,40\nNaN,NaN,NaN,NaN\n3,2,30,40\n")
    text(root / "anno" / "UAV20L" / "car1.txt", "".join(f"{i},2,30,40\n" for i in range(1, 6)))


def _nfs(root: Path) -> None:
    images(root / "bee" / "30" / "bee", range(1, 5), "{:05d}.jpg")  # one image more than every eighth row
    rows = [f'0 {(i // 8) + 1} 2 {(i // 8) + 31} 42 {i + 1} 0 0 1 "bee"\n' for i in range(17)]
    text(root / "bee" / "30" / "bee.txt", "".join(rows))


def _lasot(root: Path) -> None:
    for name in ("airplane", "atv"):
        folder = root / name / f"{name}-1"
        images(folder / "img", range(1, 4))
        text(folder / "groundtruth.txt", ROWS)
        for flags, content in LASOT_FLAGS.items():
            text(folder / flags, content)


def _trackingnet(root: Path) -> None:
    images(root / "TEST" / "frames" / "-Dz7OIf54b0_0", range(11), "{}.jpg")  # not padded: 10.jpg follows 9.jpg
    text(root / "TEST" / "anno" / "-Dz7OIf54b0_0.txt", "1.0,2.0,30.0,40.0\n")


def _got10k(root: Path) -> None:
    for subset, name in (("val", "GOT-10k_Val_000001"), ("test", "GOT-10k_Test_000001")):
        text(root / subset / "list.txt", f"{name}\n")
        images(root / subset / name, range(1, 4))
        text(root / subset / name / "groundtruth.txt", "1.0,2.0,30.0,40.0\n" * (3 if subset == "val" else 1))
    val = root / "val" / "GOT-10k_Val_000001"
    text(val / "absence.label", "0\n1\n0\n")
    text(val / "cover.label", "8\n4\n0\n")
    text(val / "cut_by_image.label", "0\n0\n0\n")
    text(val / "meta_info.ini", "[METAINFO]\nanno_fps: 10Hz\nresolution: (64, 48)\n")


def _dtb70(root: Path) -> None:
    images(root / "Yacht2" / "img", range(1, 4), "{:05d}.jpg")
    text(root / "Yacht2" / "groundtruth_rect.txt", ROWS)


def _uavdt(root: Path) -> None:
    images(root / "UAV-benchmark-S" / "S0101", range(1, 4), "img{:06d}.jpg")
    text(root / "UAV-benchmark-SOT_v1.0" / "anno" / "S0101_gt.txt", ROWS)


def _vot(root: Path) -> None:
    text(root / "list.txt", "ants1\n")
    images(root / "ants1" / "color", range(1, 4))
    text(root / "ants1" / "sequence", "channels.color=color/%08d.jpg\nlength=3\nfps=30\nwidth=64\nheight=48\n")
    text(root / "ants1" / "groundtruth.txt", "1,2,31,2,31,42,1,42\n2,2,30,40\n")  # one row short: unknown
    text(root / "ants1" / "occlusion.tag", "0\n1\n")


_WRITERS: dict[str, Callable[[Path], None]] = {
    "otb": _otb, "otb50": _otb, "otb2013": _otb, "uav": _uav, "uav20l": _uav, "nfs": _nfs, "lasot": _lasot,
    "lasot_extension_subset": _lasot, "trackingnet": _trackingnet, "got10k_val": _got10k, "got10k_test": _got10k,
    "dtb70": _dtb70, "uavdt": _uavdt, "vot": _vot,
}  # fmt: skip
_SECOND_TARGET: dict[str, object] = {"folder": "Human4", "annotation": "groundtruth_rect.2.txt"}
_SPECS: dict[str, dict[str, dict[str, object]]] = {
    "otb": {"David": {"frames": 3, "first": 300}, "Human4_2": {"frames": 3, **_SECOND_TARGET}},
    "uav": {"car1_2": {"frames": 3, "folder": "car1", "first": 3}},
    "uav20l": {"car1": {"frames": 5}},
    "nfs": {"bee": {"frames": 3}},
    "lasot": {"airplane-1": {"frames": 3}},
    "lasot_extension_subset": {"atv-1": {}},
    "trackingnet": {"-Dz7OIf54b0_0": {}},
    "dtb70": {"Yacht2": {"frames": 3}},
    "uavdt": {"S0101": {"frames": 3}},
}  # fmt: skip
NAN = (np.nan,) * 4
_MOVING = [(i, 2, 30, 40) for i in range(1, 6)]
_DAVID, _HUMAN = ([1, 2, 3], _MOVING[:3]), ([0, 1, 2], _MOVING[:3])
EXPECTED: dict[str, dict[str, tuple[list[int], list[tuple[float, ...]]]]] = {
    "otb": {"David": _DAVID, "Human4_2": _HUMAN},
    "otb50": {"David": _DAVID, "Human4_2": _HUMAN},
    "otb2013": {"David": _DAVID},
    "uav": {"uav_car1_2": ([2, 3, 4], [_MOVING[0], NAN, _MOVING[2]])},
    "uav20l": {"uav20l_car1": ([0, 1, 2, 3, 4], _MOVING)},
    "nfs": {"nfs_bee": ([0, 1, 2], _MOVING[:3])},
    "lasot": {"airplane-1": ([0, 1, 2], [_MOVING[0], NAN, _MOVING[2]])},
    "lasot_extension_subset": {"atv-1": ([0, 1, 2], [_MOVING[0], NAN, _MOVING[2]])},
    "trackingnet": {"-Dz7OIf54b0_0": (list(range(11)), _MOVING[:1])},
    "got10k_val": {"GOT-10k_Val_000001": ([0, 1, 2], [_MOVING[0], NAN, NAN])},
    "got10k_test": {"GOT-10k_Test_000001": ([0, 1, 2], _MOVING[:1])},
    "dtb70": {"dtb70_Yacht2": ([0, 1, 2], _MOVING[:3])},
    "uavdt": {"S0101": ([0, 1, 2], _MOVING[:3])},
    "vot": {"vot_ants1": ([0, 1, 2], [_MOVING[0], _MOVING[1], NAN])},
}  # data set -> sequence -> numbers of its frames, boxes


def write_benchmark(name: str, root: Path) -> None:
    """The data set ``name`` in its official layout under ``root``; its sequences and boxes are ``EXPECTED[name]``."""
    _WRITERS[name](root)


def use_specs(folder: Path) -> Path:
    """A folder of short lists for ``listing.SPECS``, of what :func:`write_benchmark` writes."""
    folder.mkdir(parents=True)
    for name, sequences in _SPECS.items():
        text(folder / f"{name}.json", json.dumps({"sequences": sequences}))
    for name in ("otb50", "otb2013"):
        published = json.loads((listing.SPECS / f"{name}.json").read_text())
        text(folder / f"{name}.json", json.dumps({**published, "sequences": list(EXPECTED[name])}))
    return folder
