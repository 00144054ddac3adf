"""A dask scheduler on ``PORT`` and its workers, a process each: ``python -m tests.fakes.dask_cluster PORT WORKERS``.

As ``dask scheduler`` and ``dask worker`` start them, but forked, so that what they import is imported once.
"""

import asyncio
import os
import sys

import dask
from distributed import Scheduler, Worker

import pytracking.evaluation.cluster  # noqa: F401  (what the workers unpickle, also the next)
import tests.fakes.trackers  # noqa: F401

HERE = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}


async def serve(port: str, works: bool) -> None:
    """One of them, until it is killed."""
    address = f"tcp://127.0.0.1:{port}"
    node = Worker(address, nthreads=1, **HERE) if works else Scheduler(port=int(port), **HERE)
    async with node:
        await node.finished()


if __name__ == "__main__":
    port, workers = sys.argv[1:]
    dask.config.set({"distributed.scheduler.allowed-failures": 1})
    works = any(os.fork() == 0 for _ in range(int(workers)))
    asyncio.run(serve(port, works))
