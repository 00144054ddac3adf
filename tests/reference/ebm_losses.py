"""The training methods of the paper, one target, one draw and one number at a time.

``f(i, y)`` is the score of target ``y`` (a list of D floats) for image i; ``target[i]`` is y_i; ``draws[i][m]`` is
y_im. Plain exponentials and sums: fine for the small scores of a test.
"""

import math
from collections.abc import Callable, Sequence

Vector = Sequence[float]
Score = Callable[[int, Vector], float]


def density(y: Vector, center: Vector, sigmas: Sequence[float]) -> float:
    """Equation (4), (11): a mixture of isotropic Gaussians."""
    total = 0.0
    for sigma in sigmas:
        product = 1.0
        for a, b in zip(y, center, strict=True):
            product *= math.exp(-0.5 * ((a - b) / sigma) ** 2) / (math.sqrt(2 * math.pi) * sigma)
        total += product / len(sigmas)
    return total


def mlis(f: Score, target: list[Vector], draws: list[list[Vector]], sigmas: Sequence[float]) -> float:
    """Equation (5)."""
    total = 0.0
    for i, y_i in enumerate(target):
        z = sum(math.exp(f(i, y)) / density(y, y_i, sigmas) for y in draws[i]) / len(draws[i])
        total += math.log(z) - f(i, y_i)
    return total / len(target)


def kldis(
    f: Score, target: list[Vector], draws: list[list[Vector]], sigmas: Sequence[float], label_sigma: float
) -> float:
    """Equation (7)."""
    total = 0.0
    for i, y_i in enumerate(target):
        z = sum(math.exp(f(i, y)) / density(y, y_i, sigmas) for y in draws[i]) / len(draws[i])
        ratios = [density(y, y_i, [label_sigma]) / density(y, y_i, sigmas) for y in draws[i]]
        total += math.log(z) - sum(f(i, y) * r for y, r in zip(draws[i], ratios, strict=True)) / len(draws[i])
    return total / len(target)


def mlmcmc(f: Score, target: list[Vector], draws: list[list[Vector]]) -> float:
    """Equation (10), for draws that are given."""
    total = 0.0
    for i, y_i in enumerate(target):
        total += sum(f(i, y) for y in draws[i]) / len(draws[i]) - f(i, y_i)
    return total / len(target)


def nce(f: Score, target: list[Vector], draws: list[list[Vector]], sigmas: Sequence[float]) -> float:
    """Equations (12) and (16): ``draws[i][0]`` is y_i0, the rest is noise."""
    total = 0.0
    for i, y_i in enumerate(target):
        terms = [math.exp(f(i, y) - math.log(density(y, y_i, sigmas))) for y in draws[i]]
        total -= math.log(terms[0] / sum(terms))
    return total / len(target)


def sm(gradient: Callable[[int, Vector], Vector], curvature: Score, target: list[Vector]) -> float:
    """Equation (13), from the gradient and the trace of the Hessian."""
    total = 0.0
    for i, y_i in enumerate(target):
        total += curvature(i, y_i) + 0.5 * sum(g * g for g in gradient(i, y_i))
    return total / len(target)


def dsm(
    gradient: Callable[[int, Vector], Vector], target: list[Vector], draws: list[list[Vector]], sigma: float
) -> float:
    """Equation (14)."""
    total = 0.0
    for i, y_i in enumerate(target):
        for y in draws[i]:
            residual = [g + (a - b) / sigma**2 for g, a, b in zip(gradient(i, y), y, y_i, strict=True)]
            total += sum(r * r for r in residual) / len(draws[i])
    return total / len(target)


def langevin(
    gradient: Callable[[int, Vector], Vector], i: int, start: Vector, noise: Sequence[Vector], step_length: float
) -> Vector:
    """Equation (9): one chain, one step for each row of ``noise``."""
    y = list(start)
    for eps in noise:
        slope = gradient(i, y)
        y = [a + 0.5 * step_length**2 * g + step_length * e for a, g, e in zip(y, slope, eps, strict=True)]
    return y


def refine(
    f: Callable[[Vector], float],
    gradient: Callable[[Vector], Vector],
    start: Vector,
    step_length: Vector,
    num_iterations: int,
    decay: float,
) -> Vector:
    """Algorithm S1, line by line."""
    y, rate = list(start), list(step_length)
    for _ in range(num_iterations):
        previous = f(y)
        candidate = [a + r * g for a, r, g in zip(y, rate, gradient(y), strict=True)]
        if f(candidate) > previous:
            y = candidate
        else:
            rate = [decay * r for r in rate]
    return y


def mixture_density(y: Vector, weights: Sequence[float], means: Sequence[Vector], sigmas: Sequence[Vector]) -> float:
    """A mixture of Gaussians with diagonal covariances."""
    total = 0.0
    for weight, mean, sigma in zip(weights, means, sigmas, strict=True):
        product = weight
        for a, b, s in zip(y, mean, sigma, strict=True):
            product *= math.exp(-0.5 * ((a - b) / s) ** 2) / (math.sqrt(2 * math.pi) * s)
        total += product
    return total


def ebmdn(f: Score, q: Score, target: list[Vector], draws: list[list[Vector]]) -> float:
    """The joint objective of Gustafsson et al. (AISTATS 2022); ``q(i, y)`` is the density of the proposal."""
    total = 0.0
    for i, y_i in enumerate(target):
        z = sum(math.exp(f(i, y)) / q(i, y) for y in draws[i]) / len(draws[i])
        total += math.log(z) - f(i, y_i)
    return total / len(target)


def proposal_nce(f: Score, q: Score, target: list[Vector], draws: list[list[Vector]], label_weight: float) -> float:
    """NCE with noise q, and the loss of q: D_KL(p || q) up to a constant, and the label's."""
    total = 0.0
    for i, y_i in enumerate(target):
        terms = [math.exp(f(i, y)) / q(i, y) for y in (y_i, *draws[i])]
        divergence = math.log(sum(terms[1:]) / len(draws[i]))
        total -= math.log(terms[0] / sum(terms))
        total += (1 - label_weight) * divergence - label_weight * math.log(q(i, y_i))
    return total / len(target)


def conditional_nce(f: Score, target: list[Vector], draws: list[list[Vector]]) -> float:
    """Conditional NCE with symmetric noise; ``draws[i][0]`` is y_i, the rest is noise."""
    total = 0.0
    for i, y_i in enumerate(target):
        noise = draws[i][1:]
        total += sum(math.log(1 + math.exp(f(i, y) - f(i, y_i))) for y in noise) / len(noise)
    return total / len(target)
