"""The page in a browser: headless Chromium, whose camera is a file, and a server with fake targets."""

import csv
import re
import threading

import pytest

from pytracking.api.multi_tracker import MultiTracker
from pytracking.visualization.boxes import PALETTE
from tests.fakes.browser import expect
from tests.fakes.page_actions import (
    DESKTOP,
    PHONE,
    SEEK,
    drag,
    open_video,
    saved_rows,
    start_camera,
    wait_for_targets,
)
from tests.fakes.pages import fake_targets, served
from tests.fakes.trackers import FakeTracker
from tests.fakes.videos import write_noise_video, write_video

both_shapes = pytest.mark.parametrize("shape", [DESKTOP, PHONE], ids=["desktop", "phone"])
desktop_only = pytest.mark.parametrize("shape", [DESKTOP], ids=["desktop"])


@both_shapes
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


@both_shapes
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
