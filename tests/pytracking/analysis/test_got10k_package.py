"""The got10k package's own evaluation and ours, on the same boxes. Skipped where the package is not installed."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ltr.dataset.text_files import read_boxes
from pytracking.analysis.extract_results import evaluate
from pytracking.analysis.name_matching import match_names
from pytracking.analysis.protocols import Protocol, find_protocol
from pytracking.analysis.sequence_score import align_rows, without_omitted_rows
from pytracking.analysis.sources import GroundTruthSource, TrackerResults, find_tracker, truth_folder

got10k = pytest.importorskip("got10k.experiments", reason="needs the package got10k", exc_type=ImportError)

SEQUENCES = ("a", "b", "c")
PUBLISHED = ["OTB100/KCF", "OTB100/MDNet", "OTB100/TLD", "OTB100/SiamBAN", "UAV123/ARCF"]


class Annotations:
    """Boxes in the place of a got10k data set."""

    def __init__(self, folder: Path) -> None:
        files = sorted(folder.glob("*.txt"))
        self.seq_names = [file.stem for file in files]
        self.boxes = [np.loadtxt(file, delimiter=",") for file in files]

    def __len__(self) -> int:
        return len(self.boxes)

    def __iter__(self) -> Iterator[tuple[None, np.ndarray]]:
        return iter([(None, boxes) for boxes in self.boxes])


@pytest.fixture(params=["whole", "with NaN"])
def folders(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path, bool]:
    """Truth, results of tracker ``x``, and whether the truth has NaN rows."""
    rng = np.random.default_rng(0)
    truth, results = tmp_path / "gt", tmp_path / "results" / "x"
    truth.mkdir(), results.mkdir(parents=True)
    for name in SEQUENCES:
        boxes = np.round(np.hstack([rng.uniform(2, 60, (80, 2)), rng.uniform(5, 40, (80, 2))]))
        np.savetxt(results / f"{name}.txt", np.round(boxes + rng.normal(0, 6, (80, 4)).clip(-4, 20)), delimiter=",")
        if request.param == "with NaN":
            boxes[rng.random(80) < 0.2] = np.nan
        np.savetxt(truth / f"{name}.txt", boxes, delimiter=",")
    return truth, results, request.param == "with NaN"


def ours(truth: Path, results: Path, protocol: Protocol) -> dict[str, float]:
    evaluation = evaluate([find_tracker("x", results)], truth_folder(truth), protocol)
    return {name: float(values[0]) for name, values in evaluation.trackers[0].overall.items()}


def prepare_for_the_package(truths: GroundTruthSource, tracker: TrackerResults, folder: Path) -> None:
    """Write gt/ and x/ below ``folder``: the same boxes, with commas and a row for every frame, as the package asks."""
    (folder / "gt").mkdir(), (folder / "x").mkdir()
    protocol = find_protocol("otb")  # its rules for rows: Tiger1 from frame 6 on
    files = tracker.runs[0].files
    names = match_names([truth.name for truth in truths.load()], files)
    for truth in truths.load():
        true = without_omitted_rows(truth, protocol)
        rows = align_rows(read_boxes(files[names[truth.name]][0]), true, protocol)[: len(true.boxes)]
        boxes = np.zeros_like(true.boxes)
        boxes[: len(rows)] = np.nan_to_num(rows, nan=0.0)
        np.savetxt(folder / "gt" / f"{truth.name}.txt", true.boxes, fmt="%.17g", delimiter=",")
        np.savetxt(folder / "x" / f"{truth.name}.txt", boxes, fmt="%.17g", delimiter=",")


def theirs(truth: Path, results: Path, with_nan: bool) -> dict[str, float]:
    experiment = object.__new__(got10k.ExperimentUAV123 if with_nan else got10k.ExperimentOTB)
    experiment.dataset = Annotations(truth)
    experiment.result_dir, experiment.report_dir = str(results.parent), str(results.parent / "reports")
    experiment.nbins_iou, experiment.nbins_ce = 21, 51
    experiment.plot_curves = lambda *arguments: None
    return experiment.report(["x"])["x"]


def test_the_packages_experiments_agree_with_got10k_toolkit(folders: tuple[Path, Path, bool]) -> None:
    expected = theirs(*folders)["overall"]
    found = ours(folders[0], folders[1], find_protocol("got10k_toolkit"))
    assert found["auc"] == pytest.approx(100 * expected["success_score"], abs=1e-9)
    assert found["precision"] == pytest.approx(100 * expected["precision_score"], abs=1e-9)
    assert found["op50"] == pytest.approx(100 * expected["success_rate"], abs=1e-9)


def test_their_difference_to_pytracking_on_uav_is_the_rule_for_absent_frames(folders: tuple[Path, Path, bool]) -> None:
    truth, results, with_nan = folders
    absent = np.mean([np.isnan(np.loadtxt(truth / f"{n}.txt", delimiter=",")[:, 0]).mean() for n in SEQUENCES])
    package, pytracking = theirs(truth, results, with_nan)["overall"], ours(truth, results, find_protocol("uav"))
    if not with_nan:
        assert pytracking["auc"] == pytest.approx(100 * package["success_score"], abs=0.2)
        return
    # pytracking counts an absent frame as no overlap, yet as a hit of the center; got10k leaves it out
    assert pytracking["auc"] / (100 * package["success_score"]) == pytest.approx(1 - absent, abs=0.02)
    assert pytracking["precision"] == pytest.approx(100 * (absent + (1 - absent) * package["precision_score"]), abs=1)


@pytest.mark.parametrize("identity", PUBLISHED)
def test_on_published_boxes_only_the_rules_named_in_the_protocols_make_a_difference(
    reference: Path, tmp_path: Path, identity: str
) -> None:
    benchmark = identity.split("/")[0]
    official = find_protocol(benchmark)
    truths = truth_folder(reference / benchmark / "gt")
    prepare_for_the_package(
        truths, find_tracker("x", reference / benchmark / "results" / identity.split("/")[1]), tmp_path
    )
    expected = theirs(tmp_path / "gt", tmp_path / "x", with_nan=benchmark == "UAV123")
    protocol = find_protocol("got10k_toolkit")
    found = ours(tmp_path / "gt", tmp_path / "x", protocol)
    assert found["auc"] == pytest.approx(100 * expected["overall"]["success_score"], abs=1e-9)
    assert found["precision"] == pytest.approx(100 * expected["overall"]["precision_score"], abs=1e-9)

    evaluation = evaluate([find_tracker("x", tmp_path / "x")], truth_folder(tmp_path / "gt"), official)
    auc = evaluation.trackers[0].per_sequence["auc"]
    compared = 0
    for name, value in zip(evaluation.sequences, auc, strict=True):
        true, boxes = read_boxes(tmp_path / "gt" / f"{name}.txt"), read_boxes(tmp_path / "x" / f"{name}.txt")
        if (true > 0).all() and (boxes[1:, 2:] > 0).all():  # no absent or unusable frame, no empty box to repeat
            difference = value - 100 * expected["seq_wise"][name]["success_score"]
            assert abs(difference) < 1e-9, name
            compared += 1
    assert compared > 20


def test_got10k_validation_agrees_with_the_packages_report(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    root, results = tmp_path / "val", tmp_path / "results" / "GOT-10k" / "x"
    names = ["GOT-10k_Val_000001", "GOT-10k_Val_000002"]
    for name, n in zip(names, (30, 50), strict=True):
        (root / name).mkdir(parents=True), (results / name).mkdir(parents=True)
        boxes = np.hstack([rng.uniform(0, 90, (n, 2)), rng.uniform(5, 40, (n, 2))])
        np.savetxt(root / name / "groundtruth.txt", boxes, fmt="%.4f", delimiter=",")
        for frame in range(n):
            (root / name / f"{frame + 1:08d}.jpg").touch()
        for label in ("absence", "cut_by_image"):
            np.savetxt(root / name / f"{label}.label", np.zeros(n), fmt="%d")
        np.savetxt(root / name / "cover.label", rng.integers(0, 9, n), fmt="%d")
        (root / name / "meta_info.ini").write_text("[METAINFO]\nresolution: (100, 100)\n")
        for repeat in (1, 2):
            noisy = boxes + rng.normal(0, 3, (n, 4)).clip(-4.9, None)
            np.savetxt(results / name / f"{name}_{repeat:03d}.txt", noisy, fmt="%.3f", delimiter=",")
        np.savetxt(results / name / f"{name}_time.txt", np.full(n, 0.1), fmt="%.8f")
    (root / "list.txt").write_text("\n".join(names))
    experiment = got10k.ExperimentGOT10k(str(tmp_path), "val", str(tmp_path / "results"), str(tmp_path / "reports"))
    experiment.plot_curves = lambda *arguments: None
    expected = experiment.report(["x"])["x"]["overall"]
    found = ours(root, results, find_protocol("got10k"))
    assert found["ao"] == pytest.approx(100 * expected["ao"], abs=1e-9)
    assert found["op50"] == pytest.approx(100 * expected["sr"], abs=1e-9)
    assert found["auc"] == pytest.approx(100 * np.mean(expected["succ_curve"]), abs=1e-9)
