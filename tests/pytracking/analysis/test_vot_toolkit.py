"""VOT's measures against vot-toolkit's own code, on random runs and on published ones; skipped where it is missing."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from ltr.dataset.text_files import read_boxes
from pytracking.analysis import anchored, longterm, vots
from pytracking.analysis.vot_tracks import Track, make_track, pixel_overlap

pytest.importorskip("vot", reason="needs the package vot-toolkit")

from vot.analysis import longterm as toolkit
from vot.analysis import multistart
from vot.analysis.accuracy import SequenceAccuracy
from vot.experiment.multirun import UnsupervisedExperiment
from vot.experiment.multistart import MultiStartExperiment
from vot.region import Rectangle, Special, calculate_overlaps
from vot.tracker import Trajectory
from vot.utilities.data import Grid

SIZE = (120, 90)


class TheirSequence:
    """What vot-toolkit's analyses ask a sequence of one target."""

    def __init__(self, name, regions, size, anchors=None):
        self.name, self.size, self._regions, self._anchors = name, size, regions, anchors or {}

    def __len__(self):
        return len(self._regions)

    def groundtruth(self, index=None):
        return self._regions if index is None else self._regions[index]

    def objects(self):
        return ["target"]

    def object(self, name, index=None):
        return None if name == "_ignore" else self.groundtruth(index)

    def values(self, index):
        return {"anchor": self._anchors[index]} if index in self._anchors else {}


class TheirRuns(UnsupervisedExperiment):
    """One run a sequence."""

    def __init__(self, trajectories):
        self._trajectories = trajectories

    def gather(self, tracker, sequence, objects=None, pad=False):
        return [self._trajectories[sequence.name]]


class TheirStarts(MultiStartExperiment):
    """One run an anchor."""

    anchor = "anchor"

    def __init__(self):
        pass

    def results(self, tracker, sequence):
        return None


def regions(boxes, missing):
    return [Rectangle(*box) if (box[2:] > 0).all() and not np.isnan(box).any() else missing for box in boxes]


def trajectory(boxes, confidence):
    run = Trajectory(len(boxes))
    run.set(0, Special(Trajectory.INITIALIZATION))
    for i, region in list(enumerate(regions(boxes, Special(Trajectory.UNKNOWN))))[1:]:
        run.set(i, region, {"confidence": float(confidence[i])})
    return run


def random_run(seed, frames=160):
    """Truth, boxes and confidence of a target that leaves and a tracker that gives up, drifts and comes back."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.normal(0, 4, (frames, 2)), axis=0)
    truth = np.hstack([np.mod(walk + np.array([60, 50]), [140, 110]) - 20, rng.uniform(1, 40, (frames, 2))])
    boxes = truth + rng.normal(0, 4, truth.shape)
    boxes[:, 2:] = np.maximum(boxes[:, 2:], 0.6)
    for kind in (truth, boxes):
        for start in rng.integers(1, frames, 3):
            kind[start : start + rng.integers(3, 30)] = 0.0
    drift = rng.integers(20, frames)
    boxes[drift : drift + 25, :2] += 60
    return truth, boxes, rng.uniform(0, 1, frames)


def ours(truth, boxes, confidence, size=SIZE):
    everywhere = np.ones(len(boxes), bool)
    return make_track(boxes, confidence, everywhere, truth, ~everywhere, size)


@pytest.fixture(scope="module")
def published(shared, tmp_path_factory):
    """Truth, boxes and made-up confidences of SiamBAN on five sequences of OTB, MDNet's on five more."""
    import tarfile

    folder = tmp_path_factory.mktemp("boxes")
    chosen = {"SiamBAN": ("Bird1", "Box", "Coke", "Soccer", "Bolt2"), "MDNet": ("Lemming", "Girl2", "Ironman")}
    with tarfile.open(shared / "data" / "eval_reference.tar.xz") as archive:
        members = [m for m in archive if Path(m.name).stem in sum(chosen.values(), ()) and "OTB100" in m.name]
        archive.extractall(folder, members, filter="data")
    runs = {}
    for tracker, names in chosen.items():
        for name in names:
            truth = read_boxes(next(folder.rglob(f"gt/{name}.txt")))
            boxes = read_boxes(next(folder.rglob(f"{tracker}/{name}.txt")))[: len(truth)]
            runs[name] = (truth, boxes, np.random.default_rng(len(runs)).uniform(0, 1, len(truth)))
    return runs


@pytest.fixture(scope="module", params=["random", "published"])
def runs(request):
    if request.param == "published":
        return request.getfixturevalue("published"), (640, 480)
    return {f"random {seed}": random_run(seed) for seed in range(8)}, SIZE


def test_overlaps_in_pixels(runs):
    sequences, size = runs
    for truth, boxes, _ in sequences.values():
        theirs = calculate_overlaps(regions(boxes, Special(0)), regions(truth, Special(0)), size)
        np.testing.assert_allclose(pixel_overlap(boxes, truth, size), theirs, atol=1e-12)


def analysed(analysis, experiment, sequences, dependencies=None):
    """A row of what ``analysis`` finds in each of ``sequences``."""
    grid = Grid(1, len(sequences))
    for i, sequence in enumerate(sequences):
        grid[0, i] = analysis.subcompute(experiment, None, sequence, dependencies)
    return grid


def theirs_of(sequences, size, absent):
    """Runs and sequences as the toolkit has them; absent: what stands for the truth of a frame without a target."""
    experiment = TheirRuns({name: trajectory(boxes, confidence) for name, (_, boxes, confidence) in sequences.items()})
    return experiment, [TheirSequence(name, regions(run[0], absent), size) for name, run in sequences.items()]


def test_long_term_precision_recall_and_f(runs):
    sequences, size = runs
    tracks = [ours(*run, size) for run in sequences.values()]
    experiment, theirs = theirs_of(sequences, size, Special(0))
    confidences = analysed(toolkit._ConfidenceScores(), experiment, theirs)
    expected = toolkit._Thresholds().aggregate(None, theirs, confidences)
    thresholds = longterm.confidence_thresholds([track.confidence for track in tracks])
    np.testing.assert_allclose(thresholds, expected[0][0], atol=1e-9)

    curves = analysed(toolkit.PrecisionRecallCurves(), experiment, theirs, Grid.scalar(expected))
    found = np.array([longterm.precision_recall(track, thresholds) for track in tracks])
    np.testing.assert_allclose(np.moveaxis(found, 1, 2), [curve for curve, _ in curves], atol=1e-9)

    mean = Grid.scalar(toolkit.PrecisionRecallCurve().aggregate(None, theirs, curves))
    f_curve = toolkit.FScoreCurve().compute(None, [None], theirs, [mean])
    scores = toolkit.PrecisionRecall().compute(None, [None], theirs, [mean, f_curve])
    np.testing.assert_allclose(longterm.best_f(found.mean(axis=0)), scores[0, 0], atol=1e-9)


def test_measures_of_vots(runs):
    sequences, size = runs
    measures = [vots.measure(ours(*run, size)) for run in sequences.values()]
    experiment, theirs = theirs_of(sequences, size, Rectangle(0, 0, 0, 0))
    counts = analysed(toolkit.CountFrames(), experiment, theirs)
    assert [tuple(vots.count_frames(ours(*run, size))) for run in sequences.values()] == [c[0][0] for c in counts]

    rules = {"ignore_unknown": False, "burnin": 0}
    quality = analysed(SequenceAccuracy(**rules), experiment, theirs)
    np.testing.assert_allclose([m.quality for m in measures], [value for (value,) in quality], atol=1e-9)
    accuracy = analysed(SequenceAccuracy(threshold=0.0, ignore_invisible=True, **rules), experiment, theirs)
    np.testing.assert_allclose([m.accuracy for m in measures], [value for (value,) in accuracy], atol=1e-9)
    errors = analysed(toolkit.QualityAuxiliary(), experiment, theirs)
    auxiliary = np.array([m[3:] for m in measures])
    np.testing.assert_allclose(auxiliary, np.array(list(errors), float), atol=1e-9)

    whole = toolkit.AccuracyRobustness().compute(None, [None], theirs, [counts, accuracy])[0, 0]
    np.testing.assert_allclose(np.nanmean([m[1:3] for m in measures], axis=0), whole[:2], atol=1e-9)
    average = toolkit.AverageQualityAuxiliary().aggregate(None, theirs, errors)
    for mine, their in zip(auxiliary.T, average, strict=True):
        assert np.isnan(mine).all() if their is None else np.nanmean(mine) == pytest.approx(their, abs=1e-9)


def test_accuracy_robustness_and_eao_of_anchored_runs(runs, monkeypatch):
    sequences, size = runs
    high = 90
    theirs, sums, stored = [], [], {}
    for name, (truth, boxes, confidence) in sequences.items():
        anchors = {0: 1, len(truth) // 3: 1, len(truth) // 2: -1, len(truth) - 1: -1}
        theirs.append(TheirSequence(name, regions(truth, Special(0)), size, anchors))
        tracks = []
        for anchor, direction in sorted(anchors.items(), key=lambda item: (-item[1], item[0])):
            frames = np.arange(anchor, len(truth)) if direction > 0 else np.arange(anchor, -1, -1)
            noise = np.random.default_rng(anchor).normal(0, 2, (len(frames), 4)) * [1, 1, 0, 0]
            run = truth[frames], boxes[frames] + noise, confidence[frames]
            stored[f"{name}_{anchor:08d}"] = trajectory(*run[1:])
            tracks.append(ours(*run, size))
        sums.append(anchored.add_runs(tracks, len(truth), high))
    monkeypatch.setattr(
        multistart, "Trajectory", SimpleNamespace(exists=lambda _, n: True, read=lambda _, n: stored[n])
    )

    both = analysed(multistart.AccuracyRobustness(), TheirStarts(), theirs)
    np.testing.assert_allclose(
        anchored.summarise(np.array(sums), low=20)[:, :2], [value[:2] for value in both], atol=1e-9
    )
    total = anchored.summarise(np.sum(sums, axis=0), low=20)
    expected = multistart.AverageAccuracyRobustness().aggregate(None, theirs, both)
    curves = analysed(multistart.EAOCurves(high=high), TheirStarts(), theirs)
    curve = multistart.EAOCurve(high=high).aggregate(None, theirs, curves)
    score = multistart.EAOScore(low=20, high=high)
    eao = score.compute(None, [None], theirs, [Grid.scalar(curve)])
    np.testing.assert_allclose(total, [*expected[:2], eao[0, 0][0]], atol=1e-9)


def test_failures_begin_with_ten_frames_on_end():
    overlap, visible = np.full(60, 0.5), np.ones(60, bool)
    overlap[20:29] = 0.1  # nine
    overlap[35:46] = 0.0  # ten with a visible target, from 41 on
    visible[40] = False
    track = Track(overlap, visible, visible, overlap)
    assert anchored.frames_before_failure(track) == 60
    overlap[46:51] = 0.05
    assert anchored.frames_before_failure(track) == 41
