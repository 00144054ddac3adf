"""The command ``pytracking``, which runs all scripts as subcommands.

``pytracking track clip.mp4 --box 10,20,30,40`` is ``python pytracking/run_video.py clip.mp4 --box 10,20,30,40``.
"""

import importlib
import sys
from collections.abc import Sequence

from ltr.utils.cli import error_message
from pytracking.utils.extras import DISTRIBUTION, __version__

COMMANDS = {  # name: module with main(argv), what it does
    "track": ("pytracking.run_video", "follow targets through a video"),
    "webcam": ("pytracking.run_webcam", "follow what you draw a box around, live, in a window or a page"),
    "annotate": (
        "pytracking.run_annotate",
        "draw boxes in some frames of a video, in a page; tracking fills the others",
    ),
    "demo": ("pytracking.run_demo", "track a target through the demo clip"),
    "run": ("pytracking.run_tracker", "run a tracker over a data set"),
    "analyse": ("pytracking.run_analysis", "score results: tables, plots, a report"),
    "convert": ("pytracking.convert_annotations", "convert boxes between formats: CVAT, Label Studio, COCO, YOLO, ..."),
    "label-studio": ("pytracking.run_label_studio", "follow what is drawn in Label Studio: a backend for it"),
    "playback": ("pytracking.playback_results", "show results on their videos, side by side"),
    "benchmark": ("pytracking.run_benchmark", "time the tracker, stage by stage"),
    "check": ("pytracking.util_scripts.data_check", "check that a data set is whole"),
    "got10k": ("pytracking.run_got10k", "run and score a tracker by the got10k package's experiments"),
    "pack-got10k": ("pytracking.util_scripts.pack_got10k_results", "archive of results for GOT-10k's server"),
    "pack-trackingnet": ("pytracking.util_scripts.pack_trackingnet_results", "archive of results for TrackingNet's"),
    "vot-workspace": ("pytracking.util_scripts.make_vot_workspace", "a workspace of VOT's toolkit with our trackers"),
    "vot": ("pytracking.run_vot", "the tracker's side of VOT's toolkit, which calls it"),
    "train": ("ltr.run_training", "train a network"),
    "import": ("ltr.admin.import_pytracking", "make a checkpoint of pytracking a network of this toolkit"),
    "export": ("pytracking.run_export", "a tracker as ONNX graphs, for C++, the browser and other runtimes"),
    "quantize": ("pytracking.util_scripts.quantize", "an int8 graph of a network, for --precision int8"),
}
WRONG_USAGE = 2
INTERRUPTED = 130
# The options of a command are read from its help once, when they are first asked for. Also for zsh, by bashcompinit.
COMPLETION = """declare -A _pytracking_options
_pytracking() {
    local word=$2 command=${COMP_WORDS[1]}
    if [ "$COMP_CWORD" = 1 ]; then
        COMPREPLY=($(compgen -W "@COMMANDS --help --version" -- "$word"))
    elif [[ $word == -* ]]; then
        [ -n "${_pytracking_options[$command]}" ] ||
            _pytracking_options[$command]=$(pytracking "$command" --help 2>&1 |
                grep -oE -- '--[a-z][a-z0-9._-]*' | sort -u)
        COMPREPLY=($(compgen -W "${_pytracking_options[$command]}" -- "$word"))
    else
        COMPREPLY=($(compgen -f -- "$word"))
    fi
}
complete -o filenames -F _pytracking pytracking"""


def usage() -> str:
    """The text of ``--help``."""
    lines = ["usage: pytracking COMMAND ...", ""]
    lines += [f"  {name:16} {summary}" for name, (_, summary) in COMMANDS.items()]
    lines += ["", "pytracking COMMAND --help tells the options of a command; --version the version."]
    return "\n".join([*lines, 'eval "$(pytracking --completion)" lets the Tab key complete both, in bash and zsh.'])


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that ``argv`` (None: the command line) names; its exit code."""
    name, *rest = (list(sys.argv[1:]) if argv is None else list(argv)) or ["--help"]
    if name in ("--help", "-h"):
        print(usage())
        return 0
    if name == "--version" or rest == ["--version"]:
        print(f"{DISTRIBUTION} {__version__}")
        return 0
    if name == "--completion":
        print(COMPLETION.replace("@COMMANDS", " ".join(COMMANDS)))
        return 0
    if name not in COMMANDS:
        print(f"pytracking: no command {name!r}; there are {', '.join(COMMANDS)}", file=sys.stderr)
        return WRONG_USAGE
    sys.argv[0] = f"pytracking {name}"  # the program name in the command's help
    try:
        return importlib.import_module(COMMANDS[name][0]).main(rest) or 0
    except ModuleNotFoundError as error:  # of a command of the training side; the others tell it themselves
        print(f"error: {error_message(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # during the import; later, the commands handle it
        print("interrupted", file=sys.stderr)
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
