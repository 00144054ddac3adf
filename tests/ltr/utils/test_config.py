import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from ltr.models.loss.ebm import KLDIS, NCE, NCEPlus
from ltr.train_settings import TASKS, load_settings
from ltr.train_settings.detection import METHODS
from ltr.train_settings.dimp.base import DataSource
from ltr.trainers.settings import with_values
from ltr.utils.config import (
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    Range,
    UnitInterval,
    Width,
    check,
    load,
    problems,
    read_values,
    to_json,
)
from ltr.utils.errors import InputError
from pytracking.parameter.dimp import PARAMETERS
from tests.fakes.settings import old_names

TOY = load_settings("dimp", "toy")


@pytest.mark.parametrize(("task", "name"), [(task, name) for task in TASKS for name in TASKS[task].named])
def test_a_run_s_own_settings_are_read_back_over_any_others(task: str, name: str) -> None:
    settings = load_settings(task, name)
    values = json.loads(json.dumps(to_json(settings)))
    for other in TASKS[task].named.values():
        if type(other) is type(settings):
            assert with_values(other, values, "settings.json") == settings


@pytest.mark.parametrize("name", ["dimp18", "super_dimp", "toy"])
def test_files_with_old_names_are_read(name: str) -> None:
    settings = load_settings("dimp", name)
    old = old_names(json.loads(json.dumps(to_json(settings))))
    kept = json.dumps(old)
    assert with_values(TOY, old, "settings.json") == settings
    assert json.dumps(old) == kept


def test_old_and_new_names_that_say_different_things_are_refused() -> None:
    values = {"network": {"crop_side": 128}, "processing": {"output_size": 192}}
    with pytest.raises(
        InputError, match=r"here: processing\.output_size is now network\.crop_side, and both .* 192 and 128"
    ):
        with_values(TOY, values, "here")
    part: Any = with_values(TOY, {"processing": {"output_size": 192}}, "here")
    assert part.network.crop_side == 192


def test_a_part_changes_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        """
        start = "net.safetensors"
        validation_sequences = ["a", "b"]
        box_loss = {method = "kldis", num_samples = 64}
        [optim]
        lr = 1
        step_epochs = [3, 5]
        part_lr = {"bb_regressor" = 1e-3}
        [[sources]]
        kind = "coco"
        path = "mine"
        source_weights = {voc = 0.5}
        """
    )
    found: Any = with_values(TOY, read_values(path), str(path))
    assert (found.start, found.validation_sequences) == (Path("net.safetensors"), ("a", "b"))
    assert found.box_loss == KLDIS((0.05, 0.5), 0.05, 64)
    assert (found.optim.lr, found.optim.step_epochs) == (1.0, (3, 5))
    assert found.optim.part_lr == {"bb_regressor": 1e-3}  # as a whole: the named settings' others are gone
    assert found.sources == (DataSource("coco", "mine", source_weights={"voc": 0.5}),)
    assert found.optim.epochs == TOY.optim.epochs
    assert found.network == TOY.network  # type: ignore[attr-defined]


def test_methods_bring_what_belongs_to_them() -> None:
    overlap: Any = with_values(TOY, {"box_loss": "iou"}, "here")
    assert (type(overlap.box_loss).__name__, overlap.loss_weights.box) == ("IoUPrediction", 1.0)
    own: Any = with_values(TOY, {"box_loss": "iou", "loss_weights": {"box": 3}}, "here")
    assert own.loss_weights.box == 3.0
    branch: Any = with_values(
        load_settings("detection", "ncep"), {"loss": {"method": "mlis", "num_samples": 4}}, "here"
    )
    assert branch.loss.num_samples == 4
    assert branch.step_position == METHODS["mlis"].step_position
    assert with_values(load_settings("regression1d", "ncep"), {"loss": "nce"}, "here") == load_settings(
        "regression1d", "nce"
    )
    by_class: Any = with_values(TOY, {"box_loss": {"class": "NCE", "sigmas": [[1, 1, 1, 1], [1, 1, 2, 2]]}}, "here")
    assert by_class.box_loss == NCE(sigmas=((1.0, 1.0, 1.0, 1.0), (1.0, 1.0, 2.0, 2.0)))
    same_class: Any = with_values(TOY, {"box_loss": {"class": "NCEPlus", "beta": 0.2}}, "here")
    assert same_class.box_loss == NCEPlus((0.05, 0.5), 128, 0.2)


def test_all_that_is_wrong_comes_in_one_message() -> None:
    values = {
        "nix": 1,
        "network": 5,
        "pretrained": 1,
        "validation_samples": 2.0,
        "optim": {"rl": 3, "lr": "fast", "schedule": "linear", "clip_norm": -1, "part_lr": {"a": True}},
        "processing": {"augmentation": {"low_resolution_detail": [1, 2, 3]}},
        "sources": [{"kind": "vidoe"}, {"path": "x"}, {"kind": "video", "wieght": 1}],
        "box_loss": {"method": "foo"},
    }
    with pytest.raises(ValueError, match=r"^mine\.json: box_loss: expected one of iou, kldis, .* got 'foo'") as caught:
        with_values(TOY, values, "mine.json")
    message = str(caught.value)
    for part in (
        "nix: unknown (known are optim, num_workers, ",
        "network: expected a table, got 5",
        "pretrained: expected true or false, got 1",
        "validation_samples: expected a whole number, got 2.0",
        "optim.rl: unknown (known are epochs, ",
        "optim.lr: expected a number, got 'fast'",
        "optim.schedule: expected one of constant, step, cosine, got 'linear'",
        "optim.part_lr.a: expected a number, got True",
        "processing.augmentation.low_resolution_detail: expected a list of 2, each item a number, got [1, 2, 3]",
        "sources.0.kind: expected one of lasot, got10k, ",
        "sources.1.kind: is missing",
        "sources.2.wieght: unknown (known are kind, path, weight, split, source_weights)",
        "optim.clip_norm: expected more than 0, got -1.0",  # of the right kind, but no sound value
    ):
        assert part in message


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"class": "BranchTrainSettings"}, "class: expected one of DiMPTrainSettings, got 'BranchTrainSettings'"),
        ({"box_loss": {"class": "Nix"}}, "box_loss.class: expected one of MLIS, KLDIS, .*IoUPrediction.*, got 'Nix'"),
        (
            {"box_loss": {"class": "NCE", "num_samples": 0}},
            "box_loss: num_samples: expected a whole number of",
        ),
        ({"optim": {"lr": float("nan")}}, "optim.lr: expected a number, got nan"),
        ({"start": 3}, "start: expected a path or null, got 3"),
    ],
)
def test_what_is_accepted_is_said(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        with_values(TOY, values, "here")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.json", b'{"optim": {"lr": 1,}}', r"settings: .*a\.json: .*line 1 column"),
        ("a.json", b'{"seed": 1, "seed": 2}', r"a\.json: given twice: seed"),
        ("a.json", b"[1]", r"a\.json: expected a table of settings, got list"),
        ("a.toml", b"lr = \n", r"a\.toml: .*line 1"),
        ("a.toml", b"\xff\xfe", r"a\.toml: 'utf-8' codec"),
        ("a.py", b"", r"expected a \.json or a \.toml file, got .*a\.py"),
    ],
)
def test_files_that_cannot_be_read_are_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_values(tmp_path / name)


@pytest.mark.parametrize(("name", "text"), [("a.json", "[" * 100_000), ("a.toml", "a = " + "[" * 100_000)])
def test_too_many_brackets_are_one_line(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=rf"{name}: .*recursion"):
        read_values(tmp_path / name)


@dataclass(frozen=True)
class _Part:
    kind: Literal["a", "b"] = "a"
    width: Width = 4


@dataclass(frozen=True)
class _Whole:
    parts: tuple[_Part, ...] = (_Part(),)
    rates: Mapping[str, PositiveFloat] = field(default_factory=dict)
    epochs: PositiveInt | tuple[PositiveInt, ...] = 3
    limit: NonNegativeFloat | None = None
    flip: UnitInterval = 0.5

    def problems(self) -> list[str]:
        return ["parts: expected one at least"] if not self.parts else []


def test_values_out_of_range_are_named_by_their_path() -> None:
    wrong = _Whole(
        (_Part(), _Part("c", 0)),  # type: ignore[arg-type]
        rates={"x": 1.0, "y": math.inf},
        epochs=(1, 0),
        limit=-0.5,
        flip=math.nan,
    )
    assert problems(wrong) == [
        "parts.1.kind: expected one of a, b, got 'c'",
        "parts.1.width: expected 1 to 8192, got 0",
        "rates.y: expected more than 0, got inf",
        "epochs.1: expected more than 0, got 0",
        "limit: expected at least 0, got -0.5",
        "flip: expected 0 to 1, got nan",
    ]
    assert problems(_Whole(epochs=0)) == ["epochs: expected more than 0, got 0"]
    with pytest.raises(InputError, match=r"^here: flip: expected 0 to 1, got 2; parts: expected one at least$"):
        check(_Whole(parts=(), flip=2), "here")
    assert problems(_Whole(rates={"x": 1.0}, epochs=(1, 2), limit=0.0)) == []


def test_what_was_dumped_is_loaded() -> None:
    whole = _Whole((_Part("b", 7), _Part()), {"x": 2.0}, (3, 4), 1.5, 0.25)
    assert load(_Whole, json.loads(json.dumps(to_json(whole))), "here") == whole
    params = PARAMETERS["dimp_ncep_mobile"]
    assert load(type(params), json.loads(json.dumps(to_json(params))), "here") == params
    with pytest.raises(InputError, match=r"^here: expected a table, got 3$"):
        load(_Whole, 3, "here")


def test_ranges_say_what_they_accept() -> None:
    accepted = [Range(above=1, most=100), Range(least=2), Range(least=0, most=1)]
    assert [str(each) for each in accepted] == ["more than 1, at most 100", "at least 2", "0 to 1"]
    assert not any(Range().holds(value) for value in (math.inf, math.nan, True, "1", None))
