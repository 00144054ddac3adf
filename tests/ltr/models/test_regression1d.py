"""The 1-D network against its textbook form."""

import pytest
import torch
from torch import Tensor
from torch.autograd import gradgradcheck

from ltr.models.regression1d import RegressionNet1D


def textbook(net: RegressionNet1D, x: Tensor, y: Tensor) -> Tensor:
    """One row for each (x, y), layer after layer, with the concatenation of Appendix B.2."""
    count = y.shape[1]
    from_x = net.fc2_x(net.fc1_x(x).relu()).relu().repeat_interleave(count, dim=0)
    from_y = torch.tanh(net.fc1_y(y.flatten(0, 1)))
    h = torch.tanh(net.fc1_xy(torch.cat([from_x, from_y], dim=1)))
    h = torch.tanh(net.fc2_xy(h)) + h
    h = torch.tanh(net.fc3_xy(h)) + h
    return net.fc4_xy(h).view(len(x), count)


@pytest.mark.parametrize(("inputs", "targets"), [(1, 1), (3, 2)])
def test_equals_the_textbook_form(inputs: int, targets: int) -> None:
    torch.manual_seed(0)
    net = RegressionNet1D(inputs=inputs, targets=targets).double()
    x, y = torch.randn(3, inputs, dtype=torch.float64), torch.randn(3, 5, targets, dtype=torch.float64)
    torch.testing.assert_close(net(x, y), textbook(net, x, y))
    expected = torch.autograd.grad(textbook(net, x, y).square().sum(), list(net.parameters()))
    torch.testing.assert_close(torch.autograd.grad(net(x, y).square().sum(), list(net.parameters())), expected)


def test_layers_of_appendix_b2() -> None:
    shapes = {name: tuple(p.shape) for name, p in RegressionNet1D().named_parameters() if name.endswith("weight")}
    assert shapes == {
        "fc1_x.weight": (10, 1),
        "fc2_x.weight": (10, 10),
        "fc1_y.weight": (10, 1),
        "fc1_xy.weight": (10, 20),
        "fc2_xy.weight": (10, 10),
        "fc3_xy.weight": (10, 10),
        "fc4_xy.weight": (1, 10),
    }


def test_is_twice_differentiable_in_y() -> None:
    """Score matching needs it."""
    torch.manual_seed(0)
    net = RegressionNet1D(hidden=3).double()
    y = torch.randn(2, 3, 1, dtype=torch.float64, requires_grad=True)
    assert gradgradcheck(lambda y: net(torch.ones(2, 1, dtype=torch.float64), y), (y,))
