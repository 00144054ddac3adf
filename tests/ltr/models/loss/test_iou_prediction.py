import pytest
import torch
from torch import Tensor

from ltr.data.bounding_box_utils import box_from_relative
from ltr.models.loss.ebm.proposals import GaussianMixture
from ltr.models.loss.iou_prediction import IoUPrediction
from tests.reference.tracking_metrics import iou

TARGET = torch.tensor([[0.1, -0.2, 0.3, 0.0], [0.0, 0.0, 0.0, 0.0]], dtype=torch.float64)


def _draws(seed: int, loss: IoUPrediction) -> Tensor:
    """The draws that the loss makes from a generator of this seed."""
    return GaussianMixture(loss.sigmas).sample(TARGET, loss.num_samples, torch.Generator().manual_seed(seed))


def test_equals_loop_from_any_reference_box() -> None:
    loss = IoUPrediction(sigmas=(0.05, 0.4), num_samples=5)
    scores = torch.randn(2, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    output = loss(lambda y: scores, TARGET, torch.Generator().manual_seed(7))
    for reference in ([0.0, 0.0, 1.0, 1.0], [20.0, 30.0, 40.0, 70.0]):
        box = torch.tensor(reference, dtype=torch.float64)
        squares = [
            (scores[i, m].item() - (2 * iou(box_from_relative(y, box).tolist(), truth.tolist()) - 1)) ** 2
            for i, truth in enumerate(box_from_relative(TARGET, box))
            for m, y in enumerate(_draws(7, loss)[i])
        ]
        assert output.loss.item() == pytest.approx(sum(squares) / 10)


def test_the_overlap_itself_has_no_loss() -> None:
    loss = IoUPrediction()
    generator = torch.Generator().manual_seed(0)
    assert loss(lambda y: torch.ones(y.shape[:2]), torch.zeros(1, 4), generator).loss > 0.01
    tiny = IoUPrediction(sigmas=(1e-6,))
    assert tiny(lambda y: torch.ones(y.shape[:2]), torch.zeros(1, 4), None).loss.item() == pytest.approx(0, abs=1e-8)


def test_targets_must_be_boxes() -> None:
    with pytest.raises(ValueError, match=r"target: expected boxes \[N, 4\], got \[3, 1\]"):
        IoUPrediction()(lambda y: y[..., 0], torch.zeros(3, 1), None)
    with pytest.raises(ValueError, match="num_samples"):
        IoUPrediction(num_samples=0)
