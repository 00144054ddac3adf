"""The actor of the energy branch with a learned proposal."""

from dataclasses import replace

import pytest
import torch

from ltr.actors.detection import EnergyBranchActor, found_pairs
from ltr.data.bounding_box_utils import box_from_relative
from ltr.models.detection.energy_branch import EnergyBranch
from ltr.models.detection.prediction import BoxEnergyModel
from ltr.models.detection.settings import BranchSettings
from ltr.models.loss.ebm import EBMDN, PROPOSAL_LOSSES
from ltr.sampling.detection_batch import DetectionBatch
from ltr.train_settings.detection import BRANCH_MOBILE, METHODS
from ltr.utils.config import check
from tests.fakes.detection import CANONICAL_SIZE, CHANNELS, STRIDES, random_batch


def energy_model(components: int | None = 2) -> BoxEnergyModel:
    torch.manual_seed(0)
    branch = EnergyBranch(CHANNELS, 4, BranchSettings(pool_size=3, hidden=16, components=components))
    return BoxEnergyModel(branch, STRIDES, CANONICAL_SIZE)


def found_batch(offset: torch.Tensor, spread: float = 0.0) -> DetectionBatch:
    """One object a picture; the detector's box is such that the true one lies ``offset`` (and noise) from it."""
    batch = random_batch(0, num_pictures=8, num_boxes=8)
    truth = replace(batch.truth, picture=torch.arange(8))
    noise = spread * torch.randn(8, 4, generator=torch.Generator().manual_seed(1))
    boxes = box_from_relative(-offset + noise, truth.boxes)
    return replace(batch, truth=truth, candidates=replace(truth, boxes=boxes, scores=torch.ones(8)))


def test_pairs_are_relative_to_what_was_found() -> None:
    batch = found_batch(torch.tensor([0.05, -0.03, 0.0, 0.0]))
    reference, target = found_pairs(batch)
    assert len(reference) == 8
    torch.testing.assert_close(box_from_relative(target, reference.boxes), batch.truth.boxes)
    torch.testing.assert_close(target, torch.tensor([0.05, -0.03, 0.0, 0.0]).expand(8, 4))


@pytest.mark.parametrize("name", PROPOSAL_LOSSES)
def test_energy_and_proposal_learn_where_true_boxes_lie_from_found_ones(name: str) -> None:
    model = energy_model()
    actor = EnergyBranchActor(model, METHODS[name].loss, (1e-3, 4e-3))
    optimizer = torch.optim.Adam(model.branch.parameters(), lr=3e-3)
    generator = torch.Generator().manual_seed(0)
    batch = found_batch(torch.tensor([0.15, -0.1, 0.0, 0.1]), spread=0.02)
    reference, target = found_pairs(batch)

    def log_proposal() -> float:
        return model.proposal_around(batch, reference).log_prob(target[:, None]).mean().item()

    before = log_proposal()
    for _ in range(120):
        optimizer.zero_grad()
        loss, stats = actor(batch, generator)
        loss.backward()
        optimizer.step()
    assert stats["loss"] == loss.item()
    at_true, at_found = model.energy_around(batch, reference)(torch.stack([target, 0 * target], dim=1)).mean(dim=0)
    assert at_true > at_found + 2
    if name == "pnce":  # EBMDN's proposal follows the energy alone, which is flat at first
        assert log_proposal() > before + 1


def test_the_proposal_does_not_train_the_features() -> None:
    model = energy_model()
    reference, target = found_pairs(batch := found_batch(torch.zeros(4)))
    model.proposal_around(batch, reference).log_prob(target[:, None]).sum().backward()
    assert model.branch.fc1.weight.grad is None
    assert model.branch.head is not None
    assert model.branch.head.means[-1].weight.grad.abs().max() > 0  # type: ignore[union-attr, operator]


def test_nothing_found_is_a_loss_of_zero() -> None:
    batch = found_batch(torch.zeros(4))
    lost = replace(batch, candidates=replace(batch.candidates, labels=batch.candidates.labels + 1))
    loss, _ = EnergyBranchActor(energy_model(), EBMDN(4), (1e-3, 4e-3))(lost, torch.Generator())
    loss.backward()
    assert loss.item() == 0


def test_a_branch_without_components_has_no_proposal() -> None:
    batch = random_batch(0)
    with pytest.raises(ValueError, match=r"branch\.components: this branch has no proposal"):
        energy_model(None).proposal_around(batch, batch.truth)
    with pytest.raises(ValueError, match=r"branch\.components: EBMDN needs the number of components"):
        check(replace(BRANCH_MOBILE, loss=EBMDN(4)), "settings")
