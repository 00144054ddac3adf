"""Access control of the web server.

Any site can send requests to localhost, and any domain name can resolve to it. So the Host header must name this
server, and the Origin header, if sent, must be this server. On other addresses than localhost, a random token is
required as well: first in the URL, then in a cookie.
"""

import asyncio
import hmac
import ipaddress
import ssl
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from ltr.utils.errors import InputError

COOKIE = "ebm_tracking_token"
GUESS_DELAY = 0.5  # seconds until a wrong token is answered
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'; object-src 'none'",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def is_local(host: str) -> bool:
    """Whether a server bound to ``host`` is reachable from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def new_runner(app: web.Application) -> web.AppRunner:
    """The runner of ``app``. Bodies are not decompressed: our pages never compress them, and invalid compression would
    raise."""
    return web.AppRunner(app, access_log=None, shutdown_timeout=1.0, auto_decompress=False)


async def listen(runner: web.AppRunner, host: str, port: int, context: ssl.SSLContext | None = None) -> None:
    """Begin to serve, by https with ``context``; InputError if that address cannot be had."""
    try:
        await web.TCPSite(runner, host, port, ssl_context=context).start()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"port {port} of {host}: {reason}; --port names another one, 0 any that is free") from None


def guard(token: str | None, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> Middleware:
    """Middleware that rejects requests with status 400 (unreadable) or 403.

    token: the required token; None: local use only. sleep: delays the answer to a wrong token.
    """

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            status, refusal = 403, _refusal(request, token)
        except ValueError:  # broken UTF-8, or a Host like "[::1"
            status, refusal = 400, "a header of this request cannot be read"
        if refusal:
            if token and _given_token(request):
                await sleep(GUESS_DELAY)
            response: web.StreamResponse = web.Response(status=status, text=refusal)
        elif token and "token" in request.query:
            # removes the token from the address bar and the history; a path like //name would redirect to another site
            response = web.Response(status=303, headers={hdrs.LOCATION: "/"})
            response.set_cookie(COOKIE, token, httponly=True, samesite="Lax", secure=request.secure)
        else:
            response = await handler(request)
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    return guarded


def _refusal(request: web.Request, token: str | None) -> str | None:
    """The reason to reject a request, or None. Raises ValueError if a header cannot be decoded."""
    "".join((request.path, *request.headers.values())).encode()
    host = request.headers.get(hdrs.HOST, "")
    if token is None and not is_local(urlsplit(f"//{host}").hostname or ""):
        return f"this server answers to localhost, not to {host!r}"
    origin = request.headers.get(hdrs.ORIGIN)
    required = request.method not in ("GET", "HEAD") or hdrs.UPGRADE in request.headers  # browsers always send it then
    if (origin or required) and origin != f"{request.scheme}://{host}":
        return f"requests from {origin} are not accepted"
    if token is not None and not hmac.compare_digest(_given_token(request).encode(), token.encode()):
        return "open the address that the command printed: it ends in a token"
    return None


def _given_token(request: web.Request) -> str:
    return request.query.get("token") or request.cookies.get(COOKIE, "")
