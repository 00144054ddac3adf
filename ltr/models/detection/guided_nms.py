"""IoU-guided non-maximum suppression (Jiang et al., the IoU-Net paper, ECCV 2018, Algorithm 1)."""

import torch
from torch import Tensor
from torchvision.ops import box_iou, nms

from ltr.data.bounding_box_utils import box_to_corners


def guided_nms(
    boxes: Tensor, scores: Tensor, rank: Tensor, groups: Tensor, iou_threshold: float = 0.5
) -> tuple[Tensor, Tensor]:
    """Keep the box of highest ``rank``, drop overlapping boxes of its group, repeat with the rest.

    Localization and classification confidence are separate: the kept box is the best one by ``rank`` (here, the
    energy), and gets the highest class score of its cluster (itself and the boxes that it dropped). With the scores as
    ``rank`` this is ordinary non-maximum suppression.

    Args:
        boxes: ``[D, 4]`` (x, y, w, h).
        scores: ``[D]`` of the class.
        rank: ``[D]``, higher is better; any finite numbers.
        groups: ``[D]`` whole numbers; only boxes of the same group (class and picture) suppress each other.
        iou_threshold: boxes that overlap by more than this are one cluster.

    Returns:
        Indices of the K kept boxes, by falling rank, and the scores of their clusters ``[K]``.
    """
    if not len(boxes):
        return groups.new_zeros(0, dtype=torch.long), scores
    corners = box_to_corners(boxes).double()  # float32 is not precise enough for boxes moved far apart
    span = corners.max() - corners.min() + 1
    apart = corners + (groups * span)[:, None]
    keep = nms(apart, rank.double(), iou_threshold)
    cluster = (
        (box_iou(apart[keep], apart) > iou_threshold).int().argmax(dim=0)
    )  # the first, hence best, overlapping one
    best = scores.new_zeros(len(keep)).scatter_reduce(0, cluster, scores, "amax", include_self=False)
    return keep, best


def entry_in_group(groups: Tensor) -> Tensor:
    """Number of earlier entries of the same group: ``[n]`` -> ``[n]``, 0 for the first of each."""
    return (groups[:, None] == groups).tril(-1).sum(dim=1)


def highest_of_each(scores: Tensor, groups: Tensor, count: int) -> Tensor:
    """Indices of the ``count`` highest ``scores [n]`` of each group (fewer in smaller groups), by falling score."""
    order = scores.argsort(descending=True, stable=True)
    return order[entry_in_group(groups[order]) < count]
