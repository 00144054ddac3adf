"""Training in several processes, started by ``torchrun``: ranks, devices and reductions."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist


@dataclass(frozen=True)
class ProcessGroup:
    """The processes that train together, seen from this one; by default a single process."""

    rank: int = 0
    count: int = 1
    device: torch.device = torch.device("cpu")  # of the tensors that are reduced

    @property
    def is_main(self) -> bool:
        """Whether this process writes the files and messages."""
        return self.rank == 0

    def any(self, flag: bool) -> bool:
        """Whether ``flag`` is set in any of the processes; all must call it."""
        return bool(self._total([float(flag)])[0]) if self.count > 1 else flag

    def sum(self, numbers: Mapping[str, float]) -> dict[str, float]:
        """The sum of every number over the processes; all must call it with the same names."""
        if self.count == 1:
            return dict(numbers)
        names = sorted(numbers)
        return dict(zip(names, self._total([numbers[name] for name in names]), strict=True))

    def _total(self, numbers: list[float]) -> list[float]:
        total = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        dist.all_reduce(total)
        return total.tolist()


SINGLE = ProcessGroup()


def launched_by_torchrun() -> bool:
    """Whether ``torchrun`` started this process."""
    return {"RANK", "WORLD_SIZE", "LOCAL_RANK"} <= os.environ.keys()


def local_device(device: torch.device) -> torch.device:
    """The device of this process: the GPU of its local rank, if the index of ``cuda`` is not given."""
    if device.type == "cuda" and device.index is None and launched_by_torchrun():
        return torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    return device


@contextmanager
def process_group(device: torch.device) -> Iterator[ProcessGroup]:
    """The processes that ``torchrun`` started, connected by nccl (CUDA) or gloo; otherwise ``SINGLE``."""
    if not launched_by_torchrun():
        yield SINGLE
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    yield ProcessGroup(dist.get_rank(), dist.get_world_size(), device)
    dist.destroy_process_group()  # not after an error: the others may not respond, and torchrun ends them
