"""A tracker over many sequences: in this process, in several, or in the ranks that torchrun starts."""

import json
import multiprocessing
import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pytracking.evaluation.data import Sequence
from pytracking.evaluation.running import Factory, Outcome, describe, run_sequence

_DIED = "the process that ran it died (killed, out of memory?); run again to go on"
_GIVE_UP = 3  # deaths in a row: not the sequences are at fault
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
    sequence and the factory, not on order or number of processes. Ctrl-C ends the others; what is finished stays.
    """
    if under_torchrun():
        yield from _run_ranks(factory, _longest_first(sequences), folder, rerun, announce)
    elif processes:
        yield from _run_pools(factory, _longest_first(sequences), folder, processes, rerun, announce)
    else:
        announce(describe(factory))
        for sequence in sequences:
            yield run_sequence(factory, sequence, folder, rerun)


def _longest_first(sequences: list[Sequence]) -> list[Sequence]:
    """So that in the end no process is left alone with a long one."""
    return sorted(sequences, key=lambda sequence: -len(sequence.ground_truth))


def _run_pools(
    factory: Factory, sequences: list[Sequence], folder: Path, processes: int, rerun: bool, announce: Announce
) -> Iterator[Outcome]:
    """One pool of processes after another: a process that dies takes its pool with it, not the sequences left.

    A pool that finished none is followed by a single process, which tells the sequence that kills: it alone fails.
    """
    workers, deaths = processes, 0
    while sequences:
        finished = set()
        for outcome in _run_pool(factory, sequences, folder, workers, rerun, announce):
            finished.add(outcome.sequence)
            yield outcome
        left = [sequence for sequence in sequences if sequence.name not in finished]
        deaths = 0 if finished else deaths
        if left and workers == 1:
            deaths += 1
            failed = 1 if deaths < _GIVE_UP else len(left)
            yield from (Outcome(sequence.name, error=_DIED) for sequence in left[:failed])
            left = left[failed:]
        workers = processes if finished or workers == 1 else 1
        sequences, announce = left, lambda stamp: None


def _run_pool(
    factory: Factory, sequences: list[Sequence], folder: Path, processes: int, rerun: bool, announce: Announce
) -> Iterator[Outcome]:
    """The outcomes up to the end, or to where a process of the pool died."""
    context = multiprocessing.get_context("spawn")  # CUDA and threads do not survive a fork
    started = context.Value("i", 0)
    with ProcessPoolExecutor(min(processes, len(sequences)), context, _start_worker, (started,)) as pool:
        try:
            announce(pool.submit(describe, factory).result())
            futures = [pool.submit(run_sequence, factory, sequence, folder, rerun) for sequence in sequences]
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool:
            return
        except BaseException:
            for process in multiprocessing.active_children():
                process.terminate()
            pool.shutdown(cancel_futures=True)
            raise


def _start_worker(started: Any) -> None:
    """In a worker: take a number, leave Ctrl-C to the parent, and do not outlive a parent that was killed."""
    with started.get_lock():
        os.environ["LOCAL_RANK"] = str(started.value)
        started.value += 1
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_exit_after_parent, daemon=True).start()


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
