"""Error messages and exit codes of the training commands."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ltr.utils.errors import InputError
from ltr.utils.stop_signals import Stopped

EXPECTED_ERRORS = (InputError, OSError, ImportError, FloatingPointError)


@contextmanager
def one_line_errors(resume: str = "") -> Iterator[None]:
    """In the block, bad input becomes one line on stderr and exit code 1; a stopped command exits with 128 + signal
    (Ctrl-C: 130). Any other exception is a bug and shows its traceback.

    Args:
        resume: advice how to continue a stopped command.
    """
    try:
        yield
    except Stopped as stopped:
        print(f"{stopped}: {resume}" if resume else stopped, file=sys.stderr)
        raise SystemExit(128 + stopped.number) from None
    except KeyboardInterrupt:
        lost = f"stopped at once; what was not saved yet is lost: {resume}" if resume else "interrupted"
        print(f"\n{lost}", file=sys.stderr)
        raise SystemExit(128 + signal.SIGINT) from None
    except EXPECTED_ERRORS as error:
        raise SystemExit(f"error: {error}") from error
