"""Processes for tests that train in them."""

import multiprocessing
from multiprocessing.context import ForkServerContext


def clean_processes() -> ForkServerContext:
    """Processes forked from a server that has imported the training side and done nothing else.

    Autograd's threads do not survive a fork: a process forked from one that has trained cannot train. torch._dynamo:
    the first optimizer of a process imports it, which takes seconds.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pytest", "tests.fakes.distributed_run", "torch._dynamo"])
    return context
