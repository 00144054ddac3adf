"""What is compared on: a table of the user's, or a synthetic data set with a known density."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from ltr.dataset.regression1d import DATASETS, NUM_TRAINING_PAIRS
from ltr.dataset.ring import ring_log_density, ring_pairs
from ltr.dataset.text_files import read_text
from ltr.models.density import MAX_DIMENSIONS, Domain
from ltr.utils.errors import InputError

NUM_TEST_PAIRS = 1000
MARGIN = 0.25  # of the domain on each side, relative to the range of the targets
LARGEST = 1e300  # of a cell: differences and ranges stay finite in double precision
SYNTHETIC = (*DATASETS, "ring")

Pairs = tuple[Tensor, Tensor]
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)
LogDensity = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Scale:
    """The mean and the standard deviation ``[D]`` of a set of vectors; 1 where they are constant."""

    mean: Tensor
    std: Tensor

    @classmethod
    def of(cls, values: Tensor) -> Scale:
        """Those of ``values [n, D]``, float64."""
        largest = _largest(values)  # sums and squares of scaled values neither overflow nor vanish
        mean = (values / largest).mean(dim=0) * largest
        largest = _largest(values - mean)
        std = ((values - mean) / largest).std(dim=0) * largest
        return cls(mean, std.where(std > 0, torch.ones_like(std)))

    def standardized(self, values: Tensor) -> Tensor:
        """Float32."""
        return ((values - self.mean) / self.std).float()

    def restored(self, values: Tensor) -> Tensor:
        """Float64."""
        return values.double() * self.std + self.mean


@dataclass(frozen=True)
class Problem:
    """Pairs for training and test.

    Args:
        train, test: x ``[n, inputs]`` and y ``[n, targets]``, float64, as given.
        inputs, targets: names of the columns.
        truth: x ``[N, inputs]``, y ``[N, M, targets]`` -> log p(y|x) ``[N, M]``, where it is known.
        test_lines: lines of the table that the test pairs come from.
    """

    train: Pairs
    test: Pairs
    inputs: tuple[str, ...]
    targets: tuple[str, ...]
    truth: LogDensity | None = None
    test_lines: tuple[int, ...] = ()

    @property
    def scales(self) -> tuple[Scale, Scale]:
        """Of x and y, by the training pairs."""
        return Scale.of(self.train[0]), Scale.of(self.train[1])

    def standardized(self, pairs: Pairs) -> Pairs:
        """Pairs in the units of the networks, float32."""
        (of_x, of_y), (x, y) = self.scales, pairs
        return of_x.standardized(x), of_y.standardized(y)

    @property
    def domain(self) -> Domain:
        """The support of all densities, in standardized units: the range of all targets, and a quarter of it more."""
        y = self.scales[1].standardized(torch.cat([self.train[1], self.test[1]])).double()
        low, high = y.amin(dim=0), y.amax(dim=0)
        margin = MARGIN * (high - low)
        return Domain(tuple((low - margin).tolist()), tuple((high + margin).tolist()))


def synthetic(name: str, num_test: int = NUM_TEST_PAIRS) -> Problem:
    """2,000 pairs for training and ``num_test`` for the test, from a known density."""
    if name == "ring":
        pairs, truth = ring_pairs, ring_log_density
    else:
        density = DATASETS[name]
        pairs = density.pairs

        def truth(x: Tensor, y: Tensor) -> Tensor:
            return density.density(x, y[..., 0]).clamp(min=1e-300).log()

    train, test = pairs(NUM_TRAINING_PAIRS, 0), pairs(num_test, 1)
    targets = ("y",) if train[1].shape[1] == 1 else ("y1", "y2")
    return Problem(_double(train), _double(test), ("x",), targets, truth)


def _double(pairs: Pairs) -> Pairs:
    return pairs[0].double(), pairs[1].double()


def read_problem(file: Path, targets: Sequence[str], inputs: Sequence[str], test_fraction: float, seed: int) -> Problem:
    """A CSV table (comma, semicolon or tab) with names in its first line, split at random.

    Args:
        file: the table.
        targets: columns of y.
        inputs: columns of x; all others if none.
        test_fraction: of the rows.
        seed: of the split.

    Raises:
        FileNotFoundError: no such file.
        InputError: a column is missing or twice, a cell is no finite number, a target is constant, there are no rows;
            the table is a folder.
    """
    if file.is_dir():
        raise InputError(f"data: {file}: is a folder; expected a CSV table or one of {', '.join(SYNTHETIC)}")
    if not file.is_file():
        raise FileNotFoundError(f"data: {file}: no such file; expected a CSV table or one of {', '.join(SYNTHETIC)}")
    names, rows = _read_table(file)
    inputs = tuple(inputs) or tuple(name for name in names if name not in targets)
    _check_columns(file, names, inputs, targets)
    wanted = [names.index(name) for name in (*inputs, *targets)]
    cells = [[_number(file, line, names[i], row[i]) for i in wanted] for line, row in rows]
    x, y = torch.tensor(cells, dtype=torch.float64).split([len(inputs), len(targets)], dim=1)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    test, train = order.split([round(test_fraction * len(x)), len(x) - round(test_fraction * len(x))])
    for name, column, some in zip(targets, y.T, y[train].T, strict=True):
        if len(some) and (some == some[0]).all():
            which = "row" if (column == some[0]).all() else "training row"
            raise InputError(f"{file}: target {name} is {some[0].item():g} in every {which}; there is nothing to learn")
    lines = tuple(rows[i][0] for i in test.tolist())
    return Problem((x[train], y[train]), (x[test], y[test]), inputs, tuple(targets), test_lines=lines)


def _read_table(file: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The names of the columns, and the cells of every row with its line."""
    text = read_text(file)
    separator = max(",;\t", key=re.sub('"[^"]*"', "", text).partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text), skipinitialspace=True, delimiter=separator)
    try:
        table = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if row]
    except csv.Error as error:
        raise InputError(f"{file}:{reader.line_num}: {error}") from None
    if not table:
        raise InputError(f"{file}: is empty; expected a first line with the names of the columns, and rows of numbers")
    (_, names), *rows = table
    if len(rows) < 2:
        raise InputError(f"{file}: has {len(rows)} rows below the names of the columns; expected at least 2")
    for line, row in rows:
        if len(row) != len(names):
            raise InputError(f"{file}:{line}: has {len(row)} cells, the first line {len(names)}")
    return names, rows


def _check_columns(file: Path, names: list[str], inputs: tuple[str, ...], targets: Sequence[str]) -> None:
    chosen = (*inputs, *targets)
    missing = [name for name in chosen if name not in names]
    if missing:
        raise InputError(f"{file}: no column {', '.join(missing)}; it has {', '.join(names)} (see --target, --columns)")
    if "" in chosen:
        number = names.index("") + 1
        raise InputError(f"{file}: column {number} has no name; give it one, or choose others with --columns")
    twice = sorted({name for name in chosen if names.count(name) > 1 or chosen.count(name) > 1})
    if twice:
        raise InputError(f"{file}: column {', '.join(twice)} is there twice; expected each once, as input or target")
    if not inputs:
        raise InputError(f"{file}: no column of inputs beside {', '.join(targets)}")
    if not 1 <= len(targets) <= MAX_DIMENSIONS:
        raise InputError(f"target: expected 1 to {MAX_DIMENSIONS} columns, got {len(targets)}")


def _largest(values: Tensor) -> Tensor:
    """The largest size in each column, 1 where there is none."""
    size = values.abs().amax(dim=0)
    return size.where(size > 0, torch.ones_like(size))


def _number(file: Path, line: int, name: str, cell: str) -> float:
    value = float(cell) if _NUMBER.fullmatch(cell) else None
    if value is None or abs(value) > LARGEST:
        size = "" if value is None else f" up to {LARGEST:g}"
        comma = "," in cell and _NUMBER.fullmatch(cell.replace(",", "."))
        hint = " (expected a decimal point, not a comma)" if comma else ""
        raise InputError(f"{file}:{line}: column {name}: expected a finite number{size}, got {cell!r}{hint}")
    return value
