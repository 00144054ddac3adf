from dataclasses import dataclass

import pytest

from pytracking.utils.cli import run_command


@dataclass(frozen=True)
class Arguments:
    kind: str
    number_of_things: int = 0
    debug: int = 0


def command(arguments):
    match arguments.kind:
        case "value":
            raise ValueError("clip.mp4: no such thing")
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
