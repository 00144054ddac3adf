"""The figures of the paper's Table 1."""

from __future__ import annotations

from collections.abc import Iterable

from ltr.utils.errors import InputError

# The rows of Table 1, with the paper's D_KL and training cost (seconds per epoch).
PAPER: dict[str, tuple[float, float]] = {
    "mlis": (0.062, 0.44),
    "mlmcmc-1": (0.865, 0.54),
    "mlmcmc-16": (0.449, 2.41),
    "mlmcmc-256": (0.106, 30.8),
    "kldis": (0.088, 0.44),
    "nce": (0.068, 0.45),
    "sm": (0.781, 0.60),
    "dsm": (0.395, 0.47),
    "ncep": (0.066, 0.46),
}


def check_rows(rows: Iterable[str]) -> None:
    """Raise InputError naming the first of ``rows`` that Table 1 does not have."""
    for row in rows:
        if row not in PAPER:
            raise InputError(f"methods: expected some of {', '.join(PAPER)}, got {row!r}")
