"""Full precision under autocast: sums of squares and optimization steps overflow in float16 and lose digits in
bfloat16."""

from __future__ import annotations

import torch
from torch import Tensor


def at_least_float32(x: Tensor) -> Tensor:
    """``x``, in float32 if its dtype is narrower."""
    return x.float() if x.dtype in (torch.float16, torch.bfloat16) else x


def full_precision(like: Tensor) -> torch.autocast:
    """A block without autocast, on the device of ``like``."""
    return torch.autocast(like.device.type, enabled=False)
