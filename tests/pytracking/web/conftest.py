"""A browser, a server with fake targets, and its page."""

from collections.abc import Iterator

import pytest

from tests.fakes.pages import fake_targets, served


@pytest.fixture(scope="module")  # not for all: while Playwright runs, asyncio.run fails
def browser(tmp_path_factory) -> Iterator:
    from tests.fakes.browser import chromium, write_camera  # skips where Playwright is missing

    with chromium(write_camera(tmp_path_factory.mktemp("camera") / "camera.mjpeg")) as started:
        yield started


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(lambda: fake_targets(slow=0.005)) as address:
        yield address


@pytest.fixture
def page(browser, url, shape) -> Iterator:
    """The page, connected; ``shape``: of the screen."""
    from tests.fakes.page_actions import opened

    with opened(browser, url, shape) as page:
        yield page
