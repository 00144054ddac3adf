"""Trackers in processes that were forked from one that had some."""

import os
import warnings
from functools import partial

import pytest
import torch

from pytracking import Tracker
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import write_small_network

BOX = (60.0, 40.0, 32.0, 28.0)
FRAME = noise_picture(0, 200, 150)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_small_network(tmp_path_factory.mktemp("networks") / "small.safetensors"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(
    ("threads", "accelerator", "told"),
    [
        *[(2, "torch", True), (1, "torch", False), (1, "openvino", True)],
        *[(2, "onnxruntime", True), (1, "onnxruntime", False)],
    ],
)
def test_a_forked_process_is_told_instead_of_hanging(
    path: str, threads: int, accelerator: str, told: bool, same_threads: None
) -> None:
    if accelerator == "openvino":
        pytest.importorskip("openvino")
    if accelerator == "onnxruntime":
        path = "dimp_ncep_mobile"  # which has graphs
    torch.set_num_threads(threads)
    tracker = Tracker("dimp", path, device="cpu", accelerator=accelerator)
    tracker.initialize(FRAME, BOX)
    with warnings.catch_warnings(action="ignore"):  # newer Pythons warn of forks beside threads
        child = os.fork()
    if child == 0:
        refusals = 0
        try:
            another = partial(Tracker, "dimp", path, device="cpu", accelerator=accelerator)
            for use in (lambda: tracker.track(FRAME), another):
                try:
                    use()
                except RuntimeError as error:
                    refusals += "forked after a tracker" in str(error)
        finally:
            os._exit(refusals)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == (2 if told else 0)
    tracker.track(FRAME)  # the parent goes on
