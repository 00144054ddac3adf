"""Processor time and memory of one training step, on one thread of the CPU.

    python tests/benchmarks/training_step.py [--name super_dimp] [--batch 2] [--steps 3] [--profile]

The samples are drawn shapes, the weights random: the time depends on neither. Prints one Markdown row: the median
seconds of the forward pass with the loss, of the backward pass, of both, and the peak of the memory in use.
"""

import argparse
import resource
import statistics
import time
from dataclasses import replace
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

from ltr.admin.build_training import build_training
from ltr.train_settings import load_settings
from ltr.train_settings.dimp import DataSource, DiMPTrainSettings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", default="super_dimp")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--precision", choices=["float32", "bf16"], default="float32")
    parser.add_argument("--compile", action="store_true", help="the backbone, with torch.compile")
    parser.add_argument("--profile", action="store_true", help="the operators that take longest, too")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    settings = load_settings("dimp", arguments.name)
    assert isinstance(settings, DiMPTrainSettings)
    settings = replace(
        settings,
        pretrained=False,
        sources=(DataSource("synthetic"),),
        validation_sources=(),
        validation_sequences=(),
        optim=replace(settings.optim, batch_size=arguments.batch),
        num_workers=0,
    )
    training = build_training(settings, Path(), torch.device("cpu"), seed=0)
    training.prepare()
    net = training.actor.net.train()
    if arguments.compile:
        net.feature_extractor.compile()  # type: ignore[operator,union-attr]
    batch = next(iter(training.train_loader))
    generator = torch.Generator().manual_seed(0)

    def step() -> tuple[float, float]:
        start = time.process_time()
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.precision == "bf16"):
            loss, _ = training.actor(batch, generator)
        middle = time.process_time()
        training.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        return middle - start, time.process_time() - middle

    step()
    if arguments.profile:
        with profile(activities=[ProfilerActivity.CPU]) as profiler:
            step()
        print(profiler.key_averages().table(sort_by="self_cpu_time_total", row_limit=20, max_name_column_width=45))
    times = [step() for _ in range(arguments.steps)]
    forward, backward = (statistics.median(part) for part in zip(*times, strict=True))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print("| settings | batch | forward, s | backward, s | step, s | peak memory, GiB |\n|---|--:|--:|--:|--:|--:|")
    print(
        f"| {arguments.name} | {arguments.batch} | {forward:.2f} | {backward:.2f} "
        f"| {forward + backward:.2f} | {peak:.2f} |"
    )


if __name__ == "__main__":
    main()
