"""What is said of a box: the calibrated probability that it is on the target."""

import math
from pathlib import Path

import numpy as np
import pytest

from ltr.models.weights import NetworkCard
from ltr.utils.errors import InputError
from pytracking.api.tracker import Tracker
from pytracking.evaluation.datasets.demo import demo_sequence
from pytracking.tracker.dimp.confidence import Calibration, Evidence
from tests.fakes.datasets import noise_picture
from tests.fakes.networks import write_small_network

PLAIN = Calibration(agreement=4.0, energy=0.5, bias=-1.0, rate=0.5, lost_below=0.2, uncertain_below=0.5)
FRAMES = [noise_picture(seed, 120, 90) for seed in range(9)]
BOX = (40.0, 30.0, 30.0, 24.0)


def test_the_log_odds_are_a_running_mean_of_a_linear_function() -> None:
    first = PLAIN.log_odds(Evidence(peak=0.9, recognition=0.4, energy=-2.0), math.nan)
    assert first == pytest.approx(4 * 0.6 - 1 - 1)
    assert PLAIN.log_odds(Evidence(0.0, 1.0, 4.0), first) == pytest.approx((first + 1) / 2)


@pytest.mark.parametrize("log_odds", [-800.0, -1.2, 0.3, 800.0])
def test_the_score_is_their_logistic_function(log_odds: float) -> None:
    assert PLAIN.said(log_odds, "tracking")[0] == pytest.approx(1 / (1 + np.exp(-np.float64(log_odds).clip(-700))))


@pytest.mark.parametrize(
    ("probability", "verdict", "said"),
    [
        (0.19, "tracking", "lost"),
        (0.21, "tracking", "uncertain"),
        (0.51, "tracking", "tracking"),
        (0.99, "uncertain", "uncertain"),
        (0.99, "lost", "uncertain"),  # hidden for a frame
        (0.1, "lost", "lost"),
    ],
)
def test_states_follow_from_the_probability(probability: float, verdict: str, said: str) -> None:
    assert PLAIN.said(math.log(probability / (1 - probability)), verdict)[1] == said  # type: ignore[arg-type]


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """With random weights; localization finds nothing."""
    return write_small_network(tmp_path / "n.safetensors")


def _calibrate(network: Path, **changes: float) -> None:
    card = NetworkCard.read(network)
    NetworkCard(card.network, card.sha256, confidence={**vars(PLAIN), **changes}).write(network)


def _outputs(network: Path, count: int = 4) -> list:
    tracker = Tracker("dimp", network, "cpu", localization={"not_found_threshold": -1e9, "uncertain_threshold": 1e9})
    tracker.initialize(FRAMES[0], BOX)
    return [tracker.track(frame) for frame in FRAMES[1 : count + 1]]


def test_it_changes_what_is_said_and_nothing_else(network: Path) -> None:
    before = _outputs(network)
    _calibrate(network, bias=20.0)
    after = _outputs(network)
    assert [output.box for output in after] == [output.box for output in before]
    assert {output.state for output in after} == {"uncertain"}
    assert all(output.score > 0.99 for output in after)
    assert all(output.score < 0.9 for output in before)
    _calibrate(network, bias=-60.0)
    assert {(round(output.score, 6), output.state) for output in _outputs(network)} == {(0.0, "lost")}


def test_a_restored_tracker_goes_on_with_the_same_scores(network: Path, tmp_path: Path) -> None:
    _calibrate(network)
    tracker = Tracker("dimp", network, "cpu")
    tracker.initialize(FRAMES[0], BOX)
    for frame in FRAMES[1:4]:
        tracker.track(frame)
    tracker.save(tmp_path / "s.safetensors")
    restored = Tracker("dimp", network, "cpu")
    restored.restore(tmp_path / "s.safetensors")
    assert [restored.track(frame) for frame in FRAMES[4:]] == [tracker.track(frame) for frame in FRAMES[4:]]


@pytest.mark.parametrize(
    ("confidence", "fault"),
    [
        ({**vars(PLAIN), "lost_below": 1.5}, r"lost_below: expected"),
        ({**vars(PLAIN), "offset": 1.0}, r"offset: unknown \(known are agreement"),
        ({"agreement": 4.0, "energy": 0.5}, r"bias: is missing"),
    ],
)
def test_a_wrong_card_is_named(network: Path, confidence: dict[str, float], fault: str) -> None:
    card = NetworkCard.read(network)
    NetworkCard(card.network, card.sha256, confidence=confidence).write(network)
    with pytest.raises(InputError, match=rf"n\.safetensors: confidence: {fault}"):
        Tracker("dimp", network, "cpu")


@pytest.mark.parametrize(
    ("tracker", "changes", "is_calibrated"),
    [("dimp", {}, True), ("dimp", {"refinement": {"method": "ascent"}}, False), ("atom", {}, False)],
)
def test_coefficients_are_those_of_a_classifier_and_a_method(
    network: Path, tracker: str, changes: dict[str, object], is_calibrated: bool
) -> None:
    _calibrate(network)
    model = Tracker(tracker, network, "cpu", **changes)._model
    assert (model.dimp.calibration is not None) == is_calibrated  # type: ignore[attr-defined]


def test_the_shipped_network_is_sure_of_its_target_and_not_of_noise() -> None:
    sequence = demo_sequence()
    images = iter(sequence.open())
    tracker = Tracker()
    tracker.initialize(next(images), sequence.first_box)
    height, width, _ = next(images).shape
    assert [tracker.track(next(images)).state for _ in range(3)] == ["tracking"] * 3
    scores = [tracker.track(noise_picture(seed, width, height)).score for seed in range(6)]
    assert scores[0] > scores[1] > scores[2]
    assert scores[-1] < 0.2
