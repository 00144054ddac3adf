import json
from dataclasses import replace
from pathlib import Path

from ltr.admin.provenance import training_data
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
