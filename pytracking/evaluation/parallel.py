"""Run a tracker over many sequences: in this process, in several, or on a cluster (``cluster.py``)."""

import multiprocessing
import os
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import cast

from ltr.utils.cli import EXPECTED_ERRORS
from ltr.utils.errors import InputError
from pytracking.api.builder import build_tracker
from pytracking.evaluation.datasets.sequence import Sequence
from pytracking.evaluation.running import Outcome, StampedBuilder, describe, run_sequence
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.base.run_info import RunInfo
from pytracking.utils.extras import install_hint

_DIED = "the process that ran it died (killed, out of memory?); run again to go on"
_GIVE_UP = 3  # consecutive deaths without an outcome: the sequences are not the cause

Announce = Callable[[RunInfo], None]
Describe = Callable[[], RunInfo]  # builds the tracker of a process, once
Run = Callable[[Sequence], Outcome]


def run_dataset(
    config: TrackerConfig,
    sequences: list[Sequence],
    folder: Path,
    processes: int = 0,
    rerun: bool = False,
    announce: Announce = lambda info: None,
    cluster: str = "",
    build_tracker: StampedBuilder = build_tracker,
) -> Iterator[Outcome]:
    """Run all ``sequences``, in this process (0) or in ``processes`` others, and yield the outcome of each.

    announce: is called with the tracker's description before tracking begins. A tracker that cannot be built raises
    its error at once. Every process builds its tracker once, and a tracker keeps no state between sequences: a result
    depends on the sequence and the config, not on the order or the number of processes. Ctrl-C, or any other end of
    this iterator, ends the workers; finished results stay. cluster: address of a dask scheduler whose workers track
    instead, see :func:`~pytracking.evaluation.cluster.run_on_cluster`.
    """
    if cluster:
        yield from _import_cluster()(config, _longest_first(sequences), folder, cluster, rerun, announce, build_tracker)
        return
    describe_tracker = partial(describe, config, build_tracker)
    run = partial(run_sequence, config, folder=folder, rerun=rerun, build_tracker=build_tracker)
    if processes:
        yield from _run_workers(describe_tracker, run, _longest_first(sequences), processes, announce)
    else:
        announce(describe_tracker())
        yield from map(run, sequences)


def _import_cluster() -> Callable[..., Iterator[Outcome]]:
    try:
        from pytracking.evaluation.cluster import run_on_cluster
    except ModuleNotFoundError as error:
        raise ImportError(f"--cluster needs {error.name}: {install_hint('cluster')}") from None
    return run_on_cluster


def _longest_first(sequences: list[Sequence]) -> list[Sequence]:
    """Longest first, so that no process has a long sequence left while the others have finished."""
    return sorted(sequences, key=lambda sequence: -len(sequence.ground_truth))


@dataclass
class _Worker:
    """A child process. sequence: the one that it tracks now."""

    number: int
    process: BaseProcess
    sequence: Sequence | None = None


def _run_workers(
    describe: Describe, run: Run, sequences: list[Sequence], processes: int, announce: Announce
) -> Iterator[Outcome]:
    """Send each worker one sequence at a time through a pipe, which also shows that the worker died.

    The sequence of a dead worker fails, and a new process replaces the worker. There are only pipes, no locks, so
    nothing remains in the system if this process is killed.
    """
    waiting, free, deaths = deque(sequences), list(range(min(processes, len(sequences)))), 0
    workers: dict[Connection, _Worker] = {}
    started: list[BaseProcess] = []
    try:
        while waiting or workers:
            while free and waiting:
                connection, worker = _start_worker(free.pop(), describe, run)
                workers[connection] = worker
                started.append(worker.process)
            for connection in cast("list[Connection]", wait(list(workers))):
                worker, message = workers[connection], _receive(connection)
                if isinstance(message, Exception):
                    raise message
                if message is None:
                    del workers[connection]
                    free.append(worker.number)
                    deaths += 1
                    lost = [worker.sequence] if worker.sequence else []
                    if deaths == _GIVE_UP:
                        lost += waiting
                        waiting.clear()
                    yield from (Outcome(sequence.name, error=_DIED) for sequence in lost)
                    continue
                if isinstance(message, Outcome):
                    deaths = 0
                    yield message
                else:
                    announce(message)
                    announce = _say_nothing
                worker.sequence = waiting.popleft() if waiting else None
                with suppress(OSError):  # it died: the next read from its pipe shows this
                    connection.send(worker.sequence)
                if worker.sequence is None:
                    del workers[connection]
    finally:
        for worker in workers.values():
            worker.process.terminate()
        for process in started:
            process.join()


def _say_nothing(info: RunInfo) -> None:
    """Do nothing: another worker has announced the tracker."""


def _start_worker(number: int, describe: Describe, run: Run) -> tuple[Connection, _Worker]:
    context = multiprocessing.get_context("spawn")  # CUDA and threads do not survive a fork
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, number, describe, run))
    process.start()
    theirs.close()  # else the worker's death would go unnoticed
    return ours, _Worker(number, process)


def _receive(connection: Connection) -> RunInfo | Outcome | Exception | None:
    """A worker's message: its tracker, the error of building it, or the outcome of a sequence; None if it died."""
    try:
        return cast("RunInfo | Outcome | Exception", connection.recv())
    except (EOFError, OSError):
        return None


def _work(connection: Connection, number: int, describe: Describe, run: Run) -> None:
    """In a worker: track what the parent sends, ignore Ctrl-C, which the parent handles, and end if the parent dies."""
    os.environ["LOCAL_RANK"] = str(number)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_after_parent, daemon=True).start()
    first = _first_message(describe)
    with suppress(EOFError, OSError):  # the parent was killed, perhaps while the tracker was built
        connection.send(first)
        if isinstance(first, Exception):
            return
        while (sequence := connection.recv()) is not None:
            connection.send(run(sequence))


def _first_message(describe: Describe) -> RunInfo | Exception:
    """The description of this process's tracker, or the error of building it."""
    try:
        return describe()
    except Exception as error:
        kind = InputError if isinstance(error, EXPECTED_ERRORS) else RuntimeError  # not every class can be pickled
        plain = kind(str(error))
        plain.add_note(traceback.format_exc())
        return plain


def _exit_after_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "runs in a worker"
    parent.join()
    os._exit(1)
