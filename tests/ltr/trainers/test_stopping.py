"""What ends a run before its end, and what is kept then."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from ltr.trainers.ltr_trainer import LTRTrainer
from ltr.trainers.settings import OptimSettings, TrainSettings
from ltr.utils.errors import InputError
from ltr.utils.stop_signals import Stopped, StopSignals
from tests.fakes.regression import PairBatch, PairLoader, regression_training

SETTINGS = TrainSettings(OptimSettings(epochs=3, batch_size=8, lr=0.02), best_by="-loss")
EMA = replace(SETTINGS, optim=replace(SETTINGS.optim, ema=0.9))


def _trainer(folder: Path, settings: TrainSettings = SETTINGS, **training: Any) -> LTRTrainer:
    return LTRTrainer(regression_training(settings, **training), settings, folder, torch.device("cpu"), 3)


def _weights(trainer: LTRTrainer) -> dict[str, Any]:
    average = trainer.step.average
    return {"net": trainer.training.actor.net.state_dict(), "average": average.state_dict() if average else {}}


def _assert_goes_on(folder: Path, settings: TrainSettings) -> None:
    """The run in ``folder``, taken up, ends with the weights of one that nothing has stopped."""
    whole, rest = _trainer(folder.with_name("whole"), settings), _trainer(folder, settings)
    whole.run()
    rest.resume()
    rest.run()
    for kind, expected in _weights(whole).items():
        for name, value in expected.items():
            assert torch.equal(_weights(rest)[kind][name], value), name


def _validation_of(trainer: LTRTrainer) -> PairLoader:
    assert isinstance(trainer.training.val_loader, PairLoader)
    return trainer.training.val_loader


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1])
def test_a_closed_terminal_and_a_batch_system_s_warning_save(tmp_path: Path, number: signal.Signals) -> None:
    def at_batch(epoch: int, part: int) -> None:
        if (epoch, part) == (1, 2):
            os.kill(os.getpid(), number)
            os.kill(os.getpid(), number)  # the kernel says so, and the shell

    before = signal.signal(number, signal.SIG_DFL)  # nohup ignores SIGHUP
    try:
        with pytest.raises(Stopped, match=f"stopped by {number.name} after 1 epochs and 3 of 5 steps; saved"):
            _trainer(tmp_path / "parts", at_batch=at_batch).run()
        assert signal.getsignal(number) == signal.SIG_DFL
    finally:
        signal.signal(number, before)
    _assert_goes_on(tmp_path / "parts", SETTINGS)


def test_what_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopSignals() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert stop.received is None
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_processes_leave_the_decision_to_the_main_one() -> None:
    with StopSignals() as stop:
        child = os.fork()
        if child == 0:
            os.kill(os.getpid(), signal.SIGTERM)
            os._exit(0 if stop.received is None else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert stop.received is None


def test_the_same_signal_twice_at_once_is_one_and_another_stops_at_once() -> None:
    with StopSignals() as stop:
        for _ in range(3):  # GNU timeout tells the process, and then its whole group
            os.kill(os.getpid(), signal.SIGTERM)
        assert stop.received == signal.SIGTERM
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_the_same_signal_later_stops_at_once() -> None:
    now = 10.0
    with StopSignals(lambda: now) as stop:
        os.kill(os.getpid(), signal.SIGINT)
        now += 1.5
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert stop.received == signal.SIGINT


HANGUP = """
import fcntl, sys, termios, time
from pathlib import Path
from ltr.utils.stop_signals import StopSignals
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
with StopSignals() as stop:
    print("ready", flush=True)
    while stop.received is None:
        time.sleep(0.01)
    print("a line after the terminal is gone", flush=True)
    print("and another", file=sys.stderr, flush=True)
    Path(sys.argv[1]).write_text("saved")
"""


def test_after_the_terminal_is_closed_there_is_time_to_save(tmp_path: Path) -> None:
    main, terminal = pty.openpty()
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            HANGUP,
            tmp_path / "out",
        ],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    assert os.read(main, 100).startswith(b"ready")
    os.close(main)
    assert process.wait(20) == 0
    assert (tmp_path / "out").read_text() == "saved"


@pytest.mark.parametrize("settings", [SETTINGS, EMA])
def test_validation_stops_within_a_batch(tmp_path: Path, settings: TrainSettings) -> None:
    """With the trained weights saved, not their average, which the network has while it is validated."""
    trainer = _trainer(tmp_path / "parts", settings)
    seen = []

    def at_batch(epoch: int, part: int) -> None:
        seen.append(part)
        os.kill(os.getpid(), signal.SIGTERM)

    _validation_of(trainer).at_batch = at_batch
    with pytest.raises(Stopped, match="after 0 epochs and 5 of 5 steps; saved"):
        trainer.run()
    assert seen == [0]
    assert not (tmp_path / "parts" / "exported.json").exists()
    _assert_goes_on(tmp_path / "parts", settings)


def _broken_at(epoch_and_part: tuple[int, int], error: Exception) -> Any:
    def at_batch(epoch: int, part: int) -> None:
        if (epoch, part) == epoch_and_part:
            raise error

    return at_batch


@pytest.mark.parametrize("error", [InputError("7.jpg: truncated"), FileNotFoundError(2, "No such file", "7.jpg")])
def test_a_sample_that_cannot_be_made_loses_nothing(tmp_path: Path, error: Exception) -> None:
    trainer = _trainer(tmp_path / "parts", at_batch=_broken_at((1, 2), error))
    with pytest.raises((ValueError, OSError), match=r"7\.jpg") as caught:
        trainer.run()
    assert str(caught.value) == f"{error} (saved after 1 epochs and 2 of 5 steps: go on with --resume)"
    _assert_goes_on(tmp_path / "parts", SETTINGS)


def test_so_it_is_in_validation(tmp_path: Path) -> None:
    trainer = _trainer(tmp_path / "parts", EMA)
    _validation_of(trainer).at_batch = _broken_at((0, 1), InputError("7.jpg: truncated"))
    with pytest.raises(ValueError, match=r"7.jpg: truncated \(saved after 0 epochs and 5 of 5 steps"):
        trainer.run()
    _assert_goes_on(tmp_path / "parts", EMA)


def test_a_bug_of_the_loader_keeps_its_type(tmp_path: Path) -> None:
    bug = KeyError("frame")
    with pytest.raises(KeyError) as caught:
        _trainer(tmp_path / "parts", at_batch=_broken_at((1, 2), bug)).run()
    assert caught.value is bug
    assert bug.__notes__ == ["saved after 1 epochs and 2 of 5 steps: go on with --resume"]
    _assert_goes_on(tmp_path / "parts", SETTINGS)


def test_before_the_first_step_there_is_nothing_to_keep(tmp_path: Path) -> None:
    trainer = _trainer(tmp_path, at_batch=_broken_at((0, 0), InputError("no such folder")))
    with pytest.raises(ValueError, match=r"^no such folder \(no step is done yet\)$"):
        trainer.run()
    assert not (tmp_path / "checkpoint.pt").exists()


class _Items(Dataset[PairBatch]):
    """Three batches; the process that makes the last is killed."""

    def __getitem__(self, index: int) -> PairBatch:
        if index == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return PairBatch(torch.ones(8, 3), torch.ones(8, 1), (str(index),))


class _WorkerLoader:
    """They are made in a worker process."""

    def __init__(self) -> None:
        self.loader = DataLoader(_Items(), None, sampler=range(3), num_workers=1, prefetch_factor=1)

    def set_epoch(self, epoch: int, first_batch: int = 0) -> None: ...

    def __len__(self) -> int:
        return 3

    def __iter__(self) -> Iterator[Any]:
        return iter(self.loader)


def test_a_killed_worker_is_one_line(tmp_path: Path) -> None:
    trainer = _trainer(tmp_path)
    broken = replace(trainer.training, train_loader=_WorkerLoader())
    message = r"^a worker process of the loader ended \(.*\); if memory is short, use fewer --num-workers; .*--resume$"
    with pytest.raises(ChildProcessError, match=message):
        LTRTrainer(broken, SETTINGS, tmp_path, torch.device("cpu"), 0).run()
