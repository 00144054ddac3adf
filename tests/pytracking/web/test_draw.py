import asyncio
import threading
from queue import Queue

import pytest

pytest.importorskip("aiohttp")

from aiohttp import hdrs
from aiohttp.test_utils import TestClient, TestServer

from ltr.data.image_loader import decode_image
from pytracking.web.draw import build_app, draw_boxes
from tests.fakes.videos import numbered_frame

FRAME = numbered_frame(4, height=240, width=320)


def run(scene):
    async def play():
        drawn = asyncio.get_running_loop().create_future()
        async with TestClient(TestServer(build_app(FRAME, drawn))) as client:
            await scene(client, drawn)

    asyncio.run(play())


async def send(client, body):
    headers = {hdrs.ORIGIN: f"http://127.0.0.1:{client.port}", hdrs.CONTENT_TYPE: "application/json"}
    response = await client.post("/boxes", data=body, headers=headers)
    return response.status, await response.text()


def test_the_frame_is_served_and_its_boxes_are_taken_once():
    async def scene(client, drawn):
        response = await client.get("/picture")
        picture = decode_image(await response.read(), "picture")
        assert abs(picture.astype(int) - FRAME).mean() < 2
        assert (await client.get("/")).status == (await client.get("/static/draw.js")).status == 200
        assert await send(client, "[[1, 2.5, 30, 40], [5, 6, 7, 8]]") == (204, "")
        assert await send(client, "[[9, 9, 9, 9]]") == (204, "")  # a second page comes too late
        assert drawn.result() == [(1.0, 2.5, 30.0, 40.0), (5.0, 6.0, 7.0, 8.0)]

    run(scene)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("[]", "expected a list of boxes, got []"),
        ("{}", "expected a list of boxes, got {}"),
        ("[[1, 2, 3]]", "expected four finite numbers x, y, w, h, got (1, 2, 3)"),
        ('[[1, 2, 3, "4"]]', "expected four finite numbers"),
        ("[[1, 2, 3, true]]", "expected four finite numbers"),
        ("[[1, 2, 0, 4]]", "expected a width and height above 0"),
        ("[[1, 2, 3, NaN]]", "expected four finite numbers"),
        ("[[400, 2, 3, 4]]", "lies outside the 320 x 240 frame"),
        ("[[1, 2", "Expecting"),
        ("[" * 100_000, "recursion"),
        (f"[[{'9' * 400}, 1, 1, 1]]", "expected four finite numbers"),
    ],
)
def test_nonsense_is_refused(body, message):
    async def scene(client, drawn):
        status, text = await send(client, body)
        assert status == 400
        assert message in text
        assert not drawn.done()

    run(scene)


def test_pages_of_other_sites_are_refused():
    async def scene(client, drawn):
        assert (
            await client.post("/boxes", json=[[1, 2, 30, 40]], headers={hdrs.ORIGIN: "http://evil.example"})
        ).status == 403
        assert (await client.get("/picture", headers={hdrs.HOST: "evil.example"})).status == 403
        assert not drawn.done()

    run(scene)


def test_boxes_drawn_in_a_browser(tmp_path):
    from tests.fakes.browser import chromium, expect, write_camera  # skips where there is no playwright

    urls, result = Queue(), []
    server = threading.Thread(target=lambda: result.extend(draw_boxes(FRAME, urls.put)))
    server.start()
    with chromium(write_camera(tmp_path / "camera.mjpeg")) as browser:
        page = browser.new_page(viewport={"width": 1000, "height": 640})
        page.set_default_timeout(10000)
        errors = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and errors.append(message.text))
        page.goto(urls.get(timeout=10))
        page.wait_for_selector("#connection[data-state=open]")
        place = page.locator("#overlay").bounding_box()
        scale = place["width"] / 320
        for x, y, w, h in ((40, 50, 100, 80), (200, 100, 60, 90)):
            page.mouse.move(place["x"] + x * scale, place["y"] + y * scale)
            page.mouse.down()
            page.mouse.move(place["x"] + (x + w) * scale, place["y"] + (y + h) * scale, steps=3)
            page.mouse.up()
        expect(page.locator("#count")).to_have_text("2")
        page.keyboard.press("d")
        page.keyboard.press("n")
        page.keyboard.press("Enter")
        expect(page.locator("#count")).to_have_text("2")
        page.screenshot(path=str(tmp_path / "page.png"))
        page.click("#begin")
        page.wait_for_selector("text=The video is being followed")
        assert errors == []
    server.join(10)
    assert result[0] == pytest.approx((40, 50, 100, 80), abs=1)
    assert result[1] == pytest.approx((130, 90, 60, 60), abs=1)  # in the middle
