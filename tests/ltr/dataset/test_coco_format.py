import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ltr.dataset import coco_format
from ltr.dataset.coco_format import coco_paths, read_coco_arrays, read_coco_masks
from tests.fakes.datasets import COCO_BOXES, WIDTH, write_coco

Item = dict[str, object]


def test_arrays_are_what_a_loop_over_the_file_finds(tmp_path: Path) -> None:
    path = write_coco(tmp_path) / "annotations.json"
    content = json.loads(path.read_text())
    content["info"] = {"sources": [{"name": "first"}]}
    path.write_text(json.dumps(content))
    arrays, masks = read_coco_arrays(path), read_coco_masks(path)
    pictures = {picture["id"]: picture for picture in content["images"]}
    names = {category["id"]: category["name"] for category in content["categories"]}
    kept = [item for item in content["annotations"] if not item["iscrowd"]]
    for i, item in enumerate(kept):
        picture = pictures[item["image_id"]]
        index = arrays["pictures"][i]
        assert arrays["ids"][i] == item["id"]
        assert arrays["boxes"][i].tolist() == item["bbox"]
        assert arrays["files"][index] == picture["file_name"]
        assert arrays["sizes"][index].tolist() == [picture["width"], picture["height"]]
        assert arrays["sources"][index] == picture["dataset"]
        assert masks["categories"][i] == names[item["category_id"]]
        text = masks["masks"][masks["starts"][i] : masks["starts"][i + 1]].tobytes()
        assert (json.loads(text) if text else []) == item["segmentation"]
    assert len(arrays["ids"]) == len(kept) == len(COCO_BOXES) - 1
    assert int(arrays["crowds"]) == 1
    assert json.loads(str(arrays["info_sources"])) == [{"name": "first"}]


def test_numbers_of_polygons_come_back_to_the_last_digit(tmp_path: Path) -> None:
    path = write_coco(tmp_path) / "annotations.json"
    content = json.loads(path.read_text())
    polygon = [[0.1, 1 / 3, 10.7, 0.30000000000000004, 5e-324, 123456.789]]
    content["annotations"][0]["segmentation"] = polygon
    path.write_text(json.dumps(content))
    masks = read_coco_masks(path)
    assert json.loads(masks["masks"][: masks["starts"][1]].tobytes()) == polygon


def test_no_annotation_and_no_mask(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"images": [], "annotations": []}))
    arrays, masks = read_coco_arrays(path), read_coco_masks(path)
    assert (arrays["boxes"].shape, arrays["sizes"].shape) == ((0, 4), (0, 2))
    assert (len(masks["masks"]), masks["starts"].tolist()) == (0, [0])


def test_categories_need_not_be_there(tmp_path: Path) -> None:
    path = write_coco(tmp_path) / "annotations.json"
    content = json.loads(path.read_text())
    del content["categories"]
    path.write_text(json.dumps(content))
    assert len(read_coco_arrays(path)["ids"]) == 7
    assert set(read_coco_masks(path)["categories"].tolist()) == {"1", "2"}


def test_ids_of_pictures_may_be_text(tmp_path: Path) -> None:
    path = write_coco(tmp_path) / "annotations.json"
    content = json.loads(path.read_text())
    expected = read_coco_arrays(path)["pictures"].tolist()
    for picture in content["images"]:
        picture["id"] = f"picture {picture['id']}"
    for item in content["annotations"]:
        item["image_id"] = f"picture {item['image_id']}"
    path.write_text(json.dumps(content))
    assert read_coco_arrays(path)["pictures"].tolist() == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"images": [', "is not valid JSON"),
        (b"\xff\xfe\x00", "is not valid JSON"),
        (b"[" * 100_000, "is not valid JSON"),
        (b"[]", "not in COCO format: expected a list of objects 'images'"),
        (b'{"images": []}', "not in COCO format: expected a list of objects 'annotations'"),
        (b'{"images": {"1": {}}, "annotations": []}', "expected a list of objects 'images'"),
        (b'{"images": [], "annotations": [5]}', "expected a list of objects 'annotations'"),
    ],
)
def test_files_of_another_kind_are_named(tmp_path: Path, text: bytes, message: str) -> None:
    path = tmp_path / "annotations.json"
    path.write_bytes(text)
    with pytest.raises(ValueError, match=rf"annotations\.json.* {message}"):
        read_coco_arrays(path)


def _set(kind: str, field: str, value: object) -> Callable[[dict[str, list[Item]]], None]:
    """Give the second picture or annotation another value."""

    def change(content: dict[str, list[Item]]) -> None:
        content[kind][1][field] = value

    return change


def _drop(kind: str, field: str) -> Callable[[dict[str, list[Item]]], None]:
    def change(content: dict[str, list[Item]]) -> None:
        del content[kind][1][field]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_drop("annotations", "bbox"), "annotation 2: bbox: expected four numbers x, y, w, h, got none"),
        (_set("annotations", "bbox", [1, 2, 3]), r"annotation 2: bbox: expected .*, got bbox \[1, 2, 3\]"),
        (_set("annotations", "bbox", [1, 2, 3, "wide"]), r"annotation 2: bbox: .* got bbox \[1, 2, 3, 'wide'\]"),
        (_set("annotations", "bbox", None), "annotation 2: bbox: .* got bbox None"),
        (_set("annotations", "image_id", 99), "annotation 2: image_id: expected a picture's id, got image_id 99"),
        (_set("annotations", "image_id", [1]), r"annotation 2: image_id: .* got image_id \[1\]"),
        (_drop("annotations", "id"), "annotation number 2: id: expected a whole number, got none"),
        (_set("annotations", "id", "second"), "annotation second: id: expected a whole number, got id 'second'"),
        (_drop("images", "id"), "picture number 2: id: expected a number or text"),
        (_set("images", "id", 1), "picture 1: number 1 of the pictures has the same id"),
        (_set("images", "file_name", 5), "picture 2: file_name: expected text, got file_name 5"),
        (_set("images", "width", 0), f"picture 2: width, height: .* above 0, got width 0, height {120}"),
        (_drop("images", "height"), f"picture 2: width, height: .* above 0, got width {WIDTH}"),
    ],
)
def test_the_item_that_is_wrong_is_named(
    tmp_path: Path, change: Callable[[dict[str, list[Item]]], None], message: str
) -> None:
    path = write_coco(tmp_path) / "annotations.json"
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=rf"annotations\.json: {message}"):
        read_coco_arrays(path)


def test_missing_parts_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"annotations\.json does not exist"):
        coco_paths(tmp_path)
    (tmp_path / "annotations.json").write_text("{}")
    with pytest.raises(FileNotFoundError, match="images does not exist"):
        coco_paths(tmp_path)


def test_a_file_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_coco(tmp_path) / "annotations.json"
    first = coco_format.coco_arrays(path), coco_format.coco_masks(path)
    monkeypatch.delattr(coco_format, "read_coco")
    for arrays, again in zip(first, (coco_format.coco_arrays(path), coco_format.coco_masks(path)), strict=True):
        assert arrays.keys() == again.keys()
        for name, array in arrays.items():
            np.testing.assert_array_equal(array, again[name])
