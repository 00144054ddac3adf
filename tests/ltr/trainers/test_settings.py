import json
from dataclasses import dataclass, field

import pytest

from ltr.trainers.settings import OptimSettings, TrainSettings
from ltr.utils.config import check, to_json


@dataclass(frozen=True)
class _Inner:
    pair: tuple[float, ...] = (1.0, 2.0)


@dataclass(frozen=True)
class _Outer:
    inner: _Inner = field(default_factory=_Inner)
    rates: dict[str, float] = field(default_factory=lambda: {"a": 0.1})
    nothing: float | None = None


def test_to_json_says_classes_and_nests() -> None:
    assert to_json(_Outer()) == {
        "class": "_Outer",
        "inner": {"class": "_Inner", "pair": [1.0, 2.0]},
        "rates": {"a": 0.1},
        "nothing": None,
    }


def test_sound_settings_pass() -> None:
    check(TrainSettings(), "settings")


def test_all_problems_come_in_one_message() -> None:
    settings = TrainSettings(
        OptimSettings(epochs=0, batch_size=-1, lr=0.0, step_epochs=0), num_workers=-2, validate_every=0
    )
    with pytest.raises(ValueError, match=r"^settings: ") as error:
        check(settings, "settings")
    for name in ("optim.epochs", "optim.batch_size", "optim.lr", "optim.step_epochs", "num_workers", "validate_every"):
        assert f"{name}: expected" in str(error.value)


def test_json_of_settings_is_json() -> None:
    assert json.loads(json.dumps(to_json(TrainSettings())))["optim"]["class"] == "OptimSettings"
