"""Errors that a user can fix."""

from collections.abc import Iterator
from contextlib import contextmanager

_LONGEST = 4000  # characters of a message on what a file holds


class InputError(ValueError):
    """Bad input: a file, an argument or a setting that cannot be used. The message names it and what is accepted.

    Commands print it as one line. Any other ValueError is a bug and keeps its traceback.
    """


def printable(text: str, longest: int = _LONGEST) -> str:
    """``text`` on one line, cut after ``longest`` characters; those that are not printable are escaped."""
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:longest])
    return f"{line} ..." if len(text) > longest else line


@contextmanager
def printable_errors() -> Iterator[None]:
    """In the block, the messages of InputError are printable: names in a file add no lines and no terminal codes."""
    try:
        yield
    except InputError as error:
        raise InputError(printable(str(error))) from error
