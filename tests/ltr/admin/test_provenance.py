import json
from dataclasses import replace
from pathlib import Path

import pytest

from ltr.admin.provenance import training_data
from ltr.dataset import coco_format
from ltr.dataset.coco_seq import CocoImages
from ltr.train_settings.dimp import DataSource, DiMPTrainSettings
from tests.fakes.datasets import write_coco, write_sequences


def test_card_names_every_sequence_that_is_trained_on(tmp_path: Path) -> None:
    write_coco(tmp_path / "pictures")
    write_sequences(tmp_path / "videos")
    (tmp_path / "videos" / "film" / "meta.json").write_text(
        json.dumps({"benchmark": "VOT", "license": "CC0", "fps": 25})
    )
    (tmp_path / "rest").mkdir()
    (tmp_path / "rest" / "one.jpg").touch()
    settings = DiMPTrainSettings(
        sources=(
            DataSource("coco", "pictures"),
            DataSource("video", "videos"),
            DataSource("cut_paste", "rest"),
            DataSource("patches", "rest"),
            DataSource("synthetic"),
            DataSource("coco", "unused", weight=0.0),
        )
    )
    assert training_data(settings, tmp_path) == {
        "pictures": {"pictures": []},
        "videos": {"sequences": [{"name": "film", "benchmark": "VOT", "license": "CC0"}, {"name": "stills"}]},
        "cut_paste rest": {"pictures": 1},
        "patches rest": {"pictures": 1},
    }
    held_out = training_data(replace(settings, validation_sequences=("film",)), tmp_path)
    assert held_out["videos"] == {"sequences": [{"name": "stills"}]}


def test_two_splits_of_one_folder_are_both_named(tmp_path: Path) -> None:
    sources = (DataSource("got10k", "got10k", split="vottrain"), DataSource("got10k", "got10k", split="votval"))
    assert training_data(DiMPTrainSettings(sources=sources), tmp_path) == {
        "got10k got10k": {"split": "vottrain"},
        "got10k got10k (2)": {"split": "votval"},
    }


def test_origins_of_pictures_come_from_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_coco(tmp_path / "pictures") / "annotations.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, "info": {"sources": [{"name": "VOC", "license": "free"}]}}))
    settings = DiMPTrainSettings(sources=(DataSource("coco", "pictures"),))
    CocoImages(tmp_path / "pictures")  # what the training has read already
    monkeypatch.delattr(coco_format, "read_coco")
    expected = {"pictures": {"pictures": [{"name": "VOC", "license": "free"}]}}
    assert training_data(settings, tmp_path) == expected


def test_a_broken_meta_file_is_named(tmp_path: Path) -> None:
    write_sequences(tmp_path / "videos")
    meta = tmp_path / "videos" / "film" / "meta.json"
    settings = DiMPTrainSettings(sources=(DataSource("video", "videos"),))
    meta.write_text("[1]")  # somebody else's
    assert training_data(settings, tmp_path) == {"videos": {"sequences": [{"name": "film"}, {"name": "stills"}]}}
    meta.write_text("{")
    with pytest.raises(ValueError, match=r"film/meta\.json is not valid JSON"):
        training_data(settings, tmp_path)
