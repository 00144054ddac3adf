"""Run a tracker over many sequences on the user's own dask cluster: workers track, this process writes the results."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from functools import cache, partial
from hashlib import sha256
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from distributed import Client, Future, KilledWorker, Security, get_worker
from distributed.comm import connect

from ltr.utils.cli import EXPECTED_ERRORS
from ltr.utils.errors import InputError
from pytracking.api.builder import build_tracker
from pytracking.evaluation import running
from pytracking.evaluation.datasets.sequence import Sequence
from pytracking.evaluation.results import ResultInfo
from pytracking.evaluation.running import Outcome, StampedBuilder, TrackedSequence, attempt
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.base.run_info import RunInfo
from pytracking.utils.extras import __version__

_CONNECT = 10  # seconds; time limit for the scheduler's answer
_POLL = 1.0  # seconds between two checks of the workers
_GO_ON = "finished sequences are kept; run again to go on"
_SAME = "workers need this version of the toolkit, and data and networks under the paths that they have here"

Tag = TypeVar("Tag")


def run_on_cluster(
    config: TrackerConfig,
    sequences: list[Sequence],
    folder: Path,
    address: str,
    rerun: bool = False,
    announce: Callable[[RunInfo], None] = lambda info: None,
    build_tracker: StampedBuilder = build_tracker,
    patience: float = 60,
) -> Iterator[Outcome]:
    """As ``parallel.run_dataset``, on the workers of the dask scheduler at ``address`` (tcp:// or tls://HOST:PORT).

    If a worker dies, the scheduler gives its sequence to another; a sequence that kills more workers than the
    scheduler's ``allowed-failures`` fails. The end of this iterator cancels the sequences that no worker has begun.

    Args:
        patience: seconds without any worker after which the run ends.

    Raises:
        InputError: the scheduler cannot be reached or is lost; there is no worker; or a worker, which is named, has
            several threads, another version of the code, no such tracker or frames, or would stamp results otherwise
            than the first (because of its device or libraries, for instance).
    """
    with _connected(address) as client:
        code = code_version()
        [(_, future)] = _compute(client, [(None, partial(_describe, config, build_tracker, code))], patience)
        described: RunInfo = future.result()
        announce(described)
        calls = []
        for sequence in sequences:
            wanted = attempt(sequence.name, partial(_wanted, described, sequence, None if rerun else folder))
            if isinstance(wanted, Outcome):
                yield wanted
            else:
                calls.append(((sequence.name, wanted), partial(_track, config, build_tracker, sequence, wanted, code)))
        for (name, wanted), future in _compute(client, calls, patience):
            yield _outcome(folder, name, wanted, future)


@contextmanager
def _connected(address: str) -> Iterator[Client]:
    """A connection to the scheduler; every failure of the cluster inside this block becomes one InputError."""
    where = f"--cluster {address}"
    try:
        asyncio.run(_reach(address))  # first, since a client that cannot connect complains again when it is collected
    except (OSError, ValueError, TypeError, ImportError) as error:  # TypeError: tls without certificates
        wanted = "expected a dask scheduler, tcp://HOST:8786 for instance"
        raise InputError(f"{where}: {str(error) or 'no answer'}; {wanted}") from error
    try:
        with Client(address, timeout=_CONNECT) as client:
            yield client
    except (CancelledError, OSError) as error:
        raise InputError(f"{where}: the scheduler was lost ({error}); {_GO_ON}") from error
    except KilledWorker as error:
        raise InputError(f"{where}: {_deaths(error)} while they built the tracker") from error
    except ImportError as error:
        raise InputError(f"{where}: a worker has {error}; {_SAME}") from error


async def _reach(address: str) -> None:
    security = Security().get_connection_args("client")
    # dask's own limit covers only the connection: it would wait forever for the greeting of a server that is not dask
    comm = await asyncio.wait_for(connect(address, timeout=_CONNECT, **security), _CONNECT + 1)
    await comm.close()


def _compute(
    client: Client, calls: Iterable[tuple[Tag, Callable[[], Any]]], patience: float
) -> Iterator[tuple[Tag, Future]]:
    """Each call's tag and future, in the order in which they end.

    There are never more calls than workers: a call that waits behind one that kills its worker would be blamed, too.
    Raises InputError if there is no worker for ``patience`` seconds.
    """
    waiting, begun = deque(calls), dict[str, tuple[Tag, Future]]()
    ended, seen = SimpleQueue[Future](), time.monotonic()
    while waiting or begun:
        workers = client.nthreads()
        if workers:
            seen = time.monotonic()
        elif time.monotonic() - seen > patience:
            raise InputError(f"--cluster: no worker for {patience:.0f} s; {_GO_ON}")
        while waiting and len(begun) < len(workers):
            tag, call = waiting.popleft()
            future = client.submit(call, pure=False)
            begun[str(future.key)] = tag, future
            future.add_done_callback(ended.put)
        with suppress(Empty):
            yield begun.pop(str(ended.get(timeout=_POLL).key))


def _wanted(run: RunInfo, sequence: Sequence, folder: Path | None) -> ResultInfo | Outcome:
    """The stamp of the wanted result, or the outcome if ``folder`` already has that result."""
    info = running.result_info(run, sequence, sequence.open())
    return (running.kept_result(folder, sequence.name, info) if folder else None) or info


def _outcome(folder: Path, name: str, info: ResultInfo, future: Future) -> Outcome:
    """Write the result of a sequence; return its outcome."""
    try:
        tracked: TrackedSequence | Outcome = future.result()
    except KilledWorker as error:
        return Outcome(name, error=f"{_deaths(error)} while they tracked it")
    if isinstance(tracked, Outcome):
        return tracked
    return attempt(name, partial(running.save, folder, name, tracked, info))


def _deaths(error: KilledWorker) -> str:
    return f"{error.allowed_failures + 1} workers died (killed, out of memory?)"


@cache
def code_version() -> str:
    """The version of this package with a digest of its sources, which differs between checkouts of one version."""
    root = Path(__file__).resolve().parents[2]
    files = sorted(file for package in ("ltr", "pytracking") for file in (root / package).rglob("*.py"))
    return f"{__version__} ({sha256(b''.join(file.read_bytes() for file in files)).hexdigest()[:8]})"


# The functions below run in the workers.


@contextmanager
def _named_errors(code: str) -> Iterator[None]:
    """Add this worker's name to errors of bad input; raise one if its code is not ``code``."""
    worker = get_worker()
    try:
        if (own := code_version()) != code:
            raise InputError(f"version {own} of the toolkit instead of {code}")
        if worker.state.nthreads > 1:
            raise InputError(
                f"{worker.state.nthreads} threads; start it with --nthreads 1, a process for each sequence"
            )
        yield
    except EXPECTED_ERRORS as error:
        raise InputError(f"worker {worker.address}: {error}; {_SAME}") from error


def _describe(config: TrackerConfig, build_tracker: StampedBuilder, code: str) -> RunInfo:
    with _named_errors(code):
        return running.describe(config, build_tracker)


def _track(
    config: TrackerConfig, build_tracker: StampedBuilder, sequence: Sequence, wanted: ResultInfo, code: str
) -> TrackedSequence | Outcome:
    """The boxes, or the outcome of a sequence that fails without killing the worker. wanted: their stamp."""
    with _named_errors(code):
        tracker, frames = running.built(config, build_tracker), sequence.open()
        info = running.result_info(tracker.run_info(), sequence, frames)
        if other := running.differences(_flat(info), _flat(wanted)):
            raise InputError(f"{sequence.name}: {other}")
    return attempt(sequence.name, partial(running.track_sequence, tracker, sequence, frames))


def _flat(info: ResultInfo) -> dict[str, Any]:
    return {**info.run.to_json(), "trained_on": info.trained_on, **info.sequence}
