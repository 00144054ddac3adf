"""Plots like the paper's Figures S1 and S4-S6: the true and the learned densities of the first data set.

python -m ltr.experiments.densities --methods nce dsm sm --num-samples 1024 1024 1
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from ltr.utils.cli import one_line_errors
from ltr.utils.errors import InputError
from ltr.utils.figures import check_figure
from ltr.utils.files import check_outputs


@dataclass(frozen=True)
class Options:
    """What to draw."""

    methods: tuple[str, ...] = ("nce", "dsm", "sm")
    num_samples: tuple[int, ...] = (1024, 1024, 1)  # M of each
    dataset: str = "bimodal"
    results: Path = Path("workspace/regression1d")
    figure: Path = Path("densities.png")


def main(options: Options) -> None:
    """Write the figure; InputError if a method has no M, or no run."""
    if len(options.num_samples) != len(options.methods):
        raise InputError(
            f"num-samples: expected an M for each of {', '.join(options.methods)}, "
            f"got {' '.join(map(str, options.num_samples))}"
        )
    check_figure("figure", options.figure)
    check_outputs({"figure": options.figure}, [options.results])
    # Help and mistakes do not wait for the import of torch.
    from ltr.dataset.regression1d import DATASETS
    from ltr.experiments.regression1d.density_figure import draw

    if options.dataset not in DATASETS:
        raise InputError(f"dataset: expected one of {', '.join(DATASETS)}, got {options.dataset!r}")
    rows = zip(options.methods, options.num_samples, strict=True)
    draw(rows, options.dataset, options.results, options.figure)


if __name__ == "__main__":
    with one_line_errors():
        main(tyro.cli(Options, description=__doc__))
