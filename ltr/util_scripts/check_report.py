"""The counts and the report of a data set check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

_DOUBTFUL = 0.05  # fraction of boxes outside their images above which the format is doubted


@dataclass
class Count:
    """Expected and found number of items of one kind, and the first problem."""

    what: str
    expected: int = 0
    found: int = 0
    first: str = ""

    def add(self, expected: int, found: int, problem: object = "") -> None:
        """Add numbers; ``problem`` is reported if they differ."""
        self.expected += expected
        self.found += found
        if found != expected and not self.first:
            self.first = str(problem)

    def line(self) -> str:
        """One line of the report."""
        first = f"   first missing: {self.first}" if self.first else ""
        return f"{self.what:12} expected {self.expected:9,}  found {self.found:9,}{first}"


@dataclass
class Boxes:
    """Number of boxes, and of those not used in training, by reason, with the first of each."""

    total: int = 0
    unused: dict[str, int] = field(default_factory=dict)
    first: dict[str, str] = field(default_factory=dict)
    with_area: int = 0
    outside: int = 0

    def add(
        self,
        boxes: np.ndarray,
        shares: np.ndarray,
        reasons: Mapping[str, np.ndarray],
        where: Callable[[int], str],
    ) -> None:
        """Count ``boxes [n, 4]``.

        Args:
            boxes: x, y, w, h.
            shares: fractions of their area inside the image, ``[n]``.
            reasons: reason why a box is not used -> its boxes, ``bool [n]``; the first reason counts.
            where: index of a box -> its position in the data set.
        """
        left = np.ones(len(boxes), dtype=bool)
        for reason, holds in reasons.items():
            numbers = np.flatnonzero(left & holds)
            if len(numbers):
                self.leave_out(reason, len(numbers), where(int(numbers[0])))
            left &= ~holds
        has_area = has_an_area(boxes)
        self.total += len(boxes)
        self.with_area += int(np.count_nonzero(has_area))
        self.outside += int(np.count_nonzero(has_area & (shares < 0.5)))

    def leave_out(self, reason: str, count: int, where: str = "") -> None:
        """Count boxes that are not used."""
        self.unused[reason] = self.unused.get(reason, 0) + count
        self.first.setdefault(reason, where)

    def lines(self) -> list[str]:
        """A line per reason, and one for a suspected wrong format."""
        found = []
        for reason, count in self.unused.items():
            first = f"   first: {self.first[reason]}" if self.first[reason] else ""
            found.append(f"not used     {count:,} {'box' if count == 1 else 'boxes'} {reason}{first}")
        return found + [f"doubtful     {doubt}" for doubt in [self.doubt] if doubt]

    @property
    def doubt(self) -> str:
        """The suspected problem of all boxes, or ""."""
        question = "are they corners (x1, y1, x2, y2), made for pictures of another size, or relative to the picture?"
        if self.outside > _DOUBTFUL * self.with_area:
            return f"{self.outside:,} of {self.with_area:,} boxes lie outside their pictures: {question}"
        if self.total and sum(self.unused.values()) >= self.total:
            return f"none of {self.total:,} boxes can be used: {question}"
        return ""


@dataclass
class Report:
    """The result of a check."""

    sequences: Count = field(default_factory=lambda: Count("sequences"))
    frames: Count = field(default_factory=lambda: Count("frames"))
    broken: Count = field(default_factory=lambda: Count("broken files"))
    left_out: dict[str, str] = field(default_factory=dict)  # name with frames -> why it is not a sequence
    boxes: Boxes = field(default_factory=Boxes)

    @property
    def complete(self) -> bool:
        """Whether nothing is missing or suspicious."""
        counts = (self.sequences, self.frames, self.broken)
        return all(count.expected == count.found for count in counts) and not self.boxes.doubt

    def text(self) -> str:
        """The report, a line per kind of item."""
        lines = [self.sequences.line(), self.frames.line()]
        if self.broken.found:
            lines.append(f"broken       {self.broken.found}   first: {self.broken.first}")
        lines += [f"left out     {name}: {why}" for name, why in self.left_out.items()]
        return "\n".join(lines + self.boxes.lines())


def has_an_area(boxes: np.ndarray) -> np.ndarray:
    """Which of ``boxes [n, 4]`` are finite and have sides above 0: ``bool [n]``."""
    return np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] > 0).all(axis=1)
