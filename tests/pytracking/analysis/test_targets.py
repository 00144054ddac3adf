"""The published raw results of the shared data score what pytracking, and the MATLAB toolkits, make of them."""

import json
from pathlib import Path

import numpy as np
import pytest

from pytracking.analysis.extract_results import evaluate
from pytracking.analysis.protocols import exclude_unusable_frames, find_protocol
from pytracking.analysis.sources import find_tracker, truth_folder

IDS = ["OTB100/KCF", "OTB100/MDNet", "OTB100/TLD", "OTB100/SiamBAN", "UAV123/ARCF", "LaSOT/ATOM", "DTB70/NanoTrackV3"]
NAMES = {"auc": "auc", "prec20": "precision", "norm_prec20": "norm_precision", "op50": "op50", "op75": "op75"}


@pytest.mark.parametrize("identity", IDS)
def test_every_target_is_met_within_a_hundredth_of_a_point(reference: Path, identity: str) -> None:
    targets = {t["id"]: t for t in json.loads((reference / "targets.json").read_text())["targets"]}
    assert sorted(targets) == sorted(IDS)
    target = targets[identity]
    truths = truth_folder(reference / target["gt"], reference / target["absent"] if "absent" in target else None)
    assert len(truths.load()) == target["n_seq"]
    tracker = find_tracker(identity, reference / target["results"])
    official = find_protocol(target["dataset_tag"])
    protocols = {
        "expect_pytracking": official,
        "expect_matlab": find_protocol("matlab"),
        "expect_pytracking_exclude_invalid_frames": exclude_unusable_frames(official),
    }
    for key, protocol in protocols.items():
        if key in target:
            scores = evaluate([tracker], truths, protocol).trackers[0].overall
            found = {name: float(scores[ours][0]) for name, ours in NAMES.items() if name in target[key]}
            assert found == pytest.approx(target[key], abs=target["tolerance"]), key


def test_the_truth_of_otb_against_itself_scores_20_of_21(reference: Path) -> None:
    truths, tracker = truth_folder(reference / "OTB100" / "gt"), find_tracker("truth", reference / "OTB100" / "gt")
    otb = find_protocol("otb")
    scores = evaluate([tracker], truths, otb).trackers[0].overall
    # but for the frames whose truth is not usable: 10 coordinates at or below zero
    assert scores["auc"] == pytest.approx(100 * 20 / 21, abs=0.1)
    folder = find_protocol("folder")
    usable = evaluate([tracker], truths, folder).trackers[0].overall
    np.testing.assert_allclose(usable["auc"], 100 * 20 / 21, rtol=1e-12)
