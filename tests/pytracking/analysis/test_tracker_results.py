"""The layouts in which authors publish results, and the published results of the shared data."""

import json
from pathlib import Path

import pytest

from pytracking.analysis.extract_results import evaluate
from pytracking.analysis.protocols import find_protocol
from pytracking.analysis.sources import truth_folder
from pytracking.analysis.tracker_results import find_published, find_trackers

BOXES = {",": "1,2,3,4\n", "\t": "1\t2\t3\t4\n", " ": "1 2 3 4\n"}


def write(root: Path, *names: str, text: str = BOXES[","]) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def found(root: Path) -> dict[str, list[dict[str, int]]]:
    """Tracker -> the number of repeats of each sequence of each run."""
    return {
        t.name: [{n: len(p) for n, p in sorted(run.files.items())} for run in t.runs]
        for t in find_trackers([], [str(root)], root)
    }


@pytest.mark.parametrize("separator", BOXES)
def test_a_folder_for_each_tracker(tmp_path: Path, separator: str) -> None:
    write(tmp_path, "KCF/a.txt", "KCF/b.txt", "MDNet/a.txt", text=BOXES[separator])
    write(tmp_path, "KCF/a_time.txt", "README.txt", "KCF/notes.txt", text="Results of OPE\n")
    assert found(tmp_path) == {"KCF": [{"a": 1, "b": 1}], "MDNet": [{"a": 1}]}


def test_a_folder_for_the_data_set_above_or_below_the_trackers(tmp_path: Path) -> None:
    write(tmp_path, "above/results/OTB100/KCF/a.txt", "above/results/OTB100/TLD/a.txt")
    write(tmp_path, "below/KCF/OTB100/a.txt", "below/TLD/OTB100/a.txt")
    assert found(tmp_path / "above" / "results" / "OTB100" / "KCF") == {"KCF": [{"a": 1}]}
    for where in ("above", "below"):
        assert found(tmp_path / where) == {"KCF": [{"a": 1}], "TLD": [{"a": 1}]}
    write(tmp_path, "above/results/LaSOT/KCF/a.txt")
    assert list(found(tmp_path / "above")) == ["LaSOT/KCF", "OTB100/KCF", "OTB100/TLD"]


def test_runs_of_pytracking(tmp_path: Path) -> None:
    write(
        tmp_path,
        *(f"{run}/{name}.txt" for run in ("atom/default_000", "atom/default_001", "dimp/dimp50") for name in "ab"),
    )
    assert found(tmp_path) == {"atom/default": [{"a": 1, "b": 1}] * 2, "dimp/dimp50": [{"a": 1, "b": 1}]}
    assert list(found(tmp_path / "atom")) == ["default"]
    write(tmp_path, "one/results/OTB100/KCF/a.txt")
    assert list(found(tmp_path / "one")) == ["KCF"]


def test_folders_of_lasots_toolkit(tmp_path: Path) -> None:
    write(tmp_path, "ATOM_tracking_result/airplane-1.txt", "SiamRPN++_tracking_result/airplane-1.txt")
    assert list(found(tmp_path)) == ["ATOM", "SiamRPN++"]
    assert list(found(tmp_path / "ATOM_tracking_result")) == ["ATOM"]


def test_repeats_of_got10k(tmp_path: Path) -> None:
    write(tmp_path, *(f"SiamFC/GOT-10k_Val_00000{i}/GOT-10k_Val_00000{i}_00{k}.txt" for i in (1, 2) for k in (1, 2, 3)))
    write(tmp_path, "SiamFC/GOT-10k_Val_000001/GOT-10k_Val_000001_time.txt", text="0.1,0.1,0.1\n")
    assert found(tmp_path) == {"SiamFC": [{"GOT-10k_Val_000001": 3, "GOT-10k_Val_000002": 3}]}


def test_files_that_end_in_the_name_of_the_tracker(tmp_path: Path) -> None:
    write(tmp_path, "ARCF/bike1_ARCF.txt", "ARCF/car1_1_ARCF.txt", "BACF/bike1-bacf.txt", "CSK/red_car.txt")
    assert found(tmp_path) == {
        "ARCF": [{"bike1": 1, "car1_1": 1}],
        "BACF": [{"bike1": 1}],
        "CSK": [{"red_car": 1}],
    }


def test_no_result_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="gone: no such folder"):
        find_published(tmp_path / "gone")
    write(tmp_path, "KCF/README.txt", text="none here\n")
    with pytest.raises(FileNotFoundError, match=r"holds no text files of boxes$"):
        find_published(tmp_path)
    write(tmp_path, "KCF/a_KCF.mat")
    with pytest.raises(FileNotFoundError, match=r"of boxes; \.mat files are not read, save their boxes as text$"):
        find_published(tmp_path)


def test_the_reference_results(reference: Path) -> None:
    """What is found below the folder of a data set scores what it should."""
    trackers = find_trackers([], [str(reference / "DTB70" / "results")], reference)
    protocol = find_protocol("dtb70")
    (scores,) = evaluate(trackers, truth_folder(reference / "DTB70" / "gt"), protocol).trackers
    (target,) = (t for t in json.loads((reference / "targets.json").read_text())["targets"] if "DTB70" in t["id"])
    assert f"DTB70/{scores.name}" == target["id"]
    assert scores.overall["auc"] == pytest.approx(target["expect_pytracking"]["auc"], abs=target["tolerance"])
    assert list(found(reference / "OTB100" / "results")) == ["KCF", "MDNet", "SiamBAN", "TLD"]
