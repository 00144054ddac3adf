import importlib.metadata
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import tyro

from ltr.utils.errors import InputError
from pytracking.utils.cli import debug_as_flag, run_command


@dataclass(frozen=True)
class Arguments:
    kind: str
    number_of_things: int = 0
    debug: bool = False
    file: Path | None = None
    box: tyro.conf.UseAppendAction[tuple[str, ...]] = ()


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


def test_the_version(capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out == f"ebm-tracking {importlib.metadata.version('ebm-tracking')}\n"


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


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (["--debug"], ["--debug"]),
        (["a", "--debug", "2", "b"], ["a", "--debug", "b"]),
        (["a", "--debug", "0", "b"], ["a", "b"]),
        (["--debug=1", "3"], ["--debug", "3"]),
        (["--debug=0"], []),
        (["--debug", "panels.mp4", "3"], ["--debug", "panels.mp4", "3"]),
        (["3", "--start", "3"], ["3", "--start", "3"]),
    ],
)
def test_debug_is_a_flag_and_pytrackings_number(words, meant):
    assert debug_as_flag(words) == meant


@pytest.mark.parametrize(("level", "shown"), [("0", False), ("2", True)])
def test_every_command_takes_debug_and_its_number(capsys, level, shown):
    assert run("--debug", level, "--kind", "file") == 1
    assert ("Traceback" in capsys.readouterr().err) is shown


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


def test_a_number_that_is_none_is_told_what_is_expected(capsys):
    with pytest.raises(SystemExit) as caught:
        run("--kind", "fine", "--number-of-things", "two")
    assert caught.value.code == 2
    assert "expected a whole number, got two" in capsys.readouterr().err


@pytest.mark.parametrize("lines", [3, 50_000])
@pytest.mark.parametrize("frame", ["run_command(Arguments, work, ['--kind', 'a'], '')", "training()"])
def test_it_ends_silently_where_nobody_reads(frame, lines):
    code = (
        "import sys; from tests.pytracking.utils.test_cli import *; from ltr.utils.cli import one_line_errors\n"
        f"def work(_): [print(i) for i in range({lines})]; return 0\n"
        "def training():\n    with one_line_errors(): work(0)\n"
        f"sys.exit({frame})"
    )
    shell = '"$0" -c "$1" | sleep 0; echo ${PIPESTATUS[0]}'
    command = ["bash", "-c", shell, sys.executable, code]
    done = subprocess.run(command, env={"PYTHONPATH": ":".join(sys.path)}, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("141\n", "")
