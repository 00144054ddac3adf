"""What a check of a data set counts, and how it tells it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

_DOUBTFUL = 0.05  # share of the boxes that may lie outside their pictures before all of them are doubted


@dataclass
class Count:
    """Things of one kind: how many there should be, how many there are, and the first that is wrong."""

    what: str
    expected: int = 0
    found: int = 0
    first: str = ""

    def add(self, expected: int, found: int, problem: object = "") -> None:
        """Count in some; ``problem`` says what is wrong where they are not as many."""
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
    """How many boxes there are, and how many of them no training uses, by reason, with the first of each."""

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
            shares: of their area that lies in the picture, ``[n]``.
            reasons: why a box is not used -> for which boxes it holds, ``bool [n]``; the first one counts.
            where: number of a box -> where it stands.
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
        """A line per reason, and one about what seems wrong with all of them."""
        found = []
        for reason, count in self.unused.items():
            first = f"   first: {self.first[reason]}" if self.first[reason] else ""
            found.append(f"not used     {count:,} {'box' if count == 1 else 'boxes'} {reason}{first}")
        return found + [f"doubtful     {doubt}" for doubt in [self.doubt] if doubt]

    @property
    def doubt(self) -> str:
        """What seems wrong with all boxes; empty if nothing does."""
        question = "are they corners (x1, y1, x2, y2), made for pictures of another size, or relative to the picture?"
        if self.outside > _DOUBTFUL * self.with_area:
            return f"{self.outside:,} of {self.with_area:,} boxes lie outside their pictures: {question}"
        if self.total and sum(self.unused.values()) >= self.total:
            return f"none of {self.total:,} boxes can be used: {question}"
        return ""


@dataclass
class Report:
    """What was found of a data set."""

    sequences: Count = field(default_factory=lambda: Count("sequences"))
    frames: Count = field(default_factory=lambda: Count("frames"))
    broken: Count = field(default_factory=lambda: Count("broken files"))
    left_out: dict[str, str] = field(default_factory=dict)  # name of what has frames -> why it is no sequence
    boxes: Boxes = field(default_factory=Boxes)

    @property
    def complete(self) -> bool:
        """Whether nothing is missing, and nothing seems wrong."""
        counts = (self.sequences, self.frames, self.broken)
        return all(count.expected == count.found for count in counts) and not self.boxes.doubt

    def text(self) -> str:
        """A line per kind of thing."""
        lines = [self.sequences.line(), self.frames.line()]
        if self.broken.found:
            lines.append(f"broken       {self.broken.found}   first: {self.broken.first}")
        lines += [f"left out     {name}: {why}" for name, why in self.left_out.items()]
        return "\n".join(lines + self.boxes.lines())


def has_an_area(boxes: np.ndarray) -> np.ndarray:
    """Which of ``boxes [n, 4]`` are finite and have sides above 0: ``bool [n]``."""
    return np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] > 0).all(axis=1)
