import importlib
import importlib.metadata
import subprocess
import sys

import pytest

from pytracking.__main__ import COMMANDS, main


def test_every_script_has_a_command(repository):
    paths = [
        p for folder in ("pytracking", "pytracking/util_scripts", "ltr") for p in repository.glob(f"{folder}/*.py")
    ]
    scripts = {p for p in paths if p.name != "__main__.py" and "\ndef main(" in p.read_text(encoding="utf-8")}
    modules = {".".join(p.relative_to(repository).with_suffix("").parts) for p in scripts}
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


HELP = """
import contextlib, sys
from pytracking.__main__ import main
heavy = {"torch", "torchvision", "matplotlib"}
for name in sys.argv[1:]:
    with contextlib.suppress(SystemExit):
        main([name, "--help"])
    assert not heavy & set(sys.modules), f"{name} --help waits for {heavy & set(sys.modules)}"
for mistake in (
    "track none.mp4 --box 1,2,3,4",
    "track none.mp4 --parameter nix",
    "benchmark --run nix",
    "vot dimp nix --no-traceback",
    "vot-workspace W dimp nix",
):
    assert main(mistake.split()) == 1
    assert not heavy & set(sys.modules), mistake
names = list(sys.modules)
assert names.index("cv2") < names.index("av"), "windows would never open: see ltr/data/pyav.py"
"""


def test_help_and_mistakes_wait_for_no_large_library(repository):
    quick = [name for name in COMMANDS if name not in ("train", "got10k")]
    command = [sys.executable, "-c", HELP, *quick]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_ctrl_c_while_a_command_is_imported(monkeypatch, capsys):
    def interrupt(name):
        raise KeyboardInterrupt

    monkeypatch.setattr("sys.argv", ["pytracking"])
    monkeypatch.setattr(importlib, "import_module", interrupt)
    assert main(["track", "clip.mp4"]) == 130
    assert capsys.readouterr().err == "interrupted\n"
