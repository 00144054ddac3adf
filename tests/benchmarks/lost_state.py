"""How well the tracker tells that it has lost the target, from stored results.

    python tests/benchmarks/lost_state.py DIR RESULTS [RESULTS ...]

DIR has the sequences, RESULTS are folders of ``run_tracker``. A frame is lost where the target is not in the picture
(no true box) or the tracker's box does not touch it. Prints, over all frames: how many are lost; for the states `lost`
and `lost or uncertain` the share of their frames that are (precision), and of the lost frames that they name (recall).
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from ltr.data.bounding_box_utils import box_iou
from pytracking.evaluation.datasets import get_dataset


def frames(truth: np.ndarray, folder: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Of the frames after the first: is it lost ``[n]``, and the tracker's state ``[n]``."""
    boxes = np.loadtxt(folder / f"{name}.txt", delimiter=",", ndmin=2)
    states = np.loadtxt(folder / f"{name}_score.txt", delimiter=",", usecols=1, dtype=str, ndmin=1)
    present = np.isfinite(truth).all(axis=1) & (truth[:, 2:] > 0).all(axis=1)
    overlap = box_iou(torch.from_numpy(boxes), torch.from_numpy(truth)).numpy()
    return (~present | (overlap == 0))[1:], states[1:]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sequences", type=Path)
    parser.add_argument("results", type=Path, nargs="+")
    arguments = parser.parse_args()
    dataset = get_dataset(f"folder:{arguments.sequences}")
    for folder in arguments.results:
        of_sequences = [frames(sequence.ground_truth, folder, sequence.name) for sequence in dataset]
        lost, states = (np.concatenate(parts) for parts in zip(*of_sequences, strict=True))
        print(f"{folder}: {len(lost)} frames, {lost.sum()} lost")
        for names in (["lost"], ["lost", "uncertain"]):
            said = np.isin(states, names)
            both = (said & lost).sum()
            precision, recall = both / max(said.sum(), 1), both / max(lost.sum(), 1)
            print(f"  {' or '.join(names):18s} {said.sum():6d} frames, precision {precision:.2f}, recall {recall:.2f}")


if __name__ == "__main__":
    main()
