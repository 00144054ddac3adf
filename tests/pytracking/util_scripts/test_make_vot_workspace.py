import configparser
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pytracking.util_scripts import make_vot_workspace
from tests.fakes.benchmarks import images, text, write_benchmark
from tests.fakes.networks import write_small_network

STACK = """
title: tiny
experiments:
  baseline: {type: supervised, repetitions: 1, skip_initialize: 2, analyses: [{type: supervised_average_ar}]}
  multistart: {type: multistart, analyses: [{type: multistart_average_ar}]}
  unsupervised: {type: unsupervised, repetitions: 1, analyses: [{type: average_accuracy, burnin: 1}]}
"""

# Its commands one after another in one process: to import it takes seconds.
TOOLKIT = """
import json, sys
from vot.utilities.cli import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["vot", *words]
    try:
        main()
    except SystemExit as end:
        if end.code:
            raise
"""


def test_all_paths_are_absolute(tmp_path, monkeypatch, capsys):
    write_benchmark("vot", tmp_path / "data")
    write_small_network(tmp_path / "my net.safetensors")
    text(tmp_path / "tiny.yaml", STACK)
    monkeypatch.chdir(tmp_path)
    argv = ["work space", "dimp", "my net.safetensors", "--stack", "tiny.yaml", "--sequences", "data", "--seed", "3"]
    argv += ["--set", "memory.size=30"]
    assert make_vot_workspace.main(argv) == 0
    workspace = tmp_path / "work space"
    assert f"vot evaluate --workspace '{workspace}' my_net;" in capsys.readouterr().out
    assert json.loads((workspace / "config.yaml").read_text()) == {
        "registry": [str(workspace / "trackers.ini")],
        "stack": str(tmp_path / "tiny.yaml"),
        "sequences": str(tmp_path / "data"),
    }
    config = configparser.ConfigParser()
    config.read(workspace / "trackers.ini")
    command = shlex.split(config["my_net"]["command"])
    assert command[0] == sys.executable
    assert Path(command[1]).is_absolute()
    assert Path(command[1]).name == "run_vot.py"
    assert command[2:] == ["dimp", str(tmp_path / "my net.safetensors"), "--seed", "3", "--set", "memory.size=30"]


def test_a_tracker_is_added_to_a_workspace_that_is_there(tmp_path):
    write_benchmark("vot", tmp_path / "data")
    paths = tmp_path / "paths.toml"
    paths.write_text(f'vot = "{tmp_path / "data"}"')
    argv = [str(tmp_path / "workspace"), "dimp", "dimp_ncep_mobile", "--paths", str(paths)]
    assert make_vot_workspace.main([*argv, "--name", "100 %"]) == 0
    before = (tmp_path / "workspace" / "config.yaml").read_text()
    assert json.loads(before)["stack"] == "vot2018/shortterm"
    assert make_vot_workspace.main([*argv, "--stack", "vot2022/stb"]) == 0
    assert make_vot_workspace.main([*argv, "--seed", "5"]) == 0
    assert (tmp_path / "workspace" / "config.yaml").read_text() == before
    config = configparser.ConfigParser()
    config.read(tmp_path / "workspace" / "trackers.ini")
    assert config.sections() == ["100__", "dimp_ncep_mobile"]
    assert config["100__"]["label"] == "100 %"
    assert config["dimp_ncep_mobile"]["command"].endswith("--seed 5")


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["dimp", "nix"], "error: unknown parameters 'nix' of tracker dimp"),
        (["dimp", "dimp_ncep_mobile", "--sequences", "none"], "none: holds no list.txt of VOT sequences"),
        (["dimp", "dimp_ncep_mobile", "--paths", "none.toml"], "error: no path to vot is known"),
        (["dimp", "dimp_ncep_mobile", "--sequences", "data", "--stack", "x.yaml"], "--stack x.yaml: no such file"),
    ],
)
def test_what_is_missing_is_said_and_nothing_written(tmp_path, monkeypatch, capsys, argv, message):
    write_benchmark("vot", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    assert make_vot_workspace.main(["workspace", *argv]) == 1
    assert message in capsys.readouterr().err
    assert not (tmp_path / "workspace").exists()


@pytest.mark.slow
def test_the_toolkit_tests_evaluates_and_analyses_our_tracker(tmp_path):
    pytest.importorskip("vot", reason="needs the package vot-toolkit")
    sequence = tmp_path / "data" / "ants1"
    text(tmp_path / "data" / "list.txt", "ants1\n")
    images(sequence / "color", range(1, 9))
    text(sequence / "sequence", "channels.color=color/%08d.jpg\nlength=8\nfps=30\nwidth=64\nheight=48\n")
    corners = [f"{10 + i},8,{30 + i},8,{30 + i},28,{10 + i},28\n" for i in range(8)]
    text(sequence / "groundtruth.txt", "".join(corners))
    text(sequence / "anchor.value", "1\n" + "0\n" * 6 + "-1\n")  # where multistart begins, forwards and backwards
    text(tmp_path / "tiny.yaml", STACK)
    network, workspace = write_small_network(tmp_path / "small.safetensors"), tmp_path / "workspace"
    options = ["--stack", str(tmp_path / "tiny.yaml"), "--sequences", str(tmp_path / "data"), "--device", "cpu"]
    options += ["--accelerator", "torch"]  # OpenVINO would be imported, and the network compiled, by every process
    assert make_vot_workspace.main([str(workspace), "dimp", str(network), *options]) == 0
    commands = [
        ["test", "small", "--sequence", str(sequence)],
        ["evaluate", "--workspace", str(workspace), "small"],
        ["analysis", "--workspace", str(workspace), "--name", "tiny", "small"],
    ]
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "VOT_REGISTRY": str(workspace)}  # it looks for newer versions
    done = subprocess.run(
        [sys.executable, "-c", TOOLKIT, json.dumps(commands)],
        cwd=tmp_path, env={**os.environ, **nowhere}, capture_output=True, text=True, timeout=400,
    )  # fmt: skip
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    for end in ("Test concluded successfuly", "Evaluation concluded successfuly", "Analysis successful"):
        assert end in told
    results = json.loads((workspace / "analysis" / "tiny.json").read_text())["results"]
    assert results["baseline"]["results"][0][0][-1] == 8  # frames
    assert results["multistart"]["results"][0][0][-2:] == [16, 8]  # frames of both starts, and of the sequence
    assert 0 < results["unsupervised"]["results"][0][0][0] < 1  # overlap: not nothing, nor the truth itself
