"""Arrays of whatever library as numpy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np


def as_numpy(values: Any) -> np.ndarray:
    """A number, numpy array or tensor on any device as a numpy array; a view if possible."""
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
