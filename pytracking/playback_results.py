"""Play stored results and the ground truth, several trackers side by side.

    python pytracking/playback_results.py dimp:dimp_ncep_mobile --dataset_name NAME --sequence SEQ --save out.mp4
    python pytracking/playback_results.py --results A=DIR B=DIR --dataset_name NAME

With --save a video is written; otherwise a window opens: space pauses, the right arrow or . steps, n skips to the next
sequence, q quits.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import cv2
import tyro
from tqdm import tqdm

from ltr.utils.errors import InputError
from ltr.utils.files import check_outputs
from pytracking.analysis.archives import archives_of, unpack_results
from pytracking.analysis.inputs import load_dataset
from pytracking.analysis.name_matching import match_names
from pytracking.analysis.playback import Picture, ResultTrack, load_track, render_playback
from pytracking.analysis.protocols import Protocol
from pytracking.analysis.sequence_score import GroundTruth
from pytracking.analysis.sources import AnalysisError, TrackerResults
from pytracking.analysis.tracker_results import find_trackers
from pytracking.ui.window import has_display
from pytracking.utils.cli import CommandArguments, run_command
from pytracking.video.frame_source import FrameSource
from pytracking.video.writer import DEFAULT_FPS, VideoWriter

TITLE = "playback"
_NEXT, _QUIT, _PAUSE, _STEP = {ord("n")}, {ord("q"), 27}, {ord(" ")}, {ord("."), 83}  # 83: right arrow, low byte


@dataclass(frozen=True)
class Arguments(CommandArguments):
    """Play stored results against the truth."""

    dataset_name: str
    """data set whose frames and truth are shown"""
    trackers: Annotated[tyro.conf.Positional[tuple[str, ...]], tyro.conf.arg(metavar="[TRACKER:PARAMETER ...]")] = ()
    """our own results below --results_dir; TRACKER:PARAMETER:RUN is one run of several"""
    results: Annotated[tuple[str, ...], tyro.conf.arg(metavar="[NAME=]DIR ...")] = ()
    """NAME=DIR: a tracker's name and its folder of box files; DIR: a folder of trackers. Also in a zip or tar file"""
    results_dir: Path = Path("results")
    """root of our own results"""
    paths: Path | None = None
    """TOML file with the folders of the benchmarks"""
    sequence: str | None = None
    """only this sequence: its name, or its index from 0"""
    save: Path | None = None
    """video to write (.mp4) instead of opening a window; needs --sequence where there are several"""
    fps: float = DEFAULT_FPS
    """frames a second"""


def run(arguments: Arguments) -> int:
    """Run the command; the exit code."""
    with tempfile.TemporaryDirectory() as folder:
        unpacked = replace(arguments, results=unpack_results(arguments.results, Path(folder)))
        return play(unpacked, archives_of(arguments.results))


def play(arguments: Arguments, archives: list[Path]) -> int:
    """Load everything, then write or show it; the exit code. archives: that results were unpacked from."""
    if not arguments.trackers and not arguments.results:
        raise InputError("nothing to play: give TRACKER:PARAMETER or --results [NAME=]DIR")
    if not 0 < arguments.fps <= 240:
        raise InputError(f"--fps {arguments.fps}: expected a number above 0, at most 240")
    if arguments.save is None and not has_display():
        raise InputError("there is no display to open a window on; give --save FILE.mp4")
    trackers = find_trackers(arguments.trackers, arguments.results, arguments.results_dir)
    dataset = load_dataset(arguments.dataset_name, arguments.paths)
    truths = dataset.truth.load()
    if arguments.sequence:
        truths = [choose(truths, arguments.sequence)]
    known = [truth for truth in truths if len(truth.boxes) > 1]
    if not known:
        raise InputError(f"{truths[0].name}: the ground truth has only the first box, so nothing can be compared")
    truths = known
    if arguments.save is not None and len(truths) > 1:
        raise InputError(f"--save writes one sequence; choose one of the {len(truths)} with --sequence")
    results = [folder for tracker in trackers for folder in tracker.folders]
    for truth in truths:
        tracks = load_tracks(trackers, truth, dataset.protocol)
        frames = dataset.open[truth.name]()
        source = frames.name if isinstance(frames, FrameSource) else None
        read = [source, arguments.dataset_name.partition(":")[2], arguments.paths, *archives, *results]
        check_outputs({"--save": arguments.save}, read)
        pictures = render_playback(frames, truth, tracks)
        if arguments.save is not None:
            write(arguments.save, pictures, arguments.fps, len(truth.boxes))
        elif not show(pictures, truth.name, arguments.fps):
            break
    cv2.destroyAllWindows() if arguments.save is None else print(arguments.save.resolve())
    return 0


def choose(truths: Sequence[GroundTruth], which: str) -> GroundTruth:
    """The sequence of this name (in any usual spelling) or, if none matches, with this index from 0."""
    by_name = {truth.name: truth for truth in truths}
    found = match_names([which], by_name).get(which)
    if found is not None:
        return by_name[found]
    if which.isdecimal() and int(which) < len(truths):
        return truths[int(which)]
    names = ", ".join(by_name)
    raise InputError(f"no sequence {which!r}: expected an index from 0 to {len(truths) - 1} or one of {names[:500]}")


def load_tracks(trackers: Sequence[TrackerResults], truth: GroundTruth, protocol: Protocol) -> list[ResultTrack]:
    """The results of all ``trackers`` on a sequence; AnalysisError lists all that are unusable."""
    tracks, problems = [], []
    for tracker in trackers:
        try:
            tracks.append(load_track(tracker, truth, protocol))
        except (InputError, OSError) as error:
            problems.append(str(error))
    if problems:
        raise AnalysisError(problems)
    return tracks


def write(path: Path, pictures: Iterator[Picture], fps: float, total: int) -> None:
    """Write ``pictures`` to the mp4 ``path``."""
    with VideoWriter(path, fps) as writer:
        for picture in tqdm(pictures, total=total, unit="frame", disable=None):
            writer.write(picture)


def show(pictures: Iterator[Picture], name: str, fps: float) -> bool:
    """Play ``pictures`` in a window at ``fps``; False if the user quits."""
    cv2.namedWindow(TITLE, cv2.WINDOW_AUTOSIZE | cv2.WINDOW_GUI_NORMAL)
    cv2.setWindowTitle(TITLE, name)
    paused = False
    for picture in pictures:
        cv2.imshow(TITLE, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        while True:
            key = cv2.waitKey(max(1, round(1000 / fps))) & 0xFF
            if key in _QUIT or cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) < 1:
                return False
            if key in _NEXT:
                return True
            paused ^= key in _PAUSE
            if key in _STEP or not paused:
                break
    return True


def main(argv: Sequence[str] | None = None) -> int:
    """Parse ``argv`` and run; the exit code."""
    return run_command(Arguments, run, argv, __doc__)


if __name__ == "__main__":
    sys.exit(main())
