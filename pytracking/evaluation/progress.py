"""Progress of a run over many sequences: a bar on a terminal, and a line for each sequence on every output."""

import sys
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from types import TracebackType

from tqdm import tqdm

from pytracking.evaluation.datasets import sequence as data
from pytracking.evaluation.running import Outcome
from pytracking.utils.text import counted


def frames_a_second(outcomes: Iterable[Outcome]) -> float:
    """Total frames over total seconds in the tracker, of all ``outcomes``; 0 without outcomes."""
    done = list(outcomes)
    seconds = sum(o.seconds for o in done)
    return sum(o.frames for o in done) / seconds if seconds else 0.0


class Progress:
    """Shows the outcome of each sequence, the speed, and the time left, estimated from the frames tracked so far.

    Sequences kept from an earlier run, and failed ones, do not count for the speed. ``quiet``: shows nothing.
    """

    def __init__(self, sequences: Sequence[data.Sequence], quiet: bool = False) -> None:
        self._quiet = quiet
        self._frames = {s.name: _length(s) for s in sequences}
        self._left, self._done, self._tracked = sum(self._frames.values()), 0, 0
        self._outcomes: list[Outcome] = []
        self._began = time.monotonic()
        self._bar = tqdm(total=self._left, unit="frame", disable=quiet or None, smoothing=0)

    def add(self, outcome: Outcome) -> None:
        """Record the next outcome, and print its line."""
        expected = self._frames[outcome.sequence]
        self._left -= expected
        self._outcomes.append(outcome)
        speed = frames_a_second(o for o in self._outcomes if not o.kept)
        self._bar.set_postfix_str(f"{speed:.1f} FPS a process", refresh=False)
        if outcome.kept or outcome.error:
            self._bar.total -= expected
        else:
            self._tracked += expected
            self._bar.update(expected)
        self.write(f"[{len(self._outcomes)}/{len(self._frames)}] {_describe(outcome)}{self._time_left()}")

    def write(self, line: str) -> None:
        """Print a line above the bar."""
        if self._quiet:
            return
        self._bar.write(line)
        sys.stdout.flush()  # a log file is read while the run goes on

    def _time_left(self) -> str:
        if not self._left or not self._tracked:
            return ""
        seconds = (time.monotonic() - self._began) * self._left / self._tracked
        return f", {timedelta(seconds=round(seconds))} left"

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.close()


def _length(sequence: data.Sequence) -> int:
    try:
        return sequence.length or 1
    except (ValueError, OSError):
        return 1  # its images are missing: the run reports this


def _describe(outcome: Outcome) -> str:
    if outcome.error:
        return f"{outcome.sequence}: FAILED, {outcome.error.splitlines()[0]}"
    done = "kept" if outcome.kept else f"{frames_a_second([outcome]):.1f} FPS"
    return f"{outcome.sequence}: {counted(outcome.frames, 'frame')}, {done}"
