"""The commands of the detection experiments, on a few drawn pictures and an untrained detector."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from ltr.admin.build_detection import build_energy_model
from ltr.dataset.detection import DetectionSource
from ltr.experiments import evaluate_detection, table2
from ltr.experiments.detection.options import Evaluate, Table2
from ltr.experiments.detection.plot import lines
from ltr.experiments.detection.runs import DetectionRuns
from ltr.experiments.detection.scores import Scores
from ltr.experiments.detection.studies import chosen_rows
from ltr.models.detection.detector import build_detector
from ltr.models.detection.settings import BranchSettings, DetectorSettings
from ltr.models.loss.ebm import NCE, LossOutput
from ltr.models.weights import save_weights
from ltr.train_settings import detection
from ltr.train_settings.detection import BranchTrainSettings
from ltr.train_settings.detection.base import DetectionData
from ltr.trainers.settings import OptimSettings
from ltr.utils.cli import one_line_errors
from tests.fakes.detection import write_rectangles

SOURCES = (DetectionSource("annotations.json", "images"),)


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BranchTrainSettings:
    """Settings that take seconds, in the place of the real ones."""
    torch.manual_seed(0)
    write_rectangles(tmp_path / "data", 4)
    detector = DetectorSettings("mobile", 3, 96, 96, 48.0, score_threshold=0.3, max_candidates=8)
    weights = tmp_path / "detector.safetensors"
    save_weights(build_detector(detector).state_dict(), weights)
    tiny = BranchTrainSettings(
        OptimSettings(epochs=1, batch_size=2),
        num_workers=0,
        data=DetectionData(SOURCES, SOURCES, SOURCES, {"light": ("light",), "dark": ("dark",)}),
        detector=detector,
        pictures_per_epoch=4,
        validation_pictures=2,
        weights=weights,
        cache=tmp_path / "cache",
        branch=BranchSettings(pool_size=3, hidden=8),
    )
    monkeypatch.setattr(detection, "BRANCH_MOBILE", tiny)
    monkeypatch.setitem(detection.SETTINGS, "ncep_mobile", tiny)
    return tiny


@pytest.fixture
def options(tmp_path: Path, settings: BranchTrainSettings) -> Callable[..., Table2]:
    return lambda **changes: replace(
        Table2(
            rows=("nce", "mlmcmc-1"),
            seeds=2,
            num_samples=4,
            factors=(1, 100),
            data=tmp_path / "data",
            results=tmp_path / "runs",
            device="cpu",
        ),
        **changes,
    )


def test_runs_are_trained_once_and_tabled(
    options: Callable[..., Table2], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table2.main(options(time_steps=1))
    first = capsys.readouterr().out
    assert first.count("seed 0:") == first.count("seed 1:") == 2
    assert (tmp_path / "runs" / "nce_M4_seed1" / "network.safetensors").is_file()
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("*.json")}
    table2.main(options(rows=("nce", "mlmcmc-1", "dsm"), seeds=0))
    again = capsys.readouterr().out
    assert "seed 0:" not in again
    table = first[first.index("| method") : first.index("| method | paper, s")].strip()
    assert again.strip().startswith(table)
    assert "| dsm M4 | 36.3 / 57.9 / 38.9 | not run |" in again
    assert kept == {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("*.json")}


def test_a_row_that_was_stopped_goes_on(
    options: Callable[..., Table2],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It ends with the weights of one that was not, and says nothing about its time."""
    once = options(rows=("nce",), seeds=1)
    table2.main(replace(once, results=tmp_path / "whole"))
    loss = NCE.objective

    def stopped(self: NCE, *arguments: Any) -> LossOutput:
        os.kill(os.getpid(), signal.SIGINT)
        return loss(self, *arguments)

    monkeypatch.setattr(NCE, "objective", stopped)
    with pytest.raises(SystemExit) as stop, one_line_errors("go on"):
        table2.main(once)
    monkeypatch.setattr(NCE, "objective", loss)
    assert stop.value.code == 130
    error = capsys.readouterr().err.splitlines()[-1]
    assert error == "stopped by SIGINT after 0 epochs and 1 of 2 steps; saved: go on"
    table2.main(once)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if "seed 0:" in line]
    assert not line.endswith(" s")
    whole, parts = (tmp_path / name / "nce_M4_seed0" / "network.safetensors" for name in ("whole", "runs"))
    assert parts.read_bytes() == whole.read_bytes()


def test_unknown_rows_are_named(options: Callable[..., Table2]) -> None:
    with pytest.raises(ValueError, match=r"rows: expected some of kldis label_sigma 0\.0075, .*; got nce$"):
        table2.main(options(study="s2", rows=("nce",)))


def test_evaluation_of_a_saved_branch(
    settings: BranchTrainSettings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = tmp_path / "network.safetensors"
    save_weights(build_energy_model(settings, torch.device("cpu")).branch.state_dict(), network)
    options = Evaluate("ncep_mobile", tmp_path / "data", network, results=tmp_path / "results.json", device="cpu")
    evaluate_detection.evaluate(options)
    lines = capsys.readouterr().out.splitlines()
    assert [line[:20].strip() for line in lines] == ["detector alone", "guided NMS", "and refinement"]
    assert all(str(Scores(0, 0, 0))[:2] in line for line in lines)
    assert (tmp_path / "results.json").is_file()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("ncep_mobile", None, r"network: .*network\.safetensors is missing; train it with"),
        ("ncep_mobile", b"nothing", r"network: .*network\.safetensors is not a \.safetensors file"),
        ("detector_mobile", None, "name: expected the settings of an energy branch, got those of a detector"),
        ("nix", None, "unknown settings 'nix' of task detection"),
    ],
)
def test_bad_input_is_named(
    settings: BranchTrainSettings, tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    network = tmp_path / "network.safetensors"
    if content is not None:
        network.write_bytes(content)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        evaluate_detection.evaluate(Evaluate(name, tmp_path / "data", network))


def test_a_study_of_one_number_is_drawn(
    options: Callable[..., Table2], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figure = tmp_path / "figures" / "figure3.png"
    rows = ("nce num_samples 1", "nce num_samples 4", "ncep num_samples 2")
    chosen = options(study="figure3", rows=rows, seeds=1, num_samples=None, figure=figure)
    table2.main(chosen)
    assert figure.read_bytes().startswith(b"\x89PNG")
    runs = DetectionRuns(chosen.results, detection.BRANCH_MOBILE, chosen.data, chosen.factors, torch.device("cpu"))
    points = lines(runs, chosen_rows("figure3", (), None))
    scores = [runs.runs(row)[0].refined.ap for row in chosen_rows("figure3", rows, None)]
    assert points == {"nce": [(1, scores[0]), (4, scores[1])], "ncep": [(2, scores[2])]}
    with pytest.raises(ValueError, match="figure: no row of this study varies a number"):
        table2.main(options(rows=("nce",), seeds=1, figure=figure))
