"""Precise RoI pooling in plain PyTorch."""

from external.prroi_pool.functional import prroi_pool2d, prroi_pool2d_batch
from external.prroi_pool.map_pooling import pool_boxes
from external.prroi_pool.module import PrRoIPool2D

__all__ = ["PrRoIPool2D", "pool_boxes", "prroi_pool2d", "prroi_pool2d_batch"]
