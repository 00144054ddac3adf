"""Tests of the training side keep their annotation caches to themselves."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def annotation_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for the caches of one test."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("EBM_TRACKING_CACHE", str(folder))
    return folder
