"""The TraX side of the tracker, spoken to by vot-trax's own client; skipped where that is not installed."""

import os
import subprocess
import sys

import numpy as np
import pytest

from pytracking import run_vot
from tests.fakes.benchmarks import images

trax = pytest.importorskip("trax", reason="needs the package vot-trax")
client = pytest.importorskip("trax.client", reason="needs the package vot-trax")

SERVER = """
from pytracking.run_vot import serve
from tests.fakes.trackers import FakeTracker
serve(FakeTracker(seed=4, fail_on_width={}), "fake")
"""


@pytest.fixture
def connect(repository):
    """Starts a served fake tracker; returns its process and a client."""
    processes = []

    def start(fail_on_width=0):
        environment = {**os.environ, "PYTHONPATH": str(repository)}
        command = [sys.executable, "-c", SERVER.format(fail_on_width)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        process = subprocess.Popen(command, env=environment, **pipes, bufsize=0)
        processes.append(process)
        talk = (process.stdin.fileno(), process.stdout.fileno())
        return process, client.Client(stream=talk, log=lambda text: None)  # without a log it fails

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def frame(path):
    return {"color": trax.FileImage.create(str(path))}


def test_boxes_of_the_tracker_come_back_and_it_can_start_anew(tmp_path, connect):
    images(tmp_path, range(1, 4))
    _, toolkit = connect()
    steps = np.random.default_rng(4).normal(size=(2, 2))
    for _ in range(2):
        polygon = trax.Polygon.create([(10, 8), (30, 8), (30, 28), (10, 28)])
        ((region, properties),), _ = toolkit.initialize(frame(tmp_path / "00000001.jpg"), [(polygon, {})], {})
        assert region.bounds() == (10, 8, 20, 20)
        assert properties == {"confidence": "1.0000"}
        for number, step in enumerate(np.cumsum(steps, axis=0), start=2):
            ((region, properties),), _ = toolkit.frame(frame(tmp_path / f"{number:08d}.jpg"), {}, [])
            np.testing.assert_allclose(region.bounds(), [10 + step[0], 8 + step[1], 20, 20], atol=1e-3)
            assert properties == {"confidence": "0.2500"}
    toolkit.quit()


def test_an_error_is_told_to_the_toolkit_with_its_traceback(tmp_path, connect):
    images(tmp_path, range(1, 3))
    process, toolkit = connect(fail_on_width=64)
    toolkit.initialize(frame(tmp_path / "00000001.jpg"), [(trax.Rectangle.create(10, 8, 20, 20), {})], {})
    with pytest.raises(trax.TraxException, match="this tracker cannot do that width"):
        toolkit.frame(frame(tmp_path / "00000002.jpg"), {}, [])
    _, error = process.communicate(timeout=20)
    assert "RuntimeError: this tracker cannot do that width" in error.decode()


def test_unknown_parameters_show_their_traceback_too(capsys):
    assert run_vot.main(["dimp", "nix"]) == 1
    error = capsys.readouterr().err
    assert "Traceback" in error
    assert error.splitlines()[-1].startswith("error: unknown parameters 'nix' of tracker dimp")
