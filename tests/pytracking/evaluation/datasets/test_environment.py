from pathlib import Path

import pytest

from pytracking.evaluation.datasets.environment import VARIABLE, benchmark_root, paths_file


def test_place_of_the_file(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    assert paths_file() == Path.home() / ".config" / "ebm-tracking" / "paths.toml"
    monkeypatch.setenv(VARIABLE, "/a/b.toml")
    assert paths_file() == Path("/a/b.toml")
    assert paths_file(Path("/c.toml")) == Path("/c.toml")


def test_root_is_read_and_the_file_left_as_it_is(tmp_path):
    file = tmp_path / "paths.toml"
    text = f'\ufeff# mine\notb = "{tmp_path}"\n'  # as Windows' editor writes it
    file.write_text(text, encoding="utf-8")
    assert benchmark_root("otb", file) == tmp_path
    assert file.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r'no path to otb is known, since .*paths\.toml does not exist: write the line otb = "FOLDER" into'),
        ('lasot = "/x"', r"no path to otb is known: write the line otb"),
        ('otb = "/no/such"', r"paths\.toml says otb = '/no/such', and there is no such folder: write the line"),
        ('obt = "/x"', r"paths\.toml: unknown key 'obt'; it may hold otb, uav"),
        ("otb = 3", r"paths\.toml: otb = 3 should be a folder in quotes"),
        ("otb = /x", r"paths\.toml is not a TOML file"),
    ],
)
def test_every_fault_is_one_line_that_says_what_to_write_where(tmp_path, text, message):
    file = tmp_path / "paths.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises((ValueError, FileNotFoundError), match=message) as caught:
        benchmark_root("otb", file)
    assert "\n" not in str(caught.value)[:60]
