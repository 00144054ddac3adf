import json
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ltr.trainers.stats import AverageStats, TrainingLog


def test_means_count_only_the_steps_that_have_a_number() -> None:
    stats = AverageStats()
    assert stats.means() == {}
    stats.add({"loss": 1.0, "rare": 5.0})
    stats.add({"loss": 2.0})
    assert stats.means() == {"loss": 1.5, "rare": 5.0}


def test_means_go_on_from_their_state() -> None:
    stats, later = AverageStats(), AverageStats()
    stats.add({"loss": 1.0})
    later.load_state_dict(stats.state_dict())
    later.add({"loss": 4.0})
    assert later.means() == {"loss": 2.5}
    assert stats.means() == {"loss": 1.0}
    later.clear()
    assert later.means() == {}


def _lines(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_log_has_a_line_an_epoch_and_the_same_numbers_in_tensorboard(tmp_path: Path) -> None:
    for epoch, loss in ((1, 0.5), (2, 0.25)):
        with TrainingLog(tmp_path / "run", epoch - 1, 10 * (epoch - 1)) as log:  # the second time as after a resume
            log.epoch(epoch, 10 * epoch, {"train": {"loss": loss}, "val": {"hit": 1.0}})
    assert _lines(tmp_path / "run") == [
        {"epoch": 1, "train": {"loss": 0.5}, "val": {"hit": 1.0}},
        {"epoch": 2, "train": {"loss": 0.25}, "val": {"hit": 1.0}},
    ]
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    assert [(event.step, event.value) for event in events.Scalars("loss/train")] == [
        (10, pytest.approx(0.5)),
        (20, pytest.approx(0.25)),
    ]


def test_what_a_killed_run_logged_too_much_is_removed(tmp_path: Path) -> None:
    with TrainingLog(tmp_path) as log:
        for epoch in (1, 2):
            log.epoch(epoch, epoch, {"train": {"loss": 1.0}})
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"epoch": 3, "tra')  # cut off
    with TrainingLog(tmp_path, epoch=1, step=1) as log:
        log.epoch(2, 2, {"train": {"loss": 5.0}})
    assert [(line["epoch"], line["train"]["loss"]) for line in _lines(tmp_path)] == [(1, 1.0), (2, 5.0)]
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [(event.step, event.value) for event in events.Scalars("loss/train")] == [(1, 1.0), (2, 5.0)]
