"""The command: a table of a user's from end to end, its figures, and what it refuses."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
import torch

from ltr.experiments import calibration
from ltr.experiments.compare import main
from ltr.experiments.comparison.methods import load
from ltr.experiments.comparison.options import Compare, Regression, TrainingSettings
from ltr.experiments.comparison.report import compare
from ltr.models.regression import METHODS
from ltr.utils.errors import InputError

pytestmark = pytest.mark.usefixtures("same_threads")


def write_table(path: Path, targets: int = 1, inputs: int = 1, rows: int = 60) -> Path:
    """y = sum of x + noise."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(rows, inputs, generator=generator)
    y = x.sum(dim=1, keepdim=True) + 0.3 * torch.randn(rows, targets, generator=generator)
    names = [*(f"x{i}" for i in range(inputs)), *(f"y{i}" if targets > 1 else "y" for i in range(targets))]
    lines = [",".join(f"{value:.4f}" for value in row) for row in torch.cat([x, y], dim=1).tolist()]
    path.write_text("\n".join([",".join(names), *lines]) + "\n")
    return path


@pytest.fixture
def options(tmp_path: Path) -> Compare:
    """Everything small."""
    return Compare(
        data=str(write_table(tmp_path / "mine.csv")),
        training=TrainingSettings(steps=3, batch_size=16),
        num_samples=4,
        hidden=8,
        figure=tmp_path / "out.png",
        json=tmp_path / "out.json",
    )


def test_every_method_has_a_row_with_intervals(options: Compare, capsys: pytest.CaptureFixture[str]) -> None:
    main(replace(options, methods=METHODS, runs=2))
    table = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert table[0] == "| method | NLL | CRPS | coverage 0.5 | coverage 0.9 | training, s | scoring, s |"
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in table[2:]}
    assert list(rows) == [n for m in METHODS for n in ([m, f"{m}: proposal alone"] if m in ("ebmdn", "pnce") else [m])]
    assert options.json is not None
    kept = json.loads(options.json.read_text())["methods"]
    for name, line in rows.items():
        nll = kept[name]["nll"]
        assert f" {nll['mean']:.3f} ({nll['low']:.3f} to {nll['high']:.3f}) " in line
        assert nll["low"] <= nll["mean"] <= nll["high"]
        assert len(kept[name]["nll of each run"]) == 2
        assert 0 <= kept[name]["coverage 0.9"]["mean"] <= 1
    assert options.figure is not None
    assert cv2.imread(str(options.figure)) is not None


def test_the_same_seed_gives_the_same_numbers(options: Compare) -> None:
    assert options.json is not None
    found = []
    for seed in (0, 0, 1):
        main(replace(options, methods=("nce", "mdn"), seed=seed))
        found.append(
            {name: m["nll of each run"] for name, m in json.loads(options.json.read_text())["methods"].items()}
        )
    assert found[0] == found[1] != found[2]


def test_a_command_that_stops_keeps_the_methods_before(options: Compare) -> None:
    assert options.json is not None
    with pytest.raises(ValueError, match="got 'unknown'"):
        compare(replace(options, methods=("gaussian", "unknown")), load(options))
    assert list(json.loads(options.json.read_text())["methods"]) == ["gaussian"]


def test_known_densities_are_a_row(options: Compare, capsys: pytest.CaptureFixture[str]) -> None:
    main(replace(options, data="sine", methods=("gaussian", "mdn-2")))
    lines = capsys.readouterr().out.splitlines()
    assert any("NLL above the truth" in line for line in lines)
    assert any(line.startswith("| truth | ") for line in lines)


@pytest.mark.parametrize(("inputs", "targets"), [(1, 1), (3, 1), (1, 2), (2, 3)])
def test_pictures_of_every_kind(
    inputs: int, targets: int, options: Compare, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_table(tmp_path / "other.csv", targets, inputs, rows=30)
    names = ("y",) if targets == 1 else tuple(f"y{i}" for i in range(targets))
    main(replace(options, data=str(data), target=names, methods=("gaussian", "nce")))
    assert options.figure is not None
    if targets == 3:
        assert "figure: not drawn, as the densities of 3 targets have no picture" in capsys.readouterr().out
        assert not options.figure.exists()
    else:
        picture = cv2.imread(str(options.figure))
        assert picture is not None
        assert picture.std() > 10
        said = capsys.readouterr().out
        assert f"The densities of the first runs are in {options.figure}." in said
        shown = [line for line in said.splitlines() if line.startswith("test pair ")]
        assert len(shown) == (0 if inputs == targets == 1 else 3)
        rows = data.read_text().splitlines()
        for line in shown:
            row = rows[int(line.split("(line ")[1].split(")")[0]) - 1]
            assert [float(cell.split()[-1]) for cell in line.split(": ")[1].split(", ")] == [
                *map(float, row.split(","))
            ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"methods": ("nce", "mcmc")}, "methods: expected some of mlis, .*, got 'mcmc'"),
        ({"methods": ("mdn-99999999",)}, r"\(with K components, 1 to 256: mdn-K, .*\), got 'mdn-99999999'"),
        ({"methods": ("mdn-257",)}, "1 to 256: .* got 'mdn-257'"),
        ({"hidden": 10**9}, "hidden: expected 1 to 8192, got 1000000000"),
        ({"components": 10**9}, "components: expected 1 to 256, got 1000000000"),
        ({"num_samples": 10**9}, "num_samples: expected 1 to 65536, got 1000000000"),
        ({"data": "sine", "training": TrainingSettings(batch_size=2001)}, "sine: 2000 rows to train and 1000 to test"),
        ({"methods": ("nce", "nce")}, "methods: expected names, each once, got nce nce"),
        ({"methods": ()}, "methods: expected names, got none"),
        (
            {"training": TrainingSettings(steps=3, batch_size=64)},
            "48 rows to train and 12 to test; expected at least a",
        ),
        ({"test_fraction": 0.001}, "60 rows to train and 0 to test"),
        ({"test_fraction": 1.0}, "test_fraction: expected a number between 0 and 1"),
        ({"levels": (0.5, 1.0)}, "levels: expected numbers between 0 and 1"),
        ({"runs": 0}, "runs: expected"),
        ({"training": TrainingSettings(steps=0)}, r"training\.steps: expected"),
        ({"target": ("z",)}, "no column z"),
        ({"seed": -1}, "seed: expected a whole number"),
        ({"threads": 0}, "threads: expected"),
    ],
)
def test_bad_options(changes: dict, message: str, options: Compare) -> None:
    with pytest.raises(ValueError, match=message):
        main(replace(options, **changes))
    assert options.figure is not None
    assert not options.figure.exists()


@pytest.mark.parametrize("name", ["fig.xyz", "fig.json", "fig.pgf", "-"])
@pytest.mark.parametrize(
    "command",
    [
        lambda figure, options: main(replace(options, figure=figure)),
        lambda figure, options: calibration.main(Regression(data=options.data, figure=figure)),
    ],
)
def test_figures_that_cannot_be_written_are_told_before_the_work(
    name: str,
    command: Callable[[Path, Compare], None],
    options: Compare,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    figure = Path(name) if name == "-" else tmp_path / name
    expected = "figure -: a figure is not printed" if name == "-" else r"expected the suffix of a figure: .*\.png, "
    with pytest.raises(InputError, match=expected):
        command(figure, options)
    assert capsys.readouterr().out == ""


def test_json_goes_to_standard_output_alone(
    options: Compare, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    main(replace(options, methods=("gaussian",), json=Path("-"), figure=tmp_path / "out.SVG"))
    printed = capsys.readouterr()
    assert list(json.loads(printed.out)["methods"]) == ["gaussian"]
    assert "gaussian: seed 0, step 3 of 3 kept, NLL" in printed.err
    assert not Path("-").exists()
    assert "<svg" in (tmp_path / "out.SVG").read_text()


@pytest.mark.parametrize(("start", "step"), [(1_700_000_000, 1), (10**16, 2), (0, 1e-150), (0, 1e298)])
def test_tables_of_any_size_of_numbers(start: int, step: float, options: Compare, tmp_path: Path) -> None:
    """Scored and drawn, over one and over two inputs."""
    for inputs in (1, 2):
        rows = (",".join([repr(start + i * step)] * (inputs + 1)) for i in range(60))
        (tmp_path / "big.csv").write_text("\n".join([",".join(["a", "b"][:inputs]) + ",y", *rows]))
        main(replace(options, data=str(tmp_path / "big.csv"), methods=("gaussian",)))
        assert options.json is not None
        numbers = json.loads(options.json.read_text())["methods"]["gaussian"]
        assert all(math.isfinite(numbers[key]["mean"]) for key in ("nll", "crps"))


def test_the_table_is_not_overwritten(options: Compare) -> None:
    before = Path(options.data).read_text()
    with pytest.raises(ValueError, match="is read from; give another name"):
        main(replace(options, json=Path(options.data)))
    assert Path(options.data).read_text() == before
