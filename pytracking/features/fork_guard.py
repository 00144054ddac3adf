"""Processes that were forked from one whose trackers had run: torch would wait there for threads that are gone."""

import os
from dataclasses import dataclass

import torch


@dataclass
class _Process:
    has_run: bool = False  # a tracker, in this process or one that it was forked from
    is_broken: bool = False


_PROCESS = _Process()


def check_process() -> None:
    """RuntimeError in a process that was forked after this function was called, unless torch had one thread."""
    if _PROCESS.is_broken:
        raise RuntimeError(
            "this process was forked after a tracker had run, and torch's threads do not survive that: start it by "
            "multiprocessing.get_context('spawn'), or call torch.set_num_threads(1) before the first tracker runs"
        )
    _PROCESS.has_run = True


def _forked() -> None:
    _PROCESS.is_broken |= _PROCESS.has_run and torch.get_num_threads() > 1


if hasattr(os, "register_at_fork"):  # not on Windows, which never forks
    os.register_at_fork(after_in_child=_forked)
