"""The store of runs: nothing trained twice, nothing lost; and the commands on it."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ltr.dataset.regression1d import DATASETS
from ltr.experiments import densities, figure2, table1
from ltr.experiments.regression1d import density_figure, results, samples_figure, table
from ltr.experiments.regression1d.paper import PAPER, check_rows
from ltr.experiments.regression1d.results import DIVERGED, Cell, ResultStore, cells
from ltr.experiments.regression1d.summary import Summary, best_quarter, mean, row_summary, summarize
from ltr.experiments.regression1d.timing import seconds_per_epoch
from ltr.models.loss.ebm import DSM, KLDIS, MLIS, MLMCMC, NCE, SM, NCEPlus
from ltr.trainers.settings import OptimSettings

OPTIM = OptimSettings(epochs=1, batch_size=256, lr=1e-3)
DOCS = Path(__file__).parents[4] / "docs" / "journal"
CELL = Cell("nce", 2, "sine")


@pytest.fixture(autouse=True)
def small_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    """The evaluation on 32 x 32 points."""
    full = results.kl_divergences
    monkeypatch.setattr(results, "kl_divergences", lambda parameters, density: full(parameters, density, 32))


def test_hyper_parameters_of_appendix_b4_and_of_the_released_code() -> None:
    same = {
        "mlis": MLIS((0.2, 1.6), 1024),
        "kldis": KLDIS((0.2, 1.6), 0.025, 1024),
        "nce": NCE((0.1, 0.8), 1024),
        "sm": SM(),
        "ncep": NCEPlus((0.1, 0.8), 1024, 0.025),
    }
    assert {row: Cell(row, 1024, "bimodal").loss() for row in PAPER} == {
        **same,
        **{f"mlmcmc-{steps}": MLMCMC(steps, 0.05, 1024) for steps in (1, 16, 256)},
        "dsm": DSM(0.2, 1024),
    }
    assert {row: Cell(row, 1024, "sine").loss() for row in PAPER} == {
        **same,
        **{f"mlmcmc-{steps}": MLMCMC(steps, 0.0125, 1024) for steps in (1, 16, 256)},
        "dsm": DSM(0.075, 1024),
    }


def test_a_row_has_the_largest_m_of_each_set(tmp_path: Path) -> None:
    runs = {"0": [0.5, 1.0]}
    kept = {"nce_M8_sine": runs, "nce_M64_sine": runs, "nce_M16_bimodal": runs, "mlmcmc-1_M8_sine": runs}
    (tmp_path / "results.json").write_text(json.dumps(kept))
    store = ResultStore(tmp_path)
    assert store.largest("nce") == [Cell("nce", 16, "bimodal"), Cell("nce", 64, "sine")]
    assert store.largest("mlmcmc-1") == []
    assert "| nce | 16, 64 | 1 | 0.068 | **0.500 ± 0.000** |" in "\n".join(table.table(store))


def test_unknown_row_is_named() -> None:
    with pytest.raises(ValueError, match=r"methods: expected some of mlis, mlmcmc-1, .*, got 'mlmcmc-2'"):
        check_rows(["nce", "mlmcmc-2"])


def test_best_quarter_is_the_five_best_of_twenty() -> None:
    assert best_quarter(np.arange(20.0, 0, -1)) == 3.0
    assert best_quarter(np.array([[2.0, 1.0], [3.0, 4.0]])).tolist() == [1.0, 3.0]


def test_spread_of_a_figure() -> None:
    """The bootstrap against drawing new runs: runs that are uniform in 0..1, of 20 the 5 best."""
    rng = np.random.default_rng(0)
    true_error = best_quarter(rng.random((20_000, 20))).std()
    errors = [summarize(rng.random(20).tolist()).error for _ in range(30)]
    assert np.mean(errors) == pytest.approx(true_error, rel=0.2)
    assert mean([Summary(0.1, 0.03), Summary(0.3, 0.04)]) == Summary(0.2, pytest.approx(0.025))
    assert str(Summary(0.0612, 0.0031)) == "0.061 ± 0.003"
    assert summarize([0.1, 0.2, 0.3, DIVERGED]).error == DIVERGED


def test_results_of_other_hyper_parameters_are_refused(tmp_path: Path) -> None:
    store = ResultStore(tmp_path)
    store.train(CELL, 1, OPTIM)
    kept = json.loads(store.path.read_text())
    kept[str(CELL)]["loss"]["sigmas"] = [0.1, 0.9]
    store.path.write_text(json.dumps(kept))
    message = (
        r"nce_M2_sine was trained with \{'sigmas': \[0.1, 0.9\]\}, the settings have \{'sigmas': \[0.1, 0.8\]\}; use"
    )
    with pytest.raises(ValueError, match=message):
        ResultStore(tmp_path).train(CELL, 2, OPTIM)


def test_results_of_an_older_version_had_one_sigma_for_both_sets(tmp_path: Path) -> None:
    runs = {"0": [0.5, 1.0]}
    (tmp_path / "results.json").write_text(json.dumps({f"{row}_M8_sine": runs for row in ("nce", "dsm")}))
    store = ResultStore(tmp_path)
    assert [run.kl for run in store.runs(Cell("nce", 8, "sine"))] == [0.5]
    with pytest.raises(ValueError, match=r"dsm_M8_sine was trained with \{'sigma': 0.2\}, the settings have .*0.075"):
        store.runs(Cell("dsm", 8, "sine"))
    (tmp_path / "results.json").write_text(json.dumps({"nce": runs}))
    with pytest.raises(ValueError, match="results: expected cells like nce_M1024_sine, got 'nce'"):
        ResultStore(tmp_path)


def test_journal_has_the_figures_of_the_measured_runs() -> None:
    journal = (DOCS / "losses.md").read_text().splitlines()
    store = ResultStore(DOCS / "measured" / "regression1d.json")
    for line in table.table(store) + samples_figure.table(store, figure2.Options().samples):
        assert line in journal


def test_runs_are_kept_and_only_missing_ones_are_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ResultStore(tmp_path).train(CELL, 2, OPTIM)
    first = ResultStore(tmp_path).runs(CELL)
    trained: list[list[int]] = []
    real = ResultStore._train_group

    def record(self: ResultStore, cell: Cell, seeds: list[int], optim: OptimSettings) -> list[results.Run]:
        trained.append(seeds)
        return real(self, cell, seeds, optim)

    monkeypatch.setattr(ResultStore, "_train_group", record)
    store = ResultStore(tmp_path)
    store.train(CELL, 3, OPTIM)
    assert trained == [[2]]
    assert store.runs(CELL)[:2] == first
    assert [kl for _, kl in store.networks(CELL)] == [run.kl for run in store.runs(CELL)]
    assert set(json.loads(store.path.read_text())[str(CELL)]["runs"]) == {"0", "1", "2"}


def test_runs_are_trained_in_groups_and_saved_after_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "MAX_TARGETS", 2 * 256 * 2)
    store = ResultStore(tmp_path)
    real = ResultStore._train_group

    def stop_at_third(self: ResultStore, cell: Cell, seeds: list[int], optim: OptimSettings) -> list[results.Run]:
        if seeds[0] == 2:
            raise KeyboardInterrupt
        return real(self, cell, seeds, optim)

    monkeypatch.setattr(ResultStore, "_train_group", stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        store.train(CELL, 5, OPTIM)
    assert len(ResultStore(tmp_path).runs(CELL)) == 2


def test_two_commands_fill_one_folder(tmp_path: Path) -> None:
    first, second = ResultStore(tmp_path), ResultStore(tmp_path)
    other = dataclasses.replace(CELL, dataset="sine")
    first.train(CELL, 1, OPTIM)
    second.train(other, 1, OPTIM)
    assert [len(ResultStore(tmp_path).runs(cell)) for cell in (CELL, other)] == [1, 1]


def test_results_that_are_not_whole_are_named(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("{")
    with pytest.raises(ValueError, match=r"results: .*results\.json is not whole"):
        ResultStore(tmp_path)


def test_diverged_runs_are_recorded(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    store = ResultStore(tmp_path)
    store.train(CELL, 2, dataclasses.replace(OPTIM, lr=1e38, epochs=3))
    assert [run.kl for run in store.runs(CELL)] == [DIVERGED, DIVERGED]
    assert "diverged: energy:" in capsys.readouterr().out


def test_tables_and_figures_are_made_of_the_store(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (results, table):
        monkeypatch.setattr(module, "OPTIM", OPTIM)
    monkeypatch.setattr(density_figure, "SIZE", 32)
    options = table1.Options(runs=2, methods=("sm", "nce"), num_samples=2, results=tmp_path, time_steps=2)
    table1.main(options)
    lines = capsys.readouterr().out.splitlines()
    store = ResultStore(tmp_path)
    summary = row_summary(store, "nce", 2)
    assert any(line.startswith(f"| nce | 2 | 2 | 0.068 | **{summary}** |") for line in lines)
    assert "| dsm | | | 0.395 | not run | | | |" in lines
    assert any(line.startswith("| sm | 1.36 |") for line in lines)

    figure2.main(figure2.Options(runs=0, samples=(1, 2), results=tmp_path, figure=tmp_path / "figure2.png"))
    assert f"| NCE | not run | {summary} |" in capsys.readouterr().out
    densities.main(
        densities.Options(methods=("nce",), num_samples=(2,), results=tmp_path, figure=tmp_path / "densities.png")
    )
    for name in ("figure2", "densities"):
        assert (tmp_path / f"{name}.png").stat().st_size > 1000


def test_densities_of_runs_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="results: 0 networks and 0 runs of nce_M7_bimodal"):
        densities.main(densities.Options(methods=("nce",), num_samples=(7,), results=tmp_path))


def test_every_density_has_its_m() -> None:
    with pytest.raises(ValueError, match=r"num-samples: expected an M for each of nce, dsm, got 8$"):
        densities.main(densities.Options(methods=("nce", "dsm"), num_samples=(8,)))
    with pytest.raises(ValueError, match="dataset: expected one of bimodal, sine, got 'cosine'"):
        densities.main(densities.Options(dataset="cosine"))


@pytest.mark.parametrize("command", [table1, figure2])
def test_threads_are_checked_first(command: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"threads: expected 1 to \d+, got -1"):
        command.main(command.Options(results=tmp_path, threads=-1))


def test_figures_go_to_the_working_directory() -> None:
    assert figure2.Options().figure.parent == densities.Options().figure.parent == Path()


def test_seconds_per_epoch_are_per_run() -> None:
    alone, together = seconds_per_epoch("nce", 1, 3, OPTIM, num_steps=3)
    assert alone > 0
    assert together > 0


def test_every_data_set_has_a_cell() -> None:
    assert [cell.dataset for cell in cells("nce", 8)] == list(DATASETS)
    assert {cell.num_samples for cell in cells("sm", 8)} == {1}
