"""Processes that were forked from one that had a tracker: its libraries would wait there for threads that are gone."""

import os
from dataclasses import dataclass

import torch

_ADVICE = "start it by multiprocessing.get_context('spawn')"


@dataclass
class _Process:
    has_tracker: bool = False  # or is forked from one that had
    has_openvino: bool = False  # a network compiled by OpenVINO, or is forked from one that had
    is_broken: bool = False
    openvino_is_broken: bool = False


_PROCESS = _Process()


def check_process() -> None:
    """RuntimeError in a process that was forked after this function was called, unless torch had one thread."""
    if _PROCESS.is_broken:
        raise RuntimeError(
            "this process was forked after a tracker was made, and torch's threads do not survive that: "
            f"{_ADVICE}, or call torch.set_num_threads(1) before the first tracker is made"
        )
    _PROCESS.has_tracker = True


def check_openvino() -> None:
    """RuntimeError in a process that was forked after this function was called: OpenVINO has threads in any case."""
    if _PROCESS.openvino_is_broken:
        raise RuntimeError(
            "this process was forked after a tracker ran by OpenVINO, whose threads do not survive that: "
            f"{_ADVICE}, or use accelerator 'torch'"
        )
    _PROCESS.has_openvino = True


def _forked() -> None:
    _PROCESS.is_broken |= _PROCESS.has_tracker and torch.get_num_threads() > 1
    _PROCESS.openvino_is_broken |= _PROCESS.has_openvino


if hasattr(os, "register_at_fork"):  # not on Windows, which never forks
    os.register_at_fork(after_in_child=_forked)
