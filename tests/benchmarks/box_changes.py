"""How boxes of sequences differ from their first: what the tracker's prior of size and shape stands on.

    python tests/benchmarks/box_changes.py DIR [DIR ...]

Takes 100 frames spread over each sequence, and prints for log sqrt(w h) and log (w / h), against the first box, some
quantiles and the Student's t of location 0 that fits best (frames where nothing has changed are left out of the fit).
"""

import argparse

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ltr.dataset.base_video_dataset import visible_boxes
from pytracking.evaluation.datasets.registry import get_dataset

FRAMES, SMALLEST, SHORTEST = 100, 4.0, 20
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def changes(truth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of size and of aspect, ``[2, 100]``, of boxes ``[N, 4]``; ``[2, 0]`` where there are too few."""
    truth = truth[visible_boxes(truth, SMALLEST)]
    if len(truth) < SHORTEST:
        return np.empty((2, 0))
    log_w, log_h = np.log(truth[np.linspace(0, len(truth) - 1, FRAMES).astype(int), 2:] / truth[0, 2:]).T
    return np.stack([(log_w + log_h) / 2, log_w - log_h])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="+")
    folders = parser.parse_args().folder
    found = [changes(s.ground_truth[s.start :]) for folder in folders for s in get_dataset(f"folder:{folder}")]
    print(f"{sum(change.shape[1] > 0 for change in found)} sequences")
    for name, values in zip(("log sqrt(w h)", "log (w / h)"), np.concatenate(found, axis=1), strict=True):
        degrees, _, scale = stats.t.fit(values[np.abs(values) > 1e-4], floc=0)
        quantiles = " ".join(f"{value:.2f}" for value in np.quantile(values, QUANTILES))
        print(f"{name}: quantiles {quantiles}; Student's t: nu {degrees:.2f}, scale {scale:.3f}")


if __name__ == "__main__":
    main()
