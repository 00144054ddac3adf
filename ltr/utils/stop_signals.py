"""Ctrl-C and the signals of batch systems: stop after the step that runs, with everything saved."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

# SIGHUP: the terminal was closed. SIGUSR1: what SLURM sends some time before the end (--signal=USR1@120).
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1") if hasattr(signal, name)]
URGENT = (signal.SIGINT, signal.SIGTERM)  # the second of these stops at once
ECHO = 1.0  # seconds in which SIGTERM sent again is the same one: GNU timeout tells the process, then its whole group


class Stopped(Exception):
    """Training was asked to stop, and did, with its state saved.

    Args:
        number: of the signal.
        where: how far training is, for the user.
    """

    def __init__(self, number: int, where: str) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name} {where}; saved")
        self.number = number


class StopSignals:
    """In its block, the first signal of ``SIGNALS`` is kept in ``received``; a second SIGINT or SIGTERM raises
    KeyboardInterrupt, but for SIGTERM sent again within ``ECHO``. SIGHUP and SIGUSR1 are left alone where they are
    ignored (``nohup``).

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.received: int | None = None
        self._since = 0.0
        self._before: dict[int, Any] = {}
        self._process = os.getpid()

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():  # elsewhere Python does not allow handlers
            for number in SIGNALS:
                if number in URGENT or signal.getsignal(number) != signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:  # a loader's worker, which has inherited the handler: the main process decides
            return
        if self.received is not None:
            echo = number == self.received == signal.SIGTERM and self._clock() - self._since < ECHO
            if number in URGENT and self.received in URGENT and not echo:
                raise KeyboardInterrupt
            return  # a closed terminal sends SIGHUP twice: the kernel's, and the shell's
        self.received, self._since = number, self._clock()
        try:
            print("\nstopping after this step; once more to stop at once", file=sys.stderr, flush=True)
        except OSError:
            _leave_terminal()


def _leave_terminal() -> None:
    """Write to nowhere: the terminal is closed, and any line would be an error that ends the training unsaved."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
