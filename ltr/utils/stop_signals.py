"""Ctrl-C and the signals of batch systems: stop after the current step, with everything saved."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

# SIGHUP: the terminal was closed. SIGUSR1: from SLURM before the time limit (--signal=USR1@120).
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1") if hasattr(signal, name)]
URGENT = (signal.SIGINT, signal.SIGTERM)  # a second one stops at once
ECHO = 1.0  # seconds; a second SIGTERM within is a duplicate: GNU timeout signals the process, then its group


class Stopped(Exception):
    """Training stopped by a signal, with its state saved.

    Args:
        number: of the signal.
        where: progress of the training, for the user.
    """

    def __init__(self, number: int, where: str) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name} {where}; saved")
        self.number = number


class StopSignals:
    """In the block, the first signal of ``SIGNALS`` is stored in ``received``; a second SIGINT or SIGTERM raises
    KeyboardInterrupt, except for a SIGTERM within ``ECHO``. SIGHUP and SIGUSR1 stay ignored if they are (``nohup``).

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
        if threading.current_thread() is threading.main_thread():  # Python allows handlers only here
            for number in SIGNALS:
                if number in URGENT or signal.getsignal(number) != signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:  # an inherited handler in a worker: the main process decides
            return
        if self.received is not None:
            echo = number == self.received == signal.SIGTERM and self._clock() - self._since < ECHO
            if number in URGENT and self.received in URGENT and not echo:
                raise KeyboardInterrupt
            return  # a closed terminal sends SIGHUP twice, from the kernel and from the shell
        self.received, self._since = number, self._clock()
        try:
            print("\nstopping after this step; once more to stop at once", file=sys.stderr, flush=True)
        except OSError:
            _leave_terminal()


def _leave_terminal() -> None:
    """Redirect output to the null device: the terminal is closed, and printing would raise before saving."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
