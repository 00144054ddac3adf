"""Pack results on TrackingNet's test set for its server, or verify an archive.

    python pytracking/util_scripts/pack_trackingnet_results.py dimp dimp_ncep_mobile [--output FILE.zip]
    python pytracking/util_scripts/pack_trackingnet_results.py --verify FILE.zip

The archive holds <Seq>.txt for each of the 511 sequences, a row x,y,w,h a frame. Anything else is refused.
"""

import sys
from collections.abc import Sequence
from functools import partial

from pytracking.evaluation.submission import TRACKINGNET
from pytracking.util_scripts.packing import Arguments, run
from pytracking.utils.cli import run_command


def main(argv: Sequence[str] | None = None) -> int:
    """Parse ``argv`` and run; the exit code."""
    return run_command(Arguments, partial(run, submission=TRACKINGNET), argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
