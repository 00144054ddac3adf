"""What axe, the accessibility checker, finds on a page."""

from importlib.util import find_spec
from pathlib import Path

import pytest


def violations(page) -> list[str]:
    """The rules of axe that ``page`` (of Playwright) breaks, with the elements; the test is skipped without axe."""
    package = find_spec("axe_playwright_python")
    if package is None or package.origin is None:
        pytest.skip("needs axe (pip install axe-playwright-python)")
    script = (Path(package.origin).parent / "axe.min.js").read_text(encoding="utf-8")
    page.evaluate(script)  # not as a script tag: the content security policy forbids it
    found = page.evaluate("axe.run().then(({ violations }) => violations)")
    return [f"{rule['id']}: {rule['help']}: {node['html'][:120]}" for rule in found for node in rule["nodes"]]
