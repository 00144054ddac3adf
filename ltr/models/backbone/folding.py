"""Batch norm folded into the convolutions before it, for frozen statistics."""

import copy
import itertools

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def fold_batch_norm(module: nn.Module) -> None:
    """Fold, in place, every batch norm into the convolution registered just before it (eval mode only)."""
    for child in module.children():
        fold_batch_norm(child)
    for before, after in itertools.pairwise(list(module._modules)):
        conv, norm = module._modules[before], module._modules[after]
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            module._modules[before] = fuse_conv_bn_eval(copy.deepcopy(conv), norm)
            module._modules[after] = nn.Identity()
