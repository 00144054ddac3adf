"""Time PrRoIPool beside torchvision's RoIAlign, forward and backward (features and boxes).

    OMP_WAIT_POLICY=PASSIVE python tests/benchmarks/prroi_pool.py

Prints one Markdown row per case: the median time of one forward and backward pass.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch
from torch import Tensor
from torchvision.ops import roi_align

from external.prroi_pool import prroi_pool2d_batch

BINS = 5
CASES = {
    "tracking: 10 boxes, 256x36x36": (1, 10, 256, 36),
    "tracking: 10 boxes, 256x18x18": (1, 10, 256, 18),
    "training: 16x128 boxes, 64x36x36": (16, 128, 64, 36),
}


def median_ms(run: Callable[[], Tensor], inputs: list[Tensor], repeats: int) -> float:
    """Median time in milliseconds of ``run()`` and of the backward pass of its sum to ``inputs``."""
    times = []
    for _ in range(repeats + 3):
        start = time.perf_counter()
        torch.autograd.grad(run().sum(), inputs)
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times[3:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=50)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    print("| case (5x5 bins) | PrRoIPool, ms | roi_align, ms (features only) |\n|---|---|---|")
    for name, (maps, boxes_per_map, channels, size) in CASES.items():
        features = torch.randn(maps, channels, size, size, requires_grad=True)
        corners = torch.rand(maps, boxes_per_map, 2) * size / 2
        boxes = torch.cat([corners, corners + 2 + torch.rand_like(corners) * size / 2], dim=-1).requires_grad_()
        rois = list(boxes.detach())
        repeats = arguments.repeats if maps == 1 else max(arguments.repeats // 10, 3)
        ours = median_ms(lambda f=features, b=boxes: prroi_pool2d_batch(f, b, BINS, BINS), [features, boxes], repeats)
        theirs = median_ms(
            lambda f=features, r=rois: roi_align(f, r, (BINS, BINS), sampling_ratio=-1, aligned=True),
            [features],
            repeats,
        )
        print(f"| {name} | {ours:.2f} | {theirs:.2f} |")


if __name__ == "__main__":
    main()
