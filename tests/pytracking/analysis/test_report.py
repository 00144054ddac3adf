import re
from collections.abc import Callable
from html.parser import HTMLParser

import numpy as np
import pytest

from pytracking.analysis import tables
from pytracking.analysis.extract_results import evaluate
from pytracking.analysis.protocols import PROTOCOLS
from pytracking.analysis.report import write_report
from pytracking.analysis.sources import find_tracker, truth_folder

VOID = {"meta", "img", "br"}


class Balance(HTMLParser):
    """Checks that every element is closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    root = tmp_path_factory.mktemp("report")
    boxes = np.tile([10.0, 10.0, 20.0, 20.0], (12, 1))
    for folder, shift in (("gt", 0), ("<b>x", 6), ("y", 0)):
        (root / folder).mkdir()
        for name in ("easy", "hard"):
            moved = boxes + np.array([shift * (name == "hard"), 0, 0, 0])
            np.savetxt(root / folder / f"{name}.txt", moved, delimiter=",")
    truth = truth_folder(root / "gt")
    trackers = [find_tracker("<b>x", root / "<b>x"), find_tracker("y", root / "y")]
    evaluation = evaluate(trackers, truth, PROTOCOLS["otb"])
    attributes = tables.attribute_table(evaluation, {"easy": ["IV"], "hard": ["IV", "OCC"]})
    frames: dict[str, Callable] = {"hard": lambda: [np.zeros((50, 60, 3), np.uint8)] * 12}
    path = root / "out" / "report.html"
    write_report(
        path, evaluation, trackers, truth.load(), [tables.overall_table(evaluation), attributes], frames, worst=1
    )
    assert [p.name for p in (root / "out").iterdir()] == ["report.html"]
    return path.read_text(encoding="utf-8")


def test_the_page_is_well_formed_and_needs_nothing_else(page: str) -> None:
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
    assert parser.seen.count("table") == 3
    addresses = re.findall(r"""(?:src|href)=["']([^"']*)""", page)
    assert addresses
    assert all(address.startswith(("data:image/jpeg", "#")) for address in addresses)
    assert "@import" not in page
    assert "url(http" not in page


def test_plots_tables_and_scores_are_there(page: str) -> None:
    assert page.count("<svg") == 3 + 1
    for text in ("95.24", "AUC by attribute", "OCC (1)", "2 sequences, 24 frames, protocol otb", 'class="sortable"'):
        assert text in page


def test_the_worst_sequence_has_its_film_strip(page: str) -> None:
    worst = page[page.index("does worst") :]
    assert "<h3>hard: AUC" in worst
    assert "<h3>easy" not in worst
    assert worst.count("data:image/jpeg;base64,") == 6


def test_names_are_escaped(page: str) -> None:
    assert "<b>" not in page
    assert "&lt;b&gt;x" in page
