import pytest

from ltr.utils.cli import one_line_errors
from ltr.utils.errors import InputError
from ltr.utils.stop_signals import Stopped


@pytest.mark.parametrize("error", [InputError("bad"), OSError("bad"), ImportError("bad"), FloatingPointError("bad")])
def test_bad_input_is_one_line(error: Exception) -> None:
    with pytest.raises(SystemExit) as stop, one_line_errors():
        raise error
    assert stop.value.code == "error: bad"  # which Python prints, with exit code 1


def test_bugs_keep_their_traceback() -> None:
    with pytest.raises(KeyError), one_line_errors():
        raise KeyError("bug")


@pytest.mark.parametrize(
    ("error", "resume", "code", "message"),
    [
        (Stopped(15, "after 1 epochs"), "go on", 143, "stopped by SIGTERM after 1 epochs; saved: go on\n"),
        (KeyboardInterrupt(), "go on", 130, "\nstopped at once; what was not saved yet is lost: go on\n"),
        (KeyboardInterrupt(), "", 130, "\ninterrupted\n"),
    ],
)
def test_a_stopped_command_says_how_it_goes_on(
    error: BaseException, resume: str, code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop, one_line_errors(resume):
        raise error
    assert stop.value.code == code
    assert capsys.readouterr().err == message
