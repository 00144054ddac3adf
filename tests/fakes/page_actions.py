"""What a person does on the page of run_webcam --web, in a browser that Playwright drives."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager

from tests.fakes.browser import expect

DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
SIDEWAYS = {**PHONE, "viewport": {"width": 844, "height": 390}}
SEEK = """frame => { const seek = document.getElementById('seek'); seek.value = frame;
    for (const kind of ['input', 'change']) seek.dispatchEvent(new Event(kind)); }"""


@contextmanager
def opened(browser, url: str, shape: dict) -> Iterator:
    """The page at ``url``, connected, in a screen of ``shape``.

    An AssertionError if it logs an error, asks another host for anything, or is wider than the screen.
    """
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
    assert (errors, outside) == ([], []), (errors, outside)
    assert wide <= 0


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


def names(page):
    return [row.input_value() or row.get_attribute("placeholder") for row in page.locator("#targets .name").all()]
