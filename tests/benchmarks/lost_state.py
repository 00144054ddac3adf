"""How well the tracker tells that it has lost the target, from stored results.

    python tests/benchmarks/lost_state.py DIR RESULTS [RESULTS ...]

DIR has the sequences, RESULTS are folders of ``run_tracker``. A frame is lost where the target is not in the picture
(no true box) or the tracker's box does not touch it. Prints, over all frames: how many are lost; for the states `lost`
and `lost or uncertain` the share of their frames that are (precision), and of the lost frames that they name (recall).
"""

import argparse
from pathlib import Path

import numpy as np

from ltr.dataset.text_files import read_boxes
from pytracking.analysis.metrics import iou
from pytracking.evaluation.datasets.registry import get_dataset
from pytracking.evaluation.results import read_scores


def frames(truth: np.ndarray, folder: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Of the frames after the first: is it lost ``[n]``, and the tracker's state ``[n]``."""
    overlap = iou(read_boxes(folder / f"{name}.txt"), truth)  # NaN where there is no true box
    _, states = read_scores(folder / f"{name}_score.txt")
    return ~(overlap > 0)[1:], np.array(states[1:])


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
