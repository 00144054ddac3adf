"""A training of the fake task under torchrun: ``torchrun ... distributed_run.py FOLDER [RANK_THAT_DIES]``."""

import os
import sys
from pathlib import Path

import torch

from ltr.sampling.loader import BatchShard
from ltr.trainers.ltr_trainer import LTRTrainer
from ltr.trainers.settings import OptimSettings, TrainSettings
from ltr.utils.distributed import process_group
from tests.fakes.regression import regression_training

SETTINGS = TrainSettings(OptimSettings(epochs=2, batch_size=8, lr=0.02, clip_norm=50.0, ema=0.9), best_by="-loss")


def main(folder: Path, dying: int | None = None) -> LTRTrainer:
    """Train; process ``dying`` ends at its third batch without a word."""
    with process_group(torch.device("cpu")) as processes:

        def at_batch(epoch: int, part: int) -> None:
            if processes.rank == dying and part == 2:
                os._exit(9)

        shard = BatchShard(processes.rank, processes.count)
        training = regression_training(SETTINGS, plain=True, shard=shard, at_batch=at_batch)
        trainer = LTRTrainer(training, SETTINGS, folder, torch.device("cpu"), 0, processes)
        trainer.run()
        return trainer


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
