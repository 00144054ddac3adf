"""Memory that was freed, given back to the system."""

import ctypes
import sys


def release_freed_memory() -> None:
    """Give back what glibc keeps of freed memory: the few MB of a target leave gaps that others do not fit into."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:
        trim(0)
