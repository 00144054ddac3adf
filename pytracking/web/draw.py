"""Selection of boxes on a frame in a browser, with a page on this machine."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from ltr.data.image_loader import encode_jpeg
from ltr.utils.errors import InputError
from pytracking.api.boxes import check_box
from pytracking.tracker.base.output import Box
from pytracking.video.frame_source import Image
from pytracking.visualization.boxes import LOST_COLOR, PALETTE
from pytracking.web.access import guard, new_runner
from pytracking.web.assets import asset_routes

HOST = "127.0.0.1"


def draw_boxes(image: Image, announce: Callable[[str], object]) -> list[Box]:
    """Boxes (x, y, w, h; pixels of ``image``, RGB uint8 [H, W, 3]) drawn on the page.

    announce: called with the page's URL when the server is ready.
    """
    return asyncio.run(_serve(image, announce))


async def _serve(image: Image, announce: Callable[[str], object]) -> list[Box]:
    drawn: asyncio.Future[list[Box]] = asyncio.get_running_loop().create_future()
    runner = new_runner(build_app(image, drawn))
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0).start()
        announce(f"http://{HOST}:{runner.addresses[0][1]}/")
        return await drawn
    finally:
        await runner.cleanup()


def build_app(image: Image, drawn: "asyncio.Future[list[Box]]") -> web.Application:
    """The application; ``drawn`` receives the first boxes that the page sends."""

    async def picture(request: web.Request) -> web.StreamResponse:
        return web.Response(body=encode_jpeg(image), content_type="image/jpeg")

    async def colors(request: web.Request) -> web.StreamResponse:
        return web.json_response({"targets": PALETTE, "lost": LOST_COLOR})

    async def take(request: web.Request) -> web.StreamResponse:
        try:
            boxes = parse_boxes(json.loads(await request.text()), image)
        except (InputError, json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
            return web.Response(status=400, text=str(error))
        if not drawn.done():
            drawn.set_result(boxes)
        return web.Response(status=204)

    app = web.Application(middlewares=[guard(None)])
    app.add_routes(
        [
            *asset_routes("draw.html"),
            web.get("/picture", picture),
            web.get("/colours", colors),
            web.post("/boxes", take),
        ]
    )
    return app


def parse_boxes(message: Any, image: Image) -> list[Box]:
    """The page's message, a list of at least one [x, y, w, h] in pixels of ``image``; InputError for anything else."""
    if not (isinstance(message, list) and message):
        raise InputError(f"expected a list of boxes, got {json.dumps(message)[:80]}")
    return [check_box(box, image) for box in message]
