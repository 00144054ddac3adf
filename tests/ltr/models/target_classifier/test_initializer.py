import torch

from external.prroi_pool import prroi_pool2d
from ltr.models.target_classifier.initializer import FilterInitializerLinear


def test_starts_as_the_mean_of_the_target_s_own_features() -> None:
    torch.manual_seed(0)
    feat = torch.randn(3, 2, 5, 9, 9)
    boxes = torch.rand(3, 2, 4) * 40 + 20
    with torch.no_grad():
        filter = FilterInitializerLinear(filter_size=4, feature_dim=5, feature_stride=16)(feat, boxes)
    assert filter.shape == (2, 5, 4, 4)
    for b in range(2):
        pooled = []
        for frame in range(3):
            x, y, w, h = boxes[frame, b].tolist()
            roi = torch.tensor([[0, x, y, x + w, y + h]])
            pooled.append(prroi_pool2d(feat[frame, b : b + 1], roi, 4, 4, 1 / 16)[0])
        torch.testing.assert_close(filter[b], torch.stack(pooled).mean(dim=0))


def test_a_ramp_is_read_at_the_box() -> None:
    """Feature (i, j) is worth j at x = 16 j: the bins of a box hold the x of their centers."""
    ramp = torch.arange(9.0).expand(1, 1, 1, 9, 9)
    filter = FilterInitializerLinear(filter_size=4, feature_dim=1, feature_stride=16)(
        ramp, torch.tensor([[[32.0, 16, 64, 64]]])
    )
    torch.testing.assert_close(filter[0, 0], torch.tensor([2.5, 3.5, 4.5, 5.5]).expand(4, 4))


def test_convolution_is_learned() -> None:
    torch.manual_seed(0)
    initializer = FilterInitializerLinear(filter_size=2, feature_dim=3, feature_stride=16)
    initializer(torch.randn(2, 1, 3, 6, 6), torch.tensor([[[20.0, 20, 40, 40]]] * 2)).square().sum().backward()
    assert all(parameter.grad is not None for parameter in initializer.parameters())


def test_prdimp_s_starts_at_zero_with_pytracking_s_names() -> None:
    initializer = FilterInitializerLinear(filter_size=4, feature_dim=5, feature_stride=16, start="zero")
    assert {name: tuple(value.shape) for name, value in initializer.state_dict().items()} == {
        "filter_conv.weight": (5, 5, 3, 3),
        "filter_conv.bias": (5,),
    }
    assert not any(value.any() for value in initializer.state_dict().values())


def test_a_trained_convolution_is_applied_before_pooling() -> None:
    """The formula again: every cell's 3x3 neighborhood times the weights, then the pooled mean of the frames."""
    torch.manual_seed(0)
    initializer = FilterInitializerLinear(filter_size=2, feature_dim=3, feature_stride=16, start="zero").double()
    weight, bias = torch.randn(3, 3, 3, 3).double(), torch.randn(3).double()
    initializer.load_state_dict({"filter_conv.weight": weight, "filter_conv.bias": bias})
    feat, boxes = torch.randn(2, 1, 3, 7, 7).double(), torch.rand(2, 1, 4).double() * 30 + 30
    pooled = []
    for frame in range(2):
        padded = torch.nn.functional.pad(feat[frame, 0], (1, 1, 1, 1))
        mixed = torch.stack(
            [
                torch.stack([(weight[c] * padded[:, i : i + 3, j : j + 3]).sum() + bias[c] for j in range(7)])
                for c in range(3)
                for i in range(7)
            ]
        ).view(1, 3, 7, 7)
        x, y, w, h = boxes[frame, 0].tolist()
        roi = torch.tensor([[0, x, y, x + w, y + h]], dtype=torch.float64)
        pooled.append(prroi_pool2d(mixed, roi, 2, 2, 1 / 16)[0])
    with torch.no_grad():
        torch.testing.assert_close(initializer(feat, boxes)[0], (pooled[0] + pooled[1]) / 2)
