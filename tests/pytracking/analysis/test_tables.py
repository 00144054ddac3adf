import csv
import dataclasses
import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pytracking.analysis import table_formats, tables
from pytracking.analysis.extract_results import Evaluation, evaluate
from pytracking.analysis.metrics import METRICS
from pytracking.analysis.protocols import PROTOCOLS
from pytracking.analysis.sources import find_tracker, truth_folder
from pytracking.analysis.table_formats import Cell, Table


def header(table: Table) -> tuple[str, ...]:
    return tuple(map(str, table.header))


def rows(table: Table) -> tuple[tuple[str, ...], ...]:
    """The cells as they are shown."""
    return tuple(tuple(map(str, row)) for row in table.rows)


@pytest.fixture
def evaluation(write_boxes: Callable[..., Path], boxes: np.ndarray) -> Evaluation:
    truths = truth_folder(write_boxes("gt", a=boxes, b=boxes, c=boxes))
    write_boxes("poor/1", a=boxes + np.array([0, 30, 0, 0]), b=boxes)
    write_boxes("poor/2", a=boxes, b=boxes)
    good = find_tracker("good_50%", write_boxes("good", a=boxes, b=boxes, c=boxes))
    return evaluate([find_tracker("poor", write_boxes("poor")), good], truths, PROTOCOLS["otb"], allow_missing=True)


def test_trackers_are_sorted_and_runs_have_a_deviation(evaluation: Evaluation) -> None:
    table = tables.overall_table(evaluation)
    assert [row[0] for row in rows(table)] == ["good_50%", "poor"]
    assert rows(table)[0][1] == "95.24"
    assert "poor: mean ± standard deviation of 2 runs (1, 2)" in table.notes
    assert rows(table)[1][2] == f"{(51.25 + 100) / 2:.2f} ± {np.std([51.25, 100], ddof=1):.2f}"


def test_every_format_holds_every_number_and_says_what_is_missing(evaluation: Evaluation) -> None:
    for table in (tables.overall_table(evaluation), tables.sequence_table(evaluation)):
        for name, render in table_formats.FORMATS.items():
            text = render(table)
            assert "95.24" in text, name
            assert "INCOMPLETE: scored on 2 of 3 sequences" in text, name
            assert "poor (1): no result for c" in text, name


def test_columns_of_the_text_table_are_aligned(evaluation: Evaluation) -> None:
    lines = table_formats.as_text(tables.overall_table(evaluation)).splitlines()
    assert len({len(line) for line in lines[1:7]}) == 1


def test_latex_escapes_its_special_characters(evaluation: Evaluation) -> None:
    text = table_formats.as_latex(tables.overall_table(evaluation))
    assert r"good\_50\% & \textbf{95.24}" in text
    assert r"$\pm$" in text
    assert text.count("{") == text.count("}")


def test_markdown_and_csv_have_a_cell_for_every_column(evaluation: Evaluation) -> None:
    table = tables.sequence_table(evaluation)
    lines = [line for line in table_formats.as_markdown(table).splitlines() if line.startswith("|")]
    assert [line.count("|") for line in lines] == [len(header(table)) + 1] * (len(rows(table)) + 2)
    lines = [line for line in table_formats.as_csv(table).splitlines() if not line.startswith("#")]
    assert [tuple(row) for row in csv.reader(io.StringIO("\n".join(lines)))] == [header(table), *rows(table)]


def test_json_has_the_layout_scripts_rely_on(evaluation: Evaluation) -> None:
    content = json.loads(json.dumps(tables.as_json(evaluation), allow_nan=False))
    assert set(content) == {"poor", "good_50%"}
    scores = {"auc", "precision", "norm_precision", "op50", "op75"}
    assert scores <= set(content["poor"])
    assert set(content["poor"]["sequences"]) == {"a", "b"}
    assert scores <= set(content["poor"]["sequences"]["a"])
    assert content["good_50%"]["auc"] == pytest.approx(100 * 20 / 21)
    assert content["poor"]["runs"] == 2
    assert content["poor"]["precision"] == pytest.approx((51.25 + 100) / 2)
    assert content["poor"]["sequences"]["a"]["precision"] == pytest.approx((2.5 + 100) / 2)


def test_one_tracker_has_all_its_scores_by_sequence(evaluation: Evaluation) -> None:
    alone = dataclasses.replace(evaluation, trackers=evaluation.trackers[:1])
    table = tables.sequence_table(alone)
    assert header(table) == ("Sequence", "Frames", *(metric.title for metric in METRICS.values()))
    assert rows(table)[0][:2] == ("a", "40")
    assert rows(table)[0][3] == "51.25"


def test_any_score_can_be_asked_for_by_sequence(evaluation: Evaluation) -> None:
    table = tables.sequence_table(evaluation, "precision")
    assert header(table) == ("Sequence", "Frames", "good_50%", "poor")
    assert rows(table)[0] == ("a", "40", "100.00", "51.25")
    assert table.caption.startswith("Precision by sequence")


def test_training_sequences_are_marked_everywhere(write_boxes: Callable[..., Path], boxes: np.ndarray) -> None:
    truths = truth_folder(write_boxes("gt", a=boxes, b=boxes))
    x, y = (find_tracker(name, write_boxes(name, a=boxes, b=boxes)) for name in ("x", "y"))
    (x.runs[0].folder / "b.json").write_text('{"seed": 0, "trained_on": true}')
    (y.runs[0].folder / "b.json").write_text('{"seed": 0}')
    both = evaluate([x, y], truths, PROTOCOLS["otb"])
    assert both.notes == ("x: its network was trained on 1 of these sequences (†): b",)
    assert [row[0] for row in rows(tables.overall_table(both))] == ["x †", "y"]
    table = tables.sequence_table(both)
    assert header(table) == ("Sequence", "Frames", "x †", "y")
    assert rows(table) == (("a", "40", "95.24", "95.24"), ("b", "40", "95.24 †", "95.24"))
    alone = evaluate([x], truths, PROTOCOLS["otb"])
    assert [row[0] for row in rows(tables.sequence_table(alone))] == ["a", "b †"]
    content = tables.as_json(both)
    assert content["x"]["trained_on"] == ["b"]
    assert "trained_on" not in content["y"]


def test_attributes_select_sequences(evaluation: Evaluation) -> None:
    table = tables.attribute_table(evaluation, {"A": ["IV", "SV"], "b": ["SV"], "c": ["OCC"]})
    by_sequence = {row[0]: row[2:] for row in rows(tables.sequence_table(evaluation))}
    assert [row[0] for row in rows(table)] == ["all (2) ‡", "IV (1) ‡", "SV (2) ‡"]
    assert table.notes[-1] == "‡ fewer than 5 sequences"
    assert rows(table)[1][1:] == by_sequence["a"]
    overall = tuple(row[1].split(" ")[0] for row in rows(tables.overall_table(evaluation)))
    assert rows(table)[0][1:] == rows(table)[2][1:] == overall
    with pytest.raises(ValueError, match="no attributes for b"):
        tables.attribute_table(evaluation, {"a": ["IV"]})


@pytest.fixture
def seven(write_boxes: Callable[..., Path], boxes: np.ndarray) -> Evaluation:
    """Two trackers on seven sequences, ``far`` worse on all of them."""
    names = "abcdefg"
    off = {
        folder: {n: boxes + np.array([0, by * (i + 1), 0, 0]) for i, n in enumerate(names)}
        for folder, by in OFF.items()
    }
    truths = truth_folder(write_boxes("gt", **dict.fromkeys(names, boxes)))
    return evaluate([find_tracker(f, write_boxes(f, **off[f])) for f in OFF], truths, PROTOCOLS["otb"])


OFF = {"near": 0.1, "far": 0.9}  # pixels, times the number of the sequence


def test_every_score_has_its_interval(seven: Evaluation) -> None:
    content = json.loads(json.dumps(tables.as_json(seven), allow_nan=False))
    for tracker in content.values():
        for name in METRICS:
            low, high = tracker[f"{name}_ci"]
            assert 0 <= low <= tracker[name] <= high <= 100, name
    near, far = content["near"], content["far"]
    assert far["auc_ci"][1] < near["auc_ci"][0]
    assert (near["rank"], far["rank"], "difference" in near) == (1, 2, False)
    assert far["difference"]["to"] == "near"
    assert far["difference"]["mean"] == pytest.approx(far["auc"] - near["auc"])
    assert far["difference"]["ci"][0] < far["difference"]["mean"] < far["difference"]["ci"][1] < 0
    assert far["difference"]["p"] == pytest.approx(2 / 2**7)


def test_few_sequences_have_none(evaluation: Evaluation) -> None:
    assert tables.as_json(evaluation)["poor"]["auc_ci"] is None
    assert "no intervals: fewer than 5 sequences" in tables.overall_table(evaluation).notes


def test_intervals_stand_below_numbers_only_where_a_line_would_be_too_long(seven: Evaluation) -> None:
    near, far = (tables.as_json(seven)[name] for name in OFF)
    text = table_formats.as_text(tables.overall_table(seven)).splitlines()
    assert text[4].split()[:2] == ["near", f"{near['auc']:.2f}"]  # a row is what scripts have read ever since
    assert text[5].split()[:2] == [f"[{near['auc_ci'][0]:.1f},", f"{near['auc_ci'][1]:.1f}]"]
    assert len({len(line) for line in text[1:9]}) == 1
    table = tables.difference_table(seven)
    assert table is not None
    low, high = far["difference"]["ci"]
    text = table_formats.as_text(table).splitlines()
    assert text[5].split()[-4:] == [f"{far['difference']['mean']:+.2f}", f"[{low:+.1f},", f"{high:+.1f}]", "0.016"]


def test_intervals_in_files(seven: Evaluation) -> None:
    table, far = tables.difference_table(seven), tables.as_json(seven)["far"]
    assert table is not None
    lines = [line for line in table_formats.as_csv(table).splitlines() if not line.startswith("#")]
    near_row, row = csv.DictReader(lines)
    (low, high), ends = far["difference"]["ci"], far["auc_ci"]
    assert (row["Difference"], row["p"]) == (f"{far['difference']['mean']:+.2f}", "0.016")
    assert (row["Difference low"], row["Difference high"]) == (f"{low:.2f}", f"{high:.2f}")
    assert (row["AUC low"], row["AUC high"]) == (f"{ends[0]:.2f}", f"{ends[1]:.2f}")
    assert (near_row["Difference"], near_row["Difference low"]) == ("best", "")
    auc, interval = f"{far['auc']:.2f}", f"[{ends[0]:.1f}, {ends[1]:.1f}]"
    assert f"| {auc} {interval} |" in table_formats.as_markdown(table)
    assert rf"& {auc} {{\scriptsize {interval}}} &" in table_formats.as_latex(table)
    near = tables.as_json(seven)["near"]
    assert f"| **{near['auc']:.2f}** [" in table_formats.as_markdown(tables.overall_table(seven))


def test_the_smallest_difference_that_would_show_stands_below(seven: Evaluation) -> None:
    table = tables.difference_table(seven)
    assert table is not None
    detectable = tables.as_json(seven)["far"]["difference"]["detectable"]
    assert table.notes[-1].endswith(f"show with 80 % power: {detectable:.1f} (far)")
    assert tables.difference_table(dataclasses.replace(seven, trackers=seven.trackers[:1])) is None


def test_few_sequences_can_show_no_difference(evaluation: Evaluation, seven: Evaluation) -> None:
    few, enough = tables.difference_table(evaluation), tables.difference_table(seven)
    assert few is not None
    assert enough is not None
    assert few.notes[0].endswith("is shown (5 %); so few sequences can show none, 6 or more can")
    assert enough.notes[0].endswith("is shown (5 %)")


def test_latex_has_its_own_minus_and_comparisons() -> None:
    row = (Cell("siam-2"), Cell(value=-1.5, interval=(-2.0, 1e-3)), Cell("<0.001"), Cell())
    text = table_formats.as_latex(Table("A table", row, (row,), ("frames with x <= 0", "y: >= 1")))
    assert r"siam-2 & $-$1.50 {\scriptsize [$-$2.0, 0.0]} & \textless{}0.001 & - \\" in text
    assert r"\caption{A table; frames with x $\le$ 0; y: $\ge$ 1}" in text


def test_another_baseline_can_be_named(seven: Evaluation) -> None:
    other = dataclasses.replace(seven, baseline="far")
    content = tables.as_json(other)
    assert content["near"]["difference"]["mean"] == -tables.as_json(seven)["far"]["difference"]["mean"]
    assert "difference" not in content["far"]
    table = tables.difference_table(other)
    assert table is not None
    assert rows(table)[1][3] == "baseline"


def test_attributes_have_intervals_and_few_sequences_are_marked(seven: Evaluation) -> None:
    table = tables.attribute_table(seven, {name: ["MANY", *(["FEW"] if name in "ab" else [])] for name in "abcdefg"})
    assert [row[0] for row in rows(table)] == ["all (7)", "FEW (2) ‡", "MANY (7)"]
    assert [row[1].interval is None for row in table.rows] == [False, True, False]
    assert table.rows[0][1].interval == table.rows[2][1].interval == tuple(tables.as_json(seven)["near"]["auc_ci"])


@pytest.mark.parametrize(("text", "message"), [("{", "not JSON"), ("[]", "expected"), ('{"a": "IV"}', "expected")])
def test_broken_attributes_are_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "attributes.json").write_text(text)
    with pytest.raises(ValueError, match=rf"attributes\.json: {message}"):
        tables.find_attributes(str(tmp_path / "attributes.json"))


def test_attributes_of_a_data_set_go_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "some_attributes.json").write_text('{"a": ["IV"]}')
    assert tables.find_attributes("some", tmp_path) == {"a": ["IV"]}
    with pytest.raises(ValueError, match="no attributes of 'other': expected a JSON file or one of some"):
        tables.find_attributes("other", tmp_path)


def test_published_scores_take_their_place_by_auc(evaluation: Evaluation) -> None:
    table = tables.overall_table(evaluation, tables.find_published("trackingnet"))
    names = [row[0] for row in rows(table)]
    assert names[0] == "good_50%"
    assert names.index("SiamRCNN *") < names.index("DiMP-NCE+ *") < names.index("SiamFC *")
    assert ("DiMP-NCE+ *", "78.7", "73.7", "83.7", "-", "-", "-", "-") in rows(table)
    assert "Table S8" in table.notes[-1]
    assert table.notes[-1].endswith("on all 511 sequences, so not comparable with ours on 2")


@pytest.mark.parametrize(("name", "score"), [("lasot", 63.7), ("uav", 67.2), ("nfs", 65.0), ("otb", 70.7)])
def test_published_scores_of_the_paper(name: str, score: float) -> None:
    assert tables.find_published(name).scores["DiMP-NCE+"] == {"auc": score}


def test_unknown_published_scores_are_answered_with_the_list() -> None:
    with pytest.raises(ValueError, match="no published scores on 'vot'; there are lasot, nfs, otb, trackingnet, uav"):
        tables.find_published("vot")


def test_the_best_is_bold_and_names_are_escaped(write_boxes: Callable[..., Path], boxes: np.ndarray) -> None:
    truths = truth_folder(write_boxes("gt", a=boxes))
    names = {r"x\{a}~^": boxes, "y|z*<i>`\nw": boxes + 4}
    trackers = [find_tracker(n, write_boxes(f"t{i}", a=b)) for i, (n, b) in enumerate(names.items())]
    evaluation = evaluate(trackers, truths, PROTOCOLS["otb"])
    table, difference = tables.overall_table(evaluation), tables.difference_table(evaluation)
    assert difference is not None
    assert table.caption.startswith("1 sequence, 40 frames, ")
    best, other = [line for line in table_formats.as_markdown(table).splitlines() if line.startswith("|")][-2:]
    assert "| **95.24** |" in best
    assert r"| y\|z\*\<i>\` w | " in other
    assert other.count("**") == 2  # precision, by both
    latex = table_formats.as_latex(table)
    assert r"x\textbackslash{}\{a\}\textasciitilde{}\textasciicircum{} & \textbf{95.24} & " in latex
    assert r"\textbf{-}" not in latex
    assert r"y\textbar{}z*\textless{}i\textgreater{}` w & " in latex
    assert all(line.startswith("# ") for line in table_formats.as_csv(difference).partition("Tracker,")[0].splitlines())
