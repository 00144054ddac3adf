import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pytracking.analysis.protocols import PROTOCOLS
from pytracking.run_analysis import main

BOXES = np.column_stack([np.arange(40.0), np.arange(40.0), np.full(40, 20.0), np.full(40, 10.0)]) + 1


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Truth as the folder data set (and its boxes as flat files), and a tracker's results below ``results/dimp/x``."""
    for name in ("a", "b"):
        (tmp_path / "data" / name).mkdir(parents=True)
        np.savetxt(tmp_path / "data" / name / "groundtruth_rect.txt", BOXES, fmt="%g", delimiter=",")
    results = tmp_path / "results" / "dimp" / "x"
    results.mkdir(parents=True)
    np.savetxt(results / "a.txt", BOXES, fmt="%.4f", delimiter=",")
    np.savetxt(results / "b.txt", BOXES + np.array([0, 30, 0, 0]), fmt="%.4f", delimiter=",")
    return tmp_path / "data", results


def test_table_json_and_plots(folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    truth, results = folders
    out = tmp_path / "out"
    arguments = ["--ground-truth", str(truth), "--results", f"X={results}", f"T={results}", "--protocol", "otb"]
    arguments += ["--json", str(out / "scores.json"), "--plots", str(out / "plots"), "--per-sequence"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "2 sequences, 80 frames, protocol otb (percent)" in printed
    assert "AUC by sequence, 2 sequences" in printed
    content = json.loads((out / "scores.json").read_text())
    assert content["X"]["auc"] == pytest.approx(100 * (20 / 21 + 20 / 21 / 40) / 2)
    assert content["X"]["sequences"]["b"]["precision"] == pytest.approx(2.5)
    assert (out / "plots" / "success.svg").is_file()
    assert printed.endswith(f"{out / 'scores.json'}\n{out / 'plots'}\n")


def test_a_line_for_each_tracker_says_whether_it_is_better(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture
) -> None:
    truth, results = folders
    command = [
        "--ground-truth",
        str(truth),
        "--results",
        f"old={results}",
        f"same={results}",
        f"new={truth.parent / 'n'}",
    ]
    (truth.parent / "n").mkdir()
    for name in "ab":
        np.savetxt(truth.parent / "n" / f"{name}.txt", BOXES, fmt="%.4f", delimiter=",")
    assert main([*command, "--only-difference"]) == 0
    gain, few = 100 * (20 / 21 - 20 / 21 / 40) / 2, "so few sequences can show none, 7 or more can"
    assert capsys.readouterr().out.splitlines() == [
        f"same - old: AUC +0.00, p 1.00, 2 sequences: no difference shown: {few}",
        f"new - old: AUC +{gain:.2f}, p 1.00, 2 sequences: no difference shown: {few}",
    ]
    assert main([*command, "--only-difference", "--baseline", "new"]) == 0
    assert capsys.readouterr().out.startswith(f"old - new: AUC -{gain:.2f}, p 1.00")


def test_our_own_results_by_data_set_name(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["dimp:x", "--dataset_name", f"folder:{folders[0]}", "--json", "scores.json"]) == 0
    assert "protocol folder" in capsys.readouterr().out
    assert set(json.loads(Path("scores.json").read_text())["dimp:x"]["sequences"]) == {"a", "b"}


def test_json_on_standard_output_stands_there_alone(folders: tuple[Path, Path], capsys: pytest.CaptureFixture) -> None:
    assert main(["--ground-truth", str(folders[0]), "--results", f"X={folders[1]}", "--json", "-"]) == 0
    assert set(json.loads(capsys.readouterr().out)["X"]["sequences"]) == {"a", "b"}


@pytest.mark.parametrize("flag", ["--json", "--report"])
@pytest.mark.parametrize("victim", ["data/a/groundtruth_rect.txt", "results/dimp/x/a.txt"])
def test_what_is_scored_is_never_replaced(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture, flag: str, victim: str
) -> None:
    before = (tmp_path / victim).read_bytes()
    argv = ["--ground-truth", str(folders[0]), "--results", f"X={folders[1]}", flag, str(tmp_path / victim)]
    assert main(argv) == 1
    assert f"{flag} {tmp_path / victim}: is there already, in " in capsys.readouterr().err
    assert (tmp_path / victim).read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        ([], ["give the truth once", "nothing to score"]),
        (["dimp:z"], ["give the truth once", "TRACKER:PARAMETER needs --dataset_name", "z: no such folder"]),
        (["dimp", "--dataset_name", "folder:."], ["dimp: expected TRACKER:PARAMETER"]),
        (["--ground-truth", "none", "--results", "X=none", "Y"], ["none: no such folder", "Y: no such folder"]),
        (["--ground-truth", "data", "--results", "X="], ["X=: expected NAME=DIR, or DIR"]),
        (["--ground-truth", "data", "--results", "X=results/dimp/x", "X=results/dimp/x"], ["X: given 2 times"]),
        (
            ["--ground-truth", "data", "--results", "X=results/dimp/x", "--protocol", "vot"],
            ["protocol 'vot' is unknown"],
        ),
        (["dimp:x", "--dataset_name", "nonsense"], ["nonsense"]),
        (
            ["--ground-truth", "data", "--results", "X=results/dimp/x", "--baseline", "Z"],
            ["--baseline Z: expected one of X"],
        ),
        (
            ["--ground-truth", "data", "--results", "X=results/dimp/x", "--only-difference"],
            ["--only-difference: expected several trackers, got X"],
        ),
        (
            ["dimp:x", "--dataset_name", "folder:data", "--attributes", "none", "--published", "vot"],
            ["no attributes of 'none'", "no published scores on 'vot'"],
        ),
    ],
)
def test_bad_arguments_are_all_named_without_a_traceback(
    folders: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    arguments: list[str],
    messages: list[str],
) -> None:
    monkeypatch.chdir(folders[0].parent)
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert not captured.out
    for message in messages:
        assert message in captured.err


def test_a_truth_of_first_boxes_alone_is_refused(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folders[0].parent)
    for name in ("a", "b"):
        (folders[0] / name / "groundtruth_rect.txt").write_text("1,2,3,4\n")
    assert main(["dimp:x", "--dataset_name", f"folder:{folders[0]}"]) == 1
    assert "the truth has only first boxes" in capsys.readouterr().err


def test_trackers_in_an_archive(folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with zipfile.ZipFile(tmp_path / "raw.zip", "w") as archive:
        for name in ("a", "b"):
            archive.write(tmp_path / "data" / name / "groundtruth_rect.txt", f"paper/truth/{name}.txt")
            for tracker in ("KCF", "TLD"):
                archive.write(folders[1] / f"{name}.txt", f"paper/results/{tracker}/{name}_{tracker}.txt")
    truth, _ = folders
    argv = ["--ground-truth", str(tmp_path / "raw.zip" / "paper" / "truth"), "--results"]
    argv += [str(tmp_path / "raw.zip" / "paper" / "results"), f"X={tmp_path / 'raw.zip'}/paper/results/KCF", "--json"]
    assert main([*argv, str(tmp_path / "scores.json")]) == 0
    assert list(json.loads((tmp_path / "scores.json").read_text())) == ["KCF", "TLD", "X"]
    before = (tmp_path / "raw.zip").read_bytes()
    assert main([*argv, str(tmp_path / "raw.zip")]) == 1
    assert "raw.zip: is read from" in capsys.readouterr().err
    assert (tmp_path / "raw.zip").read_bytes() == before
    report = tmp_path / "report.html"
    assert main([*argv[:-1], "--report", str(report)]) == 0
    assert str(tmp_path / "raw.zip" / "paper" / "truth") in report.read_text()
    assert f"<dd>{tmp_path / 'raw.zip' / 'paper' / 'results' / 'TLD'}</dd>" in report.read_text()
    np.savetxt(tmp_path / "data" / "a" / "groundtruth_rect.txt", BOXES[:9], fmt="%g", delimiter=",")
    capsys.readouterr()
    assert main(["--ground-truth", str(truth), *argv[2:-1]]) == 1
    error = capsys.readouterr().err
    assert "\n  raw.zip/paper/results/KCF/a_KCF.txt: 40 rows for the 9 frames of a\n" in error
    assert tempfile.gettempdir() not in error.replace(str(tmp_path), "")


def test_scores_of_several_starts_are_means_over_them(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    """All boxes of ``a``, but only those of one of the two starts of ``b`` hit."""
    for name, frames, miss in (("a@0-39", 1, 0), ("a@39-0", -1, 0), ("b@0-39", 1, 0), ("b@39-0", -1, 30)):
        moved = BOXES[::frames] + np.array([0, miss, 0, 0])
        np.savetxt(folders[1] / f"{name}.txt", moved, fmt="%.4f", delimiter=",")
    argv = ["--ground-truth", str(folders[0]), "--results", f"X={folders[1]}", "--starts", "2"]
    assert main([*argv, "--json", str(tmp_path / "scores.json"), "--per-sequence"]) == 0
    scores = json.loads((tmp_path / "scores.json").read_text())["X"]
    assert scores["auc"] == pytest.approx(100 * 20 / 21 * 0.75)
    assert {name: entry["auc"] for name, entry in scores["sequences"].items()} == pytest.approx(
        {"a": 100 * 20 / 21, "b": 100 * 20 / 21 / 2}
    )
    out = capsys.readouterr().out
    assert "2 sequences, 156 frames" in out  # 4 x 39, without the first
    assert "a sequence's score is the mean over its starts, 4 in all; their first frames are left out" in out
    (folders[1] / "b@39-0.txt").unlink()
    assert main(argv) == 1
    assert "no result for b@39-0" in capsys.readouterr().err
    assert main([*argv, "--report", str(tmp_path / "report.html")]) == 1
    assert "--report shows whole sequences" in capsys.readouterr().err


def test_missing_sequences_fail_unless_allowed(folders: tuple[Path, Path], capsys: pytest.CaptureFixture) -> None:
    truth, results = folders
    (results / "b.txt").unlink()
    command = ["--ground-truth", str(truth), "--results", f"X={results}"]
    assert main(command) == 1
    assert "no result for b" in capsys.readouterr().err
    assert main([*command, "--allow-missing", "--format", "csv"]) == 0
    assert "# INCOMPLETE: scored on 1 of 2 sequences" in capsys.readouterr().out


def test_report_attributes_and_published_scores(
    folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    truth, _ = folders
    monkeypatch.chdir(tmp_path)
    for sequence in ("a", "b"):
        (truth / sequence / "img").mkdir()
        for frame in range(40):
            Image.new("RGB", (80, 80)).save(truth / sequence / "img" / f"{frame + 1:04d}.png")
    Path("attributes.json").write_text('{"a": ["IV"], "b": ["IV", "OCC"]}')
    command = ["dimp:x", "--dataset_name", f"folder:{truth}", "--attributes", "attributes.json", "--published", "otb"]
    assert main([*command, "--report", "report.html", "--worst", "1", "--cache", "cache"]) == 0
    printed = capsys.readouterr().out
    assert "OCC (1)" in printed
    assert "DiMP-NCE+ *" in printed
    head = Path("report.html").read_text().partition("</header>")[0]
    assert f"<h1>Tracking results: folder:{truth}</h1>" in head
    assert date.today().isoformat() in head
    assert "ebm-tracking" in head
    assert Path("report.html").read_text().count("data:image/jpeg") == 6
    assert len(list(Path("cache").iterdir())) == 1


@pytest.mark.parametrize(("flag", "name"), [("--json", "a.txt"), ("--report", "b.txt")])
@pytest.mark.parametrize("runs", [False, True])
def test_results_that_are_scored_are_never_replaced(
    folders: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
    flag: str,
    name: str,
    runs: bool,
) -> None:
    truth, results = folders
    monkeypatch.chdir(truth.parent)
    if runs:
        results = results.rename(results.with_name("x_000"))
    before = (results / name).read_bytes()
    assert main(["dimp:x", "--dataset_name", "folder:data", flag, str(results / name)]) == 1
    assert f"{flag} {results / name}: is there already, in" in capsys.readouterr().err
    assert (results / name).read_bytes() == before


def test_paths_of_files_do_not_stand_in_a_table_for_programs(
    folders: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    out = tmp_path / "scores.json"
    command = ["--ground-truth", str(folders[0]), "--results", f"X={folders[1]}", "--format", "csv"]
    assert main([*command, "--json", str(out)]) == 0
    printed = capsys.readouterr()
    assert str(out) not in printed.out
    assert printed.err == f"{out}\n"


def test_the_help_names_every_protocol(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert [name for name in PROTOCOLS if name not in said] == []


def test_debug_shows_the_traceback(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert main(["--ground-truth", str(tmp_path / "none"), "--results", "X=none", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_neither_torch_nor_opencv_is_imported(folders: tuple[Path, Path], repository: Path, tmp_path: Path) -> None:
    truth, results = folders
    arguments = ["--ground-truth", str(truth), "--results", f"X={results}", "--plots", str(tmp_path / "plots")]
    code = (
        "import sys; from pytracking.run_analysis import main; "
        f"assert main({arguments!r}) == 0; "
        "heavy = {'torch', 'torchvision', 'cv2', 'av'} & set(sys.modules); assert not heavy, heavy"
    )
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=tmp_path, timeout=120)


def test_the_command_exits_1_on_an_error_and_2_on_wrong_usage(repository: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(repository / "pytracking" / "run_analysis.py")]
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    for arguments, code in ((["--ground-truth", "none"], 1), (["--no-such-flag"], 2)):
        done = subprocess.run(
            command + arguments, capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=120, check=False
        )
        assert done.returncode == code
        assert "Traceback" not in done.stderr


def test_runs_beside_a_plain_one_are_told_and_no_run_counts_in_two_rows(
    folders: tuple[Path, Path], capsys: pytest.CaptureFixture
) -> None:
    truth, plain = folders
    command = ["--ground-truth", str(truth), "--results"]
    first, second = (shutil.copytree(plain, plain.with_name(f"x_00{i}")) for i in (0, 1))
    assert main([*command, f"X={plain}"]) == 0
    captured = capsys.readouterr()
    assert "runs" not in captured.out
    assert captured.err.startswith(f"note: X: only {plain} is scored; x_000, x_001 beside it left out (")
    assert f"each: --results x_000={first} x_001={second})" in captured.err
    assert main([*command, f"X={plain}", f"x_000={first}", f"x_001={second}"]) == 0
    assert capsys.readouterr().err == ""
    shutil.rmtree(plain)
    assert main([*command, f"X={plain}", f"Y={second}"]) == 1
    assert capsys.readouterr().err == f"error: {second}: given twice, in X and in Y\n"
    for folder, top_k in ((first, 3), (second, 4)):
        (folder / "a.json").write_text(json.dumps({"settings": {"top_k": top_k}}))
    assert main([*command, f"X={plain}"]) == 1
    assert "settings.top_k is 3 in x_000, 4 in x_001" in capsys.readouterr().err


def test_starts_and_whole_sequences_are_told_apart(folders: tuple[Path, Path], capsys: pytest.CaptureFixture) -> None:
    truth, results = folders
    command = ["--ground-truth", str(truth), "--results", f"X={results}"]
    assert main([*command, "--starts", "2"]) == 1
    assert "no result for a@0-39 (it holds whole sequences, as a: leave out --starts)" in capsys.readouterr().err
    for name in ("a", "b"):
        (results / f"{name}.txt").rename(results / f"{name}@0-39.txt")
    for folder, flag in (("x_starts2_realtime30", "2"), ("x_anchors_000", "anchors"), ("x", "N")):
        moved = results.rename(results.with_name("moving")).rename(results.with_name(folder))
        assert main([*command[:-1], f"X={moved}"]) == 1
        assert f"no result for a (it holds starts, as a@0-39: give --starts {flag})" in capsys.readouterr().err
        moved.rename(results)
