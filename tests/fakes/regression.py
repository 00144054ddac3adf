"""A training task that takes milliseconds: linear regression."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ltr.actors.base_actor import BaseActor, Stats
from ltr.admin.build_training import build_optimizer
from ltr.admin.settings import TrainSettings
from ltr.trainers.ltr_trainer import Training


@dataclass(frozen=True)
class PairBatch:
    """Inputs ``[n, 3]``, targets ``[n, 1]`` and the name of the batch."""

    x: Tensor
    y: Tensor
    ids: tuple[str, ...]

    def to(self, device: torch.device) -> "PairBatch":
        return self


class PairLoader:
    """Batches of y = x . (1, -2, 3) that depend on (seed, epoch, batch) alone; ``bad_epoch`` has a NaN."""

    def __init__(self, seed: int = 0, num_batches: int = 5, bad_epoch: int | None = None) -> None:
        self.seed, self.num_batches, self.bad_epoch, self.epoch = seed, num_batches, bad_epoch, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return self.num_batches

    def __iter__(self) -> Iterator[PairBatch]:
        for index in range(self.num_batches):
            generator = torch.Generator().manual_seed(1000 * self.seed + 100 * self.epoch + index)
            x = torch.randn(8, 3, generator=generator)
            y = x @ torch.tensor([[1.0], [-2.0], [3.0]])
            if self.epoch == self.bad_epoch and index == 2:
                y[0] = torch.nan
            yield PairBatch(x, y, (f"epoch{self.epoch}/batch{index}",))


class RegressionActor(BaseActor):
    """Squared error on inputs with noise from the trainer's generator; dropout draws from torch's own."""

    def __call__(self, batch: PairBatch, generator: torch.Generator) -> tuple[Tensor, Stats]:
        noise = 0.01 * torch.randn(batch.x.shape, generator=generator)
        loss = (self.net(batch.x + noise) - batch.y).square().mean()
        return loss, {"loss": loss.item()}

    def validate(self, batch: PairBatch, generator: torch.Generator) -> Stats:
        assert not self.net.training
        with torch.no_grad():
            loss, _ = self(batch, generator)
        return {"loss": loss.item()}


def regression_training(settings: TrainSettings, validate: bool = True, **loader: Any) -> Training:
    """The task, its network started from a fixed seed."""
    torch.manual_seed(7)
    net = nn.Sequential(nn.Linear(3, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.05), nn.Linear(16, 1))
    optimizer, scheduler = build_optimizer(net, settings.optim)

    def export(folder: Path) -> None:
        (folder / "exported.json").write_text(json.dumps([p.shape.numel() for p in net.parameters()]))

    val_loader = PairLoader(seed=99, num_batches=2) if validate else None
    return Training(RegressionActor(net), PairLoader(**loader), val_loader, optimizer, scheduler, export)
