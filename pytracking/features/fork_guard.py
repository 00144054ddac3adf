"""Detection of processes forked from one with a tracker, in which its libraries would wait for missing threads."""

import os
from dataclasses import dataclass

import torch

_ADVICE = "start it by multiprocessing.get_context('spawn')"


@dataclass
class _Process:
    has_tracker: bool = False  # it or an ancestor
    has_openvino: bool = False  # a network compiled by OpenVINO; it or an ancestor
    is_broken: bool = False
    openvino_is_broken: bool = False


_PROCESS = _Process()


def check_process() -> None:
    """Raise RuntimeError in a process forked after the first call of this function, unless torch had one thread."""
    if _PROCESS.is_broken:
        raise RuntimeError(
            "this process was forked after a tracker was made, and torch's threads do not survive a fork: "
            f"{_ADVICE}, or call torch.set_num_threads(1) before making the first tracker"
        )
    _PROCESS.has_tracker = True


def check_openvino() -> None:
    """Raise RuntimeError in a process forked after the first call of this function: OpenVINO always has threads."""
    if _PROCESS.openvino_is_broken:
        raise RuntimeError(
            "this process was forked after a tracker used OpenVINO, whose threads do not survive a fork: "
            f"{_ADVICE}, or use accelerator 'torch'"
        )
    _PROCESS.has_openvino = True


def _forked() -> None:
    _PROCESS.is_broken |= _PROCESS.has_tracker and torch.get_num_threads() > 1
    _PROCESS.openvino_is_broken |= _PROCESS.has_openvino


if hasattr(os, "register_at_fork"):  # Windows cannot fork
    os.register_at_fork(after_in_child=_forked)
