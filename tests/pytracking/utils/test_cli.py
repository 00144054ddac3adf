import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import tyro

from ltr.utils.errors import InputError
from pytracking.utils.cli import run_command


@dataclass(frozen=True)
class Arguments:
    kind: str
    number_of_things: int = 0
    debug: int = 0
    file: Path | None = None
    box: tyro.conf.UseAppendAction[tuple[str, ...]] = ()


@dataclass(frozen=True)
class WithPanels:
    kind: str
    debug: Path | None = None


def command(arguments):
    match arguments.kind:
        case "value":
            raise InputError("clip.mp4: no such thing")
        case "file":
            raise FileNotFoundError("no such file: a.txt")
        case "stop":
            raise KeyboardInterrupt
        case "bug":
            raise ZeroDivisionError
    return arguments.number_of_things


def run(*argv):
    return run_command(Arguments, command, argv, "what it does")


def test_result_is_the_exit_code_and_underscores_work_like_hyphens():
    assert run("--kind", "fine", "--number_of_things", "3") == 3
    assert run("--kind", "fine", "--number-of-things", "3") == 3


def test_bad_input_is_one_line(capsys):
    assert run("--kind", "value") == 1
    assert capsys.readouterr().err == "error: clip.mp4: no such thing\n"
    assert run("--kind", "file", "--debug", "1") == 1
    error = capsys.readouterr().err
    assert "Traceback" in error
    assert error.endswith("error: no such file: a.txt\n")


def test_interrupt_usage_and_bugs(capsys):
    assert run("--kind", "stop") == 130
    assert capsys.readouterr().err == "interrupted\n"
    with pytest.raises(SystemExit) as caught:
        run("--nonsense")
    assert caught.value.code == 2
    with pytest.raises(ZeroDivisionError):
        run("--kind", "bug")


def test_a_debug_that_is_a_file_shows_no_traceback(capsys):
    assert run_command(WithPanels, command, ["--kind", "value", "--debug", "panels.mp4"], "") == 1
    assert capsys.readouterr().err == "error: clip.mp4: no such thing\n"


def test_optional_values_read_as_themselves(capsys):
    with pytest.raises(SystemExit):
        run("--help")
    text = capsys.readouterr().out
    assert "--file PATH" in text
    assert "{None}" not in text
    seen = []
    run_command(Arguments, lambda arguments: seen.append(arguments.file) or 0, ["--kind", "a", "--file", "None"], "")
    run_command(Arguments, lambda arguments: seen.append(arguments.file) or 0, ["--kind", "a"], "")
    assert seen == [Path("None"), None]


@pytest.mark.parametrize("numbers", [["306", "5", "95", "65"], ["306,", "5,", "95,", "65"]])
def test_a_box_in_four_words_is_told_commas(numbers, capsys):
    with pytest.raises(SystemExit) as caught:
        run("--kind", "fine", "--box", *numbers)
    assert caught.value.code == 2
    assert capsys.readouterr().err == f"error: --box {' '.join(numbers)}: write --box 306,5,95,65\n"
    assert run("--kind", "fine", "--box", "1,2,3,4", "--number-of-things", "3") == 3


def test_a_closed_stderr_is_no_error():
    code = (
        "import sys; from tests.pytracking.utils.test_cli import *; from tqdm import tqdm\n"
        "sys.exit(run_command(Arguments, lambda _: len(list(tqdm([1, 2, 3]))), ['--kind', 'a'], ''))"
    )
    shell = 'exec "$0" -c "$1" 2>&-'
    done = subprocess.run(["sh", "-c", shell, sys.executable, code], env={"PYTHONPATH": ":".join(sys.path)}, timeout=60)
    assert done.returncode == 3
