"""Our tracker in CVAT, driven by CVAT's agent against a server that answers as CVAT does."""

import io
import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image

from tests.fakes.trackers import FakeTracker
from tests.fakes.videos import moving_square

cvat_sdk = pytest.importorskip("cvat_sdk", reason="needs the extra annotation")
pytest.importorskip("cvat_cli", reason="needs the extra annotation")

from cvat_cli._internal.agent_driver import BadArError, set_worker_current_function  # noqa: E402
from cvat_cli._internal.agent_driver_tracking import AgentTrackingFunctionDriver  # noqa: E402
from cvat_sdk import auto_annotation, models  # noqa: E402

from pytracking.integrations.cvat import CvatTracker  # noqa: E402
from pytracking.tracker.base.output import TrackOutput  # noqa: E402

FRAMES, BOXES = moving_square(frames=4)
SIZE = FRAMES[0].shape[1::-1]
USER = {"url": "http://x/api/users/1", "id": 1, "username": "a", "first_name": "", "last_name": ""}
TASK = {
    "url": "http://x/api/tasks/1", "id": 1, "name": "yard", "project_id": None, "mode": "interpolation",
    "owner": USER, "assignee": None, "bug_tracker": "", "created_date": "2026-01-01T00:00:00Z",
    "updated_date": "2026-01-01T00:00:00Z", "overlap": 0, "segment_size": 4, "status": "annotation",
    "data_chunk_size": 4, "data_compressed_chunk_type": "imageset", "guide_id": None,
    "data_original_chunk_type": "imageset", "size": len(FRAMES), "image_quality": 70, "data": 1,
    "dimension": "2d", "subset": "", "organization": None, "target_storage": None, "source_storage": None,
    "jobs": {"count": 1, "completed": 0, "validation": 0, "url": "http://x/api/jobs"},
    "labels": {"url": "http://x/api/labels"}, "assignee_updated_date": None, "validation_mode": None,
    "consensus_enabled": False, "organization_id": None,
}  # fmt: skip
META = {
    "chunk_size": 4, "size": len(FRAMES), "image_quality": 70, "start_frame": 0, "stop_frame": len(FRAMES) - 1,
    "frame_filter": "", "deleted_frames": [], "included_frames": None, "storage_method": "file_system",
    "storage": "local", "cloud_storage_id": None, "chunks_updated_date": "2026-01-01T00:00:00Z",
    "frames": [
        {"width": SIZE[0], "height": SIZE[1], "name": f"{i}.png", "related_files": 0, "related_images": []}
        for i in range(len(FRAMES))
    ],
}  # fmt: skip
ANSWERS: dict[str, Any] = {
    "/api/server/about": {"name": "CVAT", "description": "", "version": "2.80.0", "logo_url": "", "subtitle": ""},
    "/api/tasks/1": TASK,
    "/api/tasks/1/data/meta": META,
    "/api/labels": {"count": 0, "next": None, "previous": None, "results": []},
}


class Server(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        body, kind = json.dumps(ANSWERS.get(parts.path.rstrip("/"))).encode(), "application/json"
        if parts.path.rstrip("/") == "/api/tasks/1/data":
            picture = io.BytesIO()
            Image.fromarray(FRAMES[int(parse_qs(parts.query)["number"][0])]).save(picture, "PNG")
            body, kind = picture.getvalue(), "image/png"
        self.send_response(200 if body != b"null" else 404)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class HereExecutor:
    """In place of the agent's worker process."""

    def submit(self, work: Any, *arguments: Any) -> Future:
        done: Future = Future()
        try:
            done.set_result(work(*arguments))
        except Exception as error:
            done.set_exception(error)
        return done

    def result(self, future: Future) -> Any:
        return future.result()


class SquareTracker(FakeTracker):
    """Knows where the square is by the frame."""

    def clone(self) -> "SquareTracker":
        return SquareTracker()

    def initialize(self, frame: np.ndarray, box: Any) -> None:
        self.box = tuple(box)
        assert any((frame == known).all() for known in FRAMES)

    def track(self, frame: np.ndarray) -> TrackOutput:
        number = next(i for i, known in enumerate(FRAMES) if (frame == known).all())
        return TrackOutput(tuple(map(float, BOXES[number])), 0.9, "lost" if number == 3 else "tracking")


@pytest.fixture
def agent(tmp_path) -> Iterator[AgentTrackingFunctionDriver]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    function = CvatTracker(SquareTracker())
    set_worker_current_function(function)
    AgentTrackingFunctionDriver.init_worker(iter("ab").__next__)
    config = cvat_sdk.Config(cache_dir=tmp_path)
    with cvat_sdk.Client(f"http://127.0.0.1:{server.server_port}", config=config) as client:
        yield AgentTrackingFunctionDriver(client, HereExecutor(), function.spec)
    server.shutdown()
    thread.join()
    server.server_close()


def rectangle(box: tuple[int, int, int, int]) -> dict[str, Any]:
    x, y, w, h = map(float, box)
    return {"type": "rectangle", "points": [x, y, x + w, y + h]}


def test_the_agent_follows_a_rectangle(agent):
    started = agent.calculate_result_for_ar(
        {"type": "init_tracking", "task": 1, "frame": 0, "shapes": [rectangle(BOXES[0]), rectangle(BOXES[0])]}, print
    )
    assert started == {"states": ["a", "b"]}
    for frame in (1, 2):
        found = agent.calculate_result_for_ar({"type": "track", "task": 1, "frame": frame, "states": ["a", "b"]}, print)
        assert found["shapes"] == [rectangle(BOXES[frame])] * 2
    lost = agent.calculate_result_for_ar({"type": "track", "task": 1, "frame": 3, "states": ["b"]}, print)
    assert lost["shapes"] == [None]


def test_other_shapes_are_not_followed(agent):
    agent.validate_function_compatibility({"supported_shape_types": ["rectangle"]})
    shape = {"type": "polygon", "points": [0, 0, 1, 1, 2, 0]}
    with pytest.raises(BadArError, match="Unsupported shape type 'polygon'"):
        agent.calculate_result_for_ar({"type": "init_tracking", "task": 1, "frame": 0, "shapes": [shape]}, print)


def test_the_agent_is_told_rectangles():
    spec = CvatTracker(SquareTracker()).spec
    assert isinstance(spec, auto_annotation.TrackingFunctionSpec)
    assert AgentTrackingFunctionDriver.get_remote_function_fields(spec) == {"supported_shape_types": ["rectangle"]}
    assert models.ShapeType("rectangle")
