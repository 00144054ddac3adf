"""What the trackers saw, frame by frame, as a video or in TensorBoard."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from pytracking.api.multi_tracker import MultiTracker
from pytracking.pipeline.sinks import naming, pace
from pytracking.pipeline.track_video import Sink, Step
from pytracking.tracker.dimp.debug import DebugRecorder
from pytracking.video.frame_source import FrameSource, Image
from pytracking.video.writer import VideoWriter
from pytracking.visualization.panels import draw_panels


def panels(path: Path, source: FrameSource, targets: MultiTracker, ids: Sequence[int]) -> Sink:
    """Panels of the targets ``ids``, whose debug hooks are recorders: an .mp4 file, or events for TensorBoard in a
    folder.
    """
    return _video(path, source, targets, ids) if path.suffix else _events(path, targets)


@contextmanager
def _video(
    path: Path, source: FrameSource, targets: MultiTracker, ids: Sequence[int]
) -> Iterator[Callable[[Step], None]]:
    """A row of panels for each target."""
    shown = pace(source)
    with naming(path), VideoWriter(path, source.fps) as writer:

        def write(step: Step) -> None:
            writer.write(np.vstack([_row(step, target_id, targets) for target_id in ids]), shown(step))

        yield write


@contextmanager
def _events(folder: Path, targets: MultiTracker) -> Iterator[Callable[[Step], None]]:
    """The rows as images, and the scores as curves."""
    from torch.utils.tensorboard import SummaryWriter

    with naming(folder), SummaryWriter(str(folder)) as events:

        def write(step: Step) -> None:
            for target_id, target in step.targets.items():
                events.add_image(f"target {target_id}", _row(step, target_id, targets), step.frame, dataformats="HWC")
                events.add_scalar(f"score/target {target_id}", target.score, step.frame)

        yield write


def _row(step: Step, target_id: int, targets: MultiTracker) -> Image:
    title = f"target {target_id}   frame {step.frame}"
    if target_id not in step.targets:
        return draw_panels(f"{title}   not followed", None)
    recorder, target = targets[target_id].debug, step.targets[target_id]
    assert isinstance(recorder, DebugRecorder)
    if recorder.frame is None:
        return draw_panels(f"{title}   learned here", None)
    return draw_panels(f"{title}   {target.state} {target.score:.2f}", recorder.frame)
