"""Precise RoI pooling in plain PyTorch."""

from external.prroi_pool.functional import prroi_pool2d, prroi_pool2d_batch
from external.prroi_pool.module import PrRoIPool2D

__all__ = ["PrRoIPool2D", "prroi_pool2d", "prroi_pool2d_batch"]
