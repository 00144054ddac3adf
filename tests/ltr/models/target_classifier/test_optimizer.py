from dataclasses import replace

import pytest
import torch
from torch import Tensor

from ltr.data.labels import gaussian_label
from ltr.models.layers.filter import apply_filter
from ltr.models.target_classifier.optimizer import DiMPSteepestDescentGN, FilterOptimizerSettings
from tests.reference.classifier import filter_residuals, steepest_descent_step

SETTINGS = FilterOptimizerSettings(init_step_length=0.8, init_filter_reg=0.2, num_dist_bins=20, bin_displacement=0.5)
FRAMES, SEQUENCES, CHANNELS = 3, 2, 4


def _optimizer(settings: FilterOptimizerSettings = SETTINGS, random_maps: bool = True) -> DiMPSteepestDescentGN:
    """In double precision; with label, mask and weight functions of no special form where ``random_maps``."""
    optimizer = DiMPSteepestDescentGN(settings, label_sigma=0.9, feat_stride=16)
    if random_maps:
        torch.manual_seed(3)
        for predictor in (optimizer.label_map_predictor, optimizer.target_mask_predictor[0]):
            predictor.weight.data.normal_()
        optimizer.spatial_weight_predictor.weight.data.uniform_(0.5, 1.5)
    return optimizer.double()


def _problem(size: int = 4, cells: int = 6) -> tuple[Tensor, Tensor, Tensor]:
    """A filter ``[B, C, k, k]``, features ``[F, B, C, H, W]`` and boxes ``[F, B, 4]``."""
    generator = torch.Generator().manual_seed(size)
    filter = torch.randn(SEQUENCES, CHANNELS, size, size, generator=generator, dtype=torch.float64)
    feat = torch.randn(FRAMES, SEQUENCES, CHANNELS, cells, cells, generator=generator, dtype=torch.float64)
    boxes = 20 + 30 * torch.rand(FRAMES, SEQUENCES, 4, generator=generator, dtype=torch.float64)
    return 0.1 * filter, feat, boxes


def _loss(optimizer: DiMPSteepestDescentGN, filter: Tensor, feat: Tensor, boxes: Tensor, weight: Tensor) -> Tensor:
    """DiMP's loss of each sequence's filter, written out: ``[B]``."""
    label, mask, spatial = optimizer.maps(boxes, filter.shape[-1], tuple(apply_filter(feat, filter).shape[-2:]))  # type: ignore[arg-type]
    reg = optimizer.filter_reg.square()
    losses = []
    for b in range(filter.shape[0]):
        residuals = filter_residuals(feat[:, b], label[:, b], mask[:, b], spatial[:, b], weight[:, b])
        losses.append(0.5 * residuals(filter[b]).square().sum() + 0.5 * reg * filter[b].square().sum())
    return torch.cat(losses)


@pytest.mark.parametrize("size", [3, 4])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_step_equals_autograd_and_the_exact_curvature(size: int, weighted: bool) -> None:
    optimizer = _optimizer()
    filter, feat, boxes = _problem(size)
    weight = torch.rand(FRAMES, SEQUENCES, dtype=torch.float64) if weighted else None
    with torch.no_grad():
        before, after = optimizer(filter, feat, boxes, weight, num_iter=1)
        label, mask, spatial = optimizer.maps(boxes, size, (6 + 1 - size % 2,) * 2)
    assert before is filter
    used = torch.full((FRAMES, SEQUENCES), 1 / FRAMES, dtype=torch.float64) if weight is None else weight
    for b in range(SEQUENCES):
        residuals = filter_residuals(feat[:, b], label[:, b], mask[:, b], spatial[:, b], used[:, b])
        expected, _ = steepest_descent_step(residuals, filter[b], reg=0.2**2, step_length=0.8)
        torch.testing.assert_close(after[b], expected, rtol=1e-6, atol=1e-9)


def test_the_loss_falls_with_every_step() -> None:
    optimizer = _optimizer()
    filter, feat, boxes = _problem()
    uniform = torch.full((FRAMES, SEQUENCES), 1 / FRAMES, dtype=torch.float64)
    with torch.no_grad():
        filters = optimizer(filter, feat, boxes, num_iter=12)
        losses = torch.stack([_loss(optimizer, f, feat, boxes, uniform) for f in filters])
    assert len(filters) == 13
    assert (losses.diff(dim=0) < 0).all()
    assert (losses[-1] < 0.5 * losses[0]).all()


def test_settings_say_how_many_steps() -> None:
    filter, feat, boxes = _problem()
    assert len(_optimizer(replace(SETTINGS, num_iter=3))(filter, feat, boxes)) == 4
    assert len(_optimizer()(filter, feat, boxes, num_iter=0)) == 1


def test_a_frame_of_no_weight_is_absent() -> None:
    optimizer = _optimizer()
    filter, feat, boxes = _problem()
    weight = torch.tensor([0.7, 0.0, 0.3], dtype=torch.float64)[:, None].expand(FRAMES, SEQUENCES)
    kept = [0, 2]
    with torch.no_grad():
        without = optimizer(filter, feat[kept], boxes[kept], weight[kept])[-1]
        torch.testing.assert_close(optimizer(filter, feat, boxes, weight)[-1], without)


def test_a_frame_of_double_weight_counts_twice() -> None:
    optimizer = _optimizer()
    filter, feat, boxes = _problem()
    twice = [0, 1, 2, 2]
    weight = torch.tensor([0.25, 0.25, 0.5], dtype=torch.float64)[:, None].expand(FRAMES, SEQUENCES)
    with torch.no_grad():
        repeated = optimizer(filter, feat[twice], boxes[twice])[-1]
        torch.testing.assert_close(optimizer(filter, feat, boxes, weight)[-1], repeated)


def test_sequences_do_not_see_each_other() -> None:
    optimizer = _optimizer()
    filter, feat, boxes = _problem()
    with torch.no_grad():
        both = optimizer(filter, feat, boxes)[-1]
        for b in range(SEQUENCES):
            alone = optimizer(filter[b : b + 1], feat[:, b : b + 1], boxes[:, b : b + 1])[-1]
            torch.testing.assert_close(both[b : b + 1], alone)


def test_converges_to_ridge_regression_where_the_mask_is_one() -> None:
    optimizer = _optimizer(replace(SETTINGS, init_step_length=1.0, init_filter_reg=1.0), random_maps=False)
    optimizer.target_mask_predictor[0].weight.data.fill_(50)  # a sigmoid of 50 is 1
    filter, feat, boxes = _problem(size=3)
    with torch.no_grad():
        found = optimizer(filter, feat, boxes, num_iter=300)[-1]
        label, _, _ = optimizer.maps(boxes, 3, (6, 6))
    basis = torch.eye(CHANNELS * 9, dtype=torch.float64).view(-1, CHANNELS, 3, 3)
    for b in range(SEQUENCES):
        columns = [apply_filter(feat[:, b : b + 1], direction[None]).flatten() for direction in basis]
        design = torch.stack(columns, dim=1) / FRAMES**0.5
        target = label[:, b].flatten() / FRAMES**0.5
        ridge = torch.linalg.solve(design.T @ design + torch.eye(len(basis)), design.T @ target)
        torch.testing.assert_close(found[b].flatten(), ridge, rtol=0, atol=1e-6)


def test_the_first_label_is_the_gaussian_of_the_training_data() -> None:
    """On the 19 x 19 scores of a 288 px crop, less what a Gaussian is worth in the farthest bin."""
    settings = FilterOptimizerSettings()
    optimizer = DiMPSteepestDescentGN(settings, label_sigma=0.9, feat_stride=16)
    boxes = torch.tensor([[[100.0, 120, 60, 40]], [[150, 90, 31, 57]]])
    with torch.no_grad():
        label, mask, spatial = optimizer.maps(boxes, 4, (19, 19))
    centers = boxes[..., :2] + boxes[..., 2:] / 2
    torch.testing.assert_close(label, gaussian_label(centers, 19, 16, 0.9), rtol=0, atol=2e-3)
    assert (spatial == 1).all()
    row, column = divmod(int(label[0, 0].argmax()), 19)
    assert (row, column) == (round(140 / 16), round(130 / 16))
    near, far = mask[0, 0, row, column], mask[0, 0, 0, 0]
    assert near > 0.9  # residuals of both signs count at the target,
    assert far < 0.1  # only positive scores far from it


def test_odd_filters_have_their_scores_half_a_cell_later() -> None:
    optimizer = DiMPSteepestDescentGN(FilterOptimizerSettings(), label_sigma=0.9, feat_stride=16)
    boxes = torch.tensor([[[100.0, 120, 60, 40]]])
    with torch.no_grad():
        odd, _, _ = optimizer.maps(boxes, 3, (18, 18))
        even, _, _ = optimizer.maps(boxes - torch.tensor([8.0, 8, 0, 0]), 4, (18, 18))
    torch.testing.assert_close(odd, even)


def test_gradients_reach_everything_learned() -> None:
    optimizer = _optimizer()
    filter, feat, boxes = (value.requires_grad_() for value in _problem())
    optimizer(filter, feat, boxes.detach())[-1].square().sum().backward()
    for name, parameter in optimizer.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name
    assert filter.grad is not None
    assert feat.grad is not None


def test_gradient_of_the_learned_filter() -> None:
    optimizer = _optimizer(replace(SETTINGS, num_dist_bins=5))
    filter, feat, boxes = _problem(size=2, cells=3)

    def last(filter: Tensor, feat: Tensor) -> Tensor:
        return optimizer(filter, feat, boxes[:, :1], num_iter=2)[-1]

    inputs = (filter[:1, :2].clone().requires_grad_(), feat[:, :1, :2].clone().requires_grad_())
    assert torch.autograd.gradcheck(last, inputs)


def test_regularization_has_a_floor() -> None:
    optimizer = _optimizer()
    filter, feat, boxes = _problem()
    with torch.no_grad():
        optimizer.filter_reg.fill_(0)
        at_zero = optimizer(filter, feat, boxes)[-1]
        optimizer.filter_reg.fill_(-optimizer.min_filter_reg)
        torch.testing.assert_close(optimizer(filter, feat, boxes)[-1], at_zero, rtol=0, atol=0)
