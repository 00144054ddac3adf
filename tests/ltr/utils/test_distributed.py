"""Several processes, connected by gloo."""

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from ltr.utils.distributed import SINGLE, local_device, process_group
from tests.fakes.distributed_run import main
from tests.fakes.processes import clean_processes


def _environment(rank: int, count: int, port: int) -> dict[str, str]:
    """What torchrun sets."""
    numbers = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count, "MASTER_PORT": port}
    return {"MASTER_ADDR": "127.0.0.1", **{name: str(value) for name, value in numbers.items()}}


def _process(rank: int, port: int, task: Any) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in _environment(rank, 2, port).items():
            patch.setenv(name, value)
        return task()


def _in_two_processes(task: Any) -> list[Any]:
    """What ``task()`` returns in each of two processes that find each other as under torchrun."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with ProcessPoolExecutor(2, mp_context=clean_processes()) as pool:
        futures = [pool.submit(_process, rank, port, task) for rank in (0, 1)]
        return [future.result() for future in futures]


def _talk() -> tuple[Any, ...]:
    with process_group(torch.device("cpu")) as processes:
        numbers = processes.sum({"b": 1.0, "a": 10.0 * processes.rank})
        flags = (processes.any(processes.rank == 1), processes.any(False))
        return processes.rank, processes.count, processes.is_main, numbers, flags


def test_processes_know_each_other() -> None:
    found = _in_two_processes(_talk)
    numbers, flags = {"a": 10.0, "b": 2.0}, (True, False)
    assert found == [(0, 2, True, numbers, flags), (1, 2, False, numbers, flags)]


def test_alone_nothing_is_asked() -> None:
    with process_group(torch.device("cpu")) as processes:
        assert processes is SINGLE
    assert SINGLE.sum({"a": 1.0}) == {"a": 1.0}
    assert SINGLE.any(True)
    assert not SINGLE.any(False)


def test_every_process_has_its_own_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    assert local_device(torch.device("cuda")) == torch.device("cuda")
    for name, value in _environment(3, 4, 1).items():
        monkeypatch.setenv(name, value)
    assert local_device(torch.device("cuda")) == torch.device("cuda", 3)
    assert local_device(torch.device("cuda", 1)) == torch.device("cuda", 1)
    assert local_device(torch.device("cpu")) == torch.device("cpu")


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    return {**state["net"], **{f"average {name}": value for name, value in state["average"].items()}}


def _trained(folder: Path) -> dict[str, list]:
    return {name: value.tolist() for name, value in main(folder).training.actor.net.state_dict().items()}


def test_two_processes_train_as_one_on_the_joined_batches(tmp_path: Path) -> None:
    main(tmp_path / "one")
    found = _in_two_processes(partial(_trained, tmp_path / "two"))
    assert found[0] == found[1]
    one, two = _weights(tmp_path / "one"), _weights(tmp_path / "two")
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-4, atol=1e-5)
    logs = [
        [json.loads(line) for line in (tmp_path / name / "log.jsonl").read_text().splitlines()]
        for name in ("one", "two")
    ]
    for alone, together in zip(*logs, strict=True):
        assert together["train"]["loss"] == pytest.approx(alone["train"]["loss"], rel=1e-3)
        assert together["val"]["loss"] == pytest.approx(alone["val"]["loss"], rel=1e-3)


@pytest.mark.slow
def test_a_process_that_dies_ends_the_job(tmp_path: Path, repository: Path) -> None:
    script = repository / "tests" / "fakes" / "distributed_run.py"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    environment = os.environ | {"PYTHONPATH": str(repository)}
    done = subprocess.run(
        [*command, str(tmp_path / "run"), "1"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "exitcode  : 9" in done.stderr  # what it died of
    assert (tmp_path / "run" / "settings.json").exists()  # the other one had begun
    assert not (tmp_path / "run" / "checkpoint.pt").exists()
