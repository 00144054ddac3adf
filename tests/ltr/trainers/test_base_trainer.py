import random
import resource
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ltr.trainers.base_trainer import Checkpoints, differences, seed_everything, seed_step


def test_differences_are_named_by_their_path() -> None:
    old = {"a": 1, "b": {"c": [1, 2], "d": "x"}, "gone": 3, "tables": [{"f": 1}, {"f": 2}]}
    new = {"a": 1, "b": {"c": [1, 3], "d": "x"}, "come": {"e": 4}, "tables": [{"f": 1}, {"f": 5}]}
    assert differences(old, new) == [
        "b.c was [1, 2], is [1, 3]",
        "come was None, is e=4",
        "gone was 3, is None",
        "tables.1.f was 2, is 5",
    ]
    assert differences(old, old) == []


def test_tables_that_come_and_go_are_a_readable_line_each() -> None:
    old = [{"class": "Source", "kind": "video", "path": "a"}, {"class": "Source", "kind": "coco", "weight": 0.5}]
    new = [{"class": "Source", "kind": "video", "path": "b"}]
    changes = ["sources.0.path was a, is b", "sources.1 was kind=coco weight=0.5, is None"]
    assert differences({"sources": old}, {"sources": new}) == changes
    assert differences([], new, "sources") == ["sources.0 was None, is kind=video path=b"]


@pytest.mark.parametrize("damage", ["garbage", "truncated", "empty", "foreign", "a list"])
def test_broken_checkpoint_is_named(tmp_path: Path, damage: str) -> None:
    checkpoints = Checkpoints(tmp_path, {"seed": 0})
    net = nn.Linear(20, 20)
    checkpoints.save({"net": net})
    content = checkpoints.path.read_bytes()
    if damage in ("foreign", "a list"):
        torch.save({"model": 1} if damage == "foreign" else [1], checkpoints.path)
    else:
        checkpoints.path.write_bytes({"garbage": b"no checkpoint", "truncated": content[:-200], "empty": b""}[damage])
    with pytest.raises(ValueError, match=r"checkpoint\.pt: not a readable checkpoint") as error:
        checkpoints.load({"net": net})
    assert "\n" not in str(error.value)


def test_a_checkpoint_runs_no_code(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, {})
    torch.save({"settings": "{}", "epoch": 1, "net": Path("anything that is not a tensor")}, checkpoints.path)
    with pytest.raises(ValueError, match=r"checkpoint\.pt: not a readable checkpoint"):
        checkpoints.load({})


def test_weights_of_the_wrong_shape_are_listed(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, {})
    checkpoints.save({"net": nn.Linear(2, 3)})
    with pytest.raises(
        ValueError, match=r"checkpoint\.pt: does not fit .*weight has shape \[3, 2\], expected \[3, 4\]"
    ):
        checkpoints.load({"net": nn.Linear(4, 3)})


def test_checkpoints_of_epochs_are_kept_and_the_oldest_go(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, {}, keep=2)
    net = nn.Linear(2, 1)
    for epoch in range(1, 5):
        nn.init.constant_(net.weight, epoch)
        checkpoints.save({"net": net})
        checkpoints.keep_epoch(epoch)
    assert [path.name for path in checkpoints.numbered()] == ["checkpoint-0003.pt", "checkpoint-0004.pt"]
    nn.init.constant_(net.weight, 9.0)
    checkpoints.save({"net": net})  # within epoch 5: the numbered ones stay what they are
    checkpoints.numbered()[0].replace(checkpoints.path)
    checkpoints.load({"net": net})
    assert net.weight[0, 0] == 3
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint.pt", "checkpoint-0004.pt"}


def test_none_are_kept_where_none_are_wanted(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, {}, keep=0)
    checkpoints.save({"net": nn.Linear(2, 1)})
    checkpoints.keep_epoch(1)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_a_damaged_checkpoint_points_to_older_ones(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, {})
    net = nn.Linear(2, 1)
    checkpoints.save({"net": net})
    checkpoints.keep_epoch(3)
    checkpoints.path.unlink()
    checkpoints.path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"older ones, to be copied over it: checkpoint-0003\.pt$"):
        checkpoints.load({"net": net})


def test_a_full_disk_leaves_the_last_checkpoint(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, {})
    checkpoints.save({"net": nn.Linear(2, 1)})
    good = checkpoints.path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))  # no file may grow larger, as on a full disk
    try:
        with pytest.raises(OSError, match=r"cannot write the checkpoint .*the one before it is untouched") as error:
            checkpoints.save({"net": nn.Linear(100, 100)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert checkpoints.path.read_bytes() == good


def test_a_folder_that_cannot_be_written_is_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        Checkpoints(tmp_path / "file" / "run", {}).prepare()


def test_what_a_killed_run_left_half_written_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".checkpoint.pt.123.tmp").write_bytes(b"half")
    (tmp_path / "checkpoint.pt").write_bytes(b"whole")
    Checkpoints(tmp_path, {"seed": 1}).prepare()
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint.pt", "settings.json"}


def test_how_a_run_is_watched_may_change(tmp_path: Path) -> None:
    net = nn.Linear(2, 1)
    Checkpoints(tmp_path, {"seed": 1, "num_workers": 8, "output": {"keep": 1}}).save({"net": net})
    Checkpoints(tmp_path, {"seed": 1, "num_workers": 2, "output": {"keep": 5}}).load({"net": net})
    with pytest.raises(ValueError, match="seed was 1, is 2"):
        Checkpoints(tmp_path, {"seed": 2}).load({"net": net})


def test_a_step_s_draws_depend_on_its_key_alone() -> None:
    def draw(*key: int) -> list[float]:
        generator = torch.Generator()
        seed_step(generator, *key)
        return torch.cat([torch.rand(2, generator=generator), torch.rand(2)]).tolist()

    first = draw(0, 1, 2, 0)
    assert draw(0, 1, 2, 0) == first
    others = [draw(*key) for key in ((0, 1, 2, 1), (0, 1, 3, 0), (0, 2, 2, 0), (1, 1, 2, 0), (0, 2, 1, 0))]
    assert len({tuple(values) for values in (first, *others)}) == 6


def test_seed_everything() -> None:
    def draw() -> tuple[float, float, float]:
        seed_everything(11)
        return random.random(), float(np.random.rand()), float(torch.rand(1))  # noqa: NPY002 - the one that is seeded

    assert draw() == draw()
