"""Mapping of 16-bit images to 8 bits, with one black and white level per sequence."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

_LOOKED_AT = 5  # images of a sequence, evenly spaced
_OUTLIERS = 0.1  # percent of the values at each end: defective pixels
_MARGIN = 0.25  # of the range, at each end: other frames may be darker or brighter
_LEAST_RANGE = 255  # the contrast is never increased
_HIGHEST = 65535


@dataclass(frozen=True)
class Levels:
    """The 16-bit values that become 0 and 255."""

    black: float
    white: float

    @classmethod
    def of(cls, pictures: Sequence[np.ndarray]) -> Levels:
        """The range of ``pictures`` (at least one, ``uint16``), extended by a quarter at each end.

        Thermal cameras and microscopes use 10 to 14 of the 16 bits, or a narrow band of values.
        """
        ends = np.array([np.percentile(picture, (_OUTLIERS, 100 - _OUTLIERS)) for picture in pictures])
        low, high = float(ends[:, 0].min()), float(ends[:, 1].max())
        margin = max(_MARGIN * (high - low), (_LEAST_RANGE - (high - low)) / 2)
        black = max(low - margin, 0.0)
        return cls(black, max(min(high + margin, _HIGHEST), black + _LEAST_RANGE))

    @functools.cached_property
    def _table(self) -> np.ndarray:
        values = (np.arange(_HIGHEST + 1) - self.black) * (255 / (self.white - self.black))
        return np.clip(np.rint(values), 0, 255).astype(np.uint8)

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """``uint16`` pixels as ``uint8`` of the same shape."""
        return self._table[pixels]


class SequenceLevels:
    """The levels of a sequence of images, computed on first use.

    Args:
        count: number of images.
        read: image i as stored, or None if it cannot be read.
    """

    def __init__(self, count: int, read: Callable[[int], np.ndarray | None]) -> None:
        self._count, self._read = count, read

    @functools.cached_property
    def levels(self) -> Levels | None:
        """From the first, the last and three images between; None if none of them has 16 bits."""
        numbers = sorted({round(n) for n in np.linspace(0, self._count - 1, _LOOKED_AT)})
        pictures = [self._read(number) for number in numbers]
        deep = [picture for picture in pictures if picture is not None and picture.dtype == np.uint16]
        return Levels.of(deep) if deep else None
