import re
import shutil
from dataclasses import replace

import cv2
import numpy as np
import pytest

from ltr.dataset.text_files import read_boxes
from pytracking import run_tracker
from pytracking.analysis.metrics import area_under_curve, iou, success_curve
from pytracking.api.builder import build_tracker
from pytracking.evaluation.datasets.registry import DATASETS, get_dataset
from pytracking.evaluation.results import box_files, read_stamp
from pytracking.tracker.base.config import PositionalConfig
from pytracking.utils.cli import run_command
from tests.fakes.trackers import FakeBuilder, unbuildable
from tests.fakes.videos import write_images, write_sequence, write_video

BUILDER = FakeBuilder(fail_on_width=70)


@pytest.fixture
def run(tmp_path):
    """The command on a folder of sequences a, bad and c, with a fake tracker; returns the exit code."""
    for name, width in (("a", 64), ("bad", 70), ("c", 64)):
        write_sequence(tmp_path / "data", name, width=width)

    def command(*argv, build_tracker=BUILDER):
        common = ("--dataset_name", f"folder:{tmp_path / 'data'}", "--results", str(tmp_path / "out"))
        return run_tracker.main(["dimp", "dimp_ncep_mobile", *common, *argv], build_tracker)

    return command


def test_what_has_frames_but_no_boxes_is_named(run, tmp_path, capsys):
    write_video(tmp_path / "data" / "clip.mp4")
    run()
    assert f"note: folder:{tmp_path / 'data'}: clip.mp4 is left out: no clip.txt beside it" in capsys.readouterr().err


def test_quiet_prints_failures_only(run, capsys):
    assert run("--quiet") == 1
    out, error = capsys.readouterr()
    assert (out, error[:13]) == ("", "failed: bad: ")


def test_failures_are_listed_at_the_end_and_the_rest_is_done(run, tmp_path, capsys):
    assert run() == 1
    folder = tmp_path / "out" / "dimp" / "dimp_ncep_mobile"
    assert sorted(box_files(folder)) == ["a", "c"]
    assert sorted(p.name for p in folder.glob("a*")) == ["a.json", "a.txt", "a_score.txt", "a_time.txt"]
    out, error = capsys.readouterr()
    assert out.splitlines()[0] == "device cpu, seed 0"
    assert out.splitlines()[2].startswith("[2/3] bad: FAILED")
    assert f"2 sequences in {folder} (0 kept from before), 10 frames" in out
    assert "\nfailed: bad: RuntimeError: this tracker cannot do that width\nTraceback" in "\n" + error  # a bug
    (tmp_path / "data" / "bad" / "img" / "0001.png").write_bytes(b"")
    assert run() == 1
    out, error = capsys.readouterr()
    assert "2 sequences in" in out
    assert "(2 kept from before)" in out
    assert "failed: bad: frame 0: " in error
    assert "Traceback" not in error
    assert run("--debug", "1") == 1
    assert "Traceback" in capsys.readouterr().err


def test_one_sequence_a_run_id_and_a_seed(run, tmp_path, capsys):
    assert run("--sequence", "c", "--runid", "3") == 0
    assert "\ndimp:dimp_ncep_mobile_003 " in capsys.readouterr().out
    assert run("--sequence", "0", "--seed", "5") == 0
    root = tmp_path / "out" / "dimp"
    assert {p.name: sorted(box_files(p)) for p in root.iterdir()} == {
        "dimp_ncep_mobile": ["a"],
        "dimp_ncep_mobile_003": ["c"],
    }
    assert '"seed": 5' in (root / "dimp_ncep_mobile" / "a.json").read_text()


@pytest.mark.parametrize("workers", ["0", "1"])
def test_results_of_other_settings_end_it_before_anything_is_tracked(run, tmp_path, capsys, workers):
    sequences = ("--sequence", "a", "--runs", "2", "--workers", workers)
    assert run(*sequences, "--seed", "5") == 0
    folder = tmp_path / "out" / "dimp" / "dimp_ncep_mobile_001"
    shutil.rmtree(folder.with_name("dimp_ncep_mobile_000"))
    before = (folder / "a.txt").read_bytes()
    capsys.readouterr()
    assert run(*sequences) == 1
    out, error = capsys.readouterr()
    (line,) = error.splitlines()
    assert line == (
        f"error: {folder}: holds results of other settings (1 sequence, a for one). seed: there 6, now 1. "
        "Keep them by another --results or --runid N, or replace them by --rerun"
    )
    assert not out
    assert not folder.with_name("dimp_ncep_mobile_000").exists()
    assert (folder / "a.txt").read_bytes() == before
    assert run(*sequences, "--rerun") == 0
    assert (folder / "a.txt").read_bytes() != before


def test_results_of_other_versions_are_tracked_again_with_a_note(run, tmp_path, capsys):
    assert run("--sequence", "a") == 0
    stamp = tmp_path / "out" / "dimp" / "dimp_ncep_mobile" / "a.json"
    stamp.write_text(stamp.read_text().replace(np.__version__, "0.9"))
    assert run("--sequence", "a") == 0
    out, error = capsys.readouterr()
    assert f"note: {stamp.parent}: 1 result of other versions, or of a network under another path, tracked" in error
    assert out.count("(0 kept from before)") == 2


def test_scores_say_what_was_run(tmp_path):
    config = PositionalConfig("dimp", "a/mine.safetensors", overrides=("memory.size=30",))
    for options, label in (
        ({"config": replace(config, overrides=())}, "dimp:mine"),
        ({}, "dimp:mine (memory.size=30)"),
        ({"realtime": 30.0, "latency": 50.0}, "dimp:mine_realtime30_latency50 (memory.size=30)"),
        ({"runs": 2, "runid": 4, "starts": "4"}, "dimp:mine_starts4 (2 runs, memory.size=30)"),
    ):
        arguments = replace(run_tracker.Arguments(config, ("demo",)), **options)
        assert run_tracker.run_label(arguments, run_tracker.result_folders(arguments)) == label


def test_a_sequence_called_like_a_start_is_scored(run, tmp_path, capsys):
    write_sequence(tmp_path / "data", "a@1-2")
    assert run("--sequence", "a@1-2") == 0
    assert "1 sequence, " in capsys.readouterr().out


def test_a_network_file_stands_for_its_name_and_runs_are_numbered(tmp_path):
    arguments = run_tracker.Arguments(
        PositionalConfig("dimp", "/some/where/mine.safetensors"), ("demo",), results=tmp_path
    )
    assert run_tracker.result_folders(arguments) == [tmp_path / "dimp" / "mine"]
    several = replace(arguments, runs=2, runid=4)
    assert [folder.name for folder in run_tracker.result_folders(several)] == ["mine_004", "mine_005"]


def test_a_network_among_the_results_is_refused(tmp_path, capsys):
    network = tmp_path / "dimp" / "small" / "small.safetensors"
    network.parent.mkdir(parents=True)
    network.touch()
    argv = ["dimp", str(network), "--dataset_name", "folder:none", "--results", str(tmp_path)]
    assert run_tracker.main(argv) == 1
    assert f"--results: {network} lies in the folder of results" in capsys.readouterr().err


def test_parameters_can_be_changed(run, capsys):
    assert run("--set", "memory.size=30.5", build_tracker=build_tracker) == 1
    assert "parameters: memory.size: expected a whole number, got 30.5" in capsys.readouterr().err


def test_runs_have_their_seeds_and_are_scored_together(tmp_path, capsys):
    write_sequence(tmp_path / "data", "a", frames=20)
    write_sequence(tmp_path / "more", "b", frames=20)
    names = [f"folder:{tmp_path / name}" for name in ("data", "more")]
    argv = [
        "dimp",
        "dimp_ncep_mobile",
        "--dataset_name",
        *names,
        "--results",
        str(tmp_path / "out"),
        "--runs",
        "3",
        "--seed",
        "7",
    ]
    assert run_tracker.main(argv, BUILDER) == 0
    out = capsys.readouterr().out
    folders = sorted((tmp_path / "out" / "dimp").iterdir())
    assert [folder.name for folder in folders] == [f"dimp_ncep_mobile_{number:03d}" for number in range(3)]
    assert [read_stamp(folder / "b.json").run.seed for folder in folders] == [7, 8, 9]
    truth = {"a": 20, "b": 20}
    for name, path in zip(truth, names, strict=True):
        (sequence,) = get_dataset(path)
        scores = []
        for folder in folders:
            overlap = iou(read_boxes(folder / f"{name}.txt"), sequence.ground_truth)
            scores.append(100 * area_under_curve(success_curve(overlap, np.arange(21) / 20)))
        line = next(
            line for line in out.split(f"{path}: ")[1].splitlines() if line.startswith("dimp:dimp_ncep_mobile (3 runs)")
        )
        assert f"{np.mean(scores):.2f} ± {np.std(scores, ddof=1):.2f}" in line
    assert run_tracker.main(argv, BUILDER) == 0
    assert "1/2] a: 20 frames, kept" in capsys.readouterr().out


def test_one_result_for_two_sequences_is_refused(tmp_path, run, capsys):
    write_sequence(tmp_path / "more", "a", frames=3)
    names = [f"folder:{tmp_path / name}" for name in ("data", "more")]
    assert (
        run_tracker.main(
            ["dimp", "dimp_ncep_mobile", "--dataset_name", *names, "--results", str(tmp_path / "out")], BUILDER
        )
        == 1
    )
    assert "another data set has a sequence a too; run them apart" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_one_result_for_two_videos_with_one_truth_is_refused(tmp_path, run, capsys):
    shutil.copytree(tmp_path / "data", tmp_path / "copy")
    shutil.copytree(tmp_path / "data", tmp_path / "dark")
    for path in (tmp_path / "dark").glob("*/img/*.png"):
        cv2.imwrite(str(path), cv2.imread(str(path)) // 16)
    names = [f"folder:{tmp_path / name}" for name in ("data", "copy", "dark")]
    argv = ["dimp", "dimp_ncep_mobile", "--results", str(tmp_path / "out"), "--sequence", "a", "--dataset_name"]
    assert run_tracker.main([*argv, *names], BUILDER) == 1
    assert "dark: another data set has a sequence a too; run them apart" in capsys.readouterr().err
    assert run_tracker.main([*argv, *names[:2]], BUILDER) == 0
    assert "1 sequence in" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["walk_time", "walk_score", ".hidden"])
def test_names_that_would_be_other_files_are_refused_before_tracking(tmp_path, run, capsys, name):
    write_sequence(tmp_path / "data", name)
    assert run("--sequence", name) == 1
    assert f"error: sequence name '{name}': " in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_place_that_cannot_be_written_is_told_before_tracking(tmp_path, run, capsys):
    (tmp_path / "out").write_text("a file")
    assert run("--sequence", "a") == 1
    out, error = capsys.readouterr()
    assert f": {tmp_path / 'out'} is a file, not a folder" in error
    assert "frames" not in out


def test_one_truth_of_one_row_hides_no_scores(tmp_path, run, capsys):
    (tmp_path / "data" / "bad" / "groundtruth_rect.txt").write_text("1,2,3,4\n")
    write_images(tmp_path / "data" / "bad" / "img", [f"{i + 1:04d}.png" for i in range(5)])
    assert run() == 0
    out = capsys.readouterr().out
    assert "2 sequences, 10 frames, protocol folder" in out
    assert "note: sequences whose truth is only the first box, left out: bad (1)" in out


def test_scores_need_the_whole_truth(tmp_path, run, capsys):
    write_sequence(tmp_path / "first", "a", frames=3, truth="1,2,3,4\n")
    argv = [
        "dimp",
        "dimp_ncep_mobile",
        "--dataset_name",
        f"folder:{tmp_path / 'first'}",
        "--results",
        str(tmp_path / "out"),
    ]
    assert run_tracker.main(argv, BUILDER) == 0
    assert "AUC" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--sequence", "z"), "error: no sequence 'z': expected an index from 0 to 2 or one of a, bad, c\n"),
        (("--workers", "-1"), "error: --workers: expected 0 to "),
        (("--workers", "1", "--threads", "0"), "error: --threads: expected 1 to "),
        (("--workers", "1", "--threads", "3", "--torch_threads", "2"), "error: --torch_threads is the old name of"),
        (("--workers", "2", "--cluster", "tcp://HOST:8786"), "error: --workers and --cluster: give one"),
        (
            ("--cluster", "HOST"),
            "error: --cluster HOST: missing port number in address 'HOST'; expected a dask scheduler",
        ),
        (("--runs", "0"), "error: --runs 0: expected 1 or more\n"),
        (("--runid", "-2"), "error: --runid -2: expected 0 or more\n"),
        (("--dataset_name", "otb51"), "error: unknown data set 'otb51'; there are folder:DIR"),
    ],
)
def test_bad_arguments(run, capsys, argv, message):
    assert run(*argv) == 1
    assert capsys.readouterr().err.startswith(message)


def test_unknown_tracker(run, capsys):
    assert run(build_tracker=unbuildable) == 1
    assert capsys.readouterr().err == "error: unknown tracker 'nix'; there are dimp\n"


def test_torchrun_is_referred_to_workers(run, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "x")
    assert run() == 1
    assert "here, use --workers N, or --cluster ADDRESS" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "workers", "threads", "notices"),
    [
        ((), None, 1, []),
        (("--workers", "4"), 4, 1, []),
        (("--workers", "4", "--threads", "2"), 4, 2, []),
        (("--workers", "0", "--threads", "2"), 0, 2, []),
        (("--threads", "4"), 4, 1, ["--threads 4 is taken as --workers 4"]),
        (("--threads", "0"), 0, 1, ["--threads 0 is taken as --workers 0"]),
        (("--cluster", "tcp://x:1", "--threads", "2"), None, 2, []),
        (("--threads", "1"), None, 1, []),  # the same in both meanings
        (
            ("--torch_threads", "2"),
            None,
            2,
            ["--torch_threads 2 is now called --threads: write --workers 0 --threads 2"],
        ),
        (
            ("--threads", "4", "--torch_threads", "2"),
            4,
            2,
            ["--threads 4 is taken", "--torch_threads 2 is now called --threads"],
        ),
        (
            ("--workers", "4", "--torch_threads", "2"),
            4,
            2,
            ["--torch_threads 2 is now called --threads: write --workers 4 --threads 2"],
        ),
    ],
)
def test_threads_alone_are_workers_as_they_were(capsys, words, workers, threads, notices):
    argv = ["dimp", "dimp_ncep_mobile", "--dataset_name", "demo", *words]
    taken = []
    run_command(run_tracker.Arguments, lambda parsed: taken.append(run_tracker.with_new_names(parsed)) or 0, argv, "")
    assert (taken[0].workers, taken[0].config.threads, taken[0].torch_threads) == (workers, threads, None)
    lines = capsys.readouterr().err.splitlines()
    assert [line.startswith(f"note: {notice}") for line, notice in zip(lines, notices, strict=True)] == [True] * len(
        lines
    )


def test_the_help_names_every_data_set(capsys):
    with pytest.raises(SystemExit):
        run_tracker.main(["--help"])
    words = set(re.findall(r"\w+", capsys.readouterr().out))
    assert words.issuperset(DATASETS)


def write_long(tmp_path, frames=25):
    """A sequence long enough for a start in each direction, and one that is not."""
    write_sequence(tmp_path / "long", "walk", frames=frames, width=64)
    write_sequence(tmp_path / "long", "brief", frames=5, width=64)
    return ("--dataset_name", f"folder:{tmp_path / 'long'}")


def test_several_starts_are_results_of_their_own_and_are_kept(run, tmp_path, capsys):
    data = write_long(tmp_path)
    assert run("--starts", "4", *data) == 0
    out, error = capsys.readouterr()
    assert "note: brief has no start: it is too short, or has no box that is large enough" in error
    assert "(0 kept from before), 50 frames" in out
    folder = tmp_path / "out" / "dimp" / "dimp_ncep_mobile_starts4"
    assert sorted(box_files(folder)) == ["walk@0-24", "walk@24-0"]
    truth = read_boxes(tmp_path / "long" / "walk" / "groundtruth_rect.txt")
    for name, frames in (("walk@0-24", range(25)), ("walk@24-0", range(24, -1, -1))):
        boxes = read_boxes(folder / f"{name}.txt")
        np.testing.assert_allclose(boxes[0], truth[frames[0]], atol=1e-4)
        assert len(boxes) == len(frames)
    assert "1 sequence, 48 frames, protocol folder" in out  # without the first frame of each start
    assert "mean over its starts, 2 in all" in out
    (folder / "walk@24-0.txt").unlink()
    assert run("--starts", "4", *data) == 0
    assert "(1 kept from before)" in capsys.readouterr().out
    assert run("--starts", "anchors", "--runs", "2", *data) == 0
    names = {f"dimp_ncep_mobile_anchors_00{i}" for i in range(2)}
    assert {path.name for path in folder.parent.iterdir()} == {folder.name, *names}
    assert sorted(box_files(folder.parent / "dimp_ncep_mobile_anchors_001")) == [
        "brief@0-4",
        "brief@4-0",
        "walk@0-24",
        "walk@24-0",
    ]


def test_in_real_time_frames_go_unseen(run, tmp_path, capsys):
    data = write_long(tmp_path, frames=9)
    assert run("--realtime", "25", "--latency", "80", "--sequence", "walk", *data) == 0
    folder = tmp_path / "out" / "dimp" / "dimp_ncep_mobile_realtime25_latency80"
    boxes, seconds = read_boxes(folder / "walk.txt"), np.loadtxt(folder / "walk_time.txt")
    np.testing.assert_array_equal(seconds > 0, [True, False] * 4 + [True])
    for i in range(1, 9, 2):
        np.testing.assert_array_equal(boxes[i], boxes[i - 1])
    assert len(np.unique(boxes, axis=0)) == 5
    assert read_stamp(folder / "walk.json").run.realtime == {"fps": 25.0, "latency": 0.08}
    assert "(0 kept from before), 5 frames" in capsys.readouterr().out
    assert run("--realtime", "0.5", "--sequence", "walk", *data) == 0  # as long as it takes: less than 2 s
    assert (np.loadtxt(folder.with_name("dimp_ncep_mobile_realtime0.5") / "walk_time.txt") > 0).all()


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--starts", "x"], "--starts x: expected a number, 1 or more, or anchors"),
        (["--starts", "4"], "--starts 4: no sequence has a start"),
        (["--latency", "5"], "--latency: goes with --realtime FPS"),
        (["--realtime", "0"], "--realtime 0.0: expected frames a second, above 0"),
    ],
)
def test_protocols_that_cannot_be(run, argv, message, capsys):
    assert run(*argv) == 1
    assert message in capsys.readouterr().err
