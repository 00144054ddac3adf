import copy

import pytest
import torch
from torch import Tensor, nn

from ltr.models.backbone import BACKBONES, Backbone
from ltr.models.backbone.base import LAYERS

STRIDES = {"conv1": 2, "layer1": 4, "layer2": 8, "layer3": 16}


def _build(name: str, frozen: tuple[str, ...] = ()) -> Backbone:
    """A backbone with statistics that matter."""
    torch.manual_seed(0)
    net = BACKBONES[name](frozen)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(std=0.3)
            module.running_var.uniform_(0.5, 2)
    return net


def _images(*shape: int) -> Tensor:
    return torch.randint(0, 256, shape, generator=torch.Generator().manual_seed(1), dtype=torch.uint8)


@pytest.mark.parametrize("name", BACKBONES)
def test_shapes_and_strides(name: str) -> None:
    net = _build(name).eval()
    with torch.no_grad():
        features = net(_images(2, 3, 64, 96), LAYERS)
    assert list(features) == list(LAYERS)
    for layer, value in features.items():
        assert value.shape == (2, net.out_channels[layer], 64 // STRIDES[layer], 96 // STRIDES[layer])


@pytest.mark.parametrize("name", BACKBONES)
def test_bytes_and_floats_are_the_same(name: str) -> None:
    net = _build(name).eval()
    images = _images(1, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(net(images)["layer3"], net(images.float())["layer3"], rtol=0, atol=0)


@pytest.mark.parametrize("name", BACKBONES)
def test_channel_order_matters(name: str) -> None:
    net = _build(name).eval()
    images = _images(1, 3, 64, 64)
    with torch.no_grad():
        assert not torch.allclose(net(images)["layer2"], net(images.flip(1))["layer2"], rtol=1e-3)


@pytest.mark.parametrize("name", BACKBONES)
def test_frozen_layers_stay_as_they_are(name: str) -> None:
    net = _build(name, ("conv1", "layer1")).train()
    before = copy.deepcopy(net.state_dict())
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=0.1)
    net(_images(2, 3, 64, 64), ["layer3"])["layer3"].square().mean().backward()
    optimizer.step()
    frozen = {key for layer in ("conv1", "layer1") for key in _keys(net, layer)}
    changed = {key for key, value in net.state_dict().items() if not torch.equal(value, before[key])}
    assert not changed & frozen
    assert changed == set(before) - frozen  # every other weight and statistic moved
    assert all(parameter.grad is None for key, parameter in net.named_parameters() if key in frozen)


def _keys(net: Backbone, layer: str) -> set[str]:
    inside = {id(value) for module in net.stages()[layer] for value in module.state_dict(keep_vars=True).values()}
    return {key for key, value in net.state_dict(keep_vars=True).items() if id(value) in inside}


@pytest.mark.parametrize("frozen", [LAYERS, LAYERS[:3], LAYERS[:1]])
@pytest.mark.parametrize("name", BACKBONES)
def test_folded_equals_unfolded(name: str, frozen: tuple[str, ...]) -> None:
    net = _build(name, frozen).eval()
    images = _images(1, 3, 64, 64)
    keys = list(net.state_dict())
    with torch.no_grad():
        plain = net(images, LAYERS)
        net.run_folded()
        folded = net(images, LAYERS)
    for layer in LAYERS:
        scale = float(plain[layer].abs().max())
        torch.testing.assert_close(folded[layer], plain[layer], rtol=1e-4, atol=1e-4 * scale)
    assert any(not torch.equal(folded[layer], plain[layer]) for layer in LAYERS)  # it was really folded
    assert list(net.state_dict()) == keys
    assert any(isinstance(module, nn.BatchNorm2d) for module in net.modules())


def test_layers_after_a_trained_one_are_not_folded() -> None:
    net = _build("resnet18", ("conv1", "layer2", "layer3")).train()
    net.run_folded()
    net(_images(1, 3, 64, 64))["layer3"].sum().backward()
    assert net.layer1[0].conv1.weight.grad is not None
    assert net.layer3[0].conv1.weight.grad is None
    before = net.layer1[0].bn1.running_mean.clone()
    net(_images(1, 3, 64, 64))
    assert not torch.equal(net.layer1[0].bn1.running_mean, before)  # the trained layer's own batch norm ran


def test_unknown_layers_are_named() -> None:
    with pytest.raises(ValueError, match=r"frozen_layers: unknown \['layer5'\]; layers are conv1, layer1"):
        BACKBONES["resnet18"](["layer1", "layer5"])
    with pytest.raises(ValueError, match=r"layers: unknown \['layer4'\]; layers are conv1, layer1"):
        _build("resnet18").eval()(_images(1, 3, 32, 32), ["layer2", "layer4"])
