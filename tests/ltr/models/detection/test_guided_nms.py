import pytest
import torch
from torchvision.ops import batched_nms

from ltr.data.bounding_box_utils import box_to_corners
from ltr.models.detection.guided_nms import entry_in_group, guided_nms, highest_of_each
from tests.reference import guided_nms as reference


def test_a_case_worked_by_hand() -> None:
    # 0, 1 and 2 lie on one object; 2 is the best box but the least sure. 3 is another class there, 4 far away.
    boxes = torch.tensor([[0, 0, 10, 10], [1, 0, 10, 10], [2, 0, 10, 10], [0, 0, 10, 10], [50, 50, 10, 10.0]])
    scores = torch.tensor([0.9, 0.6, 0.3, 0.5, 0.2])
    rank = torch.tensor([1.0, -2.0, 5.0, 0.0, -7.0])
    keep, best = guided_nms(boxes, scores, rank, torch.tensor([1, 1, 1, 2, 1]), 0.5)
    # IoU(2, 1) = 9 / 11, IoU(2, 0) = 8 / 12: both join the cluster of 2, which takes the score 0.9.
    assert keep.tolist() == [2, 3, 4]
    torch.testing.assert_close(best, torch.tensor([0.9, 0.5, 0.2]))


def test_a_box_joins_the_best_cluster_that_it_overlaps() -> None:
    # 1 overlaps both 0 and 2, which do not overlap each other enough.
    boxes = torch.tensor([[0, 0, 10, 10], [3, 0, 10, 10], [6, 0, 10, 10.0]])
    keep, best = guided_nms(boxes, torch.tensor([0.1, 0.8, 0.2]), torch.tensor([2.0, 0.0, 1.0]), torch.zeros(3).long())
    assert keep.tolist() == [0, 2]
    torch.testing.assert_close(best, torch.tensor([0.8, 0.2]))


@pytest.mark.parametrize("seed", range(5))
def test_as_the_algorithm_one_box_at_a_time(seed: int) -> None:
    g = torch.Generator().manual_seed(seed)
    boxes = torch.cat([400 * torch.rand(80, 2, generator=g), 100 + 200 * torch.rand(80, 2, generator=g)], dim=1)
    scores, rank = torch.rand(80, generator=g), 100 * torch.randn(80, generator=g)
    groups = torch.randint(0, 4, (80,), generator=g)
    keep, best = guided_nms(boxes, scores, rank, groups, 0.4)
    expected = reference.guided_nms(boxes, scores, rank, groups, 0.4)
    assert keep.tolist() == [index for index, _ in expected]
    assert len(keep) < 75
    torch.testing.assert_close(best, torch.tensor([score for _, score in expected]))


def test_by_the_scores_it_is_plain_suppression() -> None:
    g = torch.Generator().manual_seed(0)
    boxes = torch.cat([300 * torch.rand(60, 2, generator=g), 60 + 90 * torch.rand(60, 2, generator=g)], dim=1)
    scores, groups = torch.rand(60, generator=g), torch.randint(0, 3, (60,), generator=g)
    keep, best = guided_nms(boxes, scores, scores, groups, 0.5)
    assert keep.tolist() == batched_nms(box_to_corners(boxes), scores, groups, 0.5).tolist()
    torch.testing.assert_close(best, scores[keep])


def test_many_groups_do_not_blur_the_boxes() -> None:
    boxes = torch.tensor([[0, 0, 10, 10], [0, 0, 10, 10.0]]).repeat(3000, 1) + torch.tensor([1000.0, 1000, 0, 0])
    groups = torch.arange(3000).repeat_interleave(2)
    keep, _ = guided_nms(boxes, torch.ones(6000), torch.arange(6000.0), groups)
    assert sorted(keep.tolist()) == list(range(1, 6000, 2))


def test_no_boxes() -> None:
    keep, best = guided_nms(torch.zeros(0, 4), torch.zeros(0), torch.zeros(0), torch.zeros(0).long())
    assert len(keep) == len(best) == 0


def test_highest_of_each_group() -> None:
    scores, groups = torch.tensor([0.1, 0.9, 0.5, 0.7, 0.3]), torch.tensor([0, 0, 0, 1, 1])
    assert highest_of_each(scores, groups, 2).tolist() == [1, 3, 2, 4]
    assert highest_of_each(scores, groups, 1).tolist() == [1, 3]
    assert entry_in_group(torch.tensor([5, 3, 5, 5, 3])).tolist() == [0, 0, 1, 2, 1]
