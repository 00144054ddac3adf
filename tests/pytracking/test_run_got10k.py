"""Our tracker in got10k's experiments; skipped where the package is not installed."""

import json
import zipfile

import numpy as np
import pytest

pytest.importorskip("got10k.experiments", reason="needs the package got10k", exc_type=ImportError)

from ltr.dataset.text_files import read_boxes
from pytracking import run_got10k
from pytracking.evaluation.datasets.registry import DATASETS
from pytracking.integrations import got10k as got10k_tracker
from tests.fakes.benchmarks import text, write_benchmark
from tests.fakes.networks import write_small_network
from tests.fakes.trackers import FakeBuilder


@pytest.fixture
def run(tmp_path, monkeypatch):
    """The command with a fake tracker."""
    monkeypatch.setattr(got10k_tracker.experiments.got10k.time, "sleep", lambda seconds: None)

    def command(experiment, root, *more):
        folders = ("--results", str(tmp_path / "results"), "--reports", str(tmp_path / "reports"))
        return run_got10k.main([experiment, str(root), "dimp", "x", *folders, *more], FakeBuilder())

    return command


def got10k_tree(root):
    """A tree in GOT-10k's layout whose targets are in sight throughout."""
    write_benchmark("got10k_val", root)
    val = root / "val" / "GOT-10k_Val_000001"
    text(val / "absence.label", "0\n0\n0\n")
    text(val / "cover.label", "8\n8\n8\n")
    text(root / "test" / "GOT-10k_Test_000001" / "meta_info.ini", "[METAINFO]\nresolution: (64, 48)\n")
    for label in ("absence", "cover", "cut_by_image"):
        text(root / "test" / "GOT-10k_Test_000001" / f"{label}.label", "0\n0\n0\n")
    return root


def test_got10ks_own_experiment_runs_and_reports(run, tmp_path, capsys):
    assert run("got10k_val", got10k_tree(tmp_path / "data")) == 0
    folder = tmp_path / "results" / "GOT-10k" / "x" / "GOT-10k_Val_000001"
    boxes = read_boxes(folder / "GOT-10k_Val_000001_001.txt")
    steps = np.cumsum(np.random.default_rng(0).normal(size=(2, 2)), axis=0)
    np.testing.assert_allclose(boxes[:, :2], np.array([1, 2]) + np.vstack([[0, 0], steps]), atol=6e-4)
    assert not (folder / "GOT-10k_Val_000001_002.txt").exists()  # deterministic: one repetition
    performance = json.loads((tmp_path / "reports" / "GOT-10k" / "x" / "performance.json").read_text())
    assert f"ao {performance['x']['overall']['ao']:.4f}, sr " in capsys.readouterr().out


def test_got10ks_test_set_gives_an_archive(run, tmp_path):
    assert run("got10k_test", got10k_tree(tmp_path / "data")) == 0
    with zipfile.ZipFile(tmp_path / "results" / "GOT-10k" / "x.zip") as archive:
        assert any(name.endswith("GOT-10k_Test_000001_001.txt") for name in archive.namelist())


def test_results_of_another_tracker_are_not_kept_as_ours(run, tmp_path, capsys):
    write_benchmark("dtb70", tmp_path / "data")
    assert run("dtb70", tmp_path / "data") == run("dtb70", tmp_path / "data") == 0
    assert run("dtb70", tmp_path / "data", "--seed", "1") == 1
    assert "x: holds results of other settings" in capsys.readouterr().err


def test_dtb70_by_the_package(run, tmp_path):
    write_benchmark("dtb70", tmp_path / "data")
    assert run("dtb70", tmp_path / "data") == 0
    assert read_boxes(tmp_path / "results" / "DTB70" / "x" / "Yacht2.txt").shape == (3, 4)


@pytest.mark.usefixtures("same_threads")
def test_the_real_tracker_is_a_got10k_tracker(tmp_path):
    network = write_small_network(tmp_path / "small.safetensors")
    folders = ["--results", str(tmp_path / "results"), "--reports", str(tmp_path / "reports")]
    assert run_got10k.main(["got10k_val", str(got10k_tree(tmp_path / "data")), "dimp", str(network), *folders]) == 0
    assert (tmp_path / "reports" / "GOT-10k" / "small" / "performance.json").is_file()


def test_what_the_package_cannot_do_is_said(run, tmp_path, capsys, monkeypatch):
    monkeypatch.delattr(np, "NaN", raising=False)  # as in numpy 2
    assert run("vot", tmp_path) == 1
    assert "got10k's VOT experiment needs np.NaN, which numpy" in capsys.readouterr().err
    assert run("otb", tmp_path / "none") == 1
    assert capsys.readouterr().err == f"error: {tmp_path / 'none'}: no such folder\n"
    assert run("otb51", tmp_path) == 1
    assert "got10k has no experiment 'otb51'; known are got10k_val" in capsys.readouterr().err


def test_experiments_are_named_like_our_data_sets():
    assert set(got10k_tracker.EXPERIMENTS) - {"tcolor128"} <= set(DATASETS)
