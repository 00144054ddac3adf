"""What ltr.util_scripts.check says of boxes that no training uses, and of files that are there but damaged."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ltr.dataset.layouts import TRAINED
from ltr.util_scripts.check import check_coco, check_layout, check_videos, main
from tests.fakes.datasets import noise_picture, write_boxes, write_coco, write_picture, write_sequences, write_video
from tests.fakes.layouts import FILES, only, write_got10k, write_lasot, write_trackingnet

BOXES = [(20.0, 20.0, 30.0, 30.0)] * 40  # in pictures of 160 x 120


def _coco(root: Path, boxes: list[tuple[float, ...]]) -> Path:
    """A COCO folder of one picture with these boxes and a crowd."""
    path = write_coco(root) / "annotations.json"
    content = json.loads(path.read_text())
    content["annotations"] = [
        {"id": i, "image_id": 1, "category_id": 1, "bbox": box} for i, box in enumerate(boxes, start=1)
    ] + [{"id": 99, "image_id": 1, "category_id": 1, "bbox": [1, 1, 90, 90], "iscrowd": 1}]
    path.write_text(json.dumps(content))
    return root


def _video(root: Path, boxes: list[tuple[float, ...]], name: str = "own") -> Path:
    """A folder of one sequence of pictures with these boxes."""
    for i in range(len(boxes)):
        write_picture(root / name / "img" / f"{i + 1}.jpg", noise_picture(0))
    write_boxes(root / name, boxes)
    return root


def test_unused_boxes_are_counted_by_reason(tmp_path: Path) -> None:
    boxes = [*BOXES, (400, 300, 50, 50), (5, 5, 0, 9), (5, 5, 3, 3), (0, 0, 155, 118)]
    report = check_coco(_coco(tmp_path / "coco", boxes), "")
    assert report.complete
    assert report.text().splitlines()[2:] == [
        "not used     1 box without an area   first: annotation 42",
        "not used     1 box outside the picture   first: annotation 41",
        "not used     2 boxes too small, thin or large   first: annotation 43",
        "not used     1 box of a crowd",
    ]
    nan = float("nan")
    boxes = [*BOXES, (140, 20, 41, 30), (nan, nan, nan, nan), (0, 0, 0, 0), (5, 5, 3, 30)]
    report = check_videos(_video(tmp_path / "videos", boxes))
    assert report.complete
    assert report.text().splitlines()[2:] == [
        "not used     2 boxes of absent targets   first: own, frame 42",
        "not used     1 box outside the picture   first: own, frame 41",
        "not used     1 box thinner than 4 px   first: own, frame 44",
    ]


WRONG: dict[str, Callable[[float, float, float, float], tuple[float, ...]]] = {
    "outside": lambda x, y, w, h: (x + 5000, y + 5000, w, h),
    "corners": lambda x, y, w, h: (x, y, x + w, y + h),
    "another size": lambda x, y, w, h: (4 * x, 4 * y, 4 * w, 4 * h),
    "relative": lambda x, y, w, h: (x / 160, y / 120, w / 160, h / 120),
}


@pytest.mark.parametrize("kind", WRONG)
def test_boxes_that_are_meant_otherwise_are_doubted(
    tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    right = [(float(x), float(y), 30.0, 28.0) for x, y in zip(rng.uniform(0, 130, 30), rng.uniform(0, 92, 30))]  # noqa: B905
    boxes = [WRONG[kind](*box) for box in right]
    _coco(tmp_path / "coco", boxes)
    _video(tmp_path / "videos", boxes)
    for name, root in (("coco", "coco"), ("video", "videos")):
        with pytest.raises(SystemExit) as stop:
            main([name, str(tmp_path / root)])
        assert stop.value.code == 1
        assert (
            "are they corners (x1, y1, x2, y2), made for pictures of another size, or relative"
            in capsys.readouterr().out
        )
    assert check_coco(_coco(tmp_path / "right", right), "").complete
    assert check_videos(_video(tmp_path / "right videos", right)).complete


TREES = {
    "lasot": (write_lasot, ["airplane/airplane-2", "zebra/zebra-1"], "train", "airplane/airplane-2/groundtruth.txt"),
    "got10k": (
        write_got10k,
        [f"train/GOT-10k_Train_{i:06d}" for i in (1, 2)],
        "train",
        "train/GOT-10k_Train_000001/groundtruth.txt",
    ),
    "trackingnet": (write_trackingnet, ["TRAIN_0/-a_1", "TRAIN_1/b_0"], "0-1", "TRAIN_0/anno/-a_1.txt"),
}


@pytest.mark.parametrize("name", TRAINED)
def test_the_published_layouts_are_looked_through_alike(tmp_path: Path, name: str) -> None:
    write, sequences, split, truth = TREES[name]
    layout = only(TRAINED[name], *sequences) if name in FILES else replace(TRAINED[name], count=None)
    root = write(tmp_path)
    report = check_layout(layout, root, split, decode=True)
    assert report.complete
    assert report.boxes.lines() == [f"not used     2 boxes of absent targets   first: {sequences[0]}, frame 3"]
    lines = (root / truth).read_text().splitlines()
    (root / truth).write_text("\n".join(["5000,20,30,30", *lines[1:]]))
    report = check_layout(layout, root, split)
    assert not report.complete
    assert f"1 box outside the picture   first: {sequences[0]}, frame 1" in report.text()
    assert "doubtful     1 of 4 boxes lie outside their pictures" in report.text()
    empty = layout.sequences(root, split)[1].picture_of(1)
    empty.write_bytes(b"")
    assert f"broken       1   first: {empty} is empty" in check_layout(layout, root, split).text()


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_damaged_pictures_are_found_by_decoding(tmp_path: Path) -> None:
    root = _video(tmp_path / "videos", BOXES[:4])
    _truncate(root / "own" / "img" / "3.jpg")
    assert check_videos(root).complete
    report = check_videos(root, decode=True)
    assert not report.complete
    assert "broken       1   first: cannot decode picture" in report.text()
    assert "img/3.jpg: the JPEG file is truncated" in report.text()
    (root / "own" / "img" / "2.jpg").write_bytes(b"")
    assert "img/2.jpg is empty" in check_videos(root).text()

    coco = write_coco(tmp_path / "coco")
    _truncate(coco / "images" / "1.jpg")
    assert check_coco(coco, "").complete
    assert "images/1.jpg: the JPEG file is truncated" in check_coco(coco, "", decode=True).text()
    (coco / "images" / "2.jpg").write_bytes(b"")
    report = check_coco(coco, "")
    assert not report.complete
    assert "images/2.jpg: empty" in report.text()


def test_a_damaged_video_is_found_by_decoding(tmp_path: Path) -> None:
    root = write_sequences(tmp_path)
    path = root / "film" / "frames.mp4"
    content = bytearray(path.read_bytes())
    start = content.index(b"mdat") + 200
    content[start : start + len(content) // 2] = bytes(len(content) // 2)
    path.write_bytes(content)
    assert not check_videos(root, decode=True).complete


def test_pictures_of_another_size_than_the_file_says(tmp_path: Path) -> None:
    path = write_coco(tmp_path) / "annotations.json"
    content = json.loads(path.read_text())
    content["images"][0].update(width=640, height=480)
    path.write_text(json.dumps(content))
    report = check_coco(tmp_path, "")
    assert not report.complete
    assert f"images/1.jpg is 160 x 120, where {path} says 640 x 480" in report.text()


def test_videos_have_the_size_of_their_frames(tmp_path: Path) -> None:
    write_video(tmp_path / "own" / "frames.mp4", [noise_picture(0)] * 20)
    write_boxes(tmp_path / "own", [*BOXES[:19], (150, 60, 40, 40)])
    report = check_videos(tmp_path)
    assert report.boxes.lines()[0] == "not used     1 box outside the picture   first: own, frame 20"


def test_numbers_that_are_no_pixels_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    huge = [*BOXES[:2], (1e300, 1e300, 1e300, 1e300)]
    with pytest.raises(SystemExit):
        main(["video", str(_video(tmp_path / "videos", huge))])
    assert "groundtruth_rect.txt:3: expected four numbers" in capsys.readouterr().out
    with pytest.raises(SystemExit, match=r"annotation 3: bbox: expected pixels up to 1e\+15, got \[1e\+300"):
        main(["coco", str(_coco(tmp_path / "coco", huge))])
