"""Calibration: how often credible regions have the target, as trained, with a temperature, and conformal.

    python -m ltr.experiments.calibration regression --methods nce ebmdn mdn --data mine.csv
    python -m ltr.experiments.calibration detection ncep_mobile --data DIR

The corrections are fitted on validation data, and everything is tested on other data. The regions are those of highest
density; for boxes also the central intervals of each coordinate, relative to the box that the detector found.
"""

from __future__ import annotations

from typing import Annotated

import tyro

from ltr.experiments.comparison.options import Regression
from ltr.experiments.detection.options import Calibrate
from ltr.utils.cli import one_line_errors
from ltr.utils.config import check

Options = (
    Annotated[Regression, tyro.conf.subcommand("regression")] | Annotated[Calibrate, tyro.conf.subcommand("detection")]
)


def main(options: Regression | Calibrate) -> None:
    """Print the table and draw the figure."""
    check(options, "options")
    # Help and mistakes do not wait for the import of torch.
    from ltr.experiments.comparison.calibration import regression
    from ltr.experiments.comparison.coverage import draw, noise_floor, table
    from ltr.experiments.detection.calibration import detection
    from ltr.utils.device import set_threads

    set_threads(options.threads)
    rows, count = regression(options) if isinstance(options, Regression) else detection(options)
    print("", *table(rows), sep="\n")
    print(f"\nerror of a density without error on {count} targets: {noise_floor(count):.3f}")
    draw(rows, options.figure)


if __name__ == "__main__":
    with one_line_errors():
        main(tyro.cli(Options, description=__doc__))  # type: ignore[arg-type]
