"""The page in a browser: headless Chromium, whose camera is a file, and a server with fake targets."""

import csv
import json
import re
import threading
from collections.abc import Iterator

import pytest

from pytracking.api.multi_tracker import MultiTracker
from pytracking.evaluation.datasets.demo import demo_sequence
from pytracking.tracker.base.output import TrackOutput
from pytracking.video.frame_source import open_video as open_video_file
from pytracking.visualization.boxes import PALETTE
from pytracking.web.server import MAX_SESSIONS, Address
from tests.fakes.browser import chromium, expect, write_camera
from tests.fakes.pages import fake_targets, served
from tests.fakes.trackers import FakeTracker
from tests.fakes.videos import write_noise_video, write_video

DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
CAMERA_SIZE = (320, 240)


@pytest.fixture(scope="module")
def browser(tmp_path_factory) -> Iterator:
    with chromium(write_camera(tmp_path_factory.mktemp("camera") / "camera.mjpeg")) as started:
        yield started


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(lambda: fake_targets(slow=0.005)) as address:
        yield address


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def shape(request) -> dict:
    return request.param


@pytest.fixture
def page(browser, url, shape) -> Iterator:
    """The page, connected. It fails the test that uses it if it logs an error or asks another host for anything."""
    context = browser.new_context(**shape)
    page = context.new_page()
    errors, outside = [], []
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: request.url.startswith(("blob:", url)) or outside.append(request.url))
    page.goto(url)
    page.wait_for_selector("#connection[data-state=open]")
    yield page
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    context.close()
    assert (errors, outside) == ([], [])
    assert wide <= 0


desktop_only = pytest.mark.parametrize("shape", [DESKTOP], ids=["desktop"])


def start_camera(page):
    page.click("#start-camera")
    expect(page.locator("#picture")).to_have_attribute("width", "320")


def open_video(page, path, frames):
    page.set_input_files("#file", path)
    expect(page.locator("#place-in-video")).to_have_text(f"0 / {frames - 1}")


def drag(page, x0, y0, x1, y1):
    """Draw a box from corner to corner, in parts of the picture."""
    place = page.locator("#overlay").bounding_box()
    corners = [(place["x"] + x * place["width"], place["y"] + y * place["height"]) for x, y in ((x0, y0), (x1, y1))]
    page.mouse.move(*corners[0])
    page.mouse.down()
    page.mouse.move(*corners[1], steps=4)
    page.mouse.up()


def wait_for_targets(page, count):
    expect(page.locator("#targets li")).to_have_count(count)


def saved_rows(page):
    page.click("#save")
    with page.expect_download() as download:
        page.click("#save-csv")
    page.click("#downloads .close")
    with open(download.value.path(), encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_camera_is_followed_with_several_targets(page, shape):
    start_camera(page)
    drag(page, 0.25, 0.25, 0.5, 0.75)
    wait_for_targets(page, 1)
    drag(page, 0.9, 0.8, 0.7, 0.5)  # from the other corner
    wait_for_targets(page, 2)
    expect(page.locator("#meter")).to_have_text(re.compile(r"^\d+\.\d fps · \d+ ms · 320 × 240$"))
    assert page.evaluate("document.activeElement.id") == "overlay"  # not lost with the button
    expect(page.locator("#targets li:first-child .name")).to_have_attribute("placeholder", "Target 0")
    assert page.inner_text("#targets li:first-child output") in ("0.25", "1.00")
    rows = saved_rows(page)
    boxes = {row["id"]: [float(row[side]) for side in "xywh"] for row in reversed(rows) if row["state"] == "tracking"}
    assert boxes["0"] == pytest.approx([80, 60, 80, 120], abs=2)
    assert boxes["1"] == pytest.approx([224, 120, 64, 72], abs=2)
    assert {row["state"] for row in rows} == {"tracking", "uncertain", "lost"}
    numbers = [int(row["frame"]) for row in rows if row["id"] == "0"]
    assert numbers == sorted(set(numbers))
    page.click("#targets li:first-child .remove")
    wait_for_targets(page, 1)
    page.click("#reset")
    wait_for_targets(page, 0)
    assert page.inner_text("#hint") == "Drag a box around what to follow"


def test_an_uploaded_video(page, shape, tmp_path):
    open_video(page, write_video(tmp_path / "clip.mp4", frames=12, height=240, width=320), 12)
    drag(page, 0.5, 0.5, 0.75, 0.75)
    wait_for_targets(page, 1)
    assert page.inner_text("#hint") == "Play the video, or draw another box"
    page.click("#play")
    expect(page.locator("#hint")).to_have_text("The end of the video")
    assert page.inner_text("#place-in-video") == "11 / 11"
    rows = saved_rows(page)
    assert [int(row["frame"]) for row in rows] == list(range(12))
    assert [float(rows[0][side]) for side in "xywh"] == pytest.approx([160, 120, 80, 60], abs=2)
    assert [float(row["time"]) for row in rows] == pytest.approx([i / 25 for i in range(12)], abs=1e-4)
    page.evaluate(SEEK, 5)  # what was found is shown, nothing is lost
    expect(page.locator("#place-in-video")).to_have_text("5 / 11")
    expect(page.locator("#targets output")).to_have_text("0.25")
    page.click("#forward")
    page.click("#back")
    page.click("#back")
    expect(page.locator("#place-in-video")).to_have_text("4 / 11")
    page.click("#play")
    expect(page.locator("#hint")).to_have_text("The end of the video")
    assert saved_rows(page) == rows
    page.click("#play")  # at the end: again from the start
    expect(page.locator("#place-in-video")).to_have_text(re.compile(r"^[0-9] / 11$"))


SEEK = """frame => { const seek = document.getElementById('seek'); seek.value = frame;
    for (const kind of ['input', 'change']) seek.dispatchEvent(new Event(kind)); }"""


def names(page):
    return [row.input_value() or row.get_attribute("placeholder") for row in page.locator("#targets .name").all()]


def test_names_undo_and_what_is_saved(page, shape, tmp_path):
    open_video(page, write_video(tmp_path / "clip.mp4", frames=12, height=240, width=320), 12)
    for left in (0.1, 0.5):
        drag(page, left, 0.25, left + 0.2, 0.75)
        expect(page.locator("#undo")).to_be_enabled()
    wait_for_targets(page, 2)
    page.click("#play")
    expect(page.locator("#hint")).to_have_text("The end of the video")
    page.fill("#targets li:first-child .name", 'Ann, "the" player')
    page.keyboard.press("Enter")
    page.click("#targets li:first-child .remove")
    expect(page.locator("#notice")).to_contain_text('Ann, "the" player and its boxes are removed.')
    wait_for_targets(page, 1)
    assert {row["id"] for row in saved_rows(page)} == {"1"}
    page.click("#notice .offer")  # undo
    wait_for_targets(page, 2)
    assert names(page) == ['Ann, "the" player', "Target 1"]
    rows = saved_rows(page)
    assert [(row["id"], row["name"]) for row in rows[:2]] == [("0", 'Ann, "the" player'), ("1", "")]
    assert len(rows) == 24
    page.click("#reset")
    wait_for_targets(page, 0)
    for before in ('Ann, "the" player', "Target 0"):
        page.click("#undo")  # the removal, then the renaming
        wait_for_targets(page, 2)
        assert names(page) == [before, "Target 1"]
    page.click("#undo")  # the second target
    wait_for_targets(page, 1)
    page.click("#undo")
    wait_for_targets(page, 0)
    assert page.is_disabled("#undo")
    assert page.is_disabled("#save") or saved_rows(page) == []


@desktop_only
def test_the_json_and_the_annotated_video(page, tmp_path):
    path = write_video(tmp_path / "clip.mp4", frames=12, height=240, width=320)
    open_video(page, path, 12)
    drag(page, 0.1, 0.25, 0.5, 0.75)
    wait_for_targets(page, 1)
    page.keyboard.press("s")
    assert page.inner_text("#save-what") == "1 box of 1 target in clip.mp4"
    with page.expect_download() as download:
        page.click("#save-json")
    assert download.value.suggested_filename == "clip-boxes.json"
    saved = json.loads(download.value.path().read_text(encoding="utf-8"))
    assert saved["source"] == "clip.mp4"
    [frame] = saved["frames"]
    assert (frame["frame"], frame["time"]) == (0, 0)
    assert frame["targets"][0]["box"] == pytest.approx([32, 60, 128, 120], abs=2)
    with page.expect_download() as download:
        page.click("#save-video")
    assert download.value.suggested_filename == "clip-annotated.mp4"
    assert open_video_file(download.value.path()).length == 12
    expect(page.locator("#save-state")).to_have_text("clip-annotated.mp4 is made.")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.id") == "overlay"


def test_the_trail_follows_the_middle_of_the_box(browser, tmp_path):
    class Steady(FakeTracker):
        def clone(self):
            return Steady()

        def track(self, frame):
            self.box = (self.box[0] + 8, *self.box[1:])
            return TrackOutput(self.box, 0.9, "tracking")

    with served(lambda: MultiTracker(Steady())) as url:
        page = browser.new_page()
        page.goto(url)
        open_video(page, write_video(tmp_path / "clip.mp4", frames=12, height=240, width=320), 12)
        drag(page, 0.1, 0.25, 0.5, 0.75)  # its middle goes from 0.3 to 0.575 of the width
        wait_for_targets(page, 1)
        page.click("#play")
        expect(page.locator("#hint")).to_have_text("The end of the video")
        painted = """([x, y]) => { const c = document.querySelector('#overlay');
            const [r, g, b] = c.getContext('2d').getImageData(x * c.width, y * c.height, 1, 1).data;
            return [r, g, b]; }"""
        assert page.evaluate(painted, [0.45, 0.5]) == [0, 0, 0]
        page.keyboard.press("t")
        assert page.is_checked("#trail")
        assert page.evaluate(painted, [0.45, 0.5]) == [0, 200, 120]
        assert page.evaluate(painted, [0.45, 0.55]) == [0, 0, 0]
        page.close()


def test_who_has_no_camera_tries_the_demo_clip(page, shape):
    page.click("#start-demo")
    expect(page.locator("#hint")).to_contain_text("Tap the dashed box")
    x, y, w, h = demo_sequence().first_box
    height, width = next(iter(demo_sequence().open())).shape[:2]
    place = page.locator("#overlay").bounding_box()
    page.mouse.click(
        place["x"] + (x + w / 2) / width * place["width"], place["y"] + (y + h / 2) / height * place["height"]
    )
    wait_for_targets(page, 1)
    rows = saved_rows(page)
    assert [float(rows[0][side]) for side in "xywh"] == pytest.approx([x, y, w, h], abs=0.01)


@desktop_only
def test_help_and_single_keys(page):
    start_camera(page)
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    assert "How probable it is that the box is on the target" in page.inner_text("#help")
    page.uncheck("#single-keys")
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()
    page.keyboard.press("n")
    assert page.inner_text("#hint") == "Drag a box around what to follow"
    page.reload()  # it is remembered
    start_camera(page)
    page.keyboard.press("n")
    assert page.inner_text("#hint") == "Drag a box around what to follow"
    page.click("#open-help")
    page.check("#single-keys")
    page.click("#help .close")
    page.keyboard.press("n")
    assert "Arrows move it" in page.inner_text("#hint")


@desktop_only
def test_all_of_it_with_the_keyboard(page, tmp_path):
    open_video(page, write_video(tmp_path / "clip.mp4", frames=20, height=240, width=320, fps=5), 20)
    page.keyboard.press("n")
    assert "Arrows move it" in page.inner_text("#hint")
    for key in ("ArrowLeft", "ArrowLeft", "ArrowDown", "Shift+ArrowRight", "Alt+ArrowUp"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    wait_for_targets(page, 1)
    page.keyboard.press("n")
    page.keyboard.press("Escape")
    page.keyboard.press(" ")
    expect(page.locator("#place-in-video")).to_have_text(re.compile(r"^[3-9] / 19$"))
    assert page.inner_text("#play") == "Pause"
    page.keyboard.press(" ")
    assert page.inner_text("#play") == "Play"
    page.keyboard.press("s")
    with page.expect_download() as download:
        page.click("#save-csv")
    page.keyboard.press("Escape")
    with open(download.value.path(), encoding="utf-8") as file:
        first = next(csv.DictReader(file))
    # 60 px in the middle; steps of 2 % of 320 are 6 px
    assert [float(first[side]) for side in "xywh"] == [130 - 12, 90 + 6 - 1, 66, 60]
    page.keyboard.press("r")
    wait_for_targets(page, 0)


@desktop_only
def test_boxes_are_drawn_where_they_are(page, tmp_path):
    """The label of a target lies on its box, in its color."""
    open_video(page, write_video(tmp_path / "clip.mp4", frames=4, height=240, width=320), 4)
    drag(page, 0.5, 0.5, 0.75, 0.75)
    wait_for_targets(page, 1)
    color_at = """([x, y]) => { const c = document.querySelector('#overlay');
        return [...c.getContext('2d').getImageData(x * c.width, y * c.height, 1, 1).data]; }"""
    assert page.evaluate(color_at, [0.5, 0.6])[:3] == [0, 200, 120]
    assert page.evaluate(color_at, [0.6, 0.6]) == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("notes.mp4", b"these are no frames", "notes.mp4: that is not an MP4, MOV, WebM, MKV or AVI video"),
        ("list.mkv", b"#EXTM3U\n/etc/passwd", "list.mkv: that is not an MP4"),
    ],
)
def test_files_that_are_no_videos(browser, url, name, content, message):
    page = browser.new_page()
    page.goto(url)
    page.wait_for_selector("#connection[data-state=open]")
    page.set_input_files("#file", {"name": name, "mimeType": "video/mp4", "buffer": content})
    expect(page.locator("#notice")).to_contain_text(message)
    assert page.is_visible(".welcome")
    page.close()


@desktop_only
def test_a_damaged_video_is_followed_as_far_as_it_goes(page, tmp_path):
    path = write_noise_video(tmp_path / "cut.mp4")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    open_video(page, path, 30)
    page.click("#play")
    expect(page.locator("#notice")).to_contain_text(re.compile(r"The video is damaged: it ends after \d+ frames"))


@desktop_only
def test_small_drags_and_unusable_cameras_are_explained(page):
    start_camera(page)
    drag(page, 0.5, 0.5, 0.505, 0.505)
    assert "Drag from one corner" in page.inner_text("#notice")
    page.click("#use-camera")  # off again
    assert page.is_visible(".welcome")
    page.evaluate(
        """() => { navigator.mediaDevices.getUserMedia =
            () => Promise.reject(new DOMException('', 'NotAllowedError')); }"""
    )
    page.click("#start-camera")
    expect(page.locator("#notice")).to_contain_text("was not allowed")


def test_the_page_finds_the_server_again(browser):
    page = browser.new_page()
    with served() as url:
        page.goto(url)
        page.wait_for_selector("#connection[data-state=open]")
        start_camera(page)
        drag(page, 0.25, 0.25, 0.5, 0.75)
        wait_for_targets(page, 1)
        expect(page.locator("#meter")).to_contain_text("fps")
    page.wait_for_selector("#connection[data-state=closed]")
    expect(page.locator("#connection")).to_have_text("The server was stopped")
    expect(page.locator("#cover-text")).to_have_text("The server was stopped")
    expect(page.locator(".offline")).to_be_visible()
    assert page.is_disabled("#new")
    assert page.is_hidden(".empty")
    wait_for_targets(page, 0)
    assert page.inner_text("#meter") == ""
    rows = len(saved_rows(page))  # no box is lost
    assert rows > 3
    drag(page, 0.25, 0.25, 0.5, 0.75)
    assert "no connection" in page.inner_text("#notice")
    with served(address=Address(port=int(url.rstrip("/").rpartition(":")[2]))):
        page.wait_for_selector("#connection[data-state=open]")
        assert page.is_hidden(".cover")
        wait_for_targets(page, 0)
        drag(page, 0.25, 0.25, 0.5, 0.75)
        wait_for_targets(page, 1)
        assert names(page) == ["Target 1"]  # there are boxes of target 0
        page.click("#targets .remove")
        wait_for_targets(page, 0)
    page.close()


def test_a_video_whose_connection_breaks_keeps_its_boxes(browser, tmp_path):
    page = browser.new_page()
    with served() as url:
        page.goto(url)
        open_video(page, write_video(tmp_path / "clip.mp4", frames=12, height=240, width=320), 12)
        drag(page, 0.5, 0.5, 0.75, 0.75)
        wait_for_targets(page, 1)
        page.click("#play")
        expect(page.locator("#hint")).to_have_text("The end of the video")
    wait_for_targets(page, 0)
    with served(address=Address(port=int(url.rstrip("/").rpartition(":")[2]))):
        expect(page.locator("#notice")).to_contain_text("The boxes so far can be saved")
        assert page.is_disabled("#seek")
        assert page.is_disabled("#play")
        asked = []
        page.once("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
        page.click("#use-camera")
        assert asked == ["The boxes so far are not saved. Leave them all the same?"]
        assert len(saved_rows(page)) == 12
        page.click("#use-camera")  # saved: nobody is asked
        expect(page.locator("#picture")).to_have_attribute("width", "320")
        expect(page.locator("#use-camera")).to_have_attribute("aria-pressed", "true")
    page.close()


def test_where_all_places_are_taken_nothing_can_be_started(browser):
    with served() as url:
        pages = [browser.new_page() for _ in range(MAX_SESSIONS + 1)]
        for page in pages[:-1]:
            page.goto(url)
            page.wait_for_selector("#connection[data-state=open]")
        late = pages[-1]
        late.goto(url)
        expect(late.locator("#refusal")).to_have_text("All places are taken: close another page")
        assert late.is_disabled("#start-camera")
        assert late.is_disabled("#start-video")
        pages[0].close()
        expect(late.locator("#start-camera")).to_be_enabled()
        assert late.is_hidden("#refusal")
        for page in pages[1:]:
            page.close()


def test_a_box_stays_in_sight_while_it_is_learned(browser, tmp_path):
    class Slow(FakeTracker):
        def clone(self):
            return Slow()

        def initialize(self, frame, box):
            assert go_on.wait(30)
            super().initialize(frame, box)

    go_on = threading.Event()
    with served(lambda: MultiTracker(Slow())) as url:
        page = browser.new_page()
        page.goto(url)
        open_video(page, write_video(tmp_path / "clip.mp4", frames=4, height=240, width=320), 4)
        drag(page, 0.5, 0.5, 0.75, 0.75)
        expect(page.locator("#hint")).to_have_text("Learning the target")
        painted = """() => { const c = document.querySelector('#overlay');
            const row = c.getContext('2d').getImageData(0, c.height / 2 - 1, c.width, 1).data;
            return row.filter((value, i) => i % 4 == 3 && value > 0).length / c.width; }"""
        assert 0.2 < page.evaluate(painted) < 0.3
        go_on.set()
        wait_for_targets(page, 1)
        page.close()


def test_the_colors_of_targets_mean_nothing_else(browser, url):
    page = browser.new_page()
    page.goto(url)
    page.wait_for_selector("#connection[data-state=open]")
    variables = ("quiet", "ink", "lost", "accent")
    states = [page.evaluate(f"getComputedStyle(document.body).getPropertyValue('--{name}')") for name in variables]
    assert not {"#" + bytes(color).hex() for color in PALETTE} & set(states)
    page.close()


def test_from_elsewhere_it_takes_the_token(browser):
    with served(address=Address("0.0.0.0", 0)) as printed:
        url, _, token = re.sub("//.*:", "//127.0.0.1:", printed).partition("?")
        page = browser.new_page()
        assert page.goto(url).status == 403
        assert "it ends in a token" in page.content()
        page.goto(f"{url}?{token}")
        assert page.url == url  # the token does not stay in sight
        page.wait_for_selector("#connection[data-state=open]")
        start_camera(page)
        drag(page, 0.25, 0.25, 0.5, 0.75)
        wait_for_targets(page, 1)
        page.close()


def test_other_sites_cannot_use_the_server(browser, url):
    """A page of another site (here one without any address) finds the WebSocket and the uploads closed."""
    page = browser.new_page()
    page.goto("data:text/html,another site")
    outcome = page.evaluate(
        """url => Promise.all([
            new Promise(done => {
                const socket = new WebSocket(url.replace("http", "ws") + "socket");
                socket.onopen = () => done("open");
                socket.onclose = () => done("closed");
            }),
            fetch(url + "video/x", { method: "POST", body: "x" }).then(() => "answered", () => "refused"),
        ])""",
        url,
    )
    assert outcome == ["closed", "refused"]
    page.close()


def test_a_tracker_slower_than_the_camera_sees_the_newest_pictures(browser):
    with served(lambda: fake_targets(slow=0.5)) as url:
        page = browser.new_page()
        page.goto(url)
        start_camera(page)
        drag(page, 0.25, 0.25, 0.5, 0.75)
        wait_for_targets(page, 1)
        expect(page.locator("#meter")).to_contain_text("fps")  # three answers
        expect(page.locator("#pace")).to_be_visible()
        page.wait_for_timeout(1000)
        numbers = [int(row["frame"]) for row in saved_rows(page)]
        page.close()
    # About five pictures are sent for each that is tracked; without that, every one would be tracked, late.
    assert numbers == sorted(numbers)
    assert numbers[-1] - numbers[1] > 1.5 * (len(numbers) - 2)
