"""From a dataclass of arguments to an exit code: the frame of every command."""

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import TypeVar

import tyro

Arguments = TypeVar("Arguments")

EXPECTED_ERRORS = (ValueError, OSError, ImportError)
INTERRUPTED = 130  # what shells report for a command ended by Ctrl-C


def run_command(
    arguments: type[Arguments],
    command: Callable[[Arguments], int],
    argv: Sequence[str] | None,
    description: str | None,
) -> int:
    """Parse ``argv`` (None: the command line) into the dataclass ``arguments``, call ``command``; the exit code.

    Bad input (ValueError, OSError, a missing package) is one message on stderr and exit code 1, with the traceback
    where a field ``debug`` is set. Ctrl-C gives 130. Wrong usage leaves through SystemExit(2). Anything else is a bug
    and shows its traceback.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is loaded: idle threads sleep, not spin
    parsed = tyro.cli(arguments, args=argv, description=description, config=(tyro.conf.FlagCreatePairsOff,))
    try:
        return command(parsed)
    except EXPECTED_ERRORS as error:
        if getattr(parsed, "debug", False):
            traceback.print_exc()
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
