"""Error messages and exit codes of the training commands."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ltr.utils.errors import InputError
from ltr.utils.files import keep_font_list_in_cache
from ltr.utils.stop_signals import Stopped

EXPECTED_ERRORS = (InputError, OSError, ImportError, FloatingPointError)


NOT_READ = 128 + 13  # what shells report for a command whose reader has left, as in ``| head`` (SIGPIPE)


TRAINING_HINT = "bash install.sh --train, or pip install -e '.[train]' in the checkout"
TRAINING_SIDE = ("torch", "torchvision", "tensorboard", "pycocotools")  # packages of the extra "train"


def error_message(error: Exception) -> str:
    """The text of an expected error; of a missing package of the training side, with how to install it."""
    missing = (getattr(error, "name", None) or "").partition(".")[0]
    if isinstance(error, ModuleNotFoundError) and missing in TRAINING_SIDE:
        return (
            f"this needs the package {missing}, of the training side of the toolkit, which is not installed: "
            f"{TRAINING_HINT}"
        )
    return str(error) or type(error).__name__


def flush_output() -> None:
    """Write what is still to be printed; BrokenPipeError where nobody reads it any more."""
    if sys.stdout is not None:
        sys.stdout.flush()


def drop_output() -> None:
    """Let what is still to be printed go nowhere, since nobody reads it any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def one_line_errors(resume: str = "") -> Iterator[None]:
    """In the block, bad input becomes one line on stderr and exit code 1; a stopped command exits with 128 + signal
    (Ctrl-C: 130), and silently with 141 where nobody reads its output any more. Any other exception is a bug and shows
    its traceback.

    Args:
        resume: advice how to continue a stopped command.
    """
    keep_font_list_in_cache()
    try:
        yield
        flush_output()
    except Stopped as stopped:
        print(f"{stopped}: {resume}" if resume else stopped, file=sys.stderr)
        raise SystemExit(128 + stopped.number) from None
    except KeyboardInterrupt:
        lost = f"stopped at once; what was not saved yet is lost: {resume}" if resume else "interrupted"
        print(f"\n{lost}", file=sys.stderr)
        raise SystemExit(128 + signal.SIGINT) from None
    except BrokenPipeError:
        drop_output()
        raise SystemExit(NOT_READ) from None
    except EXPECTED_ERRORS as error:
        raise SystemExit(f"error: {error_message(error)}") from error
