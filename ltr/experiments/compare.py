"""Train methods of p(y|x) on a CSV table, and compare their densities: NLL, CRPS and coverage, with intervals.

    python -m ltr.experiments.compare --methods nce ncep ebmdn gaussian mdn quantile --data mine.csv

The table's first line names its columns: y (or those of --target) is predicted from the others. The data may also be
one of bimodal, sine and ring, drawn from a known density. A mixture's number of components may follow its name: mdn-16.
"""

from __future__ import annotations

import tyro

from ltr.experiments.comparison.options import Compare
from ltr.utils.cli import one_line_errors
from ltr.utils.config import check
from ltr.utils.figures import check_figure
from ltr.utils.files import STDOUT, check_outputs
from ltr.utils.numbers import check_seed


def main(options: Compare) -> None:
    """Compare, print the table and draw the densities."""
    check(options, "options")
    check_seed(options.seed + options.runs - 1)
    check_figure("--figure", options.figure)
    check_outputs({"--figure": options.figure, "--json": options.json}, [options.data])
    # Help and mistakes do not wait for the import of torch.
    from ltr.experiments.comparison.figure import draw, test_pairs
    from ltr.experiments.comparison.methods import load
    from ltr.experiments.comparison.report import compare, print_table, say, summaries, write_json
    from ltr.utils.device import set_threads

    set_threads(options.threads)
    problem = load(options)
    found = compare(options, problem)
    intervals = summaries(found, options)
    if options.json == STDOUT:
        write_json(found, intervals, options)
    else:
        print_table(found, intervals)
    if options.figure and len(problem.targets) > 2:
        say(f"figure: not drawn, as the densities of {len(problem.targets)} targets have no picture", options)
    elif options.figure:
        densities = {name: scores.density for name, scores in found.items() if scores.density}
        draw(densities, problem, options.figure)
        for line in ("", f"The densities of the first runs are in {options.figure}.", *test_pairs(problem)):
            say(line, options)


if __name__ == "__main__":
    with one_line_errors():
        main(tyro.cli(Compare, description=__doc__))
