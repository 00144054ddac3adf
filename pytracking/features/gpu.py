"""Whether there is a GPU, without the import of torch where there is none."""

from __future__ import annotations

import ctypes
import sys

from pytracking.utils.extras import is_installed


def sees_gpu() -> bool:
    """Whether PyTorch is installed and has a GPU; PyTorch is imported only where there is a driver."""
    if not is_installed("torch"):
        return False
    if "torch" not in sys.modules:
        try:
            ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        except OSError:
            return False
    import torch

    return bool(torch.cuda.is_available())
