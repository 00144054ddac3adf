"""Where the cache lies."""

from pathlib import Path

import pytest

from ltr.admin.files import cache_folder


@pytest.mark.parametrize(
    ("own", "users", "expected"),
    [
        ("/disk/cache", "/users", "/disk/cache"),
        ("~/fast", "", "HOME/fast"),
        ("", "/users", "/users/ebm-tracking"),
        ("", "", "HOME/.cache/ebm-tracking"),
    ],
)
def test_the_cache_lies_where_the_user_says(
    own: str, users: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("EBM_TRACKING_CACHE", own)
    monkeypatch.setenv("XDG_CACHE_HOME", users)
    assert cache_folder() == Path(expected.replace("HOME", str(tmp_path)))
