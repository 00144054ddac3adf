"""Table 2 of the paper: AP and training cost of every method on object detection; the ablations as other studies.

    python -m ltr.experiments.table2 --data DIR --seeds 2
    python -m ltr.experiments.table2 --data DIR --study figure3 --seeds 1 --figure docs/figures/detection_figure3.png

Results are stored in a folder: finished runs are not repeated, stopped runs are resumed.
"""

from __future__ import annotations

from dataclasses import replace

import tyro

from ltr.experiments.detection.options import Table2
from ltr.utils.cli import one_line_errors
from ltr.utils.config import check
from ltr.utils.errors import InputError
from ltr.utils.figures import check_figure
from ltr.utils.files import check_outputs, with_card


def main(options: Table2) -> None:
    """Train missing runs and print the table."""
    # Help and mistakes do not wait for the import of torch.
    from ltr.experiments.detection.costs import print_costs
    from ltr.experiments.detection.plot import draw
    from ltr.experiments.detection.runs import DetectionRuns
    from ltr.experiments.detection.studies import chosen_rows
    from ltr.experiments.detection.table import print_table
    from ltr.train_settings.detection import BRANCH_COCO, BRANCH_MOBILE
    from ltr.utils.device import choose_device, set_threads

    rows = chosen_rows(options.study, options.rows, options.num_samples)
    if options.figure and not any(row.is_numeric for row in rows):
        raise InputError("figure: no row of this study varies a number")
    base = BRANCH_COCO if options.scale == "coco" else BRANCH_MOBILE
    settings = replace(base, weights=options.weights or base.weights, cache=options.cache or base.cache)
    read = [options.data, *(with_card(settings.weights) if settings.weights else ())]
    check_figure("figure", options.figure)
    check_outputs({"figure": options.figure}, read, {"results": options.results})
    set_threads(options.threads)
    device = choose_device(options.device)
    check(settings, "settings")
    runs = DetectionRuns(options.results, settings, options.data, options.factors, device)
    runs.detector()
    for seed in range(options.seeds):
        for row in rows:
            runs.train(row, seed)
    print_table(runs, rows)
    if options.figure:
        draw(runs, rows, options.figure)
    if options.time_steps:
        print_costs(options.data, settings, rows, options.time_steps, device)


if __name__ == "__main__":
    with one_line_errors("the same command goes on"):
        main(tyro.cli(Table2, description=__doc__))
