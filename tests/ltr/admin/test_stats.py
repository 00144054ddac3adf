import json
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ltr.admin.stats import AverageStats, TrainingLog


def test_means_count_only_the_steps_that_have_a_number() -> None:
    stats = AverageStats()
    assert stats.means() == {}
    stats.add({"loss": 1.0, "rare": 5.0})
    stats.add({"loss": 2.0})
    assert stats.means() == {"loss": 1.5, "rare": 5.0}


def test_log_has_a_line_an_epoch_and_the_same_numbers_in_tensorboard(tmp_path: Path) -> None:
    for epoch, loss in ((1, 0.5), (2, 0.25)):
        with TrainingLog(tmp_path / "run") as log:  # the second time as after a resume
            log.write(epoch, {"train": {"loss": loss}, "val": {"hit": 1.0}})
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert lines == [
        {"epoch": 1, "train": {"loss": 0.5}, "val": {"hit": 1.0}},
        {"epoch": 2, "train": {"loss": 0.25}, "val": {"hit": 1.0}},
    ]
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard")).Reload()
    assert [(event.step, event.value) for event in events.Scalars("loss/train")] == [
        (1, pytest.approx(0.5)),
        (2, pytest.approx(0.25)),
    ]
