"""The energy network of the paper's 1-D regression experiments (Appendix B.2), for more dimensions too."""

from torch import Tensor, nn


class RegressionNet1D(nn.Module):
    """f(x, y) for x and y in R: two layers for x (1-10-10), one for y (1-10), four for both (20-10-10-10-1).

    The paper does not name the activations. As in the authors' released code they are ReLU in x and tanh elsewhere
    (score matching needs curvature in y), and the second and third joint layers add their input.

    Args:
        hidden: width of the layers.
        inputs, targets: dimensions of x and y, where they are not numbers.
    """

    def __init__(self, hidden: int = 10, inputs: int = 1, targets: int = 1) -> None:
        super().__init__()
        self.fc1_x = nn.Linear(inputs, hidden)
        self.fc2_x = nn.Linear(hidden, hidden)
        self.fc1_y = nn.Linear(targets, hidden)
        self.fc1_xy = nn.Linear(2 * hidden, hidden)
        self.fc2_xy = nn.Linear(hidden, hidden)
        self.fc3_xy = nn.Linear(hidden, hidden)
        self.fc4_xy = nn.Linear(hidden, 1)

    def features(self, x: Tensor) -> Tensor:
        """Features of inputs ``x [N, inputs]``: ``[hidden, N]``."""
        return _affine(self.fc2_x, _affine(self.fc1_x, x.mT).relu()).relu()

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Energies of targets ``y [N, M, targets]`` for inputs ``x [N, inputs]``: ``[N, M]``.

        With the parameters of R networks stacked along a first dimension (``torch.func.stack_module_state``), x is
        ``[R, N, inputs]``, y ``[R, N, M, targets]`` and the result ``[R, N, M]``: each network for its own inputs.
        """
        return self.energy(self.features(x), y)

    def energy(self, features: Tensor, y: Tensor) -> Tensor:
        """:meth:`forward` of inputs whose :meth:`features` are known.

        Activations are laid out ``[hidden, N * M]``: products of small weights with long rows are fast
        on a CPU. The x half of the first joint layer is computed once for each x, not for each of its M targets.
        """
        weight_x, weight_y = self.fc1_xy.weight.chunk(2, dim=-1)
        offset = weight_x @ features + self.fc1_xy.bias[..., None]  # [hidden, N]
        h = _affine(self.fc1_y, y.flatten(-3, -2).mT).tanh_()
        h = (weight_y @ h).unflatten(-1, y.shape[-3:-1]).add_(offset[..., None]).tanh_().flatten(-2)
        h = _affine(self.fc2_xy, h).tanh_() + h
        h = _affine(self.fc3_xy, h).tanh_() + h
        return _affine(self.fc4_xy, h).reshape(y.shape[:-1])


def _affine(layer: nn.Linear, h: Tensor) -> Tensor:
    """W h + b for columns ``h [..., in, S]``, in place: allocation dominates in large batches."""
    return (layer.weight @ h).add_(layer.bias[..., None])
