"""Tables of the user's: what is read, and what is refused with one line."""

from pathlib import Path

import pytest
import torch

from ltr.experiments.comparison.problem import read_problem, synthetic
from ltr.models.density import UnnormalizedDensity, grid_points
from ltr.utils.errors import InputError


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.csv"
    path.write_text(text)
    return path


WHOLE = "a,b,y\n" + "".join(f"{i},{i % 3},{2 * i + 1}\n" for i in range(10))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_reads_columns_by_name(separator: str, tmp_path: Path) -> None:
    file = table(tmp_path, WHOLE.replace(",", separator) + "\n")
    problem = read_problem(file, ("y",), (), 0.3, seed=0)
    assert problem.inputs == ("a", "b")
    assert len(problem.train[0]) == 7
    assert len(problem.test[1]) == 3
    x, y = (torch.cat([problem.train[i], problem.test[i]]) for i in (0, 1))
    assert sorted(x[:, 0].tolist()) == list(range(10))
    torch.testing.assert_close(y[:, 0], 2 * x[:, 0] + 1)
    assert read_problem(file, ("y",), ("b",), 0.3, 0).train[0].shape == (7, 1)
    assert read_problem(file, ("b", "y"), (), 0.3, 0).targets == ("b", "y")


@pytest.mark.parametrize(
    ("start", "step"), [(1_700_000_000, 1), (16_777_216, 1), (10**16, 2), (0, 1e-150), (0, 1e-300), (0, 1e298)]
)
def test_numbers_keep_double_precision(start: int, step: float, tmp_path: Path) -> None:
    """Time stamps, and very small and very large numbers: all that differ still do as the networks see them."""
    numbers = [start + i * step for i in range(60)]
    problem = read_problem(table(tmp_path, "t,y\n" + "".join(f"{n!r},{n!r}\n" for n in numbers)), ("y",), (), 0.2, 0)
    given = torch.cat([problem.train[1], problem.test[1]])[:, 0]
    assert sorted(given.tolist()) == numbers
    seen = [problem.standardized(pairs) for pairs in (problem.train, problem.test)]
    places = torch.arange(60).double()
    for i in (0, 1):
        values = torch.cat([pairs[i] for pairs in seen])[:, 0].double().sort().values
        expected = (places - places.mean()) / places.std()
        torch.testing.assert_close((values - values.mean()) / values.std(), expected, atol=1e-5, rtol=0)


def test_a_target_that_is_constant_where_it_is_learned(tmp_path: Path) -> None:
    tested = read_problem(table(tmp_path, WHOLE), ("y",), (), 0.1, seed=0).test[1].item()
    rows = "".join(f"{i},{int(2 * i + 1 == tested)}\n" for i in range(10))
    with pytest.raises(InputError, match="target y is 0 in every training row; there is nothing to learn"):
        read_problem(table(tmp_path, "a,y\n" + rows), ("y",), (), 0.1, seed=0)


def test_separators_in_quoted_names_do_not_count(tmp_path: Path) -> None:
    problem = read_problem(table(tmp_path, '"a;x;z;w",b,y\n1,2,3\n4,5,7\n'), ("y",), (), 0.1, 0)
    assert problem.inputs == ("a;x;z;w", "b")


def test_the_split_follows_the_seed(tmp_path: Path) -> None:
    file = table(tmp_path, WHOLE)
    splits = [read_problem(file, ("y",), (), 0.3, seed).test[0].tolist() for seed in (0, 0, 1)]
    assert splits[0] == splits[1] != splits[2]


def test_units_of_the_networks(tmp_path: Path) -> None:
    """Standardized by the training rows; a constant input stays finite; all targets lie in the domain."""
    file = table(tmp_path, "a,y\n" + "".join(f"7,{i * i}\n" for i in range(20)))
    problem = read_problem(file, ("y",), (), 0.25, 0)
    x, y = problem.standardized(problem.train)
    assert (x == 0).all()
    assert y.mean().item() == pytest.approx(0, abs=1e-6)
    assert y.std().item() == pytest.approx(1, abs=1e-6)
    assert problem.domain.contains(problem.standardized(problem.test)[1]).all()
    torch.testing.assert_close(problem.scales[1].restored(y), problem.train[1], rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("name", ["bimodal", "sine", "ring"])
def test_synthetic_sets_know_their_density(name: str) -> None:
    problem = synthetic(name)
    truth, (of_x, of_y) = problem.truth, problem.scales
    assert truth is not None
    x = of_x.standardized(problem.test[0][:20])
    target = UnnormalizedDensity(lambda y: truth(of_x.restored(x), of_y.restored(y)), 20, problem.domain)
    log_z = grid_points(target, 999 if name != "ring" else 99).log_z.value + of_y.std.log().sum()
    torch.testing.assert_close(log_z, torch.zeros(20).double(), atol=0.01, rtol=0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"mine.csv: is empty; expected a first line with the names"),
        ("a,y\n", r"has 0 rows below"),
        ("a,b\n1,2\n3,4\n", r"no column y; it has a, b \(see --target"),
        ("y\n1\n2\n", r"no column of inputs beside y"),
        ("a,y\n1,2\n3\n", r"mine.csv:3: has 1 cells, the first line 2"),
        ("a,y\n1,2\n3,4,5\n", r"mine.csv:3: has 3 cells, the first line 2"),
        ("a,y\n1,2\nred,4\n", r"mine.csv:3: column a: expected a finite number, got 'red'"),
        ("a,y\n1,2\n3,\n", r"mine.csv:3: column y: expected a finite number, got ''"),
        ("a,y\n1,2\n3,nan\n", r"mine.csv:3: column y: expected a finite number, got 'nan'"),
        ("a,y\n1,2\ninf,3\n", r"mine.csv:3: column a: expected a finite number, got 'inf'"),
        ("a,y\n1,3.5\n2,3.5\n", r"target y is 3.5 in every row; there is nothing to learn"),
        ("a,y\n1,2\n3,1e301\n", r"column y: expected a finite number up to 1e\+300, got '1e301'$"),
        ("a,y\n1,2\n3,1_000\n", r"column y: expected a finite number, got '1_000'$"),
        ("a;y\n1;2\n3;4,5\n", r"got '4,5' \(expected a decimal point, not a comma\)$"),
        (",a,y\n0,1,2\n1,3,4\n", r"column 1 has no name; give it one, or choose others with --columns"),
        ("a,a,y\n1,2,3\n1,2,4\n", r"column a is there twice"),
        ("1,2\n1,2\n3,4\n", r"no column y; it has 1, 2"),
    ],
)
def test_bad_tables(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=message):
        read_problem(table(tmp_path, text), ("y",), (), 0.2, 0)


def test_bad_columns_and_files(tmp_path: Path) -> None:
    file = table(tmp_path, WHOLE)
    with pytest.raises(InputError, match="no column z; it has a, b, y"):
        read_problem(file, ("y",), ("z",), 0.2, 0)
    with pytest.raises(InputError, match="column y is there twice"):
        read_problem(file, ("y",), ("a", "y"), 0.2, 0)
    with pytest.raises(FileNotFoundError, match=r"none.csv: no such file; expected a CSV table or one of bimodal"):
        read_problem(tmp_path / "none.csv", ("y",), (), 0.2, 0)
    with pytest.raises(InputError, match="is a folder; expected a CSV table or one of bimodal"):
        read_problem(tmp_path, ("y",), (), 0.2, 0)
    (tmp_path / "binary.csv").write_bytes(bytes(range(256)))
    with pytest.raises(InputError, match=r"binary\.csv"):
        read_problem(tmp_path / "binary.csv", ("y",), (), 0.2, 0)
