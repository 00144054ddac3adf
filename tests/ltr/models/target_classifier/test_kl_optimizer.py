import pytest
import torch
from torch import Tensor

from ltr.models.layers.filter import apply_filter
from ltr.models.loss.target_classification import KLRegressionGrid
from ltr.models.target_classifier.initializer import FilterInitializerLinear
from ltr.models.target_classifier.kl_optimizer import PrDiMPSteepestDescentNewton
from ltr.models.target_classifier.optimizer import FilterOptimizerSettings

SETTINGS = FilterOptimizerSettings(num_iter=5, init_step_length=0.8, init_filter_reg=0.3, min_filter_reg=0.05)
FRAMES, SEQUENCES, CHANNELS, CELLS = 3, 2, 4, 6
DAMPING = 0.05


def _optimizer() -> PrDiMPSteepestDescentNewton:
    return PrDiMPSteepestDescentNewton(SETTINGS, label_sigma=0.9, feat_stride=16).double()


def _problem(size: int) -> tuple[Tensor, Tensor, Tensor]:
    """A filter ``[B, C, k, k]``, features ``[F, B, C, H, W]`` and boxes ``[F, B, 4]``."""
    generator = torch.Generator().manual_seed(size)
    filter = 0.3 * torch.randn(SEQUENCES, CHANNELS, size, size, generator=generator, dtype=torch.float64)
    feat = torch.randn(FRAMES, SEQUENCES, CHANNELS, CELLS, CELLS, generator=generator, dtype=torch.float64)
    boxes = 20 + 30 * torch.rand(FRAMES, SEQUENCES, 4, generator=generator, dtype=torch.float64)
    return filter, feat, boxes


def _objective(optimizer: PrDiMPSteepestDescentNewton, filter: Tensor, feat: Tensor, boxes: Tensor) -> Tensor:
    """The objective of one sequence's filter ``[C, k, k]``, frame by frame with the loss that trains the network."""
    density = optimizer.label_density(boxes[:, None], filter.shape[-1], CELLS + 1 - filter.shape[-1] % 2)[:, 0]
    scores = apply_filter(feat[:, None], filter[None])[:, 0]
    losses = [KLRegressionGrid()(s, p) for s, p in zip(scores, density, strict=True)]
    return torch.stack(losses).mean() + 0.3**2 / 2 * filter.square().sum()


@pytest.mark.parametrize("size", [3, 4])
def test_a_step_equals_autograd_s_newton_step_along_the_gradient(size: int) -> None:
    optimizer = _optimizer()
    filter, feat, boxes = _problem(size)
    with torch.no_grad():
        before, after = optimizer(filter, feat, boxes, num_iter=1)
    assert before is filter
    for b in range(SEQUENCES):
        f = filter[b].clone().requires_grad_()
        (gradient,) = torch.autograd.grad(_objective(optimizer, f, feat[:, b], boxes[:, b]), f, create_graph=True)
        (hessian_gradient,) = torch.autograd.grad((gradient * gradient.detach()).sum(), f)
        gradient = gradient.detach()
        norm = gradient.square().sum()
        length = 0.8 * norm / ((gradient * hessian_gradient).sum() + DAMPING * norm)
        torch.testing.assert_close(after[b], filter[b] - length * gradient)


def test_the_objective_falls_from_zero_on() -> None:
    optimizer = _optimizer()
    _, feat, boxes = _problem(4)
    with torch.no_grad():
        start = FilterInitializerLinear(4, CHANNELS, 16, "zero").double()(feat, boxes)
        assert start.shape == (SEQUENCES, CHANNELS, 4, 4)
        assert not start.any()
        filters = optimizer(start, feat, boxes)
        assert len(filters) == 6
        for b in range(SEQUENCES):
            losses = [float(_objective(optimizer, f[b], feat[:, b], boxes[:, b])) for f in filters]
            assert losses == sorted(losses, reverse=True)


def test_the_density_sums_to_one_and_peaks_at_the_center() -> None:
    boxes = torch.tensor([[[32.0, 48.0, 32.0, 32.0]]])  # center (48, 64) px: column 3, row 4
    density = _optimizer().label_density(boxes, 4, 7)[0, 0]
    assert density.sum().item() == pytest.approx(1)
    assert divmod(int(density.argmax()), 7) == (4, 3)


def test_frames_of_no_weight_do_not_count() -> None:
    optimizer = _optimizer()
    filter, feat, boxes = _problem(4)
    weight = torch.tensor([[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]], dtype=torch.float64)
    with torch.no_grad():
        weighted = optimizer(filter, feat, boxes, weight)[-1]
        alone = optimizer(filter, feat[:1], boxes[:1])[-1]
    torch.testing.assert_close(weighted, alone)


def test_gradients_reach_features_and_learned_numbers() -> None:
    optimizer = _optimizer()
    filter, feat, boxes = _problem(4)
    feat.requires_grad_()
    optimizer(filter, feat, boxes)[-1].square().sum().backward()
    for tensor in (feat, optimizer.log_step_length, optimizer.filter_reg):
        assert tensor.grad is not None
        assert tensor.grad.abs().sum() > 0


def test_the_zero_initializer_is_trained_through_the_steps() -> None:
    _, feat, boxes = _problem(4)
    initializer = FilterInitializerLinear(4, CHANNELS, 16, "zero").double()
    _optimizer()(initializer(feat, boxes), feat, boxes)[-1].square().sum().backward()
    for parameter in initializer.parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().sum() > 0


def test_confidence_is_one_at_a_perfect_answer_and_small_where_all_cells_are_alike() -> None:
    optimizer = _optimizer()
    density = optimizer.label_density(torch.tensor([[[32.0, 48.0, 32.0, 32.0]]], dtype=torch.float64), 4, 19)
    confidence = optimizer.confidence(density.clamp(min=1e-30).log() + 7)  # a constant changes nothing
    assert confidence.max().item() == pytest.approx(1, abs=0.02)
    assert int(confidence.argmax()) == int(density.argmax())
    assert optimizer.confidence(torch.zeros(1, 1, 19, 19)).max() < 0.02
