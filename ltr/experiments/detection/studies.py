"""The paper's comparisons on object detection, with its results: Tables 2 and S2-S6, Figures 3-5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ltr.experiments.detection.options import Study
from ltr.experiments.detection.scores import Scores
from ltr.models.loss.ebm import EBMLoss
from ltr.train_settings.detection.methods import METHODS, NOISE
from ltr.utils.errors import InputError


@dataclass(frozen=True)
class Row:
    """A compared training method, and the paper's results (None: no number).

    Scores are on test-dev in Table 2 and AP on val2017 in the others; the cost is in seconds per iteration.
    varied, value: the field of the loss that a study varies, and its value in this row.
    """

    name: str
    method: str  # of METHODS, for the step lengths
    loss: EBMLoss
    paper: Scores | None = None
    paper_ap: float | None = None
    paper_cost: float | None = None
    varied: str = ""
    value: Any = None

    @property
    def is_numeric(self) -> bool:
        """Whether the varied value is a number, for a plot of AP."""
        return isinstance(self.value, int | float)


def _table2() -> tuple[Row, ...]:
    paper = {
        "mlis": (39.4, 58.6, 42.1, 1.03),
        "mlmcmc-1": (36.4, 57.9, 38.8, 2.47),
        "mlmcmc-4": (36.4, 57.9, 39.0, 7.05),
        "mlmcmc-8": (36.4, 58.0, 39.0, 13.3),
        "kldis": (39.6, 58.6, 42.6, 1.02),
        "nce": (39.5, 58.6, 42.4, 1.04),
        "dsm": (36.3, 57.9, 38.9, 3.84),
        "ncep": (39.7, 58.7, 42.7, 1.09),
    }
    return tuple(
        Row(name, name, METHODS[name].loss, Scores(*scores), scores[0], cost) for name, (*scores, cost) in paper.items()
    )


def _vary(method: str, field: str, values: dict[Any, float | None]) -> tuple[Row, ...]:
    """Rows of one method with ``field`` at each of ``values``, which map to the paper's AP."""
    loss: Any = METHODS[method].loss
    return tuple(
        Row(f"{method} {field} {value}", method, replace(loss, **{field: value}), None, ap, varied=field, value=value)
        for value, ap in values.items()
    )


def _samples(methods: Sequence[str], counts: Sequence[int]) -> tuple[Row, ...]:
    unknown = dict.fromkeys(counts)
    return tuple(row for method in methods for row in _vary(method, "num_samples", unknown))


STUDIES: dict[Study, tuple[Row, ...]] = {
    "table2": _table2(),
    "s2": _vary("kldis", "label_sigma", {0.0075: 38.32, 0.015: 39.19, 0.0225: 39.38, 0.03: 39.33, 0.0375: 39.23}),
    "s3": _vary("mlmcmc-1", "step_length", {1e-6: 36.14, 1e-5: 36.19, 1e-4: 36.04, 0.03: None}),
    "s4": _vary(
        "nce",
        "sigmas",
        {
            (0.0125, 0.025, 0.05): 38.58,
            (0.025, 0.05, 0.1): 38.95,
            (0.05, 0.1, 0.2): 39.12,
            (0.075, 0.15, 0.3): 39.17,
            (0.1, 0.2, 0.4): 39.05,
        },
    ),
    "s5": _vary("dsm", "sigma", {0.0375: 36.11, 0.075: 36.12, 0.15: 36.05}),
    "s6": _vary("ncep", "beta", {0.05: 39.27, 0.1: 39.36, 0.15: 39.32}),
    "figure3": _samples(("mlis", "kldis", "nce", "ncep"), (1, 2, 4, 8, 16, 32, 64, 128)),
    "figure4": _samples(("mlis",), (1, 2, 4, 8, 16, 32, 64, 128)),
    "figure5": _vary("ncep", "beta", dict.fromkeys((0.0125, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4))),
    # Not in the paper: importance sampling with NCE's wider noise as its proposal,
    "proposals": _vary("mlis", "sigmas", {NOISE: None}) + _vary("kldis", "sigmas", {NOISE: None}),
    # and learned proposals (AISTATS 2022) beside noise around the label.
    "learned": tuple(Row(name, name, METHODS[name].loss) for name in ("nce", "ncep", "ebmdn", "pnce")),
}


def with_samples(row: Row, num_samples: int | None) -> Row:
    """The row with another M (also in its name), unless M is the varied field."""
    if num_samples is None or row.varied == "num_samples":
        return row
    loss: Any = row.loss
    return replace(row, name=f"{row.name} M{num_samples}", loss=replace(loss, num_samples=num_samples))


def chosen_rows(study: Study, names: Sequence[str], num_samples: int | None) -> list[Row]:
    """The rows of the study that ``names`` chooses (none: all); InputError lists the known ones."""
    rows = {row.name: row for row in STUDIES[study]}
    unknown = [name for name in names if name not in rows]
    if unknown:
        raise InputError(f"rows: expected some of {', '.join(rows)}; got {', '.join(unknown)}")
    return [with_samples(rows[name], num_samples) for name in names or rows]
