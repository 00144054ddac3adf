"""The interface of the training methods of energy-based regression.

The model is p(y|x) = exp f(x, y) / Z(x) (paper, equation 1). A training method sees it as an *energy*: a
function of targets that holds the images x. It draws, scores and differentiates by itself, so the same object
trains the 1-D regression network and the tracker's box branch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Generator, Tensor

from ltr.models.bbreg.prediction import BoxPrediction
from ltr.utils.errors import InputError

Energy = Callable[[Tensor], Tensor]
"""``y [N, M, D]``: M targets for each of N images -> f(x_i, y_im) ``[N, M]``, the *negative* energy."""


@dataclass(frozen=True)
class LossOutput:
    """The loss J (a scalar to minimize, mean over the N targets) and numbers to log."""

    loss: Tensor
    stats: dict[str, float]


class EBMLoss(ABC):
    """A training method: frozen hyper-parameters and :meth:`objective`, no weights and no state."""

    trains: ClassVar[BoxPrediction] = "log_density"  # what the energy means after training, if it is of boxes

    def __call__(self, energy: Energy, target: Tensor, generator: Generator | None = None) -> LossOutput:
        """The loss of one mini-batch.

        Args:
            energy: f, ``[N, M, D] -> [N, M]``, for the same N images as ``target``; the method chooses M.
            target: y_i ``[N, D]``, float32 or float64, in the space of the energy.
            generator: source of the random draws, on the device of ``target``; torch's default one if None.

        Returns:
            The loss, differentiable in the parameters of ``energy``; a differentiable zero for an empty batch.

        Raises:
            ValueError: ``target`` or what ``energy`` returns has a wrong shape.
            FloatingPointError: an energy is not finite.
        """
        if target.ndim != 2 or target.shape[1] == 0 or not target.is_floating_point():
            raise ValueError(f"target: expected floating [N, D], got {target.dtype} {list(target.shape)}")
        if not len(target):
            return LossOutput(energy(target[:, None]).sum(), {})
        return self.objective(checked(energy), target, generator)

    @abstractmethod
    def objective(self, energy: Energy, target: Tensor, generator: Generator | None) -> LossOutput:
        """The loss for N >= 1 targets; ``energy`` is :func:`checked`."""


def checked(energy: Energy) -> Energy:
    """``energy`` that raises ValueError for a wrong shape, FloatingPointError for values that are not finite."""

    def evaluate(y: Tensor) -> Tensor:
        values = energy(y)
        if values.shape != y.shape[:2]:
            raise ValueError(f"energy: expected {list(y.shape[:2])} for y {list(y.shape)}, got {list(values.shape)}")
        if not torch.isfinite(values).all():
            bad = int(values.isfinite().logical_not().sum())
            raise FloatingPointError(
                f"energy: {bad} of {values.numel()} values are not finite; "
                "the network has diverged (lower the learning rate or the loss weight) or its input holds NaN"
            )
        return values

    return evaluate


def energy_gradient(energy: Energy, y: Tensor, create_graph: bool = False) -> tuple[Tensor, Tensor]:
    """Values f(x_i, y_im) ``[N, M]`` and gradients in y ``[N, M, D]``; ``y`` must require a gradient."""
    with torch.enable_grad():
        values = energy(y)
        (gradient,) = torch.autograd.grad(values.sum(), y, create_graph=create_graph)
    return values, gradient


def require_positive(**values: float) -> None:
    """Raise InputError naming the first of ``values`` that is not a positive finite number."""
    for name, value in values.items():
        if not 0 < value < float("inf"):
            raise InputError(f"{name}: expected a positive number, got {value}")


def require_count(**values: int) -> None:
    """Raise InputError naming the first of ``values`` that is not a whole number of at least 1."""
    for name, value in values.items():
        if not isinstance(value, int) or value < 1:
            raise InputError(f"{name}: expected a whole number of at least 1, got {value}")
