import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from ltr.admin.settings import OptimSettings, TrainSettings
from ltr.trainers.ltr_trainer import LTRTrainer
from tests.fakes.regression import regression_training

SETTINGS = TrainSettings(OptimSettings(epochs=4, batch_size=8, lr=0.02, schedule="step", step_epochs=2, clip_norm=50.0))
CPU = torch.device("cpu")


def _trainer(folder: Path, settings: TrainSettings = SETTINGS, seed: int = 3, **training: Any) -> LTRTrainer:
    return LTRTrainer(regression_training(settings, **training), settings, folder, CPU, seed)


def _weights(trainer: LTRTrainer) -> dict[str, Tensor]:
    return trainer.training.actor.net.state_dict()


def _log(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def _stop_after(trainer: LTRTrainer, epochs: int) -> None:
    """Train like a run that is killed in the epoch after ``epochs`` whole ones."""
    loader = trainer.training.train_loader
    set_epoch = loader.set_epoch

    def interrupt(epoch: int) -> None:
        if epoch == epochs:
            raise KeyboardInterrupt
        set_epoch(epoch)

    loader.set_epoch = interrupt  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        trainer.run()


def test_the_loss_falls_and_every_epoch_is_logged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _trainer(tmp_path).run()
    log = _log(tmp_path)
    assert [line["epoch"] for line in log] == [1, 2, 3, 4]
    assert log[-1]["train"]["loss"] < 0.6 * log[0]["train"]["loss"]
    assert log[-1]["val"]["loss"] < 0.8 * log[0]["val"]["loss"]
    assert [line["train"]["lr"] for line in log] == pytest.approx([0.02, 0.02, 0.004, 0.004])
    assert [line.startswith(f"epoch {i}/4") for i, line in enumerate(capsys.readouterr().out.splitlines(), 1)] == [
        True
    ] * 4
    files = {file.name for file in tmp_path.iterdir()}
    assert files == {"checkpoint.pt", "settings.json", "log.jsonl", "tensorboard", "exported.json"}
    assert json.loads((tmp_path / "settings.json").read_text())["optim"]["lr"] == 0.02


def test_same_seed_same_weights(tmp_path: Path) -> None:
    first, second, other = (_trainer(tmp_path / name, seed=seed) for name, seed in (("a", 3), ("b", 3), ("c", 4)))
    for trainer in (first, second, other):
        torch.manual_seed(5)
        trainer.run()
    assert all(torch.equal(a, b) for a, b in zip(_weights(first).values(), _weights(second).values(), strict=True))
    assert not torch.equal(_weights(first)["0.weight"], _weights(other)["0.weight"])


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_resumed_run_equals_uninterrupted_run_bit_by_bit(tmp_path: Path, epochs: int) -> None:
    whole = _trainer(tmp_path / "whole")
    torch.manual_seed(5)
    whole.run()
    stopped = _trainer(tmp_path / "parts")
    torch.manual_seed(5)
    _stop_after(stopped, epochs)
    resumed = _trainer(tmp_path / "parts")
    torch.manual_seed(6)  # a new process starts elsewhere
    resumed.resume()
    assert resumed.epoch == epochs
    resumed.run()
    for name, value in _weights(whole).items():
        assert torch.equal(_weights(resumed)[name], value), name
    for old, new in zip(_log(tmp_path / "whole"), _log(tmp_path / "parts"), strict=True):
        old["train"].pop("seconds")
        new["train"].pop("seconds")
        assert new == old


def test_finished_run_has_nothing_left_to_do(tmp_path: Path) -> None:
    _trainer(tmp_path).run()
    again = _trainer(tmp_path)
    again.resume()
    weights = {name: value.clone() for name, value in _weights(again).items()}
    again.run()
    assert len(_log(tmp_path)) == 4
    assert all(torch.equal(_weights(again)[name], value) for name, value in weights.items())


def test_resume_with_other_settings_names_the_fields(tmp_path: Path) -> None:
    _stop_after(_trainer(tmp_path), 1)
    changed = replace(SETTINGS, optim=replace(SETTINGS.optim, lr=0.5), num_workers=0)
    with pytest.raises(ValueError, match=r"other settings: num_workers was 1, is 0; optim.lr was 0.02, is 0.5"):
        _trainer(tmp_path, changed).resume()
    with pytest.raises(ValueError, match="other settings: seed was 3, is 4"):
        _trainer(tmp_path, seed=4).resume()


def test_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing to resume: .*checkpoint\.pt does not exist"):
        _trainer(tmp_path).resume()


def test_loss_that_is_not_finite_stops_with_the_batch_s_names(tmp_path: Path) -> None:
    with pytest.raises(FloatingPointError, match=r"the loss is nan in epoch 2: .*epoch1/batch2"):
        _trainer(tmp_path, bad_epoch=1).run()
    assert len(_log(tmp_path)) == 1
    last_good = _trainer(tmp_path)
    last_good.resume()
    assert all(torch.isfinite(value).all() for value in _weights(last_good).values())


def test_errors_of_the_loss_name_the_batch(tmp_path: Path) -> None:
    """An energy that is not finite is a ValueError of the loss itself."""
    trainer = _trainer(tmp_path)

    class Diverged(type(trainer.training.actor)):  # type: ignore[misc]
        def __call__(self, batch: Any, generator: torch.Generator) -> Any:
            raise ValueError("energy: 3 of 8 values are not finite")

    broken = replace(trainer.training, actor=Diverged(trainer.training.actor.net))
    with pytest.raises(ValueError, match=r"epoch 1, batch \('epoch0/batch0',\): energy: 3 of 8 values are not finite"):
        LTRTrainer(broken, SETTINGS, tmp_path, CPU, 0).run()


def test_validation_may_be_rare_or_absent(tmp_path: Path) -> None:
    _trainer(tmp_path / "rare", replace(SETTINGS, validate_every=3)).run()
    assert ["val" in line for line in _log(tmp_path / "rare")] == [False, False, True, False]
    _trainer(tmp_path / "none", validate=False).run()
    assert not any("val" in line for line in _log(tmp_path / "none"))


def test_gradients_are_clipped(tmp_path: Path) -> None:
    """Adam does not care for the gradient's scale, but its first moment shows it."""
    trainer = _trainer(tmp_path, replace(SETTINGS, optim=replace(SETTINGS.optim, epochs=1, clip_norm=1e-3)))
    trainer.run()
    moments = [state["exp_avg"] for state in trainer.training.optimizer.state.values()]
    assert 0 < sum(float(moment.square().sum()) for moment in moments) ** 0.5 <= 1e-3
