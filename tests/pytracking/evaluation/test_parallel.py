import multiprocessing
import os
import signal
import subprocess
import sys
import time
from functools import partial

import pytest

from ltr.dataset.text_files import read_boxes
from pytracking.evaluation import parallel
from pytracking.evaluation.datasets.registry import get_dataset
from pytracking.evaluation.parallel import run_dataset
from pytracking.evaluation.results import box_files
from pytracking.evaluation.running import describe, run_sequence
from pytracking.tracker.base.config import TrackerConfig
from tests.fakes.trackers import DeadlyBuilder, FakeBuilder, unbuildable
from tests.fakes.videos import folder_of, write_sequence

CONFIG = TrackerConfig()


def test_number_of_processes_and_order_change_nothing(tmp_path):
    sequences = folder_of(tmp_path, a=64, b=64, c=64)
    list(run_dataset(CONFIG, sequences, tmp_path / "here", build_tracker=FakeBuilder()))
    log = tmp_path / "log"
    outcomes = list(
        run_dataset(CONFIG, sequences[::-1], tmp_path / "there", processes=2, build_tracker=FakeBuilder(log=str(log)))
    )
    assert sorted(o.sequence for o in outcomes) == ["a", "b", "c"]
    for name in "abc":
        here, there = (tmp_path / place / f"{name}.txt" for place in ("here", "there"))
        assert here.read_bytes() == there.read_bytes()
    builds = log.read_text().splitlines()
    assert len(builds) == len(set(builds)) <= 2  # once a process
    assert f"built in {os.getpid()}" not in builds
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("processes", [0, 2])
def test_a_sequence_that_fails_does_not_stop_the_others(tmp_path, processes):
    sequences = folder_of(tmp_path, a=64, bad=70, c=64, gone=64, short=64)
    (tmp_path / "data" / "gone" / "img" / "0003.png").write_bytes(b"")
    (tmp_path / "data" / "short" / "img" / "0004.png").unlink()
    out = tmp_path / "out"
    outcomes = {
        o.sequence: o
        for o in run_dataset(CONFIG, sequences, out, processes, build_tracker=FakeBuilder(fail_on_width=70))
    }
    assert sorted(box_files(out)) == ["a", "c"]
    assert outcomes["bad"].error == "RuntimeError: this tracker cannot do that width"
    assert outcomes["bad"].bug
    assert "Traceback" in outcomes["bad"].trace
    assert not outcomes["gone"].bug
    assert "0003.png" in outcomes["gone"].error
    assert "3 frames, but the ground truth has 4 rows" in outcomes["short"].error


@pytest.mark.parametrize("processes", [0, 1])
def test_a_tracker_that_cannot_be_built_is_one_error(tmp_path, processes):
    sequences = folder_of(tmp_path, a=64)
    with pytest.raises(ValueError, match="unknown tracker 'nix'"):
        list(run_dataset(CONFIG, sequences, tmp_path / "out", processes, build_tracker=unbuildable))


SLOW_RUN = """
import sys
from pathlib import Path
from pytracking.evaluation.datasets.registry import get_dataset
from pytracking.evaluation.parallel import run_dataset
from pytracking.tracker.base.config import TrackerConfig
from tests.fakes.trackers import FakeBuilder

if __name__ == "__main__":
    sequences = get_dataset("folder:" + sys.argv[1])
    config, build = TrackerConfig(), FakeBuilder(slow=0.05)
    for outcome in run_dataset(config, sequences, Path(sys.argv[2]), int(sys.argv[3]), build_tracker=build):
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
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        time.sleep(0.1)
        process.send_signal(kill)
        _, told = process.communicate(timeout=30)  # to the pipe's end: until every worker, which holds it too, is gone
        assert process.returncode != 0
        assert kill == signal.SIGINT or told == b""  # no leaked semaphores, no traceback of a worker
    finished = box_files(out)
    assert 1 <= len(finished) < 12
    for path in finished.values():
        assert read_boxes(path).shape == (4, 4)
    outcomes = list(run_dataset(CONFIG, sequences, out, build_tracker=FakeBuilder()))
    assert sum(o.kept for o in outcomes) == len(finished)
    assert len(box_files(out)) == 12


@pytest.mark.parametrize("build", [FakeBuilder(), unbuildable])
def test_a_worker_whose_parent_dies_while_it_starts_ends_without_a_word(tmp_path, capfd, build):
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    worker = context.Process(
        target=parallel._work,
        args=(
            theirs,
            0,
            partial(describe, CONFIG, build),
            partial(run_sequence, CONFIG, folder=tmp_path, build_tracker=build),
        ),
    )
    worker.start()
    theirs.close()
    ours.close()  # as the end of the parent does
    worker.join()
    assert worker.exitcode == 0
    assert capfd.readouterr().err == ""


def test_a_sequence_that_kills_its_process_fails_alone(tmp_path):
    sequences = folder_of(tmp_path, a=64, b=64, bad=70, c=64, d=64)
    outcomes = {
        o.sequence: o
        for o in run_dataset(CONFIG, sequences, tmp_path / "out", 2, build_tracker=DeadlyBuilder(fail_on_width=70))
    }
    assert {name for name, outcome in outcomes.items() if outcome.error} == {"bad"}
    assert "the process that ran it died" in outcomes["bad"].error
    assert sorted(box_files(tmp_path / "out")) == ["a", "b", "c", "d"]


def test_only_its_own_workers_are_ended(tmp_path):
    sequences = folder_of(tmp_path, a=64, b=64, c=64)
    other = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,))
    other.start()
    try:
        outcomes = run_dataset(CONFIG, sequences, tmp_path / "out", 1, build_tracker=FakeBuilder(slow=0.05))
        next(outcomes)
        outcomes.close()  # as Ctrl-C does
        assert multiprocessing.active_children() == [other]
        assert other.is_alive()
    finally:
        other.terminate()
        other.join()


def test_a_tracker_that_always_dies_is_given_up(tmp_path):
    sequences = folder_of(tmp_path, **{f"s{i}": 70 for i in range(20)})
    log = tmp_path / "log"
    outcomes = list(
        run_dataset(CONFIG, sequences, tmp_path / "out", 1, build_tracker=DeadlyBuilder(fail_on_width=70, log=str(log)))
    )
    assert len(outcomes) == 20
    assert all("the process that ran it died" in outcome.error for outcome in outcomes)
    assert len(log.read_text().splitlines()) == 3


def test_long_sequences_come_first(tmp_path):
    for name, frames in (("short", 2), ("long", 6), ("middle", 4)):
        write_sequence(tmp_path / "data", name, frames=frames)
    sequences = get_dataset(f"folder:{tmp_path / 'data'}")
    assert [o.sequence for o in run_dataset(CONFIG, sequences, tmp_path / "out", 1, build_tracker=FakeBuilder())] == [
        "long",
        "middle",
        "short",
    ]
