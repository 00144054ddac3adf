"""Training many runs of the 1-D regression network at once (paper, Section 4.1 and Appendix B)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.func import functional_call, stack_module_state

from ltr.dataset.regression1d import ConditionalDensity
from ltr.models.loss.ebm import EBMLoss, Energy
from ltr.models.regression1d import RegressionNet1D
from ltr.trainers.settings import OptimSettings

Parameters = dict[str, Tensor]
"""The parameters of R networks by name, each stacked along a first dimension: ``[R, ...]``."""


def initial_parameters(seeds: Sequence[int]) -> Parameters:
    """One freshly initialized network for each seed, stacked."""
    networks = []
    for seed in seeds:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            networks.append(RegressionNet1D())
    return stack_module_state(networks)[0]


Forward = Callable[[Parameters, Tensor, Tensor], Tensor]
"""Parameters, x ``[R, N, 1]``, y ``[R, N, M, 1]`` -> energies ``[R, N, M]``."""


def stacked_forward(compiled: bool = False) -> Forward:
    """R networks as one function, compiled on request (first derivatives only)."""
    network = RegressionNet1D().to("meta")  # the values come from the parameters

    def forward(parameters: Parameters, x: Tensor, y: Tensor) -> Tensor:
        return functional_call(network, parameters, (x, y))

    return torch.compile(forward, dynamic=False) if compiled else forward


def stacked_energy(forward: Forward, parameters: Parameters, x: Tensor) -> Energy:
    """The energy of R networks as one function: for inputs ``x [R, N, 1]``, ``y [R * N, M, 1] -> [R * N, M]``."""

    def energy(y: Tensor) -> Tensor:
        return forward(parameters, x, y.unflatten(0, x.shape[:2])).flatten(0, 1)

    return energy


@dataclasses.dataclass
class StackedTraining:
    """R networks trained in parallel, with the same result as one by one.

    The batch has R * N targets. R times its mean loss is the sum of the R losses; each loss depends on one network
    only, so every network gets the same gradient as alone, and Adam works elementwise. The training methods are
    unchanged.

    Args:
        loss: the training method.
        pairs: x ``[n, 1]`` and y ``[n, 1]``, the training set of all runs.
        seeds: R seeds; initial weights depend on each, batches and draws on the first.
        optim: epochs, batch size and (constant) learning rate.
        forward: the network, see :func:`stacked_forward`.
    """

    loss: EBMLoss
    pairs: tuple[Tensor, Tensor]
    seeds: Sequence[int]
    optim: OptimSettings
    forward: Forward = dataclasses.field(default_factory=stacked_forward)

    def __post_init__(self) -> None:
        self.parameters = initial_parameters(self.seeds)
        self.optimizer = torch.optim.Adam(self.parameters.values(), lr=self.optim.lr, fused=True)
        self.generator = torch.Generator().manual_seed(self.seeds[0])

    def run(self) -> Parameters:
        """Train to the last epoch; the trained parameters, detached."""
        for _ in range(self.optim.epochs):
            self.epoch()
        return {name: value.detach() for name, value in self.parameters.items()}

    def epoch(self) -> None:
        """One pass of every network over the training set, each in its own order."""
        x, y = self.pairs
        order = torch.rand(len(self.seeds), len(x), generator=self.generator).argsort(dim=1)
        for index in order.split(self.optim.batch_size, dim=1):
            self.step(x[index], y[index])

    def step(self, x: Tensor, y: Tensor) -> None:
        """One step of every network on its own batch; x and y are ``[R, N, 1]``."""
        output = self.loss(stacked_energy(self.forward, self.parameters, x), y.flatten(0, 1), self.generator)
        self.optimizer.zero_grad()
        (len(x) * output.loss).backward()
        self.optimizer.step()


def kl_divergences(parameters: Parameters, density: ConditionalDensity, size: int = 2048) -> list[float]:
    """D_KL of each of the stacked networks from the truth, see :meth:`ConditionalDensity.kl_divergence`."""
    return [density.kl_divergence(network, size) for network in unstack(parameters)]


def unstack(parameters: Parameters) -> list[RegressionNet1D]:
    """The stacked networks, one by one."""
    networks = []
    for run in range(len(parameters["fc1_x.weight"])):
        network = RegressionNet1D()
        network.load_state_dict({name: value[run] for name, value in parameters.items()})
        networks.append(network)
    return networks
