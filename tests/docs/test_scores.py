"""The scores on the pages are those of docs/scores.json."""

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture(scope="module")
def scores_module(repository: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_scores", repository / "docs/scores.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def scores(repository: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads((repository / "docs/scores.json").read_text(encoding="utf-8"))
    return values


def test_pages_show_the_scores_of_the_file(scores_module: ModuleType, scores: dict[str, Any]) -> None:
    """If this fails: ``python docs/scores.py``."""
    used = set()
    for page in scores_module.PAGES:
        text = page.read_text(encoding="utf-8")
        used |= {block[2] for block in scores_module.BLOCK.finditer(text)}
        assert scores_module.filled(text, scores) == text, f"{page.name}: run python docs/scores.py"
    assert used == scores_module.BLOCKS.keys()


def test_a_block_without_an_end_takes_no_text_behind_it(scores_module: ModuleType, scores: dict[str, Any]) -> None:
    begin = "<!-- scores: speed -->\nold\n\n# Title\n"
    assert scores_module.filled(f"{begin}<!-- scores: told -->\nx\n<!-- end -->\n", scores).startswith(begin)


def test_no_page_keeps_a_copy_by_hand(scores_module: ModuleType, scores: dict[str, Any]) -> None:
    for page in scores_module.PAGES:
        rest = scores_module.BLOCK.sub("", page.read_text(encoding="utf-8"))
        for name in scores["sets"]:
            for value in (scores_module.mean(scores, name, "AUC"), scores_module.mean(scores, name, "precision")):
                assert not re.search(rf"(AUC|precision) {value}|\b{value} /|/ {value}\b", rest), f"{page.name}: {value}"


def test_a_changed_score_changes_the_page(scores_module: ModuleType, scores: dict[str, Any]) -> None:
    text = "before\n<!-- scores: published -->\nold\n<!-- end -->\nafter"
    changed = {**scores, "published_auc": {"MINE": 12.3}}
    assert "(AUC): MINE 12.3." in scores_module.filled(text, changed)
    assert scores_module.mean({"columns": ["AUC"], "runs": [{"a": [69.6]}, {"a": [70.1]}]}, "a", "AUC") == "69.9"


def test_means_of_sequences_are_those_of_the_sets(scores: dict[str, Any]) -> None:
    """The table by sequence and the table by set come from the same runs."""
    values = list(scores["sequences"].values())
    for run, row in enumerate(scores["runs"]):
        for part, name in ((values[:15], "otb"), (values[15:], "others")):
            for column in (0, 1):
                mean = sum(sequence[run][column] for sequence in part) / len(part)
                assert mean == pytest.approx(row[name][column], abs=0.1)  # both are rounded
