"""Debug panels of the trackers, as a video or in TensorBoard."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from pytracking.api.multi_tracker import MultiTracker
from pytracking.pipeline.sinks import naming, pace
from pytracking.pipeline.track_video import FrameResult, Sink
from pytracking.tracker.dimp.debug import DebugRecorder
from pytracking.video.frame_source import FrameSource, Image
from pytracking.video.writer import VideoWriter
from pytracking.visualization.panels import draw_panels


def debug_sink(path: Path, source: FrameSource, targets: MultiTracker, ids: Sequence[int]) -> Sink:
    """Panels of the targets ``ids``, whose hooks are recorders: an .mp4 file, or a folder of TensorBoard events."""
    return _video(path, source, targets, ids) if path.suffix else _events(path, targets)


@contextmanager
def _video(
    path: Path, source: FrameSource, targets: MultiTracker, ids: Sequence[int]
) -> Iterator[Callable[[FrameResult], None]]:
    """A row of panels for each target."""
    shown = pace(source)
    with naming(path), VideoWriter(path, source.fps) as writer:

        def write(result: FrameResult) -> None:
            writer.write(np.vstack([_row(result, target_id, targets) for target_id in ids]), shown(result))

        yield write


@contextmanager
def _events(folder: Path, targets: MultiTracker) -> Iterator[Callable[[FrameResult], None]]:
    """The panels as images, the scores as curves."""
    from torch.utils.tensorboard import SummaryWriter

    with naming(folder), SummaryWriter(str(folder)) as events:

        def write(result: FrameResult) -> None:
            for target_id, target in result.targets.items():
                row = _row(result, target_id, targets)
                events.add_image(f"target {target_id}", row, result.frame, dataformats="HWC")
                events.add_scalar(f"score/target {target_id}", target.score, result.frame)

        yield write


def _row(result: FrameResult, target_id: int, targets: MultiTracker) -> Image:
    title = f"target {target_id}   frame {result.frame}"
    if target_id not in result.targets:
        return draw_panels(f"{title}   not tracked", None)
    recorder, target = targets[target_id].debug, result.targets[target_id]
    assert isinstance(recorder, DebugRecorder)
    state = "learned here, from the white box" if target_id in result.begun else f"{target.state} {target.score:.2f}"
    return draw_panels(f"{title}   {state}", recorder.frame)
