"""The page in a browser: names, undo, downloads, trail, help, the demo clip."""

import json

import pytest

from pytracking.api.multi_tracker import MultiTracker
from pytracking.evaluation.datasets.demo import demo_sequence
from pytracking.tracker.base.output import TrackOutput
from pytracking.video.frame_source import open_video as open_video_file
from tests.fakes.browser import expect
from tests.fakes.page_actions import DESKTOP, PHONE, drag, names, open_video, saved_rows, start_camera, wait_for_targets
from tests.fakes.pages import served
from tests.fakes.trackers import FakeTracker
from tests.fakes.videos import write_video

both_shapes = pytest.mark.parametrize("shape", [DESKTOP, PHONE], ids=["desktop", "phone"])
desktop_only = pytest.mark.parametrize("shape", [DESKTOP], ids=["desktop"])


@both_shapes
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


@both_shapes
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
