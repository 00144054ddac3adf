"""The energy network of the paper's 1-D regression experiments (Appendix B.2)."""

from torch import Tensor, nn


class RegressionNet1D(nn.Module):
    """f(x, y) for x and y in R: two layers for x (1-10-10), one for y (1-10), four for both (20-10-10-10-1).

    The paper does not name the activations. As in the authors' released code they are ReLU in x and tanh elsewhere
    (score matching needs curvature in y), and the second and third joint layers add their input.
    """

    def __init__(self, hidden: int = 10) -> None:
        super().__init__()
        self.fc1_x = nn.Linear(1, hidden)
        self.fc2_x = nn.Linear(hidden, hidden)
        self.fc1_y = nn.Linear(1, hidden)
        self.fc1_xy = nn.Linear(2 * hidden, hidden)
        self.fc2_xy = nn.Linear(hidden, hidden)
        self.fc3_xy = nn.Linear(hidden, hidden)
        self.fc4_xy = nn.Linear(hidden, 1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Energies of targets ``y [N, M, 1]`` for inputs ``x [N, 1]``: ``[N, M]``.

        Activations are laid out ``[hidden, N * M]``: products of the small weights with long rows are what a CPU
        does well. The x half of the first joint layer is computed once for each x, not for each of its M targets.
        """
        num_inputs, num_targets = y.shape[:2]
        from_x = self.fc2_x(self.fc1_x(x).relu()).relu()
        weight_x, weight_y = self.fc1_xy.weight.chunk(2, dim=1)
        offset = weight_x @ from_x.T + self.fc1_xy.bias[:, None]  # [hidden, N]
        h = _tanh_layer(self.fc1_y.weight @ y.reshape(1, -1), self.fc1_y.bias[:, None])
        h = _tanh_layer((weight_y @ h).unflatten(1, (num_inputs, num_targets)), offset[..., None]).flatten(1)
        h = _tanh_layer(self.fc2_xy.weight @ h, self.fc2_xy.bias[:, None]) + h
        h = _tanh_layer(self.fc3_xy.weight @ h, self.fc3_xy.bias[:, None]) + h
        return (self.fc4_xy.weight @ h + self.fc4_xy.bias).view(num_inputs, num_targets)


def _tanh_layer(product: Tensor, bias: Tensor) -> Tensor:
    """tanh(product + bias), in place: no pass over fresh memory, which is what large batches wait for."""
    return product.add_(bias).tanh_()
