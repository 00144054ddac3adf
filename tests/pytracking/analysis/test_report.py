import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from pytracking.analysis import tables
from pytracking.analysis.extract_results import evaluate
from pytracking.analysis.protocols import PROTOCOLS
from pytracking.analysis.report import write_report
from pytracking.analysis.sources import find_tracker, truth_folder

VOID = {"meta", "img", "br", "input", "path", "use"}


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
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
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
    stamp = {"seed": 3, "tracker": "dimp", "versions": {"numpy": "2", "torch": "3"}, "settings": {"top_k": 3}}
    (root / "<b>x" / "hard.json").write_text(json.dumps(stamp))
    attributes = tables.attribute_table(evaluation, {"easy": ["IV"], "hard": ["IV", "OCC"]})
    frames: dict[str, Callable] = {"hard": lambda numbers: [np.zeros((50, 60, 3), np.uint8) for _ in numbers]}
    shown = [tables.overall_table(evaluation), attributes]
    for name, source in (("report", frames), ("bare", {"hard": no_images})):
        write_report(root / "out" / f"{name}.html", evaluation, trackers, truth.load(), shown, source, worst=1)
    assert sorted(p.name for p in (root / "out").iterdir()) == ["bare.html", "report.html"]
    return root / "out"


def no_images(numbers: object) -> list[np.ndarray]:
    raise FileNotFoundError("img: no such folder")


@pytest.fixture(scope="module")
def page(pages: Path) -> str:
    return (pages / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page_without_images(pages: Path) -> str:
    return (pages / "bare.html").read_text(encoding="utf-8")


def test_the_page_is_well_formed_and_needs_nothing_else(page: str) -> None:
    parser = Balance()
    parser.feed(page)
    assert parser.open == []
    assert parser.seen.count("table") == 3 + 6  # overall, differences, attributes, and every score by sequence
    addresses = re.findall(r"""(?:src|href)=["']([^"']*)""", page)
    assert addresses
    assert all(address.startswith(("data:image/jpeg", "#")) for address in addresses)
    assert "@import" not in page
    assert "url(http" not in page


def test_plots_tables_and_scores_are_there(page: str) -> None:
    assert page.count("<svg") - page.count('<svg class="key"') == 3 + 2 + 1  # curves, differences, timeline
    for text in (
        "95.24",
        "AUC by attribute",
        "OCC (1)",
        "2 sequences, 24 frames, protocol otb",
        'class="bars sortable"',
    ):
        assert text in page


def test_the_worst_sequence_has_its_film_strip(page: str) -> None:
    worst = page[page.index("does worst") :]
    assert "<h3>hard</h3>" in worst
    assert "<h3>easy</h3>" not in worst
    assert worst.count("data:image/jpeg;base64,") == 6
    assert "frame 0 &middot; overlap 1.00" in worst
    assert "frame 11 &middot; overlap 0.54" in worst
    assert "<span>frame 0</span><span>3</span><span>6</span><span>8</span><span>11</span>" in worst
    assert page.count('<a href="#worst-1">hard</a>') == 6


def test_the_best_is_marked_and_bars_are_as_long_as_the_scores(page: str) -> None:
    sequences = page[page.index('class="bars sortable"') :]
    row = sequences[sequences.index("hard</a>") :].splitlines()[0]
    assert re.findall(r"<td([^>]*)>([^<]*)", row) == [
        ("", "12"), (' class="best" style="--bar:95.2%"', "95.24"), (' style="--bar:56.0%"', "55.95")
    ]  # fmt: skip


def test_stamps_and_settings_of_the_runs_are_shown(page: str) -> None:
    runs = page[page.index('id="runs"') :]
    assert re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)", runs)[1:6] == [
        ("tracker", "dimp"), ("seed", "3"), ("versions", "numpy 2, torch 3"), ("stamps", "beside 1 of 2 results"),
        ("results", re.search("[^>]*/y<", runs)[0][:-1]),  # type: ignore[index]
    ]  # fmt: skip
    assert "none beside the results" in runs
    assert "&#34;top_k&#34;: 3" in runs


def test_without_images_the_page_says_why(page: str, page_without_images: str) -> None:
    assert "No pictures" not in page
    assert "No pictures: img: no such folder" in page_without_images


def test_trackers_are_compared(page: str) -> None:
    differences = page[page.index('id="differences"') : page.index('id="curves"')]
    cells = re.findall(r"<td[^>]*>([^<]*)", differences)
    assert cells == ["1", "95.24", "best", "-", "1", "75.60", "-19.64", "1.00"]
    assert "Sequence by sequence against y" in differences
    assert differences.count("<svg") - differences.count('<svg class="key"') == 2


def test_intervals_stand_below_scores(tmp_path: Path) -> None:
    boxes = np.tile([10.0, 10.0, 20.0, 20.0], (12, 1))
    for folder in ("gt", "x"):
        (tmp_path / folder).mkdir()
        for i in range(6):
            shift = np.array([i * (folder == "x"), 0, 0, 0])
            np.savetxt(tmp_path / folder / f"s{i}.txt", boxes + shift, delimiter=",")
    truth, tracker = truth_folder(tmp_path / "gt"), find_tracker("x", tmp_path / "x")
    evaluation = evaluate([tracker], truth, PROTOCOLS["otb"])
    write_report(tmp_path / "page.html", evaluation, [tracker], truth.load(), worst=0)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    low, high = tables.as_json(evaluation)["x"]["auc_ci"]
    assert f"<small>[{low:.1f}, {high:.1f}]</small>" in page
    assert 'id="differences"' not in page  # of one tracker


def test_names_are_escaped(page: str) -> None:
    assert "<b>" not in page
    assert "&lt;b&gt;x" in page


def test_what_differs_between_runs_is_marked(tmp_path: Path) -> None:
    boxes = np.tile([10.0, 10.0, 20.0, 20.0], (12, 1))
    for folder, scale in (("gt", 0), ("x", 5), ("y", 6)):
        (tmp_path / folder).mkdir()
        np.savetxt(tmp_path / folder / "s.txt", boxes, delimiter=",")
        stamp = {"seed": 3, "device": folder, "settings": {"search": {"scale": scale}, "top_k": 3}}
        (tmp_path / folder / "s.json").write_text(json.dumps(stamp))
    truth, trackers = truth_folder(tmp_path / "gt"), [find_tracker(name, tmp_path / name) for name in "xy"]
    evaluation = evaluate(trackers, truth, PROTOCOLS["otb"])
    write_report(tmp_path / "page.html", evaluation, trackers, truth.load(), worst=0)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert re.findall(r"<dt>([^<]*)</dt><dd><mark>([^<]*)", page) == [
        ("device", "x"), ("settings.search.scale", "5"), ("device", "y"), ("settings.search.scale", "6")
    ]  # fmt: skip
