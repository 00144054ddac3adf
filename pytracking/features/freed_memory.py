"""Return of freed memory to the operating system."""

import ctypes
import sys


def release_freed_memory() -> None:
    """Return the freed memory that glibc keeps: the few MB of a target leave gaps that other allocations do not fit."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:
        trim(0)
