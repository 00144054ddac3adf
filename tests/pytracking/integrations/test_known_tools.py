"""supervision, OpenCV's interface, detectors, Label Studio's backend, TrackEval: with their own packages."""

import json
import sys
import threading
import urllib.error
import urllib.request
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest

from ltr.utils.errors import InputError
from pytracking.annotation.formats import write
from pytracking.annotation.model import AnnotatedBox, AnnotatedTrack, Annotations, VideoInfo
from pytracking.api.multi_tracker import MultiTracker
from pytracking.api.tracker import Tracker
from pytracking.integrations.detector import start_detected
from pytracking.integrations.label_studio import NAME, Backend, serve
from pytracking.integrations.opencv import OpenCvTracker
from pytracking.run_label_studio import Arguments, run
from pytracking.tracker.base.output import TrackOutput
from tests.fakes.trackers import FakeTracker, unbuildable
from tests.fakes.videos import write_video

GRAY = np.full((60, 80, 3), 90, np.uint8)


def targets() -> MultiTracker:
    return MultiTracker(FakeTracker())  # type: ignore[arg-type]


def output(box: tuple, state: str = "tracking") -> TrackOutput:
    return TrackOutput(box, 0.75, state)  # type: ignore[arg-type]


def test_targets_become_detections_and_detections_targets():
    sv = pytest.importorskip("supervision", reason="needs the extra annotation")
    from pytracking.integrations.supervision import boxes_of, start_from, to_detections

    outputs = {4: output((10, 20, 30, 40)), 6: output((0, 0, 5, 5), "lost"), 9: output((1.5, 2, 3, 4), "uncertain")}
    found = to_detections(outputs, {4: 2})
    np.testing.assert_allclose(found.xyxy, [[10, 20, 40, 60], [1.5, 2, 4.5, 6]])
    assert (found.tracker_id.tolist(), found.class_id.tolist()) == ([4, 9], [2, 0])
    assert found.data["state"].tolist() == ["tracking", "uncertain"]
    np.testing.assert_allclose(boxes_of(found), [outputs[4].box, outputs[9].box])
    assert len(to_detections(outputs, lost=True)) == 3
    assert len(to_detections({})) == 0
    seen = sv.BoxAnnotator().annotate(GRAY.copy(), found)  # their drawing takes it
    assert (seen != GRAY).any()

    many, boxes = targets(), np.array([[10, 20, 40, 60], [11, 20, 41, 60], [50, 5, 60, 15], [60, 40, 70, 50]], float)
    detections = sv.Detections(
        xyxy=boxes, confidence=np.array([0.6, 0.9, 0.8, 0.2]), class_id=np.array([1, 1, 7, 7]), tracker_id=None
    )
    assert start_from(many, GRAY, detections, {}) == {0: 1, 1: 7}
    assert [*many[0].box] == [11, 20, 30, 40]
    assert start_from(many, GRAY, detections, {0: output(many[0].box), 1: output(many[1].box, "lost")}) == {2: 7}
    assert start_from(targets(), GRAY, sv.Detections.empty(), {}) == {}
    with pytest.raises(InputError, match=r"expected supervision\.Detections, got list"):
        start_from(many, GRAY, [], {})


def test_only_new_detections_start_targets():
    many = targets()
    assert start_detected(many, GRAY, [], {}) == {}
    boxes = [[10, 10, 20, 20], [12, 10, 20, 20], [25, 10, 20, 20]]
    assert start_detected(many, GRAY, boxes, {}) == {0: 0, 1: 2}
    assert start_detected(many, GRAY, boxes, {0: output((10, 10, 20, 20)), 1: output((25, 10, 20, 20))}) == {}


class Seen(FakeTracker):
    """Keeps the frames it gets."""

    channels = "RGB"
    frames_seen: list

    def clone(self) -> "Seen":
        clone = Seen()
        clone.channels, clone.frames_seen = self.channels, self.frames_seen
        return clone

    def initialize(self, frame, box):
        super().initialize(frame, box)
        self.frames_seen.append(frame)


@pytest.mark.parametrize("channels", ["RGB", "BGR"])
def test_opencv_programs_take_our_tracker(channels):
    """As one of OpenCV's: init, update, BGR frames, whole numbers that cv2.rectangle accepts."""
    seen = Seen()
    seen.channels, seen.frames_seen = channels, []
    frame = np.dstack([np.full((60, 80), value, np.uint8) for value in (1, 2, 3)])
    for tracker in (cv2.TrackerMIL.create(), OpenCvTracker(seen)):
        assert tracker.init(frame, (10, 12, 20, 22)) in (None, True)
        found, box = tracker.update(frame)
        assert isinstance(found, bool)
        assert [type(value) for value in box] == [int] * 4
        cv2.rectangle(frame.copy(), box, (0, 255, 0))
    assert seen.frames_seen[0][0, 0].tolist() == ([3, 2, 1] if channels == "RGB" else [1, 2, 3])
    assert tracker.getTrackingScore() == 0.25
    assert [tracker.update(frame)[0] for _ in range(2)] == [True, False]  # uncertain, lost


def test_opencv_create_makes_a_tracker():
    tracker = OpenCvTracker.create("opencv", "mil")
    tracker.init(GRAY, (10, 10, 20, 20))
    assert tracker.update(GRAY)[0]
    with pytest.raises(InputError, match="width and height above 0"):
        tracker.init(GRAY, (10, 10, 0, 20))


REGION = {
    "id": "aB3", "type": "videorectangle", "from_name": "tracks", "to_name": "clip", "origin": "manual",
    "value": {
        "labels": ["duck"], "framesCount": 6, "duration": 0.24,
        "sequence": [
            {"frame": 2, "enabled": True, "x": 25, "y": 25, "width": 25, "height": 25, "rotation": 0, "time": 0.04}
        ],
    },
}  # fmt: skip


def post(url: str, content: object) -> tuple[int, dict]:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data), timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


class Follower(FakeTracker):
    """Moves by two pixels a frame; loses the target in the last frame of the clip."""

    def clone(self) -> "Follower":
        return Follower()

    def track(self, frame):
        self.frames += 1
        self.box = (self.box[0] + 2, *self.box[1:])
        return TrackOutput(self.box, 0.9, "lost" if self.frames == 4 else "tracking")


def test_label_studio_backend_follows_what_is_drawn(tmp_path):
    write_video(tmp_path / "my clip.mp4")  # 64 x 48, 6 frames
    backend = Backend(tmp_path, lambda: MultiTracker(Follower()))  # type: ignore[arg-type]
    with serve(backend, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}"
        with urllib.request.urlopen(f"{url}/health", timeout=20) as answer:
            assert json.load(answer)["status"] == "UP"
        assert post(f"{url}/setup", {"project": "1"}) == (200, {"model_version": NAME})
        for video in ("/data/local-files/?d=my%20clip.mp4", "/data/upload/my%20clip.mp4", "https://x/y/my%20clip.mp4"):
            task = {"id": 1, "data": {"video": video}}
            status, found = post(
                f"{url}/predict", {"tasks": [task], "params": {"context": {"result": [REGION, {"type": "choices"}]}}}
            )
            assert status == 200
            (region,) = found["results"][0]["result"]
            assert (region["id"], region["from_name"], region["to_name"]) == ("aB3", "tracks", "clip")
            boxes = {item["frame"]: item for item in region["value"]["sequence"]}
            assert [(number, item["enabled"]) for number, item in boxes.items()] == [(2, True), (5, False)]
            assert boxes[5]["x"] == pytest.approx(100 * (16 + 6) / 64)
        assert post(f"{url}/predict", {"tasks": [task]})[1]["results"][0]["result"] == []
        done = {**task, "annotations": [{"result": [REGION]}]}
        assert post(f"{url}/predict", {"tasks": [done]})[1]["results"][0]["result"]
        assert post(f"{url}/nothing", {})[0] == 404
        for bad, message in [
            (b"{", "not JSON"),
            ({"tasks": 3}, "expected a list of tasks"),
            ({"tasks": [{"data": {}, "annotations": [{"result": [REGION]}]}]}, "the task has no video in its data"),
            ({"tasks": [{**done, "data": {"v": "/../../etc/passwd"}}]}, "passwd: no such video in"),
        ]:
            status, answer = post(f"{url}/predict", bad)
            assert status == 400
            assert message in answer["error"]
        server.shutdown()
        thread.join()


def test_label_studio_command(tmp_path, capsys):
    served = []
    builder = lambda config: FakeTracker()  # noqa: E731
    assert run(Arguments(tmp_path, port=0), builder, served.append) == 0
    assert f"serving {tmp_path} at http://127.0.0.1:" in capsys.readouterr().out
    with pytest.raises(InputError, match="no such folder of videos"):
        run(Arguments(tmp_path / "none"), unbuildable)
    with pytest.raises(InputError, match="--frames: expected 1 or more, got 0"):
        run(Arguments(tmp_path, frames=0), unbuildable)


def sample() -> Annotations:
    boxes = {frame: AnnotatedBox((10.0 + 3 * frame + frame % 2, 20, 30, 40), frame % 4 == 0) for frame in range(9)}
    other = {frame: AnnotatedBox((100.0, 20 + frame, 30, 40)) for frame in (1, 2, 6)}
    tracks = (AnnotatedTrack(1, "pedestrian", boxes), AnnotatedTrack(2, "pedestrian", other))
    return Annotations(tracks, VideoInfo((320, 240), 9, 25.0, "clip.mp4"))


def test_trackeval_scores_what_we_write(tmp_path, monkeypatch):
    """HOTA 1 of a track against itself, and less where one is missing."""
    pytest.importorskip("trackeval", reason="needs trackeval")
    if not hasattr(np, "float"):  # removed in numpy 1.24, while TrackEval names them
        monkeypatch.setattr(np, "float", float, raising=False)
        monkeypatch.setattr(np, "int", int, raising=False)
        monkeypatch.setattr(np, "bool", bool, raising=False)
    from trackeval import Evaluator
    from trackeval.datasets import MotChallenge2DBox
    from trackeval.metrics import HOTA

    write(sample(), tmp_path / "gt" / "yard", "mot")
    for name, found in {"all": sample(), "one": sample().only([1])}.items():
        write(found, tmp_path / name, "mot")
        (tmp_path / "trackers" / name / "data").mkdir(parents=True)
        (tmp_path / name / "gt" / "gt.txt").rename(tmp_path / "trackers" / name / "data" / "yard.txt")
    quiet = {"PRINT_CONFIG": False}
    settings = {
        **quiet, "GT_FOLDER": str(tmp_path / "gt"), "TRACKERS_FOLDER": str(tmp_path / "trackers"),
        "SKIP_SPLIT_FOL": True, "SEQ_INFO": {"yard": None}, "DO_PREPROC": False, "OUTPUT_FOLDER": str(tmp_path / "out"),
    }  # fmt: skip
    silent = {**quiet, "PRINT_RESULTS": False, "OUTPUT_SUMMARY": False, "OUTPUT_DETAILED": False, "PLOT_CURVES": False}
    silent |= {"TIME_PROGRESS": False, "LOG_ON_ERROR": None, "BREAK_ON_ERROR": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results, _ = Evaluator(silent).evaluate([MotChallenge2DBox(settings)], [HOTA()])
    scores = {
        name: float(found["yard"]["pedestrian"]["HOTA"]["HOTA"].mean())
        for name, found in results["MotChallenge2DBox"].items()
        if name != "COMBINED_SEQ"
    }
    assert scores["all"] == pytest.approx(1)
    assert 0.5 < scores["one"] < 0.9


def test_supervision_reads_our_yolo_and_coco(tmp_path):
    sv = pytest.importorskip("supervision", reason="needs the extra annotation")
    annotations = sample()
    write(annotations, tmp_path / "boxes.json", "coco")
    (tmp_path / "images").mkdir()
    for frame in range(9):
        cv2.imwrite(str(tmp_path / "images" / f"{frame:06d}.jpg"), np.zeros((240, 320, 3), np.uint8))
    coco = sv.DetectionDataset.from_coco(str(tmp_path / "images"), str(tmp_path / "boxes.json"))
    x, y, w, h = annotations.tracks[0].boxes[1].box
    found = {Path(name).stem: boxes for name, boxes in coco.annotations.items()}
    np.testing.assert_allclose(found["000001"].xyxy[0], (x, y, x + w, y + h), atol=1e-3)
    assert len(found["000006"]) == 2
    assert "pedestrian" in coco.classes


def test_pycocotools_reads_our_coco(tmp_path):
    from pycocotools.coco import COCO

    write(sample(), tmp_path / "boxes.json", "coco")
    coco = COCO(str(tmp_path / "boxes.json"))
    assert [item["track_id"] for item in coco.loadAnns(coco.getAnnIds(imgIds=[2]))] == [1, 2]


def test_label_studios_sdk_reads_our_sequences(tmp_path):
    """Its interpolation gives our boxes. The package needs older versions of numpy and OpenCV, so it has no extra."""
    video = pytest.importorskip(
        "label_studio_sdk._extensions.label_studio_tools.postprocessing.video",
        reason="needs label-studio-sdk, which does not install beside this toolkit's numpy and OpenCV",
        exc_type=ImportError,
    )
    write(sample(), tmp_path / "a.json", "label-studio")
    (task,) = json.loads((tmp_path / "a.json").read_text())
    for track, region in zip(sample().tracks, video.extract_key_frames(task["annotations"][0]["result"]), strict=True):
        shown = {item["frame"] - 1: item for item in region["value"]["sequence"]}
        assert sorted(shown) == sorted(track.boxes)
        for frame, box in track.boxes.items():
            item = shown[frame]
            found = [
                item[name] / 100 * side for name, side in (("x", 320), ("y", 240), ("width", 320), ("height", 240))
            ]
            np.testing.assert_allclose(found, box.box, atol=1e-6)


def test_missing_packages_are_named(monkeypatch):
    for package, module in (("cvat_sdk", "cvat"), ("supervision", "supervision")):
        monkeypatch.setitem(sys.modules, package, None)
        monkeypatch.delitem(sys.modules, f"pytracking.integrations.{module}", raising=False)
        with pytest.raises(ImportError, match=r"needs the package .*pip install"):
            __import__(f"pytracking.integrations.{module}")


def test_a_tracker_is_shared_by_opencv_adapters():
    shared = Tracker("opencv", "mil")
    first, second = OpenCvTracker(shared), OpenCvTracker(shared)
    first.init(GRAY, (10, 10, 20, 20))
    second.init(GRAY, (40, 30, 20, 20))
    assert first.update(GRAY)[1][0] < second.update(GRAY)[1][0]
