"""ATOM's two layers, on small problems whose solution can be computed."""

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ltr.data.labels import ScoreGrid
from pytracking.parameter.atom.base import AtomClassifierParams
from pytracking.tracker.atom.classifier import AtomClassifier, soft_floor

CHANNELS, SIDE = 3, 4
GRID = ScoreGrid(SIDE + 1, 16, 0.0, 0.9)
SMALL = AtomClassifierParams(compressed_dim=2, kernel_size=2, init_gn_iter=3)
LINEAR = AtomClassifierParams(compressed_dim=2, kernel_size=2, response_floor=1e9)


def _samples(count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Features ``[n, 1, C, H, W]``, boxes ``[n, 1, 4]``, weights ``[n, 1]``, float64."""
    generator = torch.Generator().manual_seed(count)
    features = torch.randn(count, 1, CHANNELS, SIDE, SIDE, dtype=torch.float64, generator=generator)
    boxes = torch.rand(count, 1, 4, dtype=torch.float64, generator=generator) * 20 + 15
    weights = torch.rand(count, 1, dtype=torch.float64, generator=generator)
    return features, boxes, weights / weights.sum()


def _layers(classifier: AtomClassifier) -> Tensor:
    return classifier.layers.start(torch.device("cpu")).double()


def _scores(classifier: AtomClassifier, layers: Tensor, features: Tensor) -> Tensor:
    """By two convolutions, ``[n, K, K]``."""
    projection, kernel = classifier.layers.split(layers)
    return F.conv2d(F.conv2d(features[:, 0], projection[0, :, :, None, None]), kernel, padding=1)[:, 0]


def _loss(classifier: AtomClassifier, layers: Tensor, samples: tuple[Tensor, Tensor, Tensor]) -> Tensor:
    features, boxes, weights = samples
    params = classifier.layers.params
    projection, kernel = classifier.layers.split(layers)
    scores = soft_floor(_scores(classifier, layers, features), params.response_floor)
    error = (weights[:, :, None] * (scores - GRID.label(boxes)[:, 0]).square()).sum()
    return error + params.projection_reg * projection.square().sum() + params.filter_reg * kernel.square().sum()


def test_scores_are_those_of_two_convolutions() -> None:
    classifier, (features, _, _) = AtomClassifier(SMALL, CHANNELS, GRID), _samples(3)
    layers = _layers(classifier)
    expected = _scores(classifier, layers, features)[:, None]
    torch.testing.assert_close(classifier.classify(layers, features), expected)


def test_an_update_is_the_exact_least_squares_solution() -> None:
    """Without the floor the problem is linear in the kernel: 8 unknowns, 8 steps."""
    classifier, (features, boxes, weights) = AtomClassifier(LINEAR, CHANNELS, GRID), _samples(12)
    layers = _layers(classifier)
    projection, _ = classifier.layers.split(layers)
    columns = [
        _scores(classifier, torch.cat([projection, unit.view(1, 2, 4)], dim=2), features).flatten()
        for unit in torch.eye(8, dtype=torch.float64)
    ]
    root = weights.expand(12, GRID.size**2).flatten().sqrt()
    matrix = torch.cat([torch.stack(columns, dim=1) * root[:, None], LINEAR.filter_reg**0.5 * torch.eye(8)])
    target = torch.cat([GRID.label(boxes).flatten() * root, torch.zeros(8)])
    exact = torch.linalg.lstsq(matrix, target[:, None]).solution
    updated = classifier.filter_optimizer(layers, features, boxes, weights, 8)[-1]
    found_projection, found_kernel = classifier.layers.split(updated)
    assert torch.equal(found_projection, projection)  # learned in the first frame only
    torch.testing.assert_close(found_kernel.flatten(), exact.flatten(), rtol=1e-5, atol=1e-8)


def test_both_layers_come_close_to_the_minimum() -> None:
    """That of a line search by another method, over the loss as written down; plain Gauss-Newton ends beside it."""
    features, boxes, _ = _samples(12)
    classifier = AtomClassifier(replace(LINEAR, init_gn_iter=12), CHANNELS, GRID)
    samples = features, boxes, torch.full((12, 1), 1 / 12, dtype=torch.float64)
    learned = classifier.get_filter(features.float(), boxes.float(), num_iter=12 * 14)[-1].double()
    best = _layers(classifier).requires_grad_()
    before = _loss(classifier, best, samples).item()
    optimizer = torch.optim.LBFGS([best], max_iter=500, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = _loss(classifier, best, samples)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    lowest = _loss(classifier, best, samples).item()
    assert _loss(classifier, learned, samples).item() == pytest.approx(lowest, rel=2e-3)
    assert before > 1.05 * lowest


def test_the_steps_of_the_first_frame_are_shared_out() -> None:
    """No step: the random start, whose scores are about 0, the same for every target."""
    classifier, (features, boxes, _) = AtomClassifier(SMALL, CHANNELS, GRID), _samples(12)
    none, one, again = (classifier.get_filter(features.float(), boxes.float(), num_iter=n)[-1] for n in (0, 1, 1))
    assert torch.equal(none, _layers(classifier).float())
    assert torch.equal(one, again)
    assert not torch.equal(one, none)
    assert _scores(classifier, none, features.float()).abs().max() < 1


def test_the_floor() -> None:
    found = soft_floor(torch.tensor([2.0, 0.0, -0.05, -9.0]), 0.05)
    torch.testing.assert_close(found, torch.tensor([2.0, 0.0, -0.05 * (1 - math.exp(-1)), -0.05]))
