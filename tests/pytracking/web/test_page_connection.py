"""The page in a browser: where the server stops, has no place, or takes a token."""

import re

import pytest

from pytracking.web.server import MAX_SESSIONS, Address
from tests.fakes.browser import expect
from tests.fakes.page_actions import DESKTOP, PHONE, drag, names, open_video, saved_rows, start_camera, wait_for_targets
from tests.fakes.pages import served
from tests.fakes.videos import write_video

both_shapes = pytest.mark.parametrize("shape", [DESKTOP, PHONE], ids=["desktop", "phone"])
desktop_only = pytest.mark.parametrize("shape", [DESKTOP], ids=["desktop"])


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
