import importlib
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytracking.__main__ import COMMANDS, main


def test_every_script_has_a_command(repository):
    paths = [
        p for folder in ("pytracking", "pytracking/util_scripts", "ltr") for p in repository.glob(f"{folder}/*.py")
    ]
    scripts = {p for p in paths if p.name != "__main__.py" and "\ndef main(" in p.read_text(encoding="utf-8")}
    modules = {".".join(p.relative_to(repository).with_suffix("").parts) for p in scripts}
    modules.add("ltr.admin.import_pytracking")
    assert modules == {module for module, _ in COMMANDS.values()}, "name it in COMMANDS of pytracking/__main__.py"


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_tell_their_options(name, capsys, monkeypatch):
    monkeypatch.setattr("sys.argv", ["pytracking"])
    with pytest.raises(SystemExit) as left:
        main([name, "--help"])
    assert left.value.code == 0
    assert "usage: " in capsys.readouterr().out
    assert sys.argv[0] == f"pytracking {name}"


@pytest.mark.parametrize("argv", [[], ["--help"], ["-h"]])
def test_help_lists_the_commands(argv, capsys):
    assert main(argv) == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out and summary in out for name, (_, summary) in COMMANDS.items())


def test_version(capsys):
    for argv in (["--version"], ["track", "--version"]):
        assert main(argv) == 0
        assert capsys.readouterr().out == f"ebm-tracking {importlib.metadata.version('ebm-tracking')}\n"


@pytest.mark.parametrize(
    ("words", "index", "found"),
    [
        ("pytracking ana", 1, ["analyse"]),
        ("pytracking track --sav", 2, ["--save"]),
        ("pytracking train --res", 2, ["--resume"]),
        ("pytracking track cli", 2, ["clip.mp4"]),
    ],
)
def test_bash_completes_commands_options_and_files(words, index, found, repository, tmp_path):
    (tmp_path / "clip.mp4").touch()
    script = f"""
        pytracking() {{ "{sys.executable}" -m pytracking "$@"; }}
        eval "$(pytracking --completion)"
        COMP_WORDS=({words}) COMP_CWORD={index}
        _pytracking pytracking "${{COMP_WORDS[{index}]}}"
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    environment = {**os.environ, "PYTHONPATH": str(repository)}
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout.split(), done.stderr) == (found, "")


def test_unknown_commands(capsys):
    assert main(["trakc"]) == 2
    assert capsys.readouterr().err.startswith("pytracking: no command 'trakc'; there are track, webcam")


def test_arguments_and_exit_code_pass_through(monkeypatch):
    module = importlib.import_module("pytracking.run_video")
    given = []
    monkeypatch.setattr(module, "main", lambda argv: given.append(argv) or 7)
    monkeypatch.setattr("sys.argv", ["pytracking"])
    assert main(["track", "clip.mp4", "--box", "1,2,3,4"]) == 7
    assert given == [["clip.mp4", "--box", "1,2,3,4"]]


HEAVY = ("torch", "torchvision", "matplotlib", "openvino")
HELP = """
import contextlib, runpy, sys
heavy, *modules = sys.argv[1:]
for module in modules:
    sys.argv = [module, "--help"]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        assert not end.code, f"{module} --help: {end}"
    waited = set(heavy.split()) & set(sys.modules)
    assert not waited, f"{module} --help waits for {waited}"
names = list(sys.modules)
assert names.index("cv2") < names.index("av"), "windows would never open: see ltr/data/pyav.py"
"""
MISTAKES = """
import runpy, shlex, sys
heavy, *mistakes = sys.argv[1:]
for mistake in mistakes:
    sys.argv = shlex.split(mistake)
    try:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        assert end.code, f"{mistake}: was accepted"
    waited = set(heavy.split()) & set(sys.modules)
    assert not waited, f"{mistake} waits for {waited}"
"""


def scripts(repository: Path) -> list[str]:
    """All modules that ``python -m`` runs."""
    files = [file for top in ("ltr", "pytracking") for file in sorted((repository / top).rglob("*.py"))]
    runnable = [file for file in files if '__name__ == "__main__"' in file.read_text(encoding="utf-8")]
    return [".".join(file.relative_to(repository).with_suffix("").parts) for file in runnable]


def run_program(program: str, arguments: list[str], repository: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", program, " ".join(HEAVY), *arguments]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_help_of_no_command_waits_for_a_large_library(repository: Path) -> None:
    found = scripts(repository)
    assert {module for module, _ in COMMANDS.values()} < set(found)
    run_program(HELP, found, repository)


def test_no_mistake_waits_for_a_large_library(repository: Path) -> None:
    mistakes = [
        "pytracking trakc",
        "pytracking track none.mp4 --box 1,2,3,4",
        "pytracking track none.mp4 --parameter nix",
        "pytracking track none.mp4 --nix",
        "pytracking demo --frames many",
        "pytracking benchmark --run nix",
        "pytracking run dimp --dataset_name nix",
        "pytracking analyse dimp:nix --dataset_name nix",
        "pytracking vot dimp nix --no-traceback",
        "pytracking vot-workspace W dimp nix",
        "pytracking train dump toy",
        "pytracking import none.pth --out none.safetensors",
        "ltr.util_scripts.average none.safetensors --out mean.safetensors",
        "ltr.util_scripts.check nix none",
        "ltr.util_scripts.check coco none",
        "ltr.util_scripts.summary",
        "ltr.experiments.compare --methods nce nce --data none.csv",
        "ltr.experiments.calibration regression --runs 0",
        "ltr.experiments.table1 --methods nix",
        "ltr.experiments.table2 --study nix",
        "ltr.experiments.figure2 --runs many",
        "ltr.experiments.densities --methods nce --num-samples 1 2",
        "ltr.experiments.evaluate_detection --part train",
    ]
    run_program(MISTAKES, mistakes, repository)
