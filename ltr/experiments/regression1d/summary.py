"""The paper's figure of a method, the mean of the best quarter of its runs, with its standard error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ltr.experiments.regression1d.results import ResultStore, cells
from ltr.utils.bootstrap import Array, standard_error


@dataclass(frozen=True)
class Summary:
    """A mean D_KL, and its standard error (bootstrap over the runs)."""

    kl: float
    error: float

    def __str__(self) -> str:
        return f"{self.kl:.3f} ± {self.error:.3f}"


def best_quarter(values: Array) -> Array:
    """Means of the best quarter of ``[..., n]`` runs: of 20 the 5 best, the paper's figure (Appendix B.3)."""
    return np.sort(values, axis=-1)[..., : max(1, round(values.shape[-1] / 4))].mean(axis=-1)


def summarize(kls: Sequence[float]) -> Summary:
    """The best quarter of the runs of a cell."""
    return Summary(float(best_quarter(np.array(kls))), standard_error(kls, best_quarter))


def mean(parts: Sequence[Summary]) -> Summary:
    """The mean of independent figures."""
    error = float(np.sqrt(sum(part.error**2 for part in parts)))
    return Summary(sum(part.kl for part in parts) / len(parts), error / len(parts))


def row_summary(store: ResultStore, row: str, num_samples: int) -> Summary | None:
    """The mean over the data sets, a number of Table 1; None if the row has not been trained on all of them."""
    runs = [store.runs(cell) for cell in cells(row, num_samples)]
    return mean([summarize([run.kl for run in of_set]) for of_set in runs]) if all(runs) else None
