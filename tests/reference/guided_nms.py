"""IoU-guided NMS as it is written in the IoU-Net paper, Algorithm 1, one box at a time."""

from torch import Tensor

from ltr.data.bounding_box_utils import box_iou


def guided_nms(
    boxes: Tensor, scores: Tensor, rank: Tensor, groups: Tensor, threshold: float
) -> list[tuple[int, float]]:
    """(index, score of the cluster) of the boxes that stay, by falling rank."""
    left = set(range(len(boxes)))
    kept = []
    while left:
        best = max(left, key=lambda i: float(rank[i]))
        left.remove(best)
        score = float(scores[best])
        for j in sorted(left):
            if groups[j] == groups[best] and box_iou(boxes[best], boxes[j]) > threshold:
                score = max(score, float(scores[j]))
                left.remove(j)
        kept.append((best, score))
    return kept
