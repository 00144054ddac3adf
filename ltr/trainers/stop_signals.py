"""Ctrl-C and the signals of batch systems: stop after the step that runs, with everything saved."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType
from typing import Any, Self


class Stopped(Exception):
    """Training was asked to stop, and did, with its state saved.

    Args:
        number: of the signal.
        where: how far training is, for the user.
    """

    def __init__(self, number: int, where: str) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name} {where}; saved: go on with --resume")
        self.number = number


class StopSignals:
    """In its block, the first SIGINT or SIGTERM is kept in ``received``; a second one raises KeyboardInterrupt."""

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # elsewhere Python does not allow handlers
            self._before = {number: signal.signal(number, self._handle) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.received is not None:
            raise KeyboardInterrupt
        self.received = number
        print("\nstopping after this step; once more to stop at once", file=sys.stderr, flush=True)
