import pytest
import torch
from torch.nn import functional as F

from ltr.models.loss.target_classification import KLRegressionGrid, LBHinge
from tests.reference.classifier import lb_hinge


@pytest.mark.parametrize("threshold", [0.05, 0.5])
def test_equals_loop(threshold: float) -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(2, 3, 5, 5, generator=generator, dtype=torch.float64)
    label = torch.rand(2, 3, 5, 5, generator=generator, dtype=torch.float64)
    assert LBHinge(threshold)(scores, label).item() == pytest.approx(lb_hinge(scores, label, threshold))


def test_only_positive_background_costs() -> None:
    label = torch.tensor([[1.0, 0.0]])
    loss = LBHinge()
    assert loss(torch.tensor([[1.0, -7.0]]), label) == 0
    assert loss(torch.tensor([[1.0, 2.0]]), label) == 2  # 2 squared, over two cells
    assert loss(torch.tensor([[0.0, -7.0]]), label) == 0.5


def test_kl_equals_torch_s_less_the_label_s_entropy() -> None:
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(2, 3, 5, 5, generator=generator, dtype=torch.float64)
    label = torch.rand(2, 3, 5, 5, generator=generator, dtype=torch.float64)
    density = (label / label.sum(dim=(-2, -1), keepdim=True)).flatten(0, 1).flatten(1)
    log_q = scores.flatten(0, 1).flatten(1).log_softmax(dim=1)
    expected = F.kl_div(log_q, density, reduction="batchmean") - (density * density.log()).sum(dim=1).mean()
    torch.testing.assert_close(KLRegressionGrid()(scores, label), expected)
    # A constant added to all scores changes nothing, however large.
    torch.testing.assert_close(KLRegressionGrid()(scores + 1e4, label), expected)
