"""The 1-D task on the trainer that trains the tracker."""

import json
from pathlib import Path

import pytest
import torch

from ltr.actors.regression1d import Regression1DBatch, Regression1DLoader, predict
from ltr.admin.build_training import build_training
from ltr.dataset.regression1d import DATASETS
from ltr.models.loss.ebm import DSM, EBM_LOSSES, NCE, SM
from ltr.models.regression1d import RegressionNet1D
from ltr.train_settings import TASKS, load_settings
from ltr.train_settings.regression1d import Regression1DSettings
from ltr.trainers.ltr_trainer import LTRTrainer
from ltr.trainers.settings import OptimSettings, with_values
from ltr.utils.config import check

CPU = torch.device("cpu")


def test_every_method_has_settings_by_its_name() -> None:
    named = TASKS["regression1d"].named
    losses = {name: type(settings.loss) for name, settings in named.items()}  # type: ignore[attr-defined]
    assert losses == {**EBM_LOSSES, **{f"{name}_sine": kind for name, kind in EBM_LOSSES.items()}}
    assert load_settings("regression1d", "ncep").optim == OptimSettings(75, 32, 1e-3, schedule="constant")


def test_methods_have_the_values_of_the_data_set() -> None:
    changes = {"dataset": "sine", "loss": "dsm"}
    changed = with_values(load_settings("regression1d", "ncep"), changes, "here")
    assert changed == load_settings("regression1d", "dsm_sine")
    assert changed.loss == DSM(sigma=0.075)  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="here: dataset: expected a text, got 1"):
        with_values(changed, {"dataset": 1, "loss": "dsm"}, "here")


def test_trains_and_validates(tmp_path: Path) -> None:
    settings = Regression1DSettings(
        OptimSettings(epochs=4, batch_size=32, lr=1e-2, schedule="constant"),
        validate_every=2,
        dataset="sine",
        num_pairs=500,
        loss=NCE(num_samples=16),
    )
    LTRTrainer(build_training(settings, tmp_path, CPU, 0), settings, tmp_path, CPU, 0).run()
    log = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    kls = [value for line in log for value in [line.get("val", {}).get("kl", line.get("val/kl"))] if value is not None]
    assert len(kls) == 2
    assert kls[1] < kls[0] < 2.5
    assert (tmp_path / "network.safetensors").is_file()


def test_score_matching_trains_through_the_actor() -> None:
    settings = Regression1DSettings(loss=SM(), num_pairs=32)
    training = build_training(settings, Path("unused"), CPU, 0)
    training.train_loader.set_epoch(0)
    loss, stats = training.actor(next(iter(training.train_loader)), torch.Generator().manual_seed(0))
    loss.backward()
    assert stats["loss"] == loss.item()
    assert all(p.grad is not None for p in training.actor.net.parameters() if p is not training.actor.net.fc4_xy.bias)


def test_loader_visits_every_pair_once_in_an_order_of_the_epoch() -> None:
    pairs = Regression1DBatch(torch.arange(10.0)[:, None], torch.zeros(10, 1))
    loader = Regression1DLoader(pairs, batch_size=4, seed=0)
    orders = []
    for epoch in (0, 1, 0):
        loader.set_epoch(epoch)
        batches = list(loader)
        assert [len(batch.x) for batch in batches] == [4, 4, 2]
        assert len(loader) == 3
        orders.append(torch.cat([batch.x for batch in batches]).flatten().tolist())
    assert sorted(orders[0]) == list(range(10))
    assert orders[0] == orders[2] != orders[1]


def test_predict_climbs_to_the_highest_peak() -> None:
    class TwoPeaks(RegressionNet1D):
        def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
            d = y[..., 0]
            return torch.logaddexp(-8 * (d + x) ** 2, -8 * (d - x) ** 2 - 0.5)

    x = torch.tensor([[1.0], [2.0]])
    torch.testing.assert_close(predict(TwoPeaks(), x), -x, atol=0.02, rtol=0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dataset": "cosine"}, "dataset: expected one of bimodal, sine, got 'cosine'"),
        ({"num_pairs": 0}, "num_pairs: expected more than 0, got 0"),
    ],
)
def test_bad_settings_are_named(changes: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check(Regression1DSettings(**changes), "settings")


def test_validation_score_is_that_of_the_density() -> None:
    training = build_training(Regression1DSettings(num_pairs=8), Path("unused"), CPU, 0)
    stats = training.actor.validate(next(iter(training.val_loader)), torch.Generator())  # type: ignore[arg-type]
    assert stats["kl"] == pytest.approx(DATASETS["bimodal"].kl_divergence(training.actor.net, 256))
