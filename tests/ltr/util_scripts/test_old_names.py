"""Commands that have moved are found under their old names, too."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("module", "words"), [("ltr.data.check", "NAME"), ("ltr.data.summary", "TASK NAME"), ("ltr.admin.average", "PATH")]
)
def test_help_of_a_command_by_its_old_name(repository: Path, module: str, words: str) -> None:
    command = [sys.executable, "-m", module, "--help"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert words in done.stdout
