"""One step of the optimizer: loss and gradient of a batch in parts, in one or more processes, in reduced precision."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from ltr.actors.base_actor import BaseActor, Stats
from ltr.trainers.settings import TrainSettings
from ltr.utils.device import PRECISIONS
from ltr.utils.distributed import ProcessGroup


class BadBatch(Exception):
    """A loss that is not finite or that could not be computed.

    Args:
        error: type of the exception for the user.
        what: the problem.
        stats: of the actor, if it computed them.
        ids: names of the samples.
    """

    def __init__(self, error: type[Exception], what: str, stats: Stats, ids: Sequence[str]) -> None:
        super().__init__(what)
        self.error, self.what, self.stats, self.ids = error, what, stats, ids


class _Loss(nn.Module):
    """An actor as a module, for DistributedDataParallel."""

    def __init__(self, actor: BaseActor) -> None:
        super().__init__()
        self.net = actor.net
        self._actor = (actor,)  # in a tuple, because it is not a module

    def forward(self, batch: Any, generator: torch.Generator) -> tuple[Tensor, Stats]:
        return self._actor[0](batch, generator)


class OptimizerStep:
    """One training step of the network.

    Args:
        actor, optimizer: of the training.
        settings: of the task: precision, clipping, accumulation, averaging.
        device: of the network.
        processes: that train together, each with its shard of the batch.
    """

    def __init__(
        self,
        actor: BaseActor,
        optimizer: torch.optim.Optimizer,
        settings: TrainSettings,
        device: torch.device,
        processes: ProcessGroup,
    ) -> None:
        self.optimizer, self.settings, self.device = optimizer, settings, device
        self.gradient_norm = torch.zeros(())  # of the last step, before clipping
        self.loss: nn.Module = _Loss(actor)
        if processes.count > 1:
            # Gradients of 1x1 convolutions have two equivalent layouts, channels last or not; the copy is cheap.
            warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
            self.loss = DistributedDataParallel(self.loss)
        # fp16 has a small range: losses are scaled so that small gradients do not underflow. bf16 needs no scaling.
        self.scaler = torch.amp.GradScaler(device.type, enabled=settings.precision == "fp16")
        self.average: AveragedModel | None = None
        if settings.optim.ema is not None:
            average = get_ema_multi_avg_fn(settings.optim.ema)
            self.average = AveragedModel(actor.net, multi_avg_fn=average, use_buffers=True)

    def __call__(self, batches: Sequence[Any], generator: torch.Generator) -> list[Stats]:
        """One step on the parts of a batch; the numbers to log of each part.

        Raises:
            BadBatch: a loss is not finite or could not be computed; the network is unchanged.
        """
        self.optimizer.zero_grad(set_to_none=True)
        stats = []
        for i, batch in enumerate(batches):
            batch = batch.to(self.device)
            last = i == len(batches) - 1
            # Gradients are exchanged between the processes once, with the last part.
            wait = isinstance(self.loss, DistributedDataParallel) and not last
            with self.loss.no_sync() if wait else contextlib.nullcontext():  # type: ignore[operator]
                loss, part = self._forward(batch, generator)
                self.scaler.scale(loss / len(batches)).backward()
            stats.append(part)
        self.scaler.unscale_(self.optimizer)
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        limit = self.settings.optim.clip_norm
        self.gradient_norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])
        if limit is not None:
            nn.utils.clip_grads_with_norm_(parameters, limit, self.gradient_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.average is not None:
            self.average.update_parameters(self._net)
        return stats

    def _forward(self, batch: Any, generator: torch.Generator) -> tuple[Tensor, Stats]:
        precision = PRECISIONS[self.settings.precision]
        try:
            with torch.autocast(self.device.type, precision, enabled=precision != torch.float32):
                loss, stats = self.loss(batch, generator)
        except (ValueError, FloatingPointError) as error:
            kind = FloatingPointError if isinstance(error, FloatingPointError) else ValueError
            raise BadBatch(kind, str(error), {}, batch.ids) from error
        if not math.isfinite(loss.item()):
            raise BadBatch(FloatingPointError, f"the loss is {loss.item()}: {stats}", stats, batch.ids)
        return loss, stats

    @property
    def _net(self) -> nn.Module:
        module = self.loss.module if isinstance(self.loss, DistributedDataParallel) else self.loss
        return module.net  # type: ignore[return-value]

    @contextlib.contextmanager
    def averaged(self) -> Any:
        """In the block, the network has its averaged weights, if ``ema`` is set."""
        if self.average is None:
            yield
            return
        own = {name: value.clone() for name, value in self._net.state_dict().items()}
        self._net.load_state_dict(self.average.module.state_dict())
        try:
            yield
        finally:
            self._net.load_state_dict(own)

    def parts(self) -> dict[str, Any]:
        """The parts of a checkpoint besides network and optimizer."""
        average = {} if self.average is None else {"average": self.average}
        return {"scaler": self.scaler, **average}
