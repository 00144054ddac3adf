"""The page in each of its states under axe; the focus, and what a screen reader is told."""

import pytest

from tests.fakes.accessibility import violations
from tests.fakes.browser import expect
from tests.fakes.page_actions import (
    DESKTOP,
    PHONE,
    SIDEWAYS,
    drag,
    open_video,
    saved_rows,
    start_camera,
    wait_for_targets,
)
from tests.fakes.pages import served
from tests.fakes.videos import write_video


@pytest.mark.parametrize("shape", [DESKTOP, PHONE, SIDEWAYS], ids=["desktop", "phone", "sideways"])
def test_axe_finds_nothing(page, shape, tmp_path):
    assert violations(page) == []
    open_video(page, write_video(tmp_path / "clip.mp4", frames=12, height=240, width=320), 12)
    assert violations(page) == []
    drag(page, 0.5, 0.5, 0.75, 0.75)
    wait_for_targets(page, 1)
    page.click("#play")
    expect(page.locator("#hint")).to_have_text("The end of the video")
    assert violations(page) == []
    for opening, dialog in (("#save", "#downloads"), ("#open-help", "#help")):
        page.click(opening)
        expect(page.locator(dialog)).to_be_visible()
        assert violations(page) == []
        page.click(f"{dialog} .close")
        assert page.evaluate("document.activeElement.id") == opening[1:]  # the focus is where it was
    page.click("#reset")
    expect(page.locator("#notice")).to_be_visible()
    assert violations(page) == []


def test_axe_finds_nothing_where_the_server_is_stopped(browser):
    page = browser.new_page()
    with served() as url:
        page.goto(url)
        start_camera(page)
        drag(page, 0.25, 0.25, 0.5, 0.75)
        wait_for_targets(page, 1)
    page.wait_for_selector("#connection[data-state=closed]")
    assert violations(page) == []
    assert len(saved_rows(page)) >= 1
    page.close()


@pytest.mark.parametrize("shape", [SIDEWAYS], ids=["sideways"])
def test_on_a_phone_on_its_side_all_is_in_sight(page, shape):
    start_camera(page)
    drag(page, 0.25, 0.25, 0.5, 0.75)
    wait_for_targets(page, 1)
    height = page.evaluate("innerHeight")
    for name in ("#picture", "#save", "#reset", "#undo", "#targets .remove", "#targets .name", "#trail"):
        place = page.locator(name).bounding_box()
        assert place["y"] >= 0
        assert place["y"] + place["height"] <= height
    assert page.locator("#picture").bounding_box()["height"] > 0.6 * height


@pytest.mark.parametrize("shape", [DESKTOP], ids=["desktop"])
def test_scores_are_silent_and_the_focus_stays(page, shape):
    start_camera(page)
    for left in (0.1, 0.5):
        drag(page, left, 0.25, left + 0.2, 0.75)
        expect(page.locator("#undo")).to_be_enabled()
    wait_for_targets(page, 2)
    live = page.evaluate(
        """() => [...document.querySelectorAll('output')].filter(o => o.getAttribute('aria-live') !== 'off').length"""
    )
    assert live == 0
    focused = (
        "() => document.activeElement.closest('li') ? document.activeElement.className : document.activeElement.id"
    )
    page.focus("#targets li:last-child .remove")
    page.keyboard.press("Enter")
    wait_for_targets(page, 1)
    assert page.evaluate(focused) == "remove"  # that of the target that is left
    page.keyboard.press("Enter")
    wait_for_targets(page, 0)
    assert page.evaluate(focused) == "overlay"
    page.focus("#notice .offer")
    page.keyboard.press("Enter")
    wait_for_targets(page, 1)
    assert page.evaluate(focused) == "overlay"
