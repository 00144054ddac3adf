"""Static files of the pages."""

from pathlib import Path

from aiohttp import web

STATIC = Path(__file__).parent / "static"
_NAMES = frozenset(path.name for path in STATIC.iterdir())


def asset_routes(page: str) -> list[web.RouteDef]:
    """The file ``page`` at /, and every file at /static/NAME. Names in requests never reach the file system."""

    async def first(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / page)

    return [web.get("/", first), web.get("/static/{name}", _asset)]


async def _asset(request: web.Request) -> web.StreamResponse:
    name = request.match_info["name"]
    if name not in _NAMES:
        raise web.HTTPNotFound
    return web.FileResponse(STATIC / name)
