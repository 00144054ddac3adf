from itertools import count

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from pytracking import MultiTracker, Tracker
from pytracking.pipeline.debug_sink import debug_sink
from pytracking.pipeline.recording import run_pipeline
from pytracking.pipeline.track_video import InitialBox, track_video
from pytracking.tracker.dimp.debug import DebugRecorder
from pytracking.video.frame_source import FrameSource, open_frames
from pytracking.visualization.panels import SIZE
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import write_small_network

STARTS = [InitialBox((60.0, 40.0, 32.0, 28.0), 0), InitialBox((100.0, 70.0, 40.0, 30.0), 1, 1)]
SOURCE = FrameSource("noise", lambda: (noise_picture(seed, 200, 150) for seed in range(3)), 3, 25.0)


@pytest.fixture
def targets(tmp_path):
    tracker = Tracker("dimp", str(write_small_network(tmp_path / "small.safetensors")), "cpu")
    tracker.debug = DebugRecorder()
    return MultiTracker(tracker)


def test_panels_as_a_video(tmp_path, targets):
    steps = track_video(SOURCE, STARTS, targets, count())
    run_pipeline(steps, [debug_sink(tmp_path / "seen.mp4", SOURCE, targets, [0, 1])])
    frames = list(open_frames(tmp_path / "seen.mp4"))
    assert [frame.shape for frame in frames] == [(2 * SIZE[1], SIZE[0], 3)] * 3
    drawn = [[bool((row[60:] < 240).any()) for row in np.split(frame, 2)] for frame in frames]
    assert drawn == [[True, False], [True, True], [True, True]]  # from the frames where they are learned on, 0 and 1


def test_panels_in_tensorboard(tmp_path, targets):
    run_pipeline(
        track_video(SOURCE, STARTS, targets, count()), [debug_sink(tmp_path / "events", SOURCE, targets, [0, 1])]
    )
    events = EventAccumulator(str(tmp_path / "events")).Reload()
    assert events.Tags()["images"] == ["target 0", "target 1"]
    assert [image.step for image in events.Images("target 1")] == [1, 2]
    assert (events.Images("target 0")[0].width, events.Images("target 0")[0].height) == SIZE
    scores = events.Scalars("score/target 0")
    assert [score.step for score in scores] == [0, 1, 2]
    assert scores[0].value == 1.0
