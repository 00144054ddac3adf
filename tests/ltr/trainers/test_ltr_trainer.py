import json
import os
import random
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import Tensor

from ltr.sampling.loader import BatchShard
from ltr.trainers.ltr_trainer import LTRTrainer
from ltr.trainers.settings import OptimSettings, OutputSettings, TrainSettings
from ltr.trainers.stats import TrainingLog
from ltr.trainers.step_logger import StepLogger
from ltr.utils.errors import InputError
from ltr.utils.stop_signals import Stopped
from tests.fakes.processes import clean_processes
from tests.fakes.regression import regression_training

SETTINGS = TrainSettings(
    OptimSettings(epochs=4, batch_size=8, lr=0.02, schedule="step", step_epochs=2, clip_norm=50.0), best_by="-loss"
)
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

    def interrupt(epoch: int, first_batch: int = 0) -> None:
        if epoch == epochs:
            raise KeyboardInterrupt
        set_epoch(epoch, first_batch)

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
    assert files == {
        "checkpoint.pt",
        "checkpoint-0004.pt",
        "settings.json",
        "log.jsonl",
        "tensorboard",
        "exported.json",
        "best",
    }
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
    _assert_equal_runs(resumed, whole)


def _assert_equal_runs(trainer: LTRTrainer, expected: LTRTrainer) -> None:
    """Weights and running means bit by bit, and the logs but for their times."""
    for name, value in _weights(expected).items():
        assert torch.equal(_weights(trainer)[name], value), name
    assert (trainer.step.average is None) == (expected.step.average is None)
    if trainer.step.average is not None and expected.step.average is not None:
        for name, value in expected.step.average.state_dict().items():
            assert torch.equal(trainer.step.average.state_dict()[name], value), name
    for new, old in zip(_log(trainer.folder), _log(expected.folder), strict=True):
        old["train"].pop("seconds")
        new["train"].pop("seconds")
        assert new == old


MODES = {
    "plain": SETTINGS,
    "ema": replace(SETTINGS, optim=replace(SETTINGS.optim, ema=0.9)),
    "accumulate": replace(SETTINGS, optim=replace(SETTINGS.optim, accumulate=2)),
    "sgd": replace(
        SETTINGS,
        optim=replace(SETTINGS.optim, momentum=0.9, bias_lr_factor=2.0, bias_weight_decay=0.0, warmup_steps=12),
    ),
    "bf16": replace(SETTINGS, precision="bf16"),
    "fp16": replace(SETTINGS, precision="fp16"),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_within_the_epoch_and_the_run_goes_on(
    tmp_path: Path, mode: str, number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = MODES[mode]
    shard = BatchShard(accumulate=settings.optim.accumulate)
    whole = _trainer(tmp_path / "whole", settings, shard=shard)
    whole.run()

    def at_batch(epoch: int, part: int) -> None:
        if (epoch, part) == (1, 2 * settings.optim.accumulate):  # before the third step of the second epoch
            os.kill(os.getpid(), number)

    with pytest.raises(Stopped, match=rf"stopped by {number.name} after 1 epochs and 3 of 5 steps; saved"):
        _trainer(tmp_path / "parts", settings, shard=shard, at_batch=at_batch).run()
    assert "stopping after this step" in capsys.readouterr().err
    resumed = _trainer(tmp_path / "parts", settings, shard=shard)
    resumed.resume()
    assert (resumed.epoch, resumed.progress.step) == (1, 3)
    resumed.run()
    _assert_equal_runs(resumed, whole)


def test_the_second_signal_stops_at_once(tmp_path: Path) -> None:
    def at_batch(epoch: int, part: int) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        _trainer(tmp_path, at_batch=at_batch).run()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def _run_until_killed(folder: Path, settings: TrainSettings) -> None:
    trainer = _trainer(folder, settings, at_batch=lambda epoch, part: time.sleep(0.01))
    if (folder / "checkpoint.pt").exists():
        trainer.resume()
    trainer.run()


def test_killed_at_any_moment_it_ends_with_the_same_weights(tmp_path: Path) -> None:
    """kill -9 after random times, until one process comes to the end; a checkpoint after every step."""
    settings = replace(SETTINGS, output=replace(SETTINGS.output, save_minutes=1e-9))
    whole = _trainer(tmp_path / "whole", settings)
    whole.run()
    waits, context, kills = random.Random(1), clean_processes(), 0
    while True:
        process = context.Process(target=_run_until_killed, args=(tmp_path / "parts", settings))
        process.start()
        process.join(waits.uniform(0.15, 0.4) * (1 + kills / 5))  # longer each time: the machine may be busy
        if process.exitcode is not None:
            break
        process.kill()
        process.join()
        kills += 1
        assert kills < 60
    assert process.exitcode == 0
    assert kills > 0
    last = _trainer(tmp_path / "parts", settings)
    last.resume()
    _assert_equal_runs(last, whole)
    assert not list((tmp_path / "parts").glob(".*.tmp"))


def test_accumulated_parts_make_the_same_step(tmp_path: Path) -> None:
    """The mean over two halves is the mean over the whole, up to rounding."""
    whole = _trainer(tmp_path / "whole", MODES["plain"], plain=True)
    parts = _trainer(tmp_path / "parts", MODES["accumulate"], plain=True, shard=BatchShard(accumulate=2))
    for trainer in (whole, parts):
        trainer.run()
    for name, value in _weights(whole).items():
        torch.testing.assert_close(_weights(parts)[name], value, rtol=1e-4, atol=1e-5)
    assert _log(tmp_path / "parts")[-1]["val"]["loss"] == pytest.approx(
        _log(tmp_path / "whole")[-1]["val"]["loss"], rel=1e-3
    )


def test_the_average_is_validated_and_kept_and_not_trained_with(tmp_path: Path) -> None:
    plain, averaged = _trainer(tmp_path / "plain"), _trainer(tmp_path / "ema", MODES["ema"])
    for trainer in (plain, averaged):
        trainer.run()
    assert all(torch.equal(a, b) for a, b in zip(_weights(plain).values(), _weights(averaged).values(), strict=True))
    assert averaged.step.average is not None
    means = [float(p.detach().sum()) for p in averaged.step.average.module.parameters()]
    assert json.loads((tmp_path / "ema" / "exported.json").read_text()) == means
    assert json.loads((tmp_path / "plain" / "exported.json").read_text()) != means
    assert _log(tmp_path / "ema")[-1]["val"] != _log(tmp_path / "plain")[-1]["val"]
    # decay 0.9 over weights w_1 .. w_20, from w_1: checked on the last step alone
    own = dict(plain.training.actor.net.named_parameters())
    assert averaged.step.average.n_averaged == 20
    assert all(not torch.equal(own[name], p) for name, p in averaged.step.average.module.named_parameters())


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_reduced_precision_learns_the_same(tmp_path: Path, precision: str) -> None:
    """In float32 where it matters: weights and their updates."""
    trainer = _trainer(tmp_path, MODES[precision])
    trainer.run()
    assert {value.dtype for value in _weights(trainer).values() if value.is_floating_point()} == {torch.float32}
    assert trainer.step.scaler.is_enabled() == (precision == "fp16")
    log = _log(tmp_path)
    assert log[-1]["train"]["loss"] < 0.6 * log[0]["train"]["loss"]


def test_the_best_network_is_kept(tmp_path: Path) -> None:
    """By the validation loss, which a last epoch at a far too high rate spoils."""
    optim = replace(SETTINGS.optim, epochs=3, schedule="step", step_epochs=2, step_factor=100.0)
    trainer = _trainer(tmp_path, replace(SETTINGS, optim=optim))
    trainer.run()
    losses = [line["val"]["loss"] for line in _log(tmp_path)]
    assert losses[2] > losses[1]
    assert json.loads((tmp_path / "best" / "epoch.json").read_text()) == {"epoch": 2, "loss": losses[1]}
    assert (tmp_path / "best" / "exported.json").read_text() != (tmp_path / "exported.json").read_text()
    assert trainer.progress.best == -losses[1]


def test_what_is_best_must_be_a_number_of_the_validation(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"best_by: expected one of loss.*, got 'hit'"):
        _trainer(tmp_path, replace(SETTINGS, best_by="hit")).run()


def test_steps_and_pictures_are_in_tensorboard(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = replace(SETTINGS, output=replace(SETTINGS.output, log_every=4, pictures_every=10))
    trainer = _trainer(tmp_path, settings, at_batch=lambda epoch, part: time.sleep(0.02))
    trainer.run()
    events = EventAccumulator(str(tmp_path / "tensorboard")).Reload()
    assert [event.step for event in events.Scalars("loss/step")] == [4, 8, 12, 16, 20]
    assert [event.value for event in events.Scalars("lr rest/step")] == pytest.approx([0.02, 0.02, 0.004, 0.004, 0.004])
    assert all(event.value > 0 for event in events.Scalars("samples_per_second/step"))
    assert all(0.1 < event.value <= 1 for event in events.Scalars("waiting_for_data/step"))
    gradients = [p.grad for p in trainer.training.actor.net.parameters() if p.grad is not None]
    norm = sum(float(gradient.square().sum()) for gradient in gradients) ** 0.5
    assert events.Scalars("gradient_norm/step")[-1].value == pytest.approx(norm, rel=1e-5)
    assert [(event.step, event.width, event.height) for event in events.Images("inputs")] == [(10, 3, 8), (20, 3, 8)]
    assert [event.step for event in events.Scalars("loss/val")] == [5, 10, 15, 20]
    # stderr is no terminal here: the same numbers are lines
    lines = [line for line in capsys.readouterr().out.splitlines() if " samples/s " in line]
    assert [line.partition("  loss")[0] for line in lines] == [
        "epoch 1  4/5",
        "epoch 2  3/5",
        "epoch 3  2/5",
        "epoch 4  1/5",
        "epoch 4  5/5",
    ]
    assert f"gradient norm {norm:.3g}" in lines[-1]


def test_a_terminal_has_a_bar_and_no_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trainer = _trainer(tmp_path)
    stats, numbers = [{"loss": 1.0}], {"samples": 8, "waited": 0.0, "gradient_norm": 2.0}
    with TrainingLog(tmp_path) as log:
        for lines in (False, True):
            step_logger = StepLogger(
                trainer.training.actor, trainer.training.optimizer, OutputSettings(log_every=1), log, lines
            )
            step_logger.step(1, "epoch 1  1/5", [], stats, numbers)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("epoch 1  1/5  loss 1  ")


def test_finished_run_has_nothing_left_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _trainer(tmp_path).run()
    capsys.readouterr()
    again = _trainer(tmp_path)
    again.resume()
    weights = {name: value.clone() for name, value in _weights(again).items()}
    again.run()
    assert capsys.readouterr().out == f"{tmp_path} is finished: all 4 epochs are done\n"
    assert len(_log(tmp_path)) == 4
    assert all(torch.equal(_weights(again)[name], value) for name, value in weights.items())


def test_resume_with_other_settings_names_the_fields(tmp_path: Path) -> None:
    _stop_after(_trainer(tmp_path), 1)
    changed = replace(SETTINGS, optim=replace(SETTINGS.optim, lr=0.5), validate_every=2, num_workers=0)
    with pytest.raises(ValueError, match=r"other settings: optim.lr was 0.02, is 0.5; validate_every was 1, is 2$"):
        _trainer(tmp_path, changed).resume()
    with pytest.raises(ValueError, match="other settings: seed was 3, is 4"):
        _trainer(tmp_path, seed=4).resume()


def test_nothing_to_resume(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nothing to resume: .*checkpoint\.pt does not exist"):
        _trainer(tmp_path).resume()
    (tmp_path / "checkpoint.pt").mkdir()
    with pytest.raises(InputError, match=r"checkpoint\.pt: is a folder; expected a file"):
        _trainer(tmp_path).resume()


def test_loss_that_is_not_finite_stops_with_the_batch_s_names(tmp_path: Path) -> None:
    with pytest.raises(
        FloatingPointError, match=r"epoch 2, step 3, batch \('epoch1/batch2',\): the loss is nan.*kept in .*bad_batch"
    ):
        _trainer(tmp_path, bad_epoch=1).run()
    assert len(_log(tmp_path)) == 1
    report = json.loads((tmp_path / "bad_batch.json").read_text())
    assert (report["epoch"], report["step"], report["samples"]) == (2, 3, ["epoch1/batch2"])
    last_good = _trainer(tmp_path)
    last_good.resume()
    assert all(torch.isfinite(value).all() for value in _weights(last_good).values())


def test_errors_of_the_loss_name_the_batch(tmp_path: Path) -> None:
    """An energy that is not finite is an error of the loss itself."""
    trainer = _trainer(tmp_path)

    class Diverged(type(trainer.training.actor)):  # type: ignore[misc]
        def __call__(self, batch: Any, generator: torch.Generator) -> Any:
            raise FloatingPointError("energy: 3 of 8 values are not finite")

    broken = replace(trainer.training, actor=Diverged(trainer.training.actor.net))
    with pytest.raises(
        FloatingPointError, match=r"epoch 1, step 1, batch \('epoch0/batch0',\): energy: 3 of 8 values are not finite"
    ):
        LTRTrainer(broken, SETTINGS, tmp_path, CPU, 0).run()
    assert json.loads((tmp_path / "bad_batch.json").read_text())["samples"] == ["epoch0/batch0"]


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


def test_the_rates_of_a_warm_up_grow_linearly_from_a_third(tmp_path: Path) -> None:
    """Steps have 5 batches an epoch; the drop after two epochs is that of every run."""
    optim = replace(
        SETTINGS.optim, epochs=3, lr=0.03, step_factor=0.1, momentum=0.9, bias_lr_factor=2.0, warmup_steps=6
    )
    trainer = _trainer(tmp_path, replace(SETTINGS, optim=optim))
    rates: list[list[float]] = []
    optimizer = trainer.training.optimizer
    optimizer.register_step_pre_hook(lambda *_: rates.append([group["lr"] for group in optimizer.param_groups]))
    trainer.run()
    weights, biases = zip(*rates, strict=True)
    growing = [0.01 + 0.02 * step / 6 for step in range(6)]
    assert weights == pytest.approx([*growing, *[0.03] * 4, *[0.003] * 5])
    assert biases == pytest.approx([2 * rate for rate in weights])
