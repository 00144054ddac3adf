"""Places of search areas that together cover a picture: square rings around a point, the inner ones first.

The plane is divided into square cells of side ``step``, of which one is centered on the origin. They are numbered along
a spiral: cell 0, then the 8 of the first ring, clockwise from its upper left corner, then the 16 of the second, ...
"""

from __future__ import annotations

import numpy as np


def spiral_number(column: np.ndarray, row: np.ndarray) -> np.ndarray:
    """Numbers of cells in the spiral; ``column`` and ``row``, counted from the origin's cell, and result: int of one
    shape."""
    radius = np.maximum(np.abs(column), np.abs(row))
    along = np.select(
        [(row == -radius) & (column < radius), (column == radius) & (row < radius), (row == radius)],
        [column + radius, 3 * radius + row, 5 * radius - column],
        7 * radius - row,
    )
    inside = np.maximum(2 * radius - 1, 0)
    return inside * inside + along


def spiral_places(
    origin: tuple[float, float], step: float, frame_size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """The cells that touch a frame of (width, height), along the spiral around ``origin`` (x, y; may lie outside).

    Returns:
        Their numbers ``int [n]``, ascending, and their centers (x, y) ``float64 [n, 2]``, in image pixels.
    """
    column, row = (
        np.arange(np.floor(0.5 - o / step), np.ceil((extent - o) / step + 0.5)).astype(int)
        for o, extent in zip(origin, frame_size, strict=True)
    )
    columns, rows = (cells.ravel() for cells in np.meshgrid(column, row))
    numbers = spiral_number(columns, rows)
    order = np.argsort(numbers)
    centers = np.array(origin, np.float64) + step * np.stack([columns, rows], axis=1)
    return numbers[order], centers[order]
