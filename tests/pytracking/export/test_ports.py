"""The tracker in C++ and in the browser: Python's boxes on the check clip, where compilers and browser are there."""

import csv
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest

from ltr.data.crop import CropTransform, sample_crop
from ltr.utils.errors import InputError
from pytracking.api.tracker import Tracker
from pytracking.export.check_clip import check_clip
from pytracking.export.web_folder import onnxruntime_web, write_web
from pytracking.features.augmentation import augmented_crops
from pytracking.parameter.dimp.base import NETWORKS, AugmentationParams
from pytracking.run_export import main
from tests.fakes.accessibility import violations
from tests.fakes.browser import chromium, write_camera

pytestmark = pytest.mark.slow
CPP = Path("docs", "examples", "cpp")
CLOSE = 1.0  # pixels


GRAPHS = NETWORKS / "dimp_ncep_mobile"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The frames of the check clip as pictures."""
    folder = tmp_path_factory.mktemp("clip")
    for number, frame in enumerate(check_clip()[0]):
        cv2.imwrite(str(folder / f"{number:04}.png"), frame[..., ::-1])
    return folder


@pytest.fixture(scope="module")
def expected() -> tuple[np.ndarray, list[str]]:
    """Python's boxes ``[n, 4]`` and states on the check clip."""
    (first, *frames), box = check_clip()
    tracker = Tracker("dimp_ncep_mobile")
    tracker.initialize(first, box)
    found = [tracker.track(frame) for frame in frames]
    return np.array([box, *(each.box for each in found)]), ["tracking", *(each.state for each in found)]


def boxes_of(table: str) -> tuple[np.ndarray, list[str]]:
    """Boxes ``[n, 4]`` and states of a CSV."""
    rows = list(csv.DictReader(table.splitlines()))
    return np.array([[float(row[side]) for side in "xywh"] for row in rows]), [row["state"] for row in rows]


# ---- C++


def cpp_runtime() -> list[str]:
    """Options of cmake: ONNX Runtime where its headers are, else OpenVINO, whose Python package has the C++ one."""
    root = os.environ.get("ONNXRUNTIME_ROOT", "/usr")
    if any(Path(root, "include").rglob("onnxruntime_cxx_api.h")):
        return [f"-DONNXRUNTIME_ROOT={root}"]
    found = find_spec("openvino")
    if found is None or found.origin is None:
        pytest.skip("needs ONNX Runtime's C++ package (ONNXRUNTIME_ROOT) or OpenVINO")
    return ["-DRUNTIME=openvino", f"-DOpenVINO_DIR={Path(found.origin).parent / 'cmake'}"]


@pytest.fixture(scope="module")
def track(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """The program, built; the test is skipped, visibly, where a compiler or a library is missing."""
    for program in ("cmake", "c++"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program} (Debian: apt install cmake g++)")
    build = tmp_path_factory.mktemp("build")
    command = ["cmake", "-S", str(repository / CPP), "-B", str(build), *cpp_runtime()]
    configured = subprocess.run(command, capture_output=True, text=True)
    if "OpenCVConfig.cmake" in configured.stderr:
        pytest.skip("needs OpenCV's C++ package (Debian: apt install libopencv-dev)")
    assert configured.returncode == 0, configured.stderr
    built = subprocess.run(["cmake", "--build", str(build)], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert "warning" not in built.stderr
    return build / "track"


def test_cpp_boxes_are_pythons(clip: Path, expected: tuple[np.ndarray, list[str]], track: Path) -> None:
    command = [str(track), str(GRAPHS), str(clip / "%04d.png"), ",".join(map(str, check_clip()[1])), "--threads", "1"]
    boxes, states = boxes_of(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    np.testing.assert_allclose(boxes, expected[0], atol=CLOSE)
    assert states == expected[1]


def test_cpp_says_what_is_wrong(clip: Path, track: Path, tmp_path: Path) -> None:
    def error(*words: str) -> tuple[int, str]:
        done = subprocess.run([str(track), *words], capture_output=True, text=True)
        return done.returncode, done.stderr

    graphs, frames = str(GRAPHS), str(clip / "%04d.png")
    assert error()[0] == error(graphs, frames, "1,2,3")[0] == error(graphs, frames, "1,2,0,4")[0] == 2
    assert (
        "manifest.json cannot be read: expected a folder that pytracking export wrote"
        in error(str(tmp_path), frames, "1,2,3,4")[1]
    )
    assert "cannot be read: expected a video" in error(graphs, str(tmp_path / "none.mp4"), "1,2,3,4")[1]
    assert "the box lies outside the frame" in error(graphs, frames, "900,2,30,40")[1]


# ---- the browser


@pytest.fixture(scope="module")
def web(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's folder, with the frames of the check clip."""
    folder = tmp_path_factory.mktemp("page") / "web"
    try:
        with onnxruntime_web(None) as runtime:
            write_web(GRAPHS, folder, runtime)
    except (ImportError, OSError) as error:
        pytest.skip(str(error))
    shutil.copytree(clip, folder / "clip")
    return folder


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def url(web: Path) -> Iterator[str]:
    """Of the folder on a plain static server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=web))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    with chromium(write_camera(tmp_path_factory.mktemp("camera") / "camera.mjpeg")) as started:
        yield started


@pytest.fixture
def page(browser, url: str) -> Iterator:
    """The page, loaded. It fails the test that uses it if it logs an error or asks another host for anything."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.set_default_timeout(120_000)
    page = context.new_page()
    errors, outside = [], []
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    context.on("request", lambda request: request.url.startswith((url, f"blob:{url}")) or outside.append(request.url))
    page.goto(url)
    page.wait_for_selector("#connection[data-state=open]")
    yield page
    context.close()
    assert (errors, outside) == ([], [])


TRACK = """async ([count, box]) => {
  const { Tracker } = await import("/tracker.js");
  const tracker = await new Promise((resolve, reject) => {
    const made = new Tracker({ loading() {}, ready: () => resolve(made), failed: (text) => reject(new Error(text)) });
  });
  const picture = async (i) => {
    const response = await fetch(`/clip/${String(i).padStart(4, "0")}.png`);
    return createImageBitmap(await response.blob());
  };
  const found = [(await tracker.add(await picture(0), 0, box)).targets[0]];
  for (let i = 1; i < count; i++) found.push((await tracker.track(await picture(i), [0])).targets[0]);
  return found;
}"""


def test_boxes_in_the_browser_are_pythons(page, expected: tuple[np.ndarray, list[str]]) -> None:
    found = page.evaluate(TRACK, [len(expected[0]), check_clip()[1]])
    np.testing.assert_allclose([target["box"] for target in found], expected[0], atol=CLOSE)
    assert [target["state"] for target in found] == expected[1]


CROP = """async ([name, frame, width, height, box, crop, params]) => {
  const { augmentedCrops } = await import("/augmentation.js");
  const { sampleCrop } = await import("/crop.js");
  const picture = { data: Uint8Array.from(frame), width, height, channels: 3 };
  if (name === "crop") return [[Array.from(sampleCrop(picture, crop).data)], []];
  const { crops, boxes } = augmentedCrops(picture, box, crop, params);
  return [crops.map(({ data }) => Array.from(data)), boxes];
}"""


@pytest.mark.parametrize("scale", [0.6, 1.7, 2.5, 4.2])
def test_crops_are_pythons(page, scale: float) -> None:
    frame = check_clip()[0][3]
    center = (250.3, 31.7)  # parts of it lie outside
    crop, _ = sample_crop(frame, center, scale, 64)
    transform = {"center": center, "scale": scale, "side": 64}
    (got,), _ = page.evaluate(CROP, ["crop", frame.ravel().tolist(), 320, 240, None, transform, None])
    np.testing.assert_allclose(np.reshape(got, crop.shape), crop, atol=1)


def test_augmented_crops_are_pythons(page) -> None:
    frame, box = check_clip()[0][0], check_clip()[1]
    params = AugmentationParams(crop_shifts=((0.1, -0.2),))
    transform = CropTransform((90.0, 118.0), 1.4, 96)
    crops, boxes = augmented_crops(frame, box, transform, params)
    given = {"center": transform.center, "scale": transform.scale, "side": transform.side}
    lists = {name: getattr(params, name) for name in ("shifts", "crop_shifts", "rotations", "scales", "blurs", "flip")}
    got, got_boxes = page.evaluate(CROP, ["augmented", frame.ravel().tolist(), 320, 240, box, given, lists])
    np.testing.assert_allclose(np.reshape(got, crops.shape), crops, atol=1)
    np.testing.assert_allclose(got_boxes, boxes, atol=1e-4)


def test_a_video_is_followed_without_a_host(page, expected: tuple[np.ndarray, list[str]], tmp_path: Path) -> None:
    """Every frame, whatever the browser's pace; the boxes and the video with them are downloads."""
    page.context.set_offline(True)
    page.reload()
    page.wait_for_selector("#connection[data-state=open]")
    page.set_input_files("#file", str(write_clip(tmp_path / "clip.mp4")))
    page.wait_for_function("document.getElementById('place-in-video').textContent === '0'")
    draw(page, check_clip()[1])
    page.wait_for_selector("body.following")
    page.click("#play")
    page.wait_for_function("document.getElementById('hint').textContent === 'The end of the video'")
    page.wait_for_function("document.getElementById('place-in-video').textContent === '29'")
    with page.expect_download() as download:
        page.click("#save")
    download.value.save_as(tmp_path / "boxes.csv")
    assert download.value.suggested_filename == "clip-boxes.csv"
    boxes, states = boxes_of((tmp_path / "boxes.csv").read_text())
    np.testing.assert_allclose(boxes, expected[0], atol=2)  # the video is compressed
    assert states == expected[1]
    with page.expect_download() as download:
        page.click("#record")
    download.value.save_as(tmp_path / "video")
    video = cv2.VideoCapture(str(tmp_path / "video"))
    frames = []
    while (read := video.read())[0]:
        frames.append(read[1])
    assert len(frames) > 10
    changed = np.abs(frames[0].astype(int) - check_clip()[0][0][..., ::-1]).max(axis=2)
    x, y, _, h = expected[0][0].astype(int)
    assert changed[y + h // 2, x - 2 : x + 3].max() > 40  # the left side of the box
    assert np.median(changed) < 10


def test_axe_finds_nothing(page, tmp_path: Path) -> None:
    found = violations(page)
    page.set_input_files("#file", str(write_clip(tmp_path / "clip.mp4")))
    page.wait_for_function("document.getElementById('place-in-video').textContent === '0'")
    draw(page, check_clip()[1])
    page.wait_for_selector("body.following")
    assert found + violations(page) == []


def test_the_camera_is_followed_and_a_target_comes_back(page) -> None:
    page.click("#start-camera")
    page.wait_for_function("document.getElementById('picture').width > 300")
    draw(page, (100, 100, 60, 60))
    page.wait_for_function("document.getElementById('meter').textContent.includes('fps')")
    draw(page, (200, 60, 60, 60))
    page.wait_for_function("document.querySelectorAll('#targets li').length === 2")
    page.click("[aria-label='Remove target 0 and its boxes']")
    page.wait_for_function("document.querySelectorAll('#targets li').length === 1")
    page.click("#notice .offer")
    page.wait_for_function("document.querySelectorAll('#targets li').length === 2")
    page.click("#record")
    page.wait_for_timeout(1000)
    with page.expect_download() as download:
        page.click("#record")
    assert download.value.suggested_filename.startswith("camera-annotated.")


def draw(page, box: tuple[float, float, float, float]) -> None:
    """Draw a box in pixels of a picture 320 wide."""
    place = page.locator("#overlay").bounding_box()
    scale = place["width"] / 320
    x, y, w, h = (side * scale for side in box)
    page.mouse.move(place["x"] + x, place["y"] + y)
    page.mouse.down()
    page.mouse.move(place["x"] + x + w, place["y"] + y + h, steps=3)
    page.mouse.up()


def write_clip(path: Path) -> Path:
    av = pytest.importorskip("av")
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "12"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for frame in check_clip()[0]:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return path


def test_a_page_says_what_it_needs(tmp_path: Path, monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    def error(*words: str) -> str:
        assert main(list(words)) == 1
        return capsys.readouterr().err

    out = str(tmp_path / "web")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "the page needs npm's package onnxruntime-web@" in error("--web", out)
    assert "expected the files of npm's package onnxruntime-web" in error(
        "--web", out, "--onnxruntime-web", str(tmp_path)
    )
    assert "are for --web" in error("--out", out, "--graphs", out)
    (tmp_path / "mine.txt").write_text("mine")
    assert "is there already" in error("--web", str(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_page_refuses_what_it_does_not_do(tmp_path: Path) -> None:
    graphs = Path(shutil.copytree(GRAPHS, tmp_path / "graphs"))
    text = (graphs / "manifest.json").read_text()
    assert '"rotation": false' in text
    (graphs / "manifest.json").write_text(text.replace('"rotation": false', '"rotation": true'))
    with pytest.raises(InputError, match=r"graphs: the page does not know refinement\.rotation"):
        write_web(graphs, tmp_path / "web", tmp_path)
    assert not (tmp_path / "web").exists()
