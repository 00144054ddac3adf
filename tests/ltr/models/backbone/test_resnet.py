from collections.abc import Mapping
from typing import Any
from urllib.error import URLError

import pytest
import torch
import torchvision
from torch import Tensor
from torchvision.models._utils import IntermediateLayerGetter

from ltr.models.backbone import ResNet18, ResNet50
from ltr.models.backbone.base import LAYERS


@pytest.mark.parametrize(("ours", "name"), [(ResNet18, "resnet18"), (ResNet50, "resnet50")])
def test_equals_torchvision(ours: type[ResNet18 | ResNet50], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    theirs = torchvision.models.get_model(name, weights=None).double().eval()
    _set_statistics(theirs)
    monkeypatch.setattr(torchvision.models.WeightsEnum, "get_state_dict", lambda *args, **kwargs: theirs.state_dict())
    net = ours().double().eval()
    net.load_pretrained()
    images = torch.randint(0, 256, (2, 3, 64, 96), dtype=torch.uint8)
    mean, std = torch.tensor([0.485, 0.456, 0.406]).double(), torch.tensor([0.229, 0.224, 0.225]).double()
    normalized = (images / 255 - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    trunk = IntermediateLayerGetter(theirs, {"relu": "conv1", **{layer: layer for layer in LAYERS[1:]}})
    with torch.no_grad():
        features, expected = net(images, LAYERS), trunk(normalized)
    for layer in LAYERS:
        torch.testing.assert_close(features[layer], expected[layer], rtol=1e-5, atol=1e-5)


def _set_statistics(net: torch.nn.Module) -> None:
    for module in net.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)


@pytest.mark.parametrize("error", [URLError("no route"), OSError("disk full")])
def test_missing_weights_say_where_to_put_them(error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> Mapping[str, Tensor]:
        raise error

    monkeypatch.setattr(torchvision.models.WeightsEnum, "get_state_dict", fail)
    with pytest.raises(FileNotFoundError, match=r"ResNet18: .*resnet18-\w+\.pth into .*checkpoints"):
        ResNet18().load_pretrained()
