import pytest
import torch

from ltr.models.layers.blocks import LinearBlock, conv_block


@pytest.mark.parametrize(
    ("kernel", "padding", "side"), [(3, None, 7), (1, None, 7), (3, 0, 5), (5, None, 7), (1, 1, 9)]
)
def test_conv_block_keeps_the_size_unless_told(kernel: int, padding: int | None, side: int) -> None:
    block = conv_block(4, 6, kernel, padding)
    out = block(torch.randn(2, 4, 7, 7))
    assert out.shape == (2, 6, side, side)
    assert out.min() == 0  # a ReLU is last


def test_linear_block_is_a_linear_map_a_batch_norm_and_a_relu() -> None:
    torch.manual_seed(0)
    block = LinearBlock(3, 5, size=2)
    x = torch.randn(4, 3, 2, 2)
    y = x.reshape(4, 12) @ block.linear.weight.T + block.linear.bias
    normalized = (y - y.mean(dim=0)) / torch.sqrt(y.var(dim=0, correction=0) + block.bn.eps)
    torch.testing.assert_close(block(x), normalized.relu())
