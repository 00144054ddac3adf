from dataclasses import replace

import pytest
import torch
from torch import Tensor

from external.prroi_pool import prroi_pool2d
from ltr.data.bounding_box_utils import box_to_corners
from ltr.models.detection.energy_branch import EnergyBranch, PyramidPool
from ltr.models.detection.settings import BranchSettings
from ltr.models.loss.ebm import Energy
from ltr.sampling.detection_batch import BoxSet
from tests.fakes.detection import CANONICAL_SIZE, CHANNELS, STRIDES, random_batch

BRANCH = EnergyBranch(CHANNELS, 4, BranchSettings(pool_size=3, hidden=16))
torch.nn.init.normal_(BRANCH.fc3.weight)


def _energy(maps: tuple[Tensor, ...], reference: BoxSet) -> Energy:
    return BRANCH.energy(PyramidPool(maps, STRIDES, reference, CANONICAL_SIZE), reference.labels)


def _around(reference: BoxSet, num_boxes: int, seed: int = 0) -> Tensor:
    noise = torch.randn(len(reference), num_boxes, 4, generator=torch.Generator().manual_seed(seed))
    return reference.boxes[:, None] + noise


def test_every_box_alone_gives_the_same() -> None:
    batch = random_batch(0)
    truth = batch.truth
    boxes = _around(truth, 5)
    found = _energy(batch.maps, truth)(boxes)
    assert found.shape == (12, 5)
    for t, (_, _, w, h) in enumerate(truth.boxes.tolist()):
        size = (w * h) ** 0.5
        level = 0 if size < CANONICAL_SIZE else 1 if size < 2 * CANONICAL_SIZE else 2
        for m in range(5):
            roi = torch.cat([truth.picture[t].view(1).float(), box_to_corners(boxes[t, m])])[None]
            pooled = prroi_pool2d(batch.maps[level], roi, 3, 3, 1 / STRIDES[level])
            expected = BRANCH(pooled.movedim(1, -1).flatten(1))[0, truth.labels[t]]
            torch.testing.assert_close(found[t, m], expected)


def test_the_order_of_the_boxes_does_not_matter() -> None:
    batch = random_batch(1)
    boxes = _around(batch.truth, 4)
    found = _energy(batch.maps, batch.truth)(boxes)
    order = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(_energy(batch.maps, batch.truth[order])(boxes[order]), found[order])
    torch.testing.assert_close(_energy(batch.maps, batch.truth)(boxes.flip(1)), found.flip(1))


def test_the_rest_of_the_batch_does_not_matter() -> None:
    batch = random_batch(2)
    boxes = _around(batch.truth, 4)
    found = _energy(batch.maps, batch.truth)(boxes)
    for picture in range(3):
        own = (batch.truth.picture == picture).nonzero()[:, 0]
        alone = replace(batch.truth[own], picture=torch.zeros_like(own))
        maps = tuple(m[picture, None] for m in batch.maps)
        torch.testing.assert_close(_energy(maps, alone)(boxes[own]), found[own])


@pytest.mark.parametrize(
    ("side", "level"), [(10.0, 0), (63.9, 0), (64.0, 1), (127.9, 1), (128.0, 2), (1000.0, 2), (0.0, 0)]
)
def test_the_level_is_that_of_the_reference(side: float, level: int) -> None:
    maps = tuple(torch.full((1, CHANNELS, 40, 40), float(number)) for number in range(3))
    reference = BoxSet(torch.tensor([[20.0, 20, side, side]]), *torch.ones(2, 1).long(), torch.zeros(1).long())
    pool = PyramidPool(maps, STRIDES, reference, CANONICAL_SIZE)
    pooled = pool.map(torch.tensor([[[50.0, 50, 40, 40]]]), 2, lambda x: x)
    torch.testing.assert_close(pooled, torch.full((1, 1, 4 * CHANNELS), float(level)))


def test_gradients_in_the_boxes() -> None:
    batch = random_batch(3, num_boxes=4)
    branch = EnergyBranch(CHANNELS, 4, BranchSettings(pool_size=2, hidden=8)).double()
    truth = replace(batch.truth, boxes=batch.truth.boxes.double())
    pool = PyramidPool(tuple(m.double() for m in batch.maps), STRIDES, truth, CANONICAL_SIZE)
    boxes = _around(truth, 2).double().requires_grad_()
    assert torch.autograd.gradcheck(branch.energy(pool, truth.labels), boxes, atol=1e-4)


def test_no_targets_give_a_differentiable_nothing() -> None:
    batch = random_batch(4)
    energy = _energy(batch.maps, batch.truth[torch.zeros(0).long()])
    energies = energy(torch.zeros(0, 3, 4))
    assert energies.shape == (0, 3)
    energies.sum().backward()


def test_it_starts_nearly_flat() -> None:
    batch = random_batch(5)
    torch.manual_seed(0)
    branch = EnergyBranch(CHANNELS, 4, BranchSettings(hidden=64))
    energy = branch.energy(PyramidPool(batch.maps, STRIDES, batch.truth, CANONICAL_SIZE), batch.truth.labels)
    assert energy(_around(batch.truth, 8)).std() < 0.1
