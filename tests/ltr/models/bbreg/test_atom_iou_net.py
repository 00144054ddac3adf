from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from ltr.models.bbreg.atom_iou_net import AtomIoUNet, AtomIoUNetSettings, modulate

SLIM = AtomIoUNetSettings(reference_dim=3, mid_dim=4, pred_input_dim=5, pred_inter_dim=6)

# Of ATOM's published checkpoint with a ResNet-18 (layer2: 128 channels, layer3: 256), under `bb_regressor.`.
ATOM_SHAPES = {
    "conv3_1r.0.weight": (128, 128, 3, 3),
    "conv3_1r.1.running_mean": (128,),
    "conv3_1t.0.weight": (256, 128, 3, 3),
    "conv3_2t.0.weight": (256, 256, 3, 3),
    "fc3_1r.0.weight": (256, 128, 3, 3),
    "conv4_1r.0.weight": (256, 256, 3, 3),
    "conv4_1t.0.weight": (256, 256, 3, 3),
    "conv4_2t.0.weight": (256, 256, 3, 3),
    "fc34_3r.0.weight": (256, 512, 1, 1),
    "fc34_4r.0.weight": (256, 512, 1, 1),
    "fc3_rt.linear.weight": (256, 6400),
    "fc3_rt.bn.weight": (256,),
    "fc4_rt.linear.weight": (256, 2304),
    "fc4_rt.bn.running_var": (256,),
    "iou_predictor.weight": (1, 512),
}


def _net() -> AtomIoUNet:
    """A slim branch in double precision whose statistics matter."""
    torch.manual_seed(0)
    net = AtomIoUNet((3, 4), SLIM).double().eval()
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(std=0.1)  # type: ignore[union-attr]
            module.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    nn.init.normal_(net.iou_predictor.weight)
    return net


def _features(images: int) -> tuple[Tensor, Tensor]:
    """Of images of 128 px."""
    generator = torch.Generator().manual_seed(1)
    return (
        torch.randn(images, 3, 16, 16, generator=generator, dtype=torch.float64),
        torch.randn(images, 4, 8, 8, generator=generator, dtype=torch.float64),
    )


def _energy(net: AtomIoUNet, images: int = 2) -> Callable[[Tensor], Tensor]:
    """The energy of boxes ``[images, M, 4]``."""
    feat = _features(images)
    reference = torch.tensor([[30.0, 40, 50, 40]], dtype=torch.float64).repeat(images, 1)
    modulated = modulate(net.get_iou_feat(feat), net.get_modulation(feat, reference))
    return lambda boxes: net.energy(modulated, boxes)


def test_names_and_shapes_of_atom() -> None:
    state = AtomIoUNet((128, 256), AtomIoUNetSettings()).state_dict()
    for name, shape in ATOM_SHAPES.items():
        assert tuple(state[name].shape) == shape, name
    modules = {name.split(".")[0] for name in ATOM_SHAPES}
    assert {name.split(".")[0] for name in state} == modules


def test_shapes() -> None:
    net, feat = _net(), _features(2)
    boxes = torch.tensor([[10.0, 20, 30, 40], [5, 5, 60, 60]], dtype=torch.float64)
    vectors = net.get_modulation(feat, boxes)
    maps = net.get_iou_feat(feat)
    assert [tuple(v.shape) for v in vectors] == [(2, 5, 1, 1)] * 2
    assert [tuple(m.shape) for m in maps] == [(2, 5, 16, 16), (2, 5, 8, 8)]
    assert net.energy(maps, boxes[:, None].repeat(1, 7, 1)).shape == (2, 7)


def test_many_boxes_and_frames_are_as_one_by_one() -> None:
    net = _net()
    boxes = torch.rand(2, 5, 4, dtype=torch.float64) * 60 + 10
    both = _energy(net)(boxes)
    for m in range(5):
        torch.testing.assert_close(_energy(net)(boxes[:, m : m + 1]), both[:, m : m + 1])
    torch.testing.assert_close(_energy(net, images=1)(boxes[:1])[0].shape, both[0].shape)
    feat = _features(2)
    alone = tuple(value[1:] for value in feat)
    reference = torch.tensor([[30.0, 40, 50, 40]], dtype=torch.float64)
    maps = modulate(net.get_iou_feat((alone[0], alone[1])), net.get_modulation((alone[0], alone[1]), reference))
    torch.testing.assert_close(net.energy(maps, boxes[1:]), both[1:])


def test_energy_is_differentiable_in_the_box() -> None:
    net = _net()
    boxes = torch.tensor([[[20.3, 31.7, 40.1, 25.6], [5.2, 3.1, 60.7, 71.3]]] * 2, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(_energy(net), boxes)


@pytest.mark.parametrize(
    "box", [(1e6, -1e6, 40, 40), (-500, 20, 40, 40), (20, 20, 1e7, 1e7), (20, 20, 1e-6, 1e-6), (20, 20, 0, 0)]
)
def test_absurd_boxes_have_finite_energies_and_gradients(box: tuple[float, ...]) -> None:
    boxes = torch.tensor([[box]], dtype=torch.float64).requires_grad_()
    energy = _energy(_net(), images=1)(boxes)
    energy.sum().backward()
    assert boxes.grad is not None
    assert torch.isfinite(energy).all()
    assert torch.isfinite(boxes.grad).all()


def test_energy_depends_on_the_reference() -> None:
    net, feat = _net(), _features(1)
    boxes = torch.tensor([[[20.0, 30, 40, 40]]], dtype=torch.float64)
    energies = [
        net.energy(modulate(net.get_iou_feat(feat), net.get_modulation(feat, reference)), boxes).item()
        for reference in torch.tensor([[[30.0, 40, 50, 40]], [[70, 60, 30, 50]]], dtype=torch.float64)
    ]
    assert energies[0] != pytest.approx(energies[1])


def test_modulation_multiplies_channels() -> None:
    feat = torch.ones(2, 3, 4, 4), torch.ones(2, 3, 2, 2)
    vectors = torch.arange(6.0).view(2, 3, 1, 1), torch.arange(6.0, 12).view(2, 3, 1, 1)
    for out, vector in zip(modulate(feat, vectors), vectors, strict=True):
        torch.testing.assert_close(out, vector.expand(out.shape))


def test_starts_almost_flat() -> None:
    """All boxes are about equally likely before training."""
    torch.manual_seed(0)
    net = AtomIoUNet((3, 4), AtomIoUNetSettings(32, 32, 32, 32)).eval()
    feat = torch.randn(1, 3, 16, 16), torch.randn(1, 4, 8, 8)
    boxes = torch.rand(1, 50, 4) * 60 + 10
    with torch.no_grad():
        modulated = modulate(net.get_iou_feat(feat), net.get_modulation(feat, boxes[:, 0]))
        assert net.energy(modulated, boxes).std() < 1
