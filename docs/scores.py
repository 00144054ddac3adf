"""Writes the scores of docs/scores.json into the pages, between ``<!-- scores: NAME -->`` and ``<!-- end -->``.

python docs/scores.py
"""

import json
import re
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
PAGES = [DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))]
BLOCK = re.compile(r"(<!-- scores: (\w+) -->\n)(?:(?!<!-- scores: ).)*?(<!-- end -->)", re.DOTALL)

Scores = dict[str, Any]


def mean(scores: Scores, sequences: str, column: str) -> str:
    """The mean over the runs, with one decimal."""
    place = scores["columns"].index(column)
    values = [Decimal(str(run[sequences][place])) for run in scores["runs"]]
    return str((sum(values) / len(values)).quantize(Decimal("0.1"), ROUND_HALF_UP))


def pair(values: Sequence[float]) -> str:
    return " / ".join(f"{value:.1f}" for value in values)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """A Markdown table; all columns but the first ``left`` are numbers."""
    rule = ["---"] * left + ["--:"] * (len(header) - left)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [header, rule, *rows])


def compared(scores: Scores) -> str:
    ours = [f"{mean(scores, name, 'AUC')} / {mean(scores, name, 'precision')}" for name in scores["sets"]]
    peers = [[name, *(pair(of_sets[key]) for key in scores["sets"])] for name, of_sets in scores["peers"].items()]
    title = "success AUC / precision at 20 px, percent"
    return table([title, *scores["sets"].values()], [["**this tracker**, mean of two seeds", *ours], *peers])


def summary(scores: Scores) -> str:
    speed = scores["frames_per_second"]
    rows = [
        [title, f"AUC {mean(scores, name, 'AUC')}, precision {mean(scores, name, 'precision')}"]
        for name, title in scores["sets"].items()
    ]
    wide = f"{speed['f32']:.0f} frames of 640 x 480 a second on 2 CPU cores with AVX-512, {speed['bf16']:.0f} in bf16"
    narrow = f"with AVX2 {speed['avx2_f32']:.0f}, {speed['avx2_int8']:.0f} in int8, by processor time"
    rows += [["speed", f"{wide}; {narrow}"]]
    return table(["", ""], rows, left=2)


def runs(scores: Scores) -> str:
    rows = [
        [title, str(run["seed"]), *(f"{value:.1f}" for value in run[name])]
        for name, title in scores["sets"].items()
        for run in scores["runs"]
    ]
    return table(["sequences", "seed", *scores["columns"]], rows)


def peers(scores: Scores) -> str:
    rows = [[name, *(pair(of_sets[key]) for key in scores["sets"])] for name, of_sets in scores["peers"].items()]
    return table(["tracker, AUC / precision", *scores["sets"].values()], rows)


def published(scores: Scores) -> str:
    listed = ", ".join(f"{name} {auc}" for name, auc in scores["published_auc"].items())
    return f"Published boxes of others on the {scores['sets']['otb']} (AUC): {listed}."


def sequences(scores: Scores) -> str:
    rows = [[name, *map(pair, values)] for name, values in scores["sequences"].items()]
    return table(["sequence", *scores["sequence_columns"]], rows)


def speed(scores: Scores) -> str:
    fps = scores["frames_per_second"]
    return (
        f"AVX-512: **{fps['f32']} frames a second with image loading**, {fps['f32_without_reading']} without; "
        f"in bf16 {fps['bf16']} with image loading. AVX2, by processor time, without image loading: "
        f"**{fps['avx2_f32']:.0f}**, in int8 **{fps['avx2_int8']:.0f}**. AMD's Zen 4 with AVX-512 and VNNI, likewise: "
        f"**{fps['zen4_f32']:.0f}**, in bf16 {fps['zen4_bf16']:.0f}, in int8 **{fps['zen4_int8']:.0f}**."
    )


def told(scores: Scores) -> str:
    low, high = sorted(scores["told_lost_frames"])
    return f"Of the frames in which it follows something else, {low} to {high} % have the state `lost` or `uncertain`."


BLOCKS: dict[str, Callable[[Scores], str]] = {
    block.__name__: block for block in (compared, summary, runs, peers, published, sequences, speed, told)
}


def filled(text: str, scores: Scores) -> str:
    """The text of a page with its blocks made anew."""
    return BLOCK.sub(lambda block: block[1] + BLOCKS[block[2]](scores) + "\n" + block[3], text)


def main() -> None:
    scores = json.loads((DOCS / "scores.json").read_text(encoding="utf-8"))
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        if filled(text, scores) != text:
            page.write_text(filled(text, scores), encoding="utf-8")
            print(page)


if __name__ == "__main__":
    main()
