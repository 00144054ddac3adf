"""What the box branch learns in the first frame."""

from dataclasses import replace

import pytest
import torch

from ltr.data.bounding_box_utils import box_from_relative
from ltr.models.bbreg.atom_iou_net import AtomIoUNet, AtomIoUNetSettings, FeaturePair, map_pair, modulate
from ltr.models.bbreg.box_energy import BoxEnergy
from ltr.models.loss.ebm import NCEPlus
from pytracking.parameter.dimp.base import BoxLearningParams
from pytracking.tracker.dimp.modulation_finetuning import draw_candidates, finetune_modulation

PARAMS = BoxLearningParams(num_iter=1, num_parts=1, num_samples=6, prior=0.0, weight=1.0)
BOXES = torch.tensor([[30.0, 40, 50, 30], [20, 20, 60, 45], [50, 60, 30, 40]])
Looks = tuple[AtomIoUNet, FeaturePair, FeaturePair]


@pytest.fixture(scope="module")
def looks() -> Looks:
    """A branch that is not flat, its maps of three crops of 128 px, ``[3, C, H, W]``, and a modulation."""
    torch.manual_seed(0)
    slim = AtomIoUNetSettings(reference_dim=3, mid_dim=4, pred_input_dim=5, pred_inter_dim=16)
    branch = AtomIoUNet((3, 4), slim).eval().requires_grad_(False)
    branch.iou_predictor.weight.normal_()
    maps = torch.randn(3, 5, 16, 16), torch.randn(3, 5, 8, 8)
    return branch, maps, (torch.rand(1, 5, 1, 1) + 0.5, torch.rand(1, 5, 1, 1) + 0.5)


def _learn(looks: Looks, params: BoxLearningParams) -> FeaturePair:
    branch, maps, modulation = looks
    last = list(zip(*map_pair(lambda feat: feat.permute(0, 2, 3, 1), maps), strict=True))
    generator = torch.Generator().manual_seed(1)
    with torch.inference_mode():
        return finetune_modulation(BoxEnergy(branch), modulation, last, BOXES, params, generator)


def _loss(looks: Looks, modulation: FeaturePair, params: BoxLearningParams) -> torch.Tensor:
    """NCE+ by its definition, with the network's own energy."""
    branch, maps, _ = looks
    modulated = modulate(maps, modulation)
    loss = NCEPlus(sigmas=params.sigmas, num_samples=params.num_samples, beta=params.beta)
    return loss(
        lambda relative: branch.energy(modulated, box_from_relative(relative, BOXES[:, None])),
        torch.zeros(len(BOXES), 4),
        torch.Generator().manual_seed(1),
    ).loss


def test_a_step_goes_down_the_slope_of_nce_plus(looks: Looks) -> None:
    modulation = map_pair(lambda vector: vector.clone().requires_grad_(), looks[2])
    slopes = torch.autograd.grad(_loss(looks, modulation, PARAMS), modulation)
    for learned, start, slope in zip(_learn(looks, PARAMS), looks[2], slopes, strict=True):
        # The first step of Adam: its length against the sign of every slope, as a factor of the start.
        torch.testing.assert_close(learned, start * (1 - PARAMS.learning_rate * slope.sign()))
        assert slope.abs().min() > 0


@pytest.mark.parametrize("num_parts", [3, 9])  # of three crops
def test_the_crops_take_turns(looks: Looks, num_parts: int) -> None:
    branch, maps, modulation = looks
    params = replace(PARAMS, num_iter=4, num_parts=num_parts, prior=0.1)
    candidates, log_noise = draw_candidates(BOXES, params, torch.Generator().manual_seed(1))
    changes = map_pair(lambda vector: torch.zeros_like(vector).requires_grad_(), modulation)
    optimizer = torch.optim.Adam(changes, lr=params.learning_rate, weight_decay=params.prior)
    for crop in (0, 1, 2, 0):
        changed = modulate(modulation, map_pair(lambda change: 1 + change, changes))
        values = branch.energy(
            modulate(map_pair(lambda feat, i=crop: feat[i : i + 1], maps), changed), candidates[crop, None]
        )
        optimizer.zero_grad()
        (-(values[0] - log_noise[crop]).log_softmax(dim=0)[0]).backward()
        optimizer.step()
    for learned, start, change in zip(_learn(looks, params), modulation, changes, strict=True):
        torch.testing.assert_close(learned, start * (1 + change))


def test_many_steps_lower_the_loss(looks: Looks) -> None:
    params = replace(PARAMS, num_iter=40, num_samples=32)
    assert _loss(looks, _learn(looks, params), params) < _loss(looks, looks[2], params) - 0.1


def test_a_part_of_the_changes_is_made(looks: Looks) -> None:
    whole, half = _learn(looks, PARAMS), _learn(looks, replace(PARAMS, weight=0.5))
    for start, all_the_way, half_way in zip(looks[2], whole, half, strict=True):
        torch.testing.assert_close(half_way, (start + all_the_way) / 2)


def test_candidates_are_those_of_the_loss() -> None:
    boxes, log_noise = draw_candidates(BOXES, PARAMS, torch.Generator().manual_seed(1))
    seen = []

    def energy(relative: torch.Tensor) -> torch.Tensor:
        seen.append(box_from_relative(relative, BOXES[:, None]))
        return torch.zeros(relative.shape[:2])

    loss = NCEPlus(sigmas=PARAMS.sigmas, num_samples=PARAMS.num_samples, beta=PARAMS.beta)
    output = loss(energy, torch.zeros(len(BOXES), 4), torch.Generator().manual_seed(1))
    torch.testing.assert_close(boxes, seen[0])
    torch.testing.assert_close(output.loss, -(-log_noise).log_softmax(dim=1)[:, 0].mean())
