"""A tracker over many sequences: in this process, in several, or in the ranks that torchrun starts."""

import json
import multiprocessing
import os
import signal
import threading
import time
import traceback
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, cast

from ltr.utils.errors import InputError
from pytracking.evaluation.datasets.sequence import Sequence
from pytracking.evaluation.running import Factory, Outcome, describe, run_sequence
from pytracking.utils.cli import EXPECTED_ERRORS

_DIED = "the process that ran it died (killed, out of memory?); run again to go on"
_GIVE_UP = 3  # deaths without an outcome between them: not the sequences are at fault
_POLL = 0.1  # seconds

Announce = Callable[[dict[str, Any]], None]


def run_dataset(
    factory: Factory,
    sequences: list[Sequence],
    folder: Path,
    processes: int = 0,
    rerun: bool = False,
    announce: Announce = lambda stamp: None,
) -> Iterator[Outcome]:
    """Run all ``sequences``, in this process (0) or in ``processes`` others, and yield what became of each.

    Under torchrun the ranks are the processes, and rank 0 alone yields (see :func:`_run_ranks`).
    announce: is given the tracker's stamp before anything is tracked. A tracker that cannot be built raises its error
    at once. Every process builds its tracker once, and a tracker forgets what came before: a result depends on the
    sequence and the factory, not on order or number of processes. Ctrl-C, and whatever else ends this iterator, ends
    the workers; what is finished stays.
    """
    if under_torchrun():
        yield from _run_ranks(factory, _longest_first(sequences), folder, rerun, announce)
    elif processes:
        yield from _run_workers(factory, _longest_first(sequences), folder, processes, rerun, announce)
    else:
        announce(describe(factory))
        for sequence in sequences:
            yield run_sequence(factory, sequence, folder, rerun)


def _longest_first(sequences: list[Sequence]) -> list[Sequence]:
    """So that in the end no process is left alone with a long one."""
    return sorted(sequences, key=lambda sequence: -len(sequence.ground_truth))


@dataclass
class _Worker:
    """A process of ours. sequence: what it has in hand."""

    number: int
    process: BaseProcess
    sequence: Sequence | None = None


def _run_workers(
    factory: Factory, sequences: list[Sequence], folder: Path, processes: int, rerun: bool, announce: Announce
) -> Iterator[Outcome]:
    """Each worker is handed a sequence at a time through a pipe, which also tells that it died.

    Then the sequence in its hand fails, and another process takes its place. Pipes alone, no locks: so nothing is left
    in the system where this process is killed.
    """
    waiting, free, deaths = deque(sequences), list(range(min(processes, len(sequences)))), 0
    workers: dict[Connection, _Worker] = {}
    started: list[BaseProcess] = []
    try:
        while waiting or workers:
            while free and waiting:
                connection, worker = _start_worker(free.pop(), factory, folder, rerun)
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
                with suppress(OSError):  # it died: the next look at its pipe will tell
                    connection.send(worker.sequence)
                if worker.sequence is None:
                    del workers[connection]
    finally:
        for worker in workers.values():
            worker.process.terminate()
        for process in started:
            process.join()


def _say_nothing(stamp: dict[str, Any]) -> None:
    """Another worker has announced the tracker."""


def _start_worker(number: int, factory: Factory, folder: Path, rerun: bool) -> tuple[Connection, _Worker]:
    context = multiprocessing.get_context("spawn")  # CUDA and threads do not survive a fork
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, number, factory, folder, rerun))
    process.start()
    theirs.close()  # else its end would not be seen
    return ours, _Worker(number, process)


def _receive(connection: Connection) -> dict[str, Any] | Outcome | Exception | None:
    """What a worker says: its stamp, why it has no tracker, or the outcome of a sequence; None where it died."""
    try:
        return cast("dict[str, Any] | Outcome | Exception", connection.recv())
    except (EOFError, OSError):
        return None


def _work(connection: Connection, number: int, factory: Factory, folder: Path, rerun: bool) -> None:
    """In a worker: leave Ctrl-C to the parent, do not outlive one that was killed, and track what it sends."""
    os.environ["LOCAL_RANK"] = str(number)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_after_parent, daemon=True).start()
    first = _first_message(factory)
    with suppress(EOFError, OSError):  # the parent was killed, perhaps while the tracker was built
        connection.send(first)
        if isinstance(first, Exception):
            return
        while (sequence := connection.recv()) is not None:
            connection.send(run_sequence(factory, sequence, folder, rerun))


def _first_message(factory: Factory) -> dict[str, Any] | Exception:
    """The stamp of the tracker, or why it cannot be built."""
    try:
        return describe(factory)
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


def under_torchrun() -> bool:
    """Whether torchrun started this process."""
    return "TORCHELASTIC_RUN_ID" in os.environ


def is_first_rank() -> bool:
    """Whether this process speaks for all: rank 0 of torchrun's, or the only one."""
    return not under_torchrun() or os.environ["RANK"] == "0"


def _run_ranks(
    factory: Factory, sequences: list[Sequence], folder: Path, rerun: bool, announce: Announce
) -> Iterator[Outcome]:
    """As a rank of torchrun's, on one machine or several: claim sequences in the common store until all are done.

    The store is torch.distributed's. Where a rank dies, torchrun starts all ranks again, with the same store or a new
    one: finished sequences are kept, those in hand are claimed anew. Rank 0 yields the outcomes of all ranks, the
    others none.
    """
    from torch.distributed import PrefixStore
    from torch.distributed.rendezvous import rendezvous

    store, rank, ranks = next(iter(rendezvous("env://")))
    store = PrefixStore(folder.name, store)  # its path may differ from machine to machine
    myself = f"{rank} {uuid.uuid4()}"
    store.set(f"rank {rank}", myself)
    stamp = describe(factory)
    if rank == 0:
        announce(stamp)
    left = dict(enumerate(sequences))
    while left:
        for number, sequence in list(left.items()):
            if store.check([f"outcome {number}"]):
                del left[number]
                if rank == 0:
                    yield Outcome(**json.loads(store.get(f"outcome {number}")))
            elif _claim(store, number, myself, ranks):
                outcome = run_sequence(factory, sequence, folder, rerun)
                store.set(f"outcome {number}", json.dumps(asdict(outcome)))
                break
        else:
            time.sleep(_POLL)


def _claim(store: Any, number: int, myself: str, ranks: int) -> bool:
    """Take sequence ``number`` for this rank, unless one that is still running has it; whether it is this one's now."""
    key = f"claim {number}"
    holder = store.get(key).decode() if store.check([key]) else ""
    if holder:
        rank = holder.split()[0]
        if int(rank) < ranks and store.get(f"rank {rank}").decode() == holder:
            return False
    return bool(store.compare_set(key, holder, myself).decode() == myself)
