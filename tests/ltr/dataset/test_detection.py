import json
from pathlib import Path

import numpy as np
import pytest

from ltr.dataset.detection import SOURCE_STRIDE, DetectionDataset, DetectionSource
from ltr.train_settings.detection import SETTINGS
from tests.fakes.datasets import COCO_BOXES, write_coco

FAKE = DetectionSource("annotations.json", "images")


def test_pictures_have_all_their_boxes_but_crowds(tmp_path: Path) -> None:
    dataset = DetectionDataset(write_coco(tmp_path), [FAKE])
    assert [picture.id for picture in dataset] == [1, 2, 3]
    for picture in dataset:
        expected = [(box, label) for image, box, label, _, crowd in COCO_BOXES if image == picture.id and not crowd]
        assert picture.boxes.tolist() == [list(box) for box, _ in expected]
        assert picture.labels.tolist() == [label for _, label in expected]
        assert picture.boxes.dtype == np.float32
        assert picture.size == (160, 120)
        assert picture.read().shape == (120, 160, 3)


def test_the_truth_for_scoring_has_the_crowds_too(tmp_path: Path) -> None:
    truth = DetectionDataset(write_coco(tmp_path), [FAKE]).ground_truth()
    assert sum(annotation["iscrowd"] for annotation in truth.anns.values()) == 1
    assert len(truth.anns) == len(COCO_BOXES)
    assert truth.anns[1]["area"] == 40 * 50  # where the file does not say it


def test_categories_are_merged_to_classes(tmp_path: Path) -> None:
    write_coco(tmp_path)
    merged = DetectionDataset(tmp_path, [FAKE], {"thing": ("stone", "brick")})
    assert {label for picture in merged for label in picture.labels.tolist()} == {1}
    stones = DetectionDataset(tmp_path, [FAKE], {"nothing": ("gravel",), "stone": ("stone",)})
    assert [picture.labels.tolist() for picture in stones] == [[], [2], [2, 2]]
    assert [c["name"] for c in stones.ground_truth().dataset["categories"]] == ["nothing", "stone"]


def test_sources_choose_pictures_and_keep_their_ids_apart(tmp_path: Path) -> None:
    write_coco(tmp_path)
    sources = [DetectionSource("annotations.json", "images", ("second",)), FAKE]
    ids = [picture.id for picture in DetectionDataset(tmp_path, sources)]
    assert ids == [2, SOURCE_STRIDE + 1, SOURCE_STRIDE + 2, SOURCE_STRIDE + 3]


def test_parts_share_the_pictures_out_in_blocks(tmp_path: Path) -> None:
    images = [{"id": i, "file_name": f"{i}.jpg", "width": 9, "height": 9} for i in range(1000)]
    (tmp_path / "images").mkdir()
    (tmp_path / "annotations.json").write_text(json.dumps({"images": images, "annotations": [], "categories": []}))
    parts = {
        part: {p.id for p in DetectionDataset(tmp_path, [DetectionSource("annotations.json", "images", (), part)])}  # type: ignore[arg-type]
        for part in ("train", "val", "test", "all")
    }
    assert {part: len(ids) for part, ids in parts.items()} == {"train": 700, "val": 100, "test": 200, "all": 1000}
    assert parts["train"] | parts["val"] | parts["test"] == parts["all"]
    assert all(({i - i % 20, i - i % 20 + 19} <= ids) for ids in parts.values() for i in ids)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"images": [', r"annotations\.json is not valid JSON"),
        ('{"images": [], "annotations": []}', r"annotations\.json is not in COCO format.*categories"),
        ("[]", r"annotations\.json is not in COCO format"),
        ('{"images": [], "annotations": [], "categories": []}', r"no picture of annotations\.json is left"),
    ],
)
def test_broken_files_are_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "annotations.json").write_text(content)
    with pytest.raises(ValueError, match=message):
        DetectionDataset(tmp_path, [FAKE])


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("annotations", {"bbox": [1, 2]}, r"annotation 2: bbox: expected four numbers x, y, w, h, got bbox \[1, 2\]"),
        ("annotations", {"category_id": 9}, "annotation 2: category_id: expected the id of a category, got .* 9"),
        ("annotations", {"image_id": 9}, "annotation 2: image_id: expected a picture's id, got image_id 9"),
        ("annotations", {"area": "large"}, "annotation 2: area: expected a number, got area 'large'"),
        ("images", {"id": 1}, "picture 1: number 1 of the pictures has the same id"),
        ("images", {"height": None}, "picture 2: width, height: expected whole numbers above 0"),
    ],
)
def test_the_item_that_is_wrong_is_named(tmp_path: Path, kind: str, change: dict[str, object], message: str) -> None:
    path = write_coco(tmp_path) / "annotations.json"
    content = json.loads(path.read_text())
    content[kind][1].update(change)
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=message):
        DetectionDataset(tmp_path, [FAKE], {"thing": ("stone", "brick")})


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"annotations\.json does not exist"):
        DetectionDataset(tmp_path, [FAKE])


def test_the_real_split(shared: Path) -> None:
    data = SETTINGS["detector_mobile"].data
    sets = {
        part: DetectionDataset(shared / "data", getattr(data, part), data.classes) for part in ("train", "val", "test")
    }
    paths = {part: {picture.path for picture in dataset} for part, dataset in sets.items()}
    assert not paths["train"] & (paths["val"] | paths["test"])
    assert not paths["val"] & paths["test"]
    for dataset in sets.values():
        labels = np.concatenate([picture.labels for picture in dataset])
        assert np.bincount(labels, minlength=4)[1:].min() > 100
