"""The folded energy, against the network's own."""

import pytest
import torch
from torch import Tensor, nn

from ltr.models.bbreg.atom_iou_net import AtomIoUNet, AtomIoUNetSettings, FeaturePair, map_pair, modulate
from ltr.models.bbreg.box_energy import BoxEnergy
from ltr.models.loss.ebm.base import energy_gradient

SLIM = AtomIoUNetSettings(reference_dim=3, mid_dim=4, pred_input_dim=5, pred_inter_dim=16)


@pytest.fixture(scope="module")
def branch() -> AtomIoUNet:
    """In double precision, every parameter and statistic different from where it starts."""
    torch.manual_seed(0)
    net = AtomIoUNet((3, 4), SLIM).double().eval()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            for value in (module.running_mean, module.weight.data, module.bias.data):
                value.normal_()  # type: ignore[union-attr]
            module.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    for linear in (net.fc3_rt.linear, net.fc4_rt.linear, net.iou_predictor):
        nn.init.normal_(linear.weight)
        nn.init.normal_(linear.bias)
    return net.requires_grad_(False)


def _maps_and_modulation(seed: int = 0) -> tuple[FeaturePair, FeaturePair]:
    """Of an image of 128 px."""
    torch.manual_seed(seed)
    maps = torch.randn(1, 5, 16, 16, dtype=torch.float64), torch.randn(1, 5, 8, 8, dtype=torch.float64)
    return maps, (torch.randn(1, 5, 1, 1, dtype=torch.float64), torch.randn(1, 5, 1, 1, dtype=torch.float64))


BOXES = torch.tensor(
    [[20.3, 31.7, 40.1, 25.6], [5.2, 3.1, 60.7, 71.3], [-20, -30, 50, 60], [100, 90, 60, 70], [300, 20, 40, 40]],
    dtype=torch.float64,
)


@pytest.mark.parametrize("boxes", [BOXES, BOXES[:1]], ids=["several", "one"])
def test_equals_the_branch_and_its_autograd_gradient(branch: AtomIoUNet, boxes: Tensor) -> None:
    maps, modulation = _maps_and_modulation()
    modulated = modulate(maps, modulation)
    expected, slope = energy_gradient(lambda b: branch.energy(modulated, b), boxes[None].clone().requires_grad_())
    energy, last = BoxEnergy(branch), map_pair(lambda feat: feat[0].permute(1, 2, 0), maps)
    with torch.inference_mode():
        torch.testing.assert_close(energy(last, modulation, boxes), expected[0].detach())
    _, gradient = energy_gradient(lambda b: energy(last, modulation, b), boxes.clone().requires_grad_())
    torch.testing.assert_close(gradient, slope[0])
    assert slope[0, :4].abs().min() > 0  # the fifth box lies outside the map


def test_each_target_has_its_own_energy(branch: AtomIoUNet) -> None:
    maps, first = _maps_and_modulation()
    _, second = _maps_and_modulation(seed=1)
    last = map_pair(lambda feat: feat[0].permute(1, 2, 0), maps)
    energy = BoxEnergy(branch)
    values = [energy(last, modulation, BOXES) for modulation in (first, second)]
    assert not torch.allclose(values[0], values[1])
    torch.testing.assert_close(energy(last, first, BOXES), values[0])
