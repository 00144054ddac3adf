"""Checks of seeds and numbers of threads."""

import os
from numbers import Integral

from ltr.utils.errors import InputError

SEEDS = 2**32  # accepted by torch, numpy and OpenCV
_MANY = 64  # threads that any machine can run


def check_seed(seed: object, name: str = "seed") -> int:
    """``seed`` as an int; InputError if it is not a whole number from 0 to 2**32 - 1."""
    if not isinstance(seed, Integral) or isinstance(seed, bool) or not 0 <= int(seed) < SEEDS:
        raise InputError(f"{name}: expected a whole number from 0 to {SEEDS - 1}, got {seed!r}")
    return int(seed)


def check_threads(number: int, name: str = "threads", least: int = 1) -> None:
    """InputError if a number of threads or processes is too small, or too large for this machine."""
    most = max(_MANY, 4 * (os.cpu_count() or 1))
    if not least <= number <= most:
        raise InputError(f"{name}: expected {least} to {most}, got {number}")
