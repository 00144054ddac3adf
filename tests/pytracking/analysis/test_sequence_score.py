import numpy as np
import pytest

from pytracking.analysis.metrics import METRICS, area_under_curve
from pytracking.analysis.protocols import PROTOCOLS, find_protocol
from pytracking.analysis.sequence_score import GroundTruth, measure_sequence, without_omitted_rows
from tests.reference import tracking_metrics as loops

NAN = [np.nan] * 4


def truth(
    boxes: list[list[float]] | np.ndarray, absent: list[bool] | None = None, name: str = "Seq", **more: object
) -> GroundTruth:
    array = np.array(boxes, float)
    return GroundTruth(name, array, np.array(absent or [False] * len(array), bool), **more)  # type: ignore[arg-type]


def hits(prediction: list[list[float]] | np.ndarray, true: GroundTruth, protocol: str) -> tuple[float, float, float]:
    """Frames counted by overlap > 0.5, error <= 20 px, normalized error <= 0.2."""
    score = measure_sequence(np.array(prediction, float), true, PROTOCOLS[protocol])
    rules = PROTOCOLS[protocol]
    half = int(np.argmin(np.abs(np.array(rules.overlap_thresholds) - 0.5)))
    where = (half, rules.center_thresholds.index(20), rules.normalized_thresholds.index(0.2))
    curves = (score.success, score.precision, score.norm_precision)
    return tuple(round(float(c[i]) * score.frames, 9) for c, i in zip(curves, where, strict=True))  # type: ignore[return-value]


@pytest.mark.parametrize("tag", ["otb", "uav", "lasot"])
@pytest.mark.parametrize("seed", range(4))
def test_pytracking_protocols_agree_with_loops_over_frames(tag: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 120
    boxes = np.round(np.hstack([rng.uniform(-3, 60, (n, 2)), rng.uniform(5, 40, (n, 2))]))
    boxes[rng.random(n) < 0.05] = 0
    absent = (rng.random(n) < 0.1) & (tag == "lasot")
    if tag == "uav":
        boxes[rng.random(n) < 0.1] = np.nan
    prediction = np.round(np.nan_to_num(boxes, nan=10.0) + rng.normal(0, 5, (n, 4)))
    prediction[:, 2:] = prediction[:, 2:].clip(0)
    prediction[rng.random(n) < 0.05] = np.nan
    if tag != "lasot":
        prediction = prediction[:-1]
    score = measure_sequence(prediction, truth(boxes, absent.tolist()), find_protocol(tag))
    expected = loops.pytracking_scores(prediction.tolist(), boxes.tolist(), absent.tolist(), tag)
    found = {
        "auc": score.success.mean(),
        "precision": score.precision[20],
        "norm_precision": score.norm_precision[20],
        "op50": score.success[10],
        "op75": score.success[15],
    }
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_pysot_agrees_with_loops_over_frames(seed: int) -> None:
    rng = np.random.default_rng(seed)
    boxes = np.round(np.hstack([rng.uniform(-30, 60, (120, 2)), rng.uniform(5, 40, (120, 2))]))
    boxes[rng.random(120) < 0.05] = 0
    absent = rng.random(120) < 0.1
    prediction = np.round(boxes + rng.normal(0, 5, (120, 4))).clip(0)
    score = measure_sequence(prediction, truth(boxes, absent.tolist()), PROTOCOLS["pysot"])
    expected = loops.pysot_scores(prediction.tolist(), boxes.tolist(), absent.tolist())
    found = {
        "auc": score.success.mean(),
        "precision": score.precision[20],
        "norm_precision": score.norm_precision[20],
    }
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_trackingnet_agrees_with_loops_over_frames(seed: int) -> None:
    rng = np.random.default_rng(seed)
    boxes = np.hstack([rng.uniform(0, 60, (120, 2)), rng.uniform(5, 40, (120, 2))])
    prediction = boxes + rng.normal(0, 5, (120, 4)).clip(-4)
    score = measure_sequence(prediction, truth(boxes), PROTOCOLS["trackingnet"])
    curves = {"auc": score.success, "precision": score.precision, "norm_precision": score.norm_precision}
    found = {name: float(area_under_curve(curve, trapezoid=True)) for name, curve in curves.items()}
    assert found == pytest.approx(loops.trackingnet_scores(prediction.tolist(), boxes.tolist()), abs=1e-12)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_truth_against_itself(name: str) -> None:
    boxes = np.random.default_rng(0).uniform(5, 50, (30, 4))
    score = measure_sequence(boxes, truth(boxes), PROTOCOLS[name])
    assert (score.success[:-1] == 1).all()
    assert score.success[-1] == (1.0 if name == "trackingnet" else 0.0)
    assert (score.precision == 1).all()
    assert (score.norm_precision == 1).all()
    assert METRICS["ao"].value(score) == pytest.approx(1)


GOOD, EMPTY, FAR = [10, 10, 20, 20], [0, 0, 0, 0], [500, 500, 20, 20]


@pytest.mark.parametrize(
    ("protocol", "expected", "frames"),
    [
        ("otb", (1, 1, 2), 2),  # overlap and center missed, normalized error hit
        ("uav", (1, 2, 2), 2),
        ("matlab", (1, 2, 2), 2),
        ("pysot", (1, 2, 2), 2),  # the center of 0 0 0 0 is not positive
        ("lasot", (1, 1, 2), 2),
        ("folder", (1, 1, 1), 1),
        ("got10k_toolkit", (1, 1, 1), 2),  # measured like any other frame
    ],
)
def test_a_true_box_without_area(protocol: str, expected: tuple[int, ...], frames: int) -> None:
    true = truth([GOOD, EMPTY])
    assert hits([GOOD, FAR], true, protocol) == expected
    assert measure_sequence(np.array([GOOD, FAR], float), true, PROTOCOLS[protocol]).frames == frames


@pytest.mark.parametrize(
    ("protocol", "expected", "frames"),
    [("otb", (1, 1, 1), 1), ("uav", (1, 2, 2), 2), ("lasot", (1, 1, 1), 2), ("matlab", (1, 2, 2), 2),
     ("pysot", (1, 2, 2), 2), ("got10k_toolkit", (1, 1, 1), 1)],
)  # fmt: skip
def test_a_nan_in_the_truth(protocol: str, expected: tuple[int, ...], frames: int) -> None:
    true = truth([GOOD, NAN])
    assert hits([GOOD, GOOD], true, protocol) == expected
    assert measure_sequence(np.array([GOOD, GOOD], float), true, PROTOCOLS[protocol]).frames == frames


@pytest.mark.parametrize(("protocol", "frames"), [("lasot", 2), ("matlab", 2), ("pysot", 2), ("got10k_toolkit", 1)])
def test_a_frame_flagged_absent_is_missed_or_left_out(protocol: str, frames: int) -> None:
    true = truth([GOOD, GOOD], [False, True])
    assert hits([GOOD, GOOD], true, protocol) == (1, 1, 1)
    assert measure_sequence(np.array([GOOD, GOOD], float), true, PROTOCOLS[protocol]).frames == frames


def test_the_first_frame_is_given_kept_or_dropped() -> None:
    true = truth([GOOD, GOOD])
    assert hits([FAR, GOOD], true, "otb") == (2, 2, 2)
    assert hits([FAR, GOOD], true, "pysot") == (1, 1, 1)
    assert measure_sequence(np.array([FAR, GOOD], float), true, PROTOCOLS["got10k"]).frames == 1


def test_an_empty_prediction_repeats_the_box_before_only_in_pytracking_and_matlab() -> None:
    true, prediction = truth([GOOD] * 4), [GOOD, EMPTY, NAN, GOOD]
    assert hits(prediction, true, "otb")[0] == hits(prediction, true, "matlab")[0] == 4
    assert hits(prediction, true, "got10k_toolkit")[0] == 2


def test_missing_rows_are_misses_and_surplus_rows_are_cut() -> None:
    true = truth([GOOD] * 3)
    assert hits([GOOD] * 2, true, "otb")[0] == 2
    assert hits([GOOD] * 5, true, "otb")[0] == 3


@pytest.mark.parametrize("rows", [354, 353, 349, 348])
def test_tiger1_starts_five_frames_late(rows: int) -> None:
    full = np.column_stack([np.arange(354.0) * 3 + 1, np.ones(354), np.full(354, 30.0), np.full(354, 30.0)])
    result = full[:rows] if rows > 350 else full[5 : rows + 5]
    true = without_omitted_rows(truth(full, name="Tiger1"), PROTOCOLS["otb"])
    score = measure_sequence(result, true, PROTOCOLS["otb"])
    assert score.frames == 349
    assert score.success[10] == pytest.approx(1 if rows in (354, 349) else 348 / 349)


def test_tiger1_cut_already_and_tiger_1_of_lasot_are_left_alone() -> None:
    cut, other = truth([GOOD] * 349, name="Tiger1"), truth([GOOD] * 354, name="tiger-1")
    assert without_omitted_rows(cut, PROTOCOLS["otb"]) is cut
    assert without_omitted_rows(other, PROTOCOLS["lasot"]) is other


def test_trackingnet_rounds_boxes_and_integrates_by_trapezoids() -> None:
    true = truth([GOOD, [10.4, 10.4, 20.4, 20.4]])
    score = measure_sequence(np.array([GOOD, [9.6, 9.6, 19.6, 19.6]]), true, PROTOCOLS["trackingnet"])
    assert (score.success == 1).all()


def test_got10k_clips_both_boxes_to_the_image() -> None:
    true = truth([GOOD, [90, 10, 20, 20]], image_size=(100.0, 100.0))
    score = measure_sequence(np.array([GOOD, [90, 10, 500, 20]], float), true, PROTOCOLS["got10k"])
    assert METRICS["ao"].value(score) == pytest.approx(1)
    unclipped = measure_sequence(np.array([GOOD, [90, 10, 500, 20]], float), truth(true.boxes), PROTOCOLS["got10k"])
    assert METRICS["ao"].value(unclipped) == pytest.approx(20 / 500)


def test_nothing_to_score_is_an_error_that_names_the_sequence() -> None:
    with pytest.raises(ValueError, match="Seq: no frame of the truth can be scored"):
        measure_sequence(np.array([GOOD], float), truth([NAN]), PROTOCOLS["otb"])
