"""Pack results on GOT-10k's test set for its server, or verify an archive.

    python pytracking/util_scripts/pack_got10k_results.py dimp dimp_ncep_mobile [--output FILE.zip]
    python pytracking/util_scripts/pack_got10k_results.py --verify FILE.zip

The archive holds <Seq>/<Seq>_001.txt (_002, _003: further runs), a row x,y,w,h a frame, and <Seq>/<Seq>_time.txt,
seconds, a column a run, for each of the 180 sequences. Anything else is refused.
"""

import sys
from collections.abc import Sequence
from functools import partial

from pytracking.evaluation.submission import GOT10K
from pytracking.util_scripts.packing import Arguments, run
from pytracking.utils.cli import run_command


def main(argv: Sequence[str] | None = None) -> int:
    """Parse ``argv`` and run; the exit code."""
    return run_command(Arguments, partial(run, submission=GOT10K), argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
