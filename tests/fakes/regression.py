"""A training task that takes milliseconds: linear regression."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ltr.actors.base_actor import BaseActor, Stats
from ltr.admin.build_optimizer import build_optimizer
from ltr.sampling.loader import WHOLE_BATCH, BatchShard
from ltr.trainers.ltr_trainer import Training
from ltr.trainers.settings import TrainSettings


@dataclass(frozen=True)
class PairBatch:
    """Inputs ``[n, 3]``, targets ``[n, 1]`` and the name of the batch."""

    x: Tensor
    y: Tensor
    ids: tuple[str, ...]

    def to(self, device: torch.device) -> "PairBatch":
        return self


class PairLoader:
    """Batches of y = x . (1, -2, 3) that depend on (seed, epoch, batch) alone.

    Args:
        seed: of the pairs.
        num_batches: whole ones, of 8 pairs.
        bad_epoch: has a NaN in its third batch.
        shard: of every batch; a step takes ``shard.accumulate`` parts.
        at_batch: called with (epoch, part) before a part is given.
    """

    def __init__(
        self,
        seed: int = 0,
        num_batches: int = 5,
        bad_epoch: int | None = None,
        shard: BatchShard = WHOLE_BATCH,
        at_batch: Callable[[int, int], None] = lambda epoch, part: None,
    ) -> None:
        self.seed, self.num_batches, self.bad_epoch, self.shard, self.at_batch = (
            seed,
            num_batches,
            bad_epoch,
            shard,
            at_batch,
        )
        self.epoch, self.first_batch = 0, 0

    def set_epoch(self, epoch: int, first_batch: int = 0) -> None:
        self.epoch, self.first_batch = epoch, first_batch

    def __len__(self) -> int:
        return self.num_batches * self.shard.accumulate

    def __iter__(self) -> Iterator[PairBatch]:
        size = self.shard.size(8)
        for part in range(self.first_batch, len(self)):
            index, turn = divmod(part, self.shard.accumulate)
            generator = torch.Generator().manual_seed(1000 * self.seed + 100 * self.epoch + index)
            x = torch.randn(8, 3, generator=generator)
            y = x @ torch.tensor([[1.0], [-2.0], [3.0]])
            if self.epoch == self.bad_epoch and index == 2:
                y[0] = torch.nan
            self.at_batch(self.epoch, part)
            mine = slice(start := (turn * self.shard.processes + self.shard.rank) * size, start + size)
            yield PairBatch(x[mine], y[mine], (f"epoch{self.epoch}/batch{index}",))


class RegressionActor(BaseActor):
    """Squared error on inputs with noise from the trainer's generator; dropout draws from torch's own."""

    noise: float = 0.01

    def __call__(self, batch: PairBatch, generator: torch.Generator) -> tuple[Tensor, Stats]:
        noise = self.noise * torch.randn(batch.x.shape, generator=generator)
        loss = (self.net(batch.x + noise) - batch.y).square().mean()
        return loss, {"loss": loss.item()}

    def validate(self, batch: PairBatch, generator: torch.Generator) -> Stats:
        assert not self.net.training
        with torch.no_grad():
            loss, _ = self(batch, generator)
        return {"loss": loss.item()}

    def pictures(self, batch: PairBatch) -> dict[str, np.ndarray]:
        return {"inputs": np.clip(128 + 40 * batch.x.numpy(), 0, 255).astype(np.uint8)[:, None].repeat(3, axis=1)}


class PlainActor(RegressionActor):
    """Without noise."""

    noise = 0.0


def regression_training(
    settings: TrainSettings, validate: bool = True, plain: bool = False, shard: BatchShard = WHOLE_BATCH, **loader: Any
) -> Training:
    """The task, its network started from a fixed seed; ``plain``: nothing is drawn, and no batch norm."""
    torch.manual_seed(7)
    extra = [] if plain else [nn.BatchNorm1d(16), nn.Dropout(0.05)]
    net = nn.Sequential(nn.Linear(3, 16), *extra, nn.ReLU(), nn.Linear(16, 1))
    optimizer, scheduler = build_optimizer(net, settings.optim)

    def export(folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "exported.json").write_text(json.dumps([float(p.detach().sum()) for p in net.parameters()]))

    val_loader = PairLoader(seed=99, num_batches=2, shard=replace(shard, accumulate=1)) if validate else None
    train_loader = PairLoader(shard=shard, **loader)
    actor = (PlainActor if plain else RegressionActor)(net)
    return Training(actor, train_loader, val_loader, optimizer, scheduler, export)
