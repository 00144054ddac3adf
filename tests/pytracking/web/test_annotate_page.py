"""The page of pytracking annotate in a browser, with a tracker that knows where its target is."""

import json
import re

import pytest

from pytracking.annotation import formats
from tests.fakes.accessibility import violations
from tests.fakes.browser import expect
from tests.fakes.drifting import DriftingTracker, true_box
from tests.fakes.page_actions import DESKTOP, PHONE, SIDEWAYS, opened
from tests.fakes.pages import served_annotation
from tests.fakes.videos import write_video

SIZE = (64, 48)
LOST_FROM = 6  # where the tracker loses it, in both directions
SEEK = """frame => { const seek = document.getElementById('seek'); seek.value = frame;
    seek.dispatchEvent(new Event('input')); }"""


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "clip.mp4", frames=20, height=SIZE[1], width=SIZE[0])


def draw(page, box):
    """Draw a box, in pixels of the video."""
    place = page.locator("#overlay").bounding_box()
    scale = place["width"] / SIZE[0]
    x, y, w, h = (scale * side for side in box)
    page.mouse.move(place["x"] + x, place["y"] + y)
    page.mouse.down()
    page.mouse.move(place["x"] + x + w, place["y"] + y + h, steps=4)
    page.mouse.up()


def go(page, frame):
    page.evaluate(SEEK, frame)
    expect(page.locator("#place-in-video")).to_have_text(f"{frame} / 19")


def wait(page):
    """Until all is filled and saved."""
    expect(page.locator("#busy")).to_be_hidden()
    expect(page.locator("#saved")).to_have_text("Saved")


def annotate_two_keyframes(page):
    expect(page.locator("#place-in-video")).to_have_text("0 / 19")
    page.fill("#label", "ball")
    go(page, 2)
    draw(page, true_box(2))
    expect(page.locator("#targets li")).to_have_count(1)
    go(page, 10)
    draw(page, true_box(10))
    expect(page.locator("#targets .state")).to_have_text("Keyframe")
    go(page, 4)
    expect(page.locator("#targets .state")).to_have_text("Filled")
    wait(page)


@pytest.mark.parametrize("shape", [DESKTOP, PHONE, SIDEWAYS], ids=["desktop", "phone", "sideways"])
def test_keyframes_are_filled_corrected_and_exported(browser, shape, video, tmp_path):
    path = tmp_path / "clip.mp4.annotations.json"
    with (
        served_annotation(video, DriftingTracker(signed=True, lost_from=LOST_FROM)) as url,
        opened(browser, url, shape) as page,
    ):
        assert violations(page) == []
        annotate_two_keyframes(page)
        boxes = formats.read(path).tracks[0].boxes
        assert [frame for frame, box in boxes.items() if box.keyframe] == [2, 10]
        assert list(boxes) == list(range(2, 11))
        assert boxes[4].box == pytest.approx(true_box(4), abs=0.5)  # as exact as the mouse
        assert violations(page) == []

        page.click("#doubt")  # the tracker has lost it there
        expect(page.locator("#targets .state")).to_have_text("In doubt")
        frame = int(page.inner_text("#place-in-video").split()[0])
        assert LOST_FROM <= frame < 10
        assert "is in doubt here" in page.inner_text("#hint")
        draw(page, true_box(frame))  # corrected
        expect(page.locator("#targets .state")).to_have_text("Keyframe")
        wait(page)
        assert [n for n, box in formats.read(path).tracks[0].boxes.items() if box.keyframe] == [2, frame, 10]

        page.click("#save")
        assert violations(page) == []
        for name, suffix in (("cvat", ".xml"), ("mot", ".zip")):
            with page.expect_download() as download:
                page.click(f"#formats a:text-is('{name}')")
            assert download.value.suggested_filename == f"clip-{name}{suffix}"
            if name == "cvat":
                download.value.save_as(tmp_path / "exported.xml")
        assert list(formats.read(tmp_path / "exported.xml").tracks[0].boxes) == list(range(2, 11))
        page.click("#export .close")
        page.click("#open-help")
        assert violations(page) == []


def test_undo_labels_and_hiding(browser, video, tmp_path):
    with served_annotation(video, DriftingTracker(signed=True)) as url, opened(browser, url, DESKTOP) as page:
        annotate_two_keyframes(page)
        page.click("#follow")
        wait(page)
        go(page, 15)
        expect(page.locator("#targets .state")).to_have_text("Filled")
        page.keyboard.press("h")  # gone from here on
        expect(page.locator("#targets .state")).to_have_text("Not here")
        page.keyboard.press("u")
        expect(page.locator("#targets .state")).to_have_text("Filled")
        page.keyboard.press("k")
        expect(page.locator("#targets .state")).to_have_text("Keyframe")
        wait(page)
        page.keyboard.press("x")
        expect(page.locator("#targets .state")).to_have_text("Not here")
        page.keyboard.press("[")
        expect(page.locator("#place-in-video")).to_have_text("10 / 19")
        page.fill("#targets .name", "red ball")
        page.keyboard.press("Enter")
        wait(page)
        page.keyboard.press("Escape")  # none is selected: what is drawn is another one
        go(page, 0)
        draw(page, (40, 20, 12, 12))
        expect(page.locator("#targets li")).to_have_count(2)
        assert [row.input_value() for row in page.locator("#targets .name").all()] == ["red ball", "ball"]
        page.click("#targets li:last-child .remove")
        expect(page.locator("#targets li")).to_have_count(1)
        page.click("#notice .offer")
        expect(page.locator("#targets li")).to_have_count(2)
        page.keyboard.press("n")
        assert "Arrows move it" in page.inner_text("#hint")
        page.keyboard.press("Enter")
        expect(page.locator("#targets li")).to_have_count(3)
        wait(page)
    tracks = formats.read(tmp_path / "clip.mp4.annotations.json").tracks
    assert [(track.label, len(track.boxes)) for track in tracks] == [("red ball", 9), ("ball", 1), ("ball", 1)]


def test_two_windows_show_the_same(browser, video, tmp_path):
    tracker = DriftingTracker(signed=True)
    with (
        served_annotation(video, tracker) as url,
        opened(browser, url, DESKTOP) as page,
        opened(browser, url, DESKTOP) as other,
    ):
        annotate_two_keyframes(page)
        expect(other.locator("#targets .name")).to_have_value("ball")
        go(other, 10)
        expect(other.locator("#targets .state")).to_have_text("Keyframe")
        draw(other, (40, 20, 12, 12))  # a target of the other window, which has none selected
        expect(page.locator("#targets li")).to_have_count(2)
        other.click("#undo")
        expect(page.locator("#targets li")).to_have_count(1)
        path = tmp_path / "clip.mp4.annotations.json"
        wait(page)
        path.write_text("mine", encoding="utf-8")  # a third program
        page.click("#targets .select")
        page.keyboard.press("f")
        for window in (page, other):
            expect(window.locator("#notice span")).to_contain_text("Another program has changed")
        wait(page)
        page.click("#save")
        expect(page.locator("#path")).to_have_text(str(tmp_path / "clip.mp4.annotations-2.json"))
    assert path.read_text(encoding="utf-8") == "mine"
    assert list(formats.read(tmp_path / "clip.mp4.annotations-2.json").tracks[0].boxes) == list(range(2, 20))


def test_a_stopped_server_is_told_and_nothing_is_lost(browser, video, tmp_path):
    page = browser.new_page(**DESKTOP)
    with served_annotation(video, DriftingTracker(signed=True)) as url:
        page.goto(url)
        annotate_two_keyframes(page)
        page.fill("#targets .name", "red ball")
        page.keyboard.press("Enter")
        expect(page.locator("#undo")).to_be_enabled()
    expect(page.locator("#connection")).to_have_text("The server has stopped")
    expect(page.locator(".cover")).to_be_visible()
    assert page.is_disabled("#new")
    assert page.is_disabled("#undo")
    assert violations(page) == []
    draw(page, (40, 20, 12, 12))  # does nothing
    content = json.loads((tmp_path / "clip.mp4.annotations.json").read_text(encoding="utf-8"))
    assert content["frames"][4]["targets"][0]["label"] == "red ball"
    with served_annotation(video, DriftingTracker(), int(re.sub(r"\D", "", url.rpartition(":")[2]))):
        expect(page.locator("#connection")).to_have_text("Connected")
        expect(page.locator(".cover")).to_be_hidden()
        expect(page.locator("#targets .name")).to_have_value("red ball")
        expect(page.locator("#targets .state")).to_have_text("Filled")
    page.close()


def test_a_server_with_another_video_is_noticed(browser, video, tmp_path):
    page = browser.new_page(**DESKTOP)
    with served_annotation(video, DriftingTracker()) as url:
        page.goto(url)
        annotate_two_keyframes(page)
    expect(page.locator("#connection")).to_have_text("The server has stopped")
    other = write_video(tmp_path / "other.mp4", frames=10, height=SIZE[1], width=SIZE[0])
    with served_annotation(other, DriftingTracker(), int(re.sub(r"\D", "", url.rpartition(":")[2]))):
        expect(page.locator("#place-in-video")).to_have_text("0 / 9")
        expect(page.locator("#source")).to_have_text("other.mp4")
        expect(page.locator("#targets li")).to_have_count(0)
    page.close()
