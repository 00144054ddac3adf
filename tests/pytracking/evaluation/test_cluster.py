"""A dask scheduler and two workers with their nannies, all processes of this machine."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from distributed import LocalCluster
from distributed.comm import connect

from ltr.utils.errors import InputError
from pytracking.evaluation import cluster
from pytracking.evaluation.cluster import run_on_cluster
from pytracking.evaluation.parallel import run_dataset
from pytracking.evaluation.results import box_files, read_stamp
from pytracking.tracker.base.config import TrackerConfig
from tests.fakes.trackers import DeadlyBuilder, FakeBuilder, unbuildable
from tests.fakes.videos import folder_of

CONFIG, FAKE = TrackerConfig(), FakeBuilder()


@contextmanager
def scheduler(repository: Path, workers: int) -> Iterator[tuple[str, Callable[[], None]]]:
    """The address of one, and what kills it. A sequence may kill one worker of its ``workers``, and not a second."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "tests.fakes.dask_cluster", str(port), str(workers)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "start_new_session": True}
    with subprocess.Popen(command, cwd=repository, **quiet) as process:
        kill = partial(os.killpg, process.pid, signal.SIGKILL)
        address = f"tcp://127.0.0.1:{port}"
        try:
            asyncio.run(answer(address))
            yield address, kill
        finally:
            kill()


async def answer(address: str) -> None:
    await (await connect(address, timeout=60)).close()


@pytest.fixture(scope="module")
def address(repository) -> Iterator[str]:
    """Of a scheduler with four workers: one test kills one of them, another two."""
    with scheduler(repository, workers=4) as (address, _):
        yield address


def run(sequences, folder, address, build_tracker=FAKE, **options):
    """The outcomes of all ``sequences``."""
    return list(run_dataset(CONFIG, sequences, folder, cluster=address, build_tracker=build_tracker, **options))


def test_the_sequence_of_a_killed_worker_runs_elsewhere(tmp_path, address):
    sequences = folder_of(tmp_path, a=64, b=64, bad=70, c=64, d=64, e=64)
    list(run_dataset(CONFIG, sequences, tmp_path / "here", build_tracker=FAKE))
    log, died, out, stamps = tmp_path / "log", tmp_path / "died", tmp_path / "out", []
    build = DeadlyBuilder(fail_on_width=70, once=str(died), log=str(log), slow=0.02)
    outcomes = run(sequences, out, address, build, announce=stamps.append)
    assert died.exists()
    assert sorted(o.sequence for o in outcomes if not o.error) == ["a", "b", "bad", "c", "d", "e"]
    assert stamps == [FAKE(CONFIG).run_info()]
    builds = log.read_text().splitlines()
    assert 2 <= len(builds) == len(set(builds)) <= 4  # once a process
    assert f"built in {os.getpid()}" not in builds
    for name, path in box_files(tmp_path / "here").items():
        assert (out / f"{name}.txt").read_bytes() == path.read_bytes()
        here, there = (read_stamp(folder / f"{name}.json") for folder in (tmp_path / "here", out))
        assert replace(here, sha256=None) == replace(there, sha256=None)  # times differ
    assert [o.kept for o in run(sequences, out, address)] == [True] * 6


def test_a_sequence_that_kills_workers_fails_alone(tmp_path, address):
    sequences = folder_of(tmp_path, a=64, bad=70, c=64, d=64)
    outcomes = run(sequences, tmp_path, address, DeadlyBuilder(fail_on_width=70))
    assert {o.sequence: o.error for o in outcomes if o.error} == {
        "bad": "2 workers died (killed, out of memory?) while they tracked it"
    }
    assert sorted(box_files(tmp_path)) == ["a", "c", "d"]


def test_a_sequence_that_fails_does_not_stop_the_others(tmp_path, address):
    sequences = folder_of(tmp_path, a=64, bad=70, gone=64, short=64)
    (tmp_path / "data" / "gone" / "img" / "0003.png").write_bytes(b"")
    (tmp_path / "data" / "short" / "img" / "0004.png").unlink()
    outcomes = {o.sequence: o for o in run(sequences, tmp_path, address, FakeBuilder(fail_on_width=70))}
    assert sorted(box_files(tmp_path)) == ["a"]
    assert outcomes["bad"].error == "RuntimeError: this tracker cannot do that width"
    assert outcomes["bad"].bug
    assert "0003.png" in outcomes["gone"].error
    assert "3 frames, but the ground truth has 4 rows" in outcomes["short"].error


def elsewhere(pid, here, there):
    """Other frames in every process but ``pid``."""
    return (here if os.getpid() == pid else there)()


@pytest.mark.parametrize(
    ("there", "message"),
    [
        ("gone", r"worker tcp://.*: .*gone.*; workers need this version of the toolkit, and data"),
        ("other", r"worker tcp://.*: a: frames_sha256 \w+ instead of \w+;"),
    ],
)
def test_workers_need_the_same_frames(tmp_path, address, there, message):
    [sequence] = folder_of(tmp_path / "here", a=64)
    [other] = folder_of(tmp_path / "there", a=80)
    source = other.source if there == "other" else partial(open, tmp_path / "gone")
    mixed = replace(sequence, source=partial(elsewhere, os.getpid(), sequence.source, source))
    with pytest.raises(InputError, match=message):
        run([mixed], tmp_path / "out", address)
    assert not (tmp_path / "out").exists()


def test_workers_need_the_same_code(tmp_path, address, monkeypatch):
    monkeypatch.setattr(cluster, "code_version", lambda: "another")
    with pytest.raises(InputError, match=r"worker tcp://.*: version .* of the toolkit instead of another"):
        run(folder_of(tmp_path, a=64), tmp_path / "out", address)


def test_a_tracker_that_cannot_be_built_is_one_error(tmp_path, address):
    with pytest.raises(InputError, match=r"worker tcp://.*: unknown tracker 'nix'"):
        run(folder_of(tmp_path, a=64), tmp_path / "out", address, unbuildable)


@pytest.mark.parametrize(
    ("workers", "message"),
    [
        (0, "--cluster: no worker for 0 s; finished sequences are kept"),
        (1, "worker tcp://.*: 2 threads; start it with --nthreads 1"),
    ],
)
def test_workers_that_cannot_be_used(tmp_path, workers, message):
    sequences, options = folder_of(tmp_path, a=64), {"processes": False, "dashboard_address": "127.0.0.1:0"}
    with LocalCluster(n_workers=workers, threads_per_worker=2, protocol="tcp://", **options) as local:
        outcomes = run_on_cluster(CONFIG, sequences, tmp_path, local.scheduler_address, patience=0)
        with pytest.raises(InputError, match=message):
            next(outcomes)


def test_a_scheduler_that_is_lost(tmp_path, repository, monkeypatch):
    monkeypatch.setattr(cluster, "_CONNECT", 2)
    sequences = folder_of(tmp_path, a=64)
    with (
        scheduler(repository, workers=1) as (address, kill),
        pytest.raises(InputError, match=f"--cluster {address}: the scheduler was lost"),
    ):
        run(sequences, tmp_path, address, announce=lambda stamp: kill())


@pytest.fixture(scope="module")
def silent():
    """The address of a server that never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"tcp://127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("address", ["nonsense", "udp://127.0.0.1:1", "tls://127.0.0.1:1", "tcp://127.0.0.1:1", None])
def test_an_address_without_a_scheduler(tmp_path, monkeypatch, silent, address):
    address = address or silent
    monkeypatch.setattr(cluster, "_CONNECT", 0.2)
    with pytest.raises(InputError, match=rf"--cluster {address}: .+; expected a dask scheduler, tcp://HOST:8786"):
        run(folder_of(tmp_path, a=64), tmp_path / "out", address)


def test_the_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, cluster.__name__)
    with pytest.raises(ImportError, match=r"--cluster needs distributed: pip install .*(distributed|cluster)"):
        run(folder_of(tmp_path, a=64), tmp_path / "out", "tcp://127.0.0.1:1")
