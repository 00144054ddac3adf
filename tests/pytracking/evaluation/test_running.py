import gc
import json
import re
from functools import partial

import cv2
import numpy as np
import pytest
import torch

from ltr.dataset.text_files import read_boxes
from ltr.utils.errors import InputError
from pytracking.api.builder import build_tracker
from pytracking.evaluation.datasets.registry import get_dataset
from pytracking.evaluation.fingerprint import fingerprint
from pytracking.evaluation.parallel import run_dataset
from pytracking.evaluation.results import read_scores, read_stamp, read_times
from pytracking.evaluation.running import check_settings, track_sequence
from pytracking.evaluation.running import run_sequence as run_sequence_of
from pytracking.tracker.base.config import TrackerConfig
from pytracking.video.frame_source import open_video
from tests.fakes.trackers import FakeBuilder, FakeTracker
from tests.fakes.video_kinds import encode
from tests.fakes.videos import folder_of, write_sequence, write_video

run_sequence = partial(run_sequence_of, TrackerConfig(seed=3), build_tracker=FakeBuilder())


def test_result_has_a_row_for_every_frame(tmp_path):
    (sequence,) = folder_of(tmp_path, a=64)
    outcome = run_sequence(sequence, tmp_path / "out")
    assert (outcome.frames, outcome.kept, outcome.error) == (4, False, "")
    boxes = read_boxes(tmp_path / "out" / "a.txt")
    steps = np.cumsum(np.random.default_rng(3).normal(size=(3, 2)), axis=0)
    np.testing.assert_allclose(boxes[1:, :2], boxes[0, :2] + steps, atol=1e-4)
    assert boxes[0].tolist() == [10, 12, 20, 16]
    assert len(read_times(tmp_path / "out" / "a_time.txt")) == 4
    scores, states = read_scores(tmp_path / "out" / "a_score.txt")
    assert (scores.tolist(), states) == ([1, 0.25, 0.25, 0.25], ["tracking", "lost", "uncertain", "lost"])
    stamp = read_stamp(tmp_path / "out" / "a.json")
    assert stamp.run.seed == 3
    about = {"dataset": "folder", "rows": 4, "first_box": [10, 12, 20, 16]}
    assert stamp.sequence == {**about, "frames_sha256": fingerprint(sequence.source())}


def test_frames_before_the_first_box_are_lost_and_hold_it(tmp_path):
    write_sequence(tmp_path, "late", frames=4, truth="nan,nan,nan,nan\n0,0,0,0\n5,6,7,8\n5,6,7,8\n")
    (sequence,) = get_dataset(f"folder:{tmp_path}")
    done = track_sequence(FakeTracker(), sequence)
    assert done.boxes[:3].tolist() == [[5, 6, 7, 8]] * 3
    assert done.states == ["lost", "lost", "tracking", "lost"]
    assert done.scores.tolist() == [0, 0, 1, 0.25]
    assert np.isfinite(done.boxes).all()


def test_truth_of_one_row_tracks_the_whole_video(tmp_path):
    write_sequence(tmp_path, "one", frames=3, truth="5,6,7,8\n")
    (sequence,) = get_dataset(f"folder:{tmp_path}")
    assert track_sequence(FakeTracker(), sequence).boxes.shape == (3, 4)


def test_finished_sequences_are_kept(tmp_path):
    sequences = folder_of(tmp_path, a=64, b=64)
    out = tmp_path / "out"

    def kept(seed=0, **options):
        config = TrackerConfig(seed=seed)
        return [o.kept for o in run_dataset(config, sequences, out, build_tracker=FakeBuilder(), **options)]

    assert kept() == [False, False]
    assert kept() == [True, True]
    (out / "a.txt").unlink()  # what a killed run leaves: companions without the box file
    assert kept() == [False, True]
    assert kept(rerun=True) == [False, False]
    assert kept(seed=1, rerun=True) == [False, False]
    (out / "b.json").write_text('{"seed": 1}')
    assert kept(seed=1) == [True, False]
    stamp = json.loads((out / "b.json").read_text())
    del stamp["sequence"]["frames_sha256"]  # as older versions wrote it
    (out / "b.json").write_text(json.dumps(stamp))
    assert kept(seed=1) == [True, False]


def test_results_of_other_settings_are_not_replaced(tmp_path):
    (sequence,) = folder_of(tmp_path, a=64)
    out = tmp_path / "out"
    run_sequence(sequence, out)
    before = (out / "a.txt").read_bytes()
    other = run_sequence_of(TrackerConfig(seed=4), sequence, out, build_tracker=FakeBuilder())
    assert re.search(r"a.txt: was made with other settings \(seed: there 3, now 4\); keep it by .*--rerun", other.error)
    assert not other.bug
    assert (out / "a.txt").read_bytes() == before


def test_what_differs_in_versions_alone_is_tracked_again(tmp_path):
    (sequence,) = folder_of(tmp_path, a=64)
    out = tmp_path / "out"
    run_sequence(sequence, out)
    stamp = json.loads((out / "a.json").read_text())
    (out / "a.json").write_text(json.dumps({**stamp, "versions": {"numpy": "0.9"}}))
    run = FakeBuilder()(TrackerConfig(seed=3)).run_info()
    assert check_settings(out, [sequence], run) == 1
    assert not run_sequence(sequence, out).kept
    assert check_settings(out, [sequence], run) == 0
    assert run_sequence(sequence, out).kept


@pytest.mark.parametrize("about", [5, None, []])
def test_a_stamp_of_no_sequence_is_named(tmp_path, about):
    (sequence,) = folder_of(tmp_path, a=64)
    out = tmp_path / "out"
    run_sequence(sequence, out)
    (out / "a.json").write_text(json.dumps({"sequence": about}))
    outcome = run_sequence(sequence, out)
    assert outcome.error.startswith(f"{out / 'a.json'}: sequence: expected a JSON object, found {about!r}")
    assert not outcome.bug


@pytest.mark.parametrize("left", ["a.txt", "a_time.txt", "a_score.txt"])
def test_what_a_run_that_broke_off_left_of_an_older_result_is_not_taken_for_its_own(tmp_path, left):
    (sequence,) = folder_of(tmp_path, a=64)
    out = tmp_path / "out"
    run_sequence(sequence, out)
    before = (out / left).read_bytes()
    (out / left).write_bytes(before.replace(b"0", b"1"))
    assert not run_sequence(sequence, out).kept
    assert left == "a_time.txt" or (out / left).read_bytes() == before
    assert run_sequence(sequence, out).kept


def test_results_follow_a_folder_that_is_moved_and_not_other_pictures_of_its_name(tmp_path):
    (sequence,) = folder_of(tmp_path, a=64)
    out = tmp_path / "out"
    run_sequence(sequence, out)
    (tmp_path / "data").rename(tmp_path / "moved")
    (moved,) = get_dataset(f"folder:{tmp_path / 'moved'}")
    assert run_sequence(moved, out).kept
    picture = tmp_path / "moved" / "a" / "img" / "0003.png"
    cv2.imwrite(str(picture), cv2.imread(str(picture)) // 16)
    before = (out / "a.txt").read_bytes()
    assert re.search("another sequence of this name .frames_sha256", run_sequence(moved, out).error)
    assert (out / "a.txt").read_bytes() == before
    assert not run_sequence(moved, out, rerun=True).error


def test_a_video_is_known_by_its_content(tmp_path):
    for name, frames in (("a", 4), ("b", 4), ("c", 5)):
        write_video(tmp_path / name / "clip.mp4", frames=frames)
    a, b, c = (fingerprint(open_video(tmp_path / name / "clip.mp4")) for name in "abc")
    assert a == b != c


def test_boxes_of_another_program_are_not_replaced(tmp_path):
    (sequence,) = folder_of(tmp_path, a=64)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.txt").write_text("1\t2\t3\t4\n")
    assert "a.txt: has no stamp beside it" in run_sequence(sequence, tmp_path / "out").error
    assert (tmp_path / "out" / "a.txt").read_text() == "1\t2\t3\t4\n"
    assert run_sequence(sequence, tmp_path / "out", rerun=True).frames == 4


def test_truth_has_a_row_for_each_frame_that_is_shown(tmp_path):
    """Here the header counts 18, with those that were dropped; all programs decode 10."""
    folder = tmp_path / "data"
    folder.mkdir()
    encode(folder / "a.avi", "mjpeg", range(10), ticks=[0, 1, 2, 3, 10, 11, 12, 15, 16, 17])
    (folder / "a.txt").write_text("5,6,7,8\n" * 10)
    (sequence,) = get_dataset(f"folder:{folder}")
    assert track_sequence(FakeTracker(), sequence).boxes.shape == (10, 4)
    assert sequence.open().length == 10


def test_a_broken_video_gives_no_result(tmp_path):
    folder = tmp_path / "a"
    data = write_video(folder / "frames.mp4", frames=20).read_bytes()
    (folder / "frames.mp4").write_bytes(data[: len(data) - 40])
    (folder / "groundtruth_rect.txt").write_text("1,2,3,4\n" * 20)
    outcome = run_sequence(*get_dataset(f"folder:{tmp_path}"), tmp_path / "out")
    assert "frames.mp4: breaks off at frame" in outcome.error
    assert not (tmp_path / "out").exists()


def test_the_result_of_another_sequence_of_that_name_is_not_replaced(tmp_path):
    (sequence,) = folder_of(tmp_path, a=64)
    write_sequence(tmp_path / "more", "a", frames=5)
    (other,) = get_dataset(f"folder:{tmp_path / 'more'}")
    out = tmp_path / "out"
    run_sequence(sequence, out)
    before = (out / "a.txt").read_bytes()
    assert "a.txt: is the result of another sequence of this name" in run_sequence(other, out).error
    assert (out / "a.txt").read_bytes() == before
    assert run_sequence(other, out, rerun=True).frames == 5


@pytest.mark.parametrize(("device", "taken"), [("auto", [1]), ("cuda", [1]), ("cpu", []), ("cuda:0", [])])
def test_processes_share_out_the_gpus(monkeypatch, device, taken):
    chosen = []
    monkeypatch.setenv("LOCAL_RANK", "3")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    with pytest.raises((ValueError, FileNotFoundError), match=r"none\.safetensors|cannot be used here"):
        build_tracker(TrackerConfig("dimp", "none.safetensors", device, threads=None))
    assert chosen == taken


def test_what_is_loaded_is_no_work_for_the_garbage_collection():
    """Of libraries, mostly; what a program has frozen itself stays as it is."""
    gc.unfreeze()
    try:
        build_tracker(TrackerConfig("opencv", "mil"))
        frozen = gc.get_freeze_count()
        assert frozen > 10_000
        assert len(gc.get_objects()) < frozen
        build_tracker(TrackerConfig("opencv", "mil"))
        assert abs(gc.get_freeze_count() - frozen) < 1000, "the second tracker is not frozen"
    finally:
        gc.unfreeze()


def test_a_config_refuses_a_seed_that_is_none():
    with pytest.raises(InputError, match="seed: expected a whole number from 0 to 4294967295, got -1"):
        build_tracker(TrackerConfig(seed=-1))
