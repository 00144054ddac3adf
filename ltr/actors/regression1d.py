"""The actor of 1-D regression, the smallest use of the training methods (paper, Section 4.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ltr.actors.base_actor import BaseActor, Stats
from ltr.dataset.regression1d import ConditionalDensity, grid
from ltr.models.loss.ebm import EBMLoss
from ltr.models.regression1d import RegressionNet1D
from ltr.refine import refine

VALIDATION_GRID = 256  # coarser than the paper's 2048, which tables use: this runs in a second, between epochs


@dataclass(frozen=True)
class Regression1DBatch:
    """Pairs (x, y): both ``[N, 1]`` float32."""

    x: Tensor
    y: Tensor
    ids: tuple[str, ...] = ()

    def to(self, device: torch.device | str) -> Regression1DBatch:
        """The same batch on ``device``."""
        return Regression1DBatch(self.x.to(device), self.y.to(device), self.ids)


class Regression1DLoader:
    """The pairs of a training set, shuffled by seed and epoch."""

    def __init__(self, pairs: Regression1DBatch, batch_size: int, seed: int) -> None:
        self.pairs, self.batch_size, self.seed = pairs, batch_size, seed
        self.epoch, self.first_batch = 0, 0

    def set_epoch(self, epoch: int, first_batch: int = 0) -> None:
        """Choose the epoch (from 0) of the next pass, and the batch that it begins with."""
        self.epoch, self.first_batch = epoch, first_batch

    def __len__(self) -> int:
        return -(-len(self.pairs.x) // self.batch_size)

    def __iter__(self) -> Iterator[Regression1DBatch]:
        generator = torch.Generator().manual_seed(self.seed + 1_000_003 * self.epoch)
        order = torch.randperm(len(self.pairs.x), generator=generator)
        for index in order.split(self.batch_size)[self.first_batch :]:
            yield Regression1DBatch(self.pairs.x[index], self.pairs.y[index], (f"pairs {index.tolist()}",))


class Regression1DActor(BaseActor):
    """Runs a training method on the network, and scores the network against the true density.

    Args:
        net: the network.
        loss: a training method of ``ltr.models.loss.ebm``.
        density: the truth, for validation.
    """

    net: RegressionNet1D

    def __init__(self, net: RegressionNet1D, loss: EBMLoss, density: ConditionalDensity) -> None:
        super().__init__(net)
        self.loss = loss
        self.density = density

    def __call__(self, batch: Regression1DBatch, generator: Generator) -> tuple[Tensor, Stats]:
        output = self.loss(lambda y: self.net(batch.x, y), batch.y, generator)
        return output.loss, {"loss": output.loss.item(), **output.stats}

    def validate(self, batch: Regression1DBatch, generator: Generator) -> Stats:
        """D_KL from the truth, and the mean distance between predictions and the batch's y."""
        device = batch.x.device
        kl = self.density.kl_divergence(lambda x, y: self.net(x.to(device), y.to(device)).cpu(), VALIDATION_GRID)
        return {"kl": kl, "distance": (predict(self.net, batch.x) - batch.y).abs().mean().item()}


def predict(net: RegressionNet1D, x: Tensor, num_starts: int = 16) -> Tensor:
    """argmax over y of f(x, y) for ``x [N, 1]``: ``[N, 1]``, the best of ``num_starts`` runs of Algorithm S1."""
    starts = grid(num_starts).to(x)[None, :, None].expand(len(x), -1, -1)
    y, value = refine(lambda y: net(x, y), starts, step_length=0.01, num_iterations=20)
    return y[torch.arange(len(x)), value.argmax(dim=1)]
