from importlib import metadata

import pytest

from pytracking.utils import extras


def test_an_extra_is_installed_by_what_it_brings() -> None:
    (needed,) = [line for line in metadata.requires("ebm-tracking") or [] if 'extra == "web"' in line]
    assert extras.install_hint("web") == f"pip install '{needed.partition(';')[0]}'"
    assert extras.install_hint("vot").count("==") == 3


def test_a_checkout_that_is_not_installed_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "__version__", "unknown")
    assert extras.install_hint("web") == "pip install -e '.[web]'"
