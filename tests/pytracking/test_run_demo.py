import numpy as np
import pytest

from pytracking import run_demo
from pytracking.evaluation.datasets.demo import synthetic_sequence
from pytracking.video.frame_source import open_frames
from tests.fakes.trackers import FakeBuilder


def test_demo_prints_speed_and_score_and_writes_both_files(tmp_path, capsys):
    assert run_demo.main(["--output", str(tmp_path / "demo"), "--frames", "5"], FakeBuilder(), synthetic_sequence) == 0
    out = capsys.readouterr().out
    assert "synthetic: 5 frames, " in out
    assert " FPS\n" in out
    assert " on 4 annotated frames" in out
    assert len(list(open_frames(tmp_path / "demo" / "demo.mp4"))) == 5
    assert len((tmp_path / "demo" / "demo.csv").read_text().splitlines()) == 6


def test_first_frame_alone_has_no_score(tmp_path, capsys):
    assert run_demo.main(["--output", str(tmp_path), "--frames", "1"], FakeBuilder(), synthetic_sequence) == 0
    assert "no annotated frame to score" in capsys.readouterr().out


def test_score_leaves_out_the_first_frame_and_frames_without_truth():
    truth = np.array([[0, 0, 10, 10], [np.nan] * 4, [0, 0, 10, 10], [0, 0, 10, 10]], float)
    boxes = np.array([[50, 50, 1, 1], [0, 0, 10, 10], [0, 0, 10, 10], [5, 0, 10, 10]], float)
    auc, frames = run_demo.score(boxes, truth)
    # Overlaps 1 and 1/3: above 20 and 7 of the 21 thresholds 0, 0.05, ..., 1.
    assert (auc, frames) == (pytest.approx((20 / 21 + 7 / 21) / 2), 2)
