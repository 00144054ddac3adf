import asyncio

import pytest
from aiohttp import DummyCookieJar, hdrs, web
from aiohttp.test_utils import TestClient, TestServer

from pytracking.web.access import COOKIE, GUESS_DELAY, guard, is_local

SOCKET = {hdrs.UPGRADE: "websocket"}


def ask(*requests, token=None, slept=None):
    """The answers to ``requests`` (method, path, headers): status, text, headers. slept: gets the seconds waited."""

    async def sleep(seconds):
        (slept if slept is not None else []).append(seconds)

    async def answer(request):
        return web.Response(text="in")

    async def play():
        app = web.Application(middlewares=[guard(token, sleep)])
        app.router.add_route("*", "/{path:.*}", answer)
        answers = []
        async with TestClient(TestServer(app), cookie_jar=DummyCookieJar()) as client:
            for method, path, headers in requests:
                host = f"127.0.0.1:{client.port}"
                filled = {name: value.replace("SELF", host) for name, value in headers.items()}
                response = await client.request(method, path, headers=filled, allow_redirects=False)
                answers.append((response.status, await response.text(), response.headers))
        return answers

    return asyncio.run(play())


@pytest.mark.parametrize(
    ("host", "local"),
    [("localhost", True), ("127.0.0.1", True), ("127.8.9.1", True), ("::1", True)]
    + [(host, False) for host in ("0.0.0.0", "::", "192.168.1.5", "example.org", "localhost.example.org", "")],
)
def test_local(host, local):
    assert is_local(host) is local


def test_this_machine_may_read_and_the_page_may_act():
    answers = ask(
        ("GET", "/", {}),
        ("GET", "/", {hdrs.HOST: "localhost:1234"}),  # through a tunnel
        ("GET", "/", {hdrs.HOST: "[::1]:8000"}),
        ("GET", "/socket", {**SOCKET, hdrs.ORIGIN: "http://SELF"}),
        ("POST", "/video/x", {hdrs.ORIGIN: "http://SELF"}),
    )
    assert [(status, text) for status, text, _ in answers] == [(200, "in")] * 5
    assert "default-src 'self'" in answers[0][2]["Content-Security-Policy"]
    assert answers[0][2]["X-Content-Type-Options"] == "nosniff"


def test_other_sites_and_other_names_may_not():
    answers = ask(
        ("GET", "/", {hdrs.HOST: "evil.example:8000"}),
        ("GET", "/", {hdrs.HOST: ""}),
        ("GET", "/", {hdrs.ORIGIN: "http://evil.example"}),
        ("GET", "/socket", {**SOCKET, hdrs.ORIGIN: "http://evil.example"}),
        ("GET", "/socket", {**SOCKET, hdrs.ORIGIN: "http://127.0.0.1:1"}),
        ("GET", "/socket", {**SOCKET, hdrs.ORIGIN: "https://SELF"}),
        ("GET", "/socket", {**SOCKET, hdrs.ORIGIN: "null"}),
        ("GET", "/socket", SOCKET),
        ("POST", "/video/x", {}),
    )
    assert [status for status, _, _ in answers] == [403] * 9
    assert answers[0][1] == "this server answers to localhost, not to 'evil.example:8000'"
    assert answers[3][1] == "requests from http://evil.example are not accepted"


def test_the_token_opens_once_and_then_the_cookie_does():
    answers = ask(
        ("GET", "/", {}),
        ("GET", "/?token=wrong", {}),
        ("GET", "/?token=s3cret", {hdrs.HOST: "laptop:8000"}),
        ("GET", "/static/main.js", {hdrs.COOKIE: f"{COOKIE}=s3cret"}),
        ("GET", "/", {hdrs.COOKIE: f"{COOKIE}=wr\u00f6ng"}),
        ("GET", "/socket", {**SOCKET, hdrs.ORIGIN: "http://SELF"}),
        ("GET", "/socket", {**SOCKET, hdrs.ORIGIN: "http://SELF", hdrs.COOKIE: f"{COOKIE}=s3cret"}),
        ("GET", "/socket", {**SOCKET, hdrs.ORIGIN: "http://evil.example", hdrs.COOKIE: f"{COOKIE}=s3cret"}),
        token="s3cret",
    )
    assert [status for status, _, _ in answers] == [403, 403, 303, 200, 403, 403, 200, 403]
    assert "it ends in a token" in answers[0][1]
    redirect = answers[2][2]
    assert redirect["Location"] == "/"
    assert redirect["Set-Cookie"] == f"{COOKIE}=s3cret; HttpOnly; Path=/; SameSite=Lax"


def test_a_wrong_token_costs_time_and_a_missing_one_does_not():
    slept = []
    ask(("GET", "/", {}), ("GET", "/?token=s3cret", {}), token="s3cret", slept=slept)
    assert slept == []
    wrong = ask(("GET", "/?token=a", {}), ("GET", "/", {hdrs.COOKIE: f"{COOKIE}=b"}), token="s3cret", slept=slept)
    assert [status for status, _, _ in wrong] == [403, 403]
    assert slept == [GUESS_DELAY, GUESS_DELAY]


def raw(*heads, token=None):
    """The first lines of the answers to requests that no client library sends."""

    async def answer(request):
        return web.Response(text="in")

    async def play():
        app = web.Application(middlewares=[guard(token)])
        app.router.add_route("*", "/{path:.*}", answer)
        lines = []
        async with TestServer(app) as server:
            for head in heads:
                reader, writer = await asyncio.open_connection(server.host, server.port)
                writer.write(b"GET " + head + b"\r\nConnection: close\r\n\r\n")
                lines.append((await reader.read()).decode("latin-1"))
                writer.close()
        return lines

    return asyncio.run(play())


def test_the_token_leads_to_this_server_only():
    paths = [b"/", b"//evil.example/", b"/%5Cevil.example/", b"/\\evil.example/", b"/a//b"]
    answers = raw(*(path + b"?token=s3cret HTTP/1.1\r\nHost: a" for path in paths), token="s3cret")
    for answer in answers:
        assert answer.startswith("HTTP/1.1 303 ")
        assert "\r\nLocation: /\r\n" in answer


def test_headers_that_cannot_be_read():
    answers = raw(
        b"/ HTTP/1.1\r\nHost: localhost\r\nCookie: " + COOKIE.encode() + b"=\xff\xfe",
        b"/ HTTP/1.1\r\nHost: localhost\r\nOrigin: \xff",
        b"/ HTTP/1.1\r\nHost: [::1",
        b"/ HTTP/1.1\r\nHost: \xff",
    )
    assert [answer.partition("\r\n")[0] for answer in answers] == ["HTTP/1.1 400 Bad Request"] * 4
    assert answers[0].endswith("a header of this request cannot be read")
