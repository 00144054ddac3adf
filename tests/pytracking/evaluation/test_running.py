import multiprocessing
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from pytracking.evaluation.datasets import get_dataset
from pytracking.evaluation.results import box_files, read_boxes, read_scores, read_stamp, read_times
from pytracking.evaluation.running import run_dataset, run_sequence, track_sequence
from tests.fakes.trackers import FakeFactory, FakeTracker, UnbuildableFactory
from tests.fakes.videos import write_sequence, write_video


def folder_of(tmp_path, **widths):
    """A folder of sequences, one for each name, of images so many px wide."""
    for name, width in widths.items():
        write_sequence(tmp_path / "data", name, frames=4, width=width)
    return get_dataset(f"folder:{tmp_path / 'data'}")


def test_result_has_a_row_for_every_frame(tmp_path):
    (sequence,) = folder_of(tmp_path, a=64)
    outcome = run_sequence(FakeFactory(seed=3), sequence, tmp_path / "out")
    assert (outcome.frames, outcome.kept, outcome.error) == (4, False, "")
    boxes = read_boxes(tmp_path / "out" / "a.txt")
    steps = np.cumsum(np.random.default_rng(3).normal(size=(3, 2)), axis=0)
    np.testing.assert_allclose(boxes[1:, :2], boxes[0, :2] + steps, atol=1e-4)
    assert boxes[0].tolist() == [10, 12, 20, 16]
    assert len(read_times(tmp_path / "out" / "a_time.txt")) == 4
    scores, states = read_scores(tmp_path / "out" / "a_score.txt")
    assert (scores.tolist(), states) == ([1, 0.25, 0.25, 0.25], ["tracking", "lost", "uncertain", "lost"])
    stamp = read_stamp(tmp_path / "out" / "a.json")
    assert stamp["seed"] == 3
    assert stamp["sequence"] == {"dataset": "folder", "rows": 4, "first_box": [10, 12, 20, 16]}


def test_frames_before_the_first_box_are_lost_and_hold_it(tmp_path):
    write_sequence(tmp_path, "late", frames=4, truth="nan,nan,nan,nan\n0,0,0,0\n5,6,7,8\n5,6,7,8\n")
    (sequence,) = get_dataset(f"folder:{tmp_path}")
    done = track_sequence(FakeTracker(), sequence)
    assert done.boxes[:3].tolist() == [[5, 6, 7, 8]] * 3
    assert done.states == ["lost", "lost", "tracking", "lost"]
    assert done.scores.tolist() == [0, 0, 1, 0.25]
    assert np.isfinite(done.boxes).all()


def test_truth_of_one_row_tracks_the_whole_video(tmp_path):
    write_sequence(tmp_path, "one", frames=3, truth="5,6,7,8\n")
    (sequence,) = get_dataset(f"folder:{tmp_path}")
    assert track_sequence(FakeTracker(), sequence).boxes.shape == (3, 4)


def test_number_of_processes_and_order_change_nothing(tmp_path):
    sequences = folder_of(tmp_path, a=64, b=64, c=64)
    list(run_dataset(FakeFactory(), sequences, tmp_path / "here"))
    log = tmp_path / "log"
    outcomes = list(run_dataset(FakeFactory(log=str(log)), sequences[::-1], tmp_path / "there", processes=2))
    assert sorted(o.sequence for o in outcomes) == ["a", "b", "c"]
    for name in "abc":
        here, there = (tmp_path / place / f"{name}.txt" for place in ("here", "there"))
        assert here.read_bytes() == there.read_bytes()
    builds = log.read_text().splitlines()
    assert len(builds) == len(set(builds)) <= 2  # once a process
    assert f"built in {os.getpid()}" not in builds
    assert multiprocessing.active_children() == []


def test_finished_sequences_are_kept_unless_the_run_is_another(tmp_path):
    sequences = folder_of(tmp_path, a=64, b=64)
    out = tmp_path / "out"

    def kept(factory, **options):
        return [o.kept for o in run_dataset(factory, sequences, out, **options)]

    assert kept(FakeFactory()) == [False, False]
    assert kept(FakeFactory()) == [True, True]
    (out / "a.txt").unlink()  # what a killed run leaves: companions without the box file
    assert kept(FakeFactory()) == [False, True]
    assert kept(FakeFactory(), rerun=True) == [False, False]
    assert kept(FakeFactory(seed=1)) == [False, False]
    (out / "b.json").write_text('{"seed": 1}')
    assert kept(FakeFactory(seed=1)) == [True, False]


@pytest.mark.parametrize("processes", [0, 2])
def test_a_sequence_that_fails_does_not_stop_the_others(tmp_path, processes):
    sequences = folder_of(tmp_path, a=64, bad=70, c=64, gone=64, short=64)
    (tmp_path / "data" / "gone" / "img" / "0003.png").write_bytes(b"")
    (tmp_path / "data" / "short" / "img" / "0004.png").unlink()
    out = tmp_path / "out"
    outcomes = {o.sequence: o for o in run_dataset(FakeFactory(fail_on_width=70), sequences, out, processes)}
    assert sorted(box_files(out)) == ["a", "c"]
    assert outcomes["bad"].error == "this tracker cannot do that width"
    assert "RuntimeError" in outcomes["bad"].trace
    assert "0003.png" in outcomes["gone"].error
    assert "3 frames, but the ground truth has 4 rows" in outcomes["short"].error


def test_a_broken_video_gives_no_result(tmp_path):
    folder = tmp_path / "a"
    data = write_video(folder / "frames.mp4", frames=20).read_bytes()
    (folder / "frames.mp4").write_bytes(data[: len(data) - 40])
    (folder / "groundtruth_rect.txt").write_text("1,2,3,4\n" * 20)
    outcome = run_sequence(FakeFactory(), *get_dataset(f"folder:{tmp_path}"), tmp_path / "out")
    assert "frames.mp4: breaks off at frame" in outcome.error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("processes", [0, 1])
def test_a_tracker_that_cannot_be_built_is_one_error(tmp_path, processes):
    sequences = folder_of(tmp_path, a=64)
    with pytest.raises(ValueError, match="unknown tracker 'nix'"):
        list(run_dataset(UnbuildableFactory(), sequences, tmp_path / "out", processes))


SLOW_RUN = """
import sys
from pathlib import Path
from pytracking.evaluation.datasets import get_dataset
from pytracking.evaluation.running import run_dataset
from tests.fakes.trackers import FakeFactory

if __name__ == "__main__":
    sequences = get_dataset("folder:" + sys.argv[1])
    for outcome in run_dataset(FakeFactory(slow=0.05), sequences, Path(sys.argv[2]), int(sys.argv[3])):
        print(outcome.sequence, flush=True)
"""


@pytest.mark.parametrize(("processes", "kill"), [(0, signal.SIGKILL), (2, signal.SIGINT), (2, signal.SIGKILL)])
def test_a_kill_in_the_middle_leaves_whole_results_only_and_the_next_run_goes_on(tmp_path, repository, processes, kill):
    sequences = folder_of(tmp_path, **{f"s{i}": 64 for i in range(12)})
    out = tmp_path / "out"
    script = tmp_path / "slow_run.py"
    script.write_text(SLOW_RUN)
    command = [sys.executable, str(script), str(tmp_path / "data"), str(out), str(processes)]
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        process.stdout.readline()
        time.sleep(0.1)
        process.send_signal(kill)
        process.communicate(timeout=30)  # to the pipe's end: until every worker, which holds it too, is gone
        assert process.returncode != 0
    finished = box_files(out)
    assert 1 <= len(finished) < 12
    for path in finished.values():
        assert read_boxes(path).shape == (4, 4)
    outcomes = list(run_dataset(FakeFactory(), sequences, out))
    assert sum(o.kept for o in outcomes) == len(finished)
    assert len(box_files(out)) == 12


class SuicidalFactory(FakeFactory):
    """Its tracker kills the process that runs it, as the out-of-memory killer does."""

    def __call__(self):
        tracker = FakeTracker()
        tracker.initialize = lambda frame, box: os.kill(os.getpid(), signal.SIGKILL)
        return tracker


def test_a_dead_worker_is_told(tmp_path):
    sequences = folder_of(tmp_path, a=64)
    (outcome,) = run_dataset(SuicidalFactory(), sequences, tmp_path / "out", 1)
    assert "a worker process died" in outcome.error
