"""The page's script, run by a browser. Skipped where there is none."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pytracking.analysis.extract_results import evaluate
from pytracking.analysis.protocols import PROTOCOLS
from pytracking.analysis.report import write_report
from pytracking.analysis.sources import find_tracker, truth_folder

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--dump-dom",
]  # fmt: skip
SCRIPT = """<pre id="said"></pre><script>
const said = [], table = document.querySelector("table.sortable"), [name, , score] = table.tHead.rows[0].cells;
const say = () => said.push([...table.tBodies[0].rows].filter(r => !r.hidden).map(r => r.cells[0].textContent).join());
say();
for (const head of [score, score, name]) { head.querySelector("button").click(); say(); }
const find = document.getElementById("find");
find.value = "E1"; find.dispatchEvent(new Event("input")); say();
const select = document.getElementById("score");
select.selectedIndex = 1; select.dispatchEvent(new Event("change"));
said.push([...document.querySelectorAll("div.score")].map(box => Number(box.hidden)).join(""));
document.getElementById("said").textContent = said.join(" ");
</script></body>"""


@pytest.mark.skipif(not BROWSER, reason="needs Chromium")
def test_sequences_are_sorted_found_and_shown_by_score(
    write_boxes: Callable[..., Path], boxes: np.ndarray, tmp_path: Path
) -> None:
    names = {"e1": 4, "e2": 9, "e10": 0}  # how many pixels the first tracker is off
    truth = truth_folder(write_boxes("gt", **dict.fromkeys(names, boxes)))
    off = {name: boxes + np.array([0, by, 0, 0]) for name, by in names.items()}
    trackers = [find_tracker("x", write_boxes("x", **off)), find_tracker("y", write_boxes("y", **off))]
    path = tmp_path / "report.html"
    write_report(path, evaluate(trackers, truth, PROTOCOLS["otb"]), trackers, truth.load())
    path.write_text(path.read_text(encoding="utf-8").replace("</body>", SCRIPT), encoding="utf-8")
    command = [BROWSER, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", path.as_uri()]
    page = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    said = re.search(r'<pre id="said">([^<]*)', page)
    assert said is not None
    assert said[1].split() == ["e1,e10,e2", "e10,e1,e2", "e2,e1,e10", "e1,e2,e10", "e1,e10", "101111"]
