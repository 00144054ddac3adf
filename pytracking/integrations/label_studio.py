"""A machine learning backend for Label Studio: what a person draws in a video is followed from there on.

It speaks Label Studio's protocol by itself (``GET /health``, ``POST /setup``, ``/predict``, ``/webhook``), and needs no
other package. It reads videos in one folder only.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ltr.utils.errors import InputError
from pytracking.annotation.label_studio import KIND, annotations_to_regions, regions_to_annotations, track_ids
from pytracking.annotation.model import AnnotatedBox, AnnotatedTrack, VideoInfo
from pytracking.api.multi_tracker import MultiTracker
from pytracking.utils.extras import __version__
from pytracking.video.frame_source import FrameSource, frames_at, open_video, peek_first

log = logging.getLogger(__name__)

LARGEST_REQUEST = 64 << 20  # bytes
NAME = f"ebm-tracking {__version__}"


@dataclass(frozen=True)
class Backend:
    """Follows the drawn boxes.

    root: folder of the videos. new_targets: makes an empty MultiTracker. frames: to follow at most in a request, since
    Label Studio waits for the answer.
    """

    root: Path
    new_targets: Callable[[], MultiTracker]
    frames: int = 300

    def predict(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to ``/predict``: a result for each task, empty where nothing is drawn.

        Raises InputError for a request that is not understood, and for a video that is not in ``root``.
        """
        tasks = request.get("tasks")
        if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
            raise InputError("expected a list of tasks")
        parameters = request.get("params")
        context = parameters.get("context") if isinstance(parameters, dict) else None
        drawn = context.get("result") if isinstance(context, dict) else None
        results = [self._result(task, drawn or _last_result(task)) for task in tasks]
        return {"results": [{"result": result, "model_version": NAME} for result in results], "model_version": NAME}

    def _result(self, task: Mapping[str, Any], drawn: Any) -> list[dict[str, Any]]:
        """The regions of the task, followed from the last box that a person drew in each."""
        regions = [item for item in drawn if isinstance(item, dict)] if isinstance(drawn, list) else []
        regions = [region for region in regions if region.get("type") == KIND]
        if not regions:
            return []
        source = open_video(self._video(task.get("data")))
        first, _ = peek_first(source)
        video = VideoInfo((first.shape[1], first.shape[0]), source.length, source.fps)
        held = regions_to_annotations(regions, video, "context")
        tracks = tuple(self._followed(track, source) for track in held.tracks)
        found = annotations_to_regions(replace(held, tracks=tracks))
        by_id = dict(zip((track.id for track in tracks), found, strict=True))
        same = ("id", "from_name", "to_name", "meta", "parentID")
        return [
            {**new, **{name: old[name] for name in same if name in old}}
            for old, new in zip(regions, [by_id[target] for target in track_ids(regions)], strict=True)
        ]

    def _followed(self, track: AnnotatedTrack, source: FrameSource) -> AnnotatedTrack:
        drawn = [frame for frame, box in track.boxes.items() if box.keyframe]
        if not drawn:
            return track
        start, targets = drawn[-1], self.new_targets()
        end = min(start + self.frames + 1, source.length or start + self.frames + 1)
        boxes = {frame: box for frame, box in track.boxes.items() if frame <= start}
        for frame, image in enumerate(frames_at(source, range(start, end)), start=start):
            if frame == start:
                targets.add(image, boxes[start].box, 0)
                continue
            output = targets.track(image)[0]
            if output.state != "lost":
                boxes[frame] = AnnotatedBox(output.box, False, score=output.score)
        return replace(track, boxes=boxes)

    def _video(self, data: Any) -> Path:
        """The file of a task's video: by the path of its address below ``root``, or by the name alone."""
        values = [value for value in data.values() if isinstance(value, str)] if isinstance(data, dict) else []
        if not values:
            raise InputError("the task has no video in its data")
        parts = urlsplit(values[0])
        place = unquote(parse_qs(parts.query).get("d", [parts.path])[0]).lstrip("/")
        root = self.root.resolve()
        names = [Path(place), Path(*Path(place).parts[2:]), Path(Path(place).name)]  # data/upload/..., or the file
        for name in names:
            file = (root / name).resolve()
            if file.is_relative_to(root) and file.is_file():
                return file
        raise InputError(f"{Path(place).name}: no such video in {root}, the folder that --root names")


def _last_result(task: Mapping[str, Any]) -> Any:
    done = task.get("annotations")
    last = done[-1] if isinstance(done, list) and done else None
    return last.get("result") if isinstance(last, dict) else None


def serve(backend: Backend, host: str, port: int) -> ThreadingHTTPServer:
    """A server of ``backend``, to be run by ``serve_forever``; one request is predicted at a time."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, {"status": "UP", "model_class": NAME})

        def do_POST(self) -> None:
            path = urlsplit(self.path).path.rstrip("/")
            try:
                request = self._request()
                if path == "/predict":
                    with lock:
                        self._answer(200, backend.predict(request))
                elif path in ("/setup", "/webhook", "/train"):
                    self._answer(200, {"model_version": NAME})
                else:
                    self._answer(404, {"error": f"no {path}"})
            except (InputError, OSError) as error:
                log.warning("%s", error)
                self._answer(400, {"error": str(error)})

        def _request(self) -> dict[str, Any]:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > LARGEST_REQUEST:
                raise InputError(f"expected a request of at most {LARGEST_REQUEST} bytes")
            try:
                content = json.loads(self.rfile.read(int(length)) or b"{}")
            except (ValueError, RecursionError) as error:
                raise InputError(f"not JSON: {error}") from None
            if not isinstance(content, dict):
                raise InputError("expected a JSON object")
            return content

        def _answer(self, status: int, content: Mapping[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            log.info(format, *args)

    return ThreadingHTTPServer((host, port), Handler)
