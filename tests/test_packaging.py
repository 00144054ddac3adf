import tomllib
from pathlib import Path

import pytest


@pytest.mark.parametrize("package", ["external", "ltr", "pytracking"])
def test_users_of_a_package_see_its_types(repository: Path, package: str) -> None:
    assert (repository / package / "py.typed").read_bytes() == b""


def test_whoever_gets_the_network_gets_its_attributions(repository: Path) -> None:
    """The wheel holds all of pytracking/networks, and its licence files; .ci/wheel compares it with the checkout."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for file in project["license-files"]:
        assert (repository / file).is_file()
    attributions = (repository / "pytracking/networks/ATTRIBUTIONS.md").read_text(encoding="utf-8")
    assert "NOTICE" in project["license-files"]
    assert project["license-files"][-1] == "pytracking/networks/ATTRIBUTIONS.md"
    assert attributions.count("CC BY 4.0") > 10
