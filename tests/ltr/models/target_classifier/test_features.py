import pytest
import torch
from torch import nn

from ltr.models.target_classifier.features import residual_basic_block, residual_bottleneck


@pytest.mark.parametrize("head", [residual_basic_block, residual_bottleneck])
@pytest.mark.parametrize(("num_blocks", "out_dim"), [(0, 8), (2, 6)])
def test_shape_and_norm(head: type, num_blocks: int, out_dim: int) -> None:
    torch.manual_seed(0)
    net = head(8, num_blocks, out_dim, 0.5)
    out = net(torch.randn(3, 8, 5, 7))
    assert out.shape == (3, out_dim, 5, 7)
    torch.testing.assert_close(out.square().mean(dim=(1, 2, 3)), torch.full((3,), 0.25))
    assert len(net) == num_blocks + 2


def test_starts_with_the_backbone_s_own_features() -> None:
    x = torch.randn(2, 8, 5, 5)
    out = residual_basic_block(8, 0, 8, norm_scale=1.0)(x)
    torch.testing.assert_close(out, x / x.square().mean(dim=(1, 2, 3), keepdim=True).sqrt())


def test_bottleneck_is_narrower_inside() -> None:
    first = residual_bottleneck(16, 1, 8, 1.0)[0]
    assert isinstance(first.conv1, nn.Conv2d)
    assert first.conv1.out_channels == 4
