import random
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ltr.trainers.base_trainer import Checkpoints, GeneratorState, differences, seed_everything


def test_differences_are_named_by_their_path() -> None:
    old = {"a": 1, "b": {"c": [1, 2], "d": "x"}, "gone": 3}
    new = {"a": 1, "b": {"c": [1, 3], "d": "x"}, "come": {"e": 4}}
    assert differences(old, new) == [
        "b.c was [1, 2], is [1, 3]",
        "come was None, is {'e': 4}",
        "gone was 3, is None",
    ]
    assert differences(old, old) == []


@pytest.mark.parametrize("damage", ["garbage", "truncated", "empty", "foreign"])
def test_broken_checkpoint_is_named(tmp_path: Path, damage: str) -> None:
    checkpoints = Checkpoints(tmp_path, {"seed": 0})
    net = nn.Linear(20, 20)
    checkpoints.save(1, {"net": net})
    content = checkpoints.path.read_bytes()
    if damage == "foreign":
        torch.save({"model": 1}, checkpoints.path)
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
    checkpoints.save(1, {"net": nn.Linear(2, 3)})
    with pytest.raises(
        ValueError, match=r"checkpoint\.pt: does not fit .*weight has shape \[3, 2\], expected \[3, 4\]"
    ):
        checkpoints.load({"net": nn.Linear(4, 3)})


def test_generator_goes_on_where_it_was() -> None:
    generator = torch.Generator().manual_seed(1)
    torch.rand(3, generator=generator)
    state = GeneratorState(generator).state_dict()
    expected = torch.rand(5, generator=generator)
    other = torch.Generator()
    GeneratorState(other).load_state_dict(state)
    assert torch.equal(torch.rand(5, generator=other), expected)


def test_seed_everything() -> None:
    def draw() -> tuple[float, float, float]:
        seed_everything(11)
        return random.random(), float(np.random.rand()), float(torch.rand(1))  # noqa: NPY002 - the one that is seeded

    assert draw() == draw()
